#!/bin/sh
rm /etc/nginx/sites-enabled/default
ln -s ../sites-available/shop /etc/nginx/sites-enabled/shop
systemctl enable -q nginx
systemctl reload-or-restart nginx
