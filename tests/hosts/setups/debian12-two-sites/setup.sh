#!/bin/sh
useradd --system --no-create-home shop
useradd --system --no-create-home blog
systemctl daemon-reload
systemctl enable -q --now shop@8001.service shop@8002.service blog.service
rm /etc/nginx/sites-enabled/default
ln -s ../sites-available/shop ../sites-available/blog /etc/nginx/sites-enabled/
systemctl enable -q nginx
systemctl reload-or-restart nginx
