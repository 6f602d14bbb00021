"""A sound configuration of several files, different with every seed."""

import os

MAIN = """{bom}user root;
worker_processes {workers};
{top}
events {{
    worker_connections 512;
    {events}
}}

http {{
    include mime.types;
    default_type application/octet-stream;
    client_body_temp_path {folder}/tmp/body; proxy_temp_path {folder}/tmp/proxy;
    fastcgi_temp_path {folder}/tmp/f; uwsgi_temp_path {folder}/tmp/u; scgi_temp_path {folder}/tmp/s;
    access_log off;
    server_names_hash_bucket_size 128;
    log_format long '$remote_addr "$request" $status';
    map $http_upgrade $connection_upgrade {{
        default upgrade;
        '' close;
    }}
    geo $inside {{ default 0; 10.0.0.0/8 1; }}
    split_clients $remote_addr $half {{ 50% a; * b; }}
{http}
    include conf.d/*.conf;
    include sites/*;
}}
"""
HTTP = ["sendfile on;", "tcp_nopush on;", "keepalive_timeout 75s 60;", "gzip on;",
        "gzip_types text/css application/json;", "gzip_comp_level 5;", "server_tokens off;",
        "client_max_body_size 10m;", "proxy_read_timeout 30s;", "proxy_buffers 8 16k;",
        "large_client_header_buffers 4 16k;", "ssl_protocols TLSv1.2 TLSv1.3;",
        "limit_req_zone $binary_remote_addr zone=one:1m rate=5r/s;", "client_body_timeout 12;",
        "open_file_cache max=100 inactive=20s;", "open_file_cache_valid 30s;", "etag on;",
        "types_hash_max_size 2048;", "resolver 127.0.0.1 valid=30s;", "underscores_in_headers on;",
        "reset_timedout_connection on;", "send_timeout 1m;", "client_header_timeout 1m30s;"]
SERVER = ["root /srv/{name};", "index index.html index.htm;", "client_max_body_size 1m;",
          "access_log {folder}/a.log long buffer=32k;", "error_log {folder}/e.log warn;",
          "add_header X-Frame-Options SAMEORIGIN always;", "error_page 500 502 503 /50x.html;",
          "error_page 404 =200 /empty.gif;", "charset utf-8;", "if ($host = www.{name}) {{ return 301 https://{name}$request_uri; }}",
          "if ($request_method !~ ^(GET|HEAD|POST)$ ) {{ return 405; }}",
          "rewrite ^/old/(.*)$ /new/$1 permanent;", "set $app \"shop\";", "include snippets/headers.conf;",
          "merge_slashes off;", "try_files $uri $uri/ /index.html;", "limit_rate 100k;",
          "proxy_set_header Host $host;", "proxy_connect_timeout 5s;", "satisfy any;",
          "auth_basic \"closed\";", "auth_basic_user_file /etc/htpasswd;", "expires 1h;"]
LOCATION = ["location / {{ try_files $uri @app; }}", "location @app {{ proxy_pass http://{up}; include snippets/proxy.conf; }}",
            "location = /health {{ access_log off; return 200 \"ok\\n\"; }}",
            "location ^~ /static/ {{ alias /srv/{name}/static/; expires 30d; }}",
            "location ~* \\.(?:css|js|png)$ {{ root /srv/{name}; expires max; log_not_found off; }}",
            "location /api/ {{ proxy_pass http://{up}/v1/; proxy_read_timeout 75s; proxy_buffering off; }}",
            "location ~ \"^/u/(?<id>[0-9]{{1,9}})/x$\" {{ rewrite ^ /media/$id.png last; }}",
            "location /admin {{ allow 10.0.0.0/8; deny all; proxy_pass http://127.0.0.1:8000; }}",
            "location /ws {{ proxy_pass http://{up}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection $connection_upgrade; }}",
            "location /files {{ location /files/a {{ return 204; }} location ~ \\.zip$ {{ return 403; }} }}",
            "location /up {{ limit_except GET {{ deny all; }} uwsgi_pass unix:/run/{up}.sock; include snippets/uwsgi.conf; }}",
            "location ~ \\.php$ {{ fastcgi_pass 127.0.0.1:9000; fastcgi_index index.php; fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name; }}",
            "location /if {{ if ($args ~* \"id=[0-9]+;\") {{ return 403; }} if (-f $request_filename) {{ break; }} root /srv; }}",
            "location /shop {{ return 301 https://$host/store$is_args$args; }}",
            "location /lim {{ limit_rate_after 1m; internal; }}"]
