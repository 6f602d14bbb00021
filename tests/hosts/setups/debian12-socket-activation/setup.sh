#!/bin/sh
useradd --system --no-create-home shop
systemctl daemon-reload
systemctl enable -q --now shop.socket
rm /etc/nginx/sites-enabled/default
ln -s ../sites-available/shop /etc/nginx/sites-enabled/shop
systemctl enable -q nginx
systemctl reload-or-restart nginx
