import multiprocessing

bind = "unix:/run/gunicorn/shop.sock"
workers = min(multiprocessing.cpu_count() + 1, 3)
umask = 0o007
accesslog = "-"