SNIPPETS = {
    "mime.types": "types {\n    text/html html htm;\n    text/css css;\n    image/png png;\n}\n",
    "snippets/headers.conf": "add_header X-Content-Type-Options nosniff;\n# a comment; with { signs }\nadd_header Referrer-Policy \"no-referrer\";\n",
    "snippets/proxy.conf": "proxy_set_header Host $http_host;\nproxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;\nproxy_redirect off;\n",
    "snippets/uwsgi.conf": "uwsgi_param QUERY_STRING $query_string;\nuwsgi_param REQUEST_METHOD $request_method;\nuwsgi_read_timeout 30s;\n",
}


def lines(rng, choices, most, indent, **names):
    """Some of the choices, each a line or, where it is a block, sometimes several."""
    out = []
    for text in rng.sample(choices, rng.randrange(0, most)):
        text = text.format(**names)
        if rng.random() < 0.6 and "(?<" not in text and "{1," not in text:
            text = text.replace("{ ", "{\n" + indent + "    ").replace("; ", ";\n" + indent + "    ")
            text = text.replace("\n" + indent + "    }", "\n" + indent + "}")
        out.append(indent + text)
    return "\n".join(out)


def upstream(rng, name):
    """An upstream block."""
    members = rng.sample([f"unix:/run/{name}.sock", "127.0.0.1:8001 weight=2", "127.0.0.1:8002 max_fails=3 fail_timeout=10s",
                          "127.0.0.1:8003 down", "[::1]:8004"], rng.randrange(1, 4))
    extra = rng.choice(["", "keepalive 16;", "least_conn;", "zone z_%s 64k;" % name])
    first = "" if extra.startswith("keepalive") else f"    {extra}\n"
    last = f"    {extra}\n" if extra.startswith("keepalive") else ""
    return f"upstream {name} {{\n{first}" + "".join(f"    server {m};\n" for m in members) + last + "}\n"


def server(rng, number, folder):
    """A server block."""
    name, port = f"site{number}.example.com", rng.choice([18080, 18081])
    listen = rng.choice([f"listen {port};", f"listen 127.0.0.1:{port};", f"listen {port};\n    listen [::]:{port};",
                         f"listen unix:{folder}/{number}.sock;"])
    names = rng.choice([name, f"{name} www.{name}", f"*.{name}", f"~^(?<sub>\\w+)\\.{name}$", f"{name} .{number}.org", ""])
    head = f"server_name {names};" if names else "server_name _;"
    up = rng.choice(["up_a", "up_b"])
    names = {"name": name, "up": up, "folder": folder}
    return (f"server {{\n    {listen}\n    {head}\n" + lines(rng, SERVER, 8, "    ", **names) + "\n"
            + lines(rng, LOCATION, 7, "    ", **names) + "\n}\n")


def write_site(rng, folder):
    """Writes it; the paths of its files."""
    end = "\r\n" if rng.random() < 0.05 else "\n"
    top = rng.choice(["", "worker_rlimit_nofile 4096;", "worker_shutdown_timeout 10s;", "timer_resolution 100ms;"])
    files = {"nginx.conf": MAIN.format(folder=folder, workers=rng.choice(["auto", "2"]), top=top, bom="",
                                       events=rng.choice(["", "multi_accept on;", "use epoll;"]),
                                       http=lines(rng, HTTP, 12, "    "))}
    files.update(SNIPPETS)
    files["conf.d/upstreams.conf"] = upstream(rng, "up_a") + upstream(rng, "up_b")
    for number in range(rng.randrange(1, 4)):
        files[f"sites/{number}.conf"] = server(rng, number, folder)
    files["sites/.hidden"] = "nonsense {{{\n"
    os.makedirs(f"{folder}/tmp")
    paths = []
    for name, text in files.items():
        os.makedirs(os.path.dirname(f"{folder}/{name}"), exist_ok=True)
        with open(f"{folder}/{name}", "w", encoding="utf-8", newline="") as file:
            file.write(text.replace("\n", end))
        paths.append(f"{folder}/{name}")
    return paths
