bind = "@BIND@"
workers = 2
chdir = "@DIR@/app"
pidfile = "@DIR@/run/shop/gunicorn.pid"
errorlog = "@DIR@/log/shop/error.log"
accesslog = "@DIR@/log/shop/access.log"
