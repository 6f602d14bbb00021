#!/bin/sh
apt-get purge -y -q --auto-remove nginx-light nginx nginx-common gunicorn python3-gunicorn \
  python3-flask uwsgi-core >/dev/null
rm -rf /srv/shop
