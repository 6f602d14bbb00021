"""Random configurations that nginx accepts (most of the time), and what they stand on: files,
backends, addresses. Every block adds a header with its own line: that is the mark by which an
answer tells who gave it."""

import grp
import os
import pwd
import re

import spell

ADDRESSES = ["127.0.0.1", "127.0.0.2", "10.9.0.1", "::1", "fd00:9::1"]
PORTS = [8001, 8002]
TLS_PORT = 8443
PROXY_PORT = 8003  # here the PROXY protocol is spoken
# Backends by what they answer; nobody listens on DEAD.
BACKENDS = {9001: 200, 9002: 200, 9003: 404, 9004: 503, 9005: 302, 9006: 401}
DEAD = 9009
BACKEND_SOCKET = "run/backend.sock"
LABELS = ["a", "b", "ab", "www"]


class Writer:
    """Lines of a configuration; knows the line that comes next."""

    def __init__(self, rng, home):
        self.rng = rng
        self.home = home
        self.lines = []
        self.named = []

    def add(self, text):
        """One line."""
        self.lines.append(text)

    def chance(self, share):
        """True that often."""
        return self.rng.random() < share

    def pick(self, *choices):
        """One of them."""
        return self.rng.choice(choices)

    def here(self):
        """The number of the line that comes next."""
        return len(self.lines) + 1


def host_name(rng):
    """A name of few labels, so that names and hosts meet."""
    return ".".join(rng.choice(LABELS) for _ in range(rng.randrange(1, 4))) + \
        rng.choice([".test", ".test", ""])


def server_name(rng):
    """One server name of any kind, as written."""
    base = host_name(rng)
    return rng.choice([
        base, base, base, base.upper(), base.title(), f"*.{base}", f"*.{base}", f".{base}",
        f"{base}.*", f"{base}.*", '""', "_", "localhost", "*.test", "www.*",
        "~^a", "~b$", r"~^(www\.)?(.+)$", r'"~^(?<sub>[ab]+)\.(?<rest>.*)$"', "~A\\.",
        "~^(a|b)\\.ab",
        "~^WWW", r"~^\[", "127.0.0.1", '"[::1]"'])


def listens(out, options, used):
    """The listen lines of one server block; socket options stand but once an address."""
    rng = out.rng
    lines = []
    if out.chance(0.04):
        # Where none stands, nginx listens on port 80 of all IPv4 addresses.
        return ["# listen 80;"]
    taken = set()
    for _ in range(rng.choice([1, 1, 1, 2, 2, 3])):
        port = rng.choice(PORTS)
        address = rng.choice(options)
        if "%" in address:
            address = address % port
        key = address.replace("0.0.0.0", "*").replace("localhost", "127.0.0.1")
        key = f"*:{key}" if key.isdigit() else key
        if key in taken:
            continue
        taken.add(key)
        line = f"listen {address}"
        if out.chance(0.2) and ("default", key) not in used:
            used.add(("default", key))
            line += rng.choice([" default_server", " default"])
        if address.startswith("[") and key not in used:
            used.add(key)
            line += rng.choice(["", " ipv6only=off", " ipv6only=on"])
        elif out.chance(0.1) and key not in used:
            used.add(key)
            line += rng.choice([" bind", " backlog=64", " reuseport"])
        lines.append(line + ";")
    return lines


def listen_options(rng, home):
    """The addresses that the blocks of one configuration share."""
    return rng.sample(["%d", "*:%d", "0.0.0.0:%d", "127.0.0.1:%d", "127.0.0.2:%d", "10.9.0.1:%d",
                       "[::]:%d", "[::]:%d", "[::1]:%d", "[fd00:9::1]:%d", "10.9.0.1",
                       f"unix:{home}/run/a.sock", f"unix:{home}/run/b.sock", "%d", "%d",
                       "127.0.0.1:8001-8002", "localhost:%d"], rng.choice([1, 1, 2, 2, 3]))


def special_listens(out, used):
    """Listen lines with TLS, HTTP/2 or the PROXY protocol."""
    lines = []
    if out.chance(0.12):
        address = out.pick("", "", "127.0.0.1:", "[::]:", "*:")
        line = f"listen {address}{TLS_PORT} ssl{out.pick('', '', ' http2')}"
        key = address.removeprefix("*:")
        if out.chance(0.2) and ("tls", key) not in used:
            used.add(("tls", key))
            line += " default_server"
        lines.append(line + ";")
    if out.chance(0.04):
        lines.append(f"listen {PROXY_PORT} proxy_protocol;")
    return lines


def server(out, options, used):
    """One server block."""
    rng = out.rng
    out.named = [f"@{name}" for name in "pqr" if out.chance(0.5)]
    mark = out.here()
    out.add("server {")
    lines = listens(out, options, used)
    special = special_listens(out, used)
    if special:
        lines = special if out.chance(0.7) else lines + special
    for line in lines:
        out.add(line)
        if "ssl" in line and out.chance(0.1):
            out.add("ssl_reject_handshake on;")
    if out.chance(0.85):
        names = {server_name(rng) for _ in range(rng.choice([1, 1, 2, 3]))}
        out.add(f"server_name {' '.join(sorted(names))};")
    out.add(f'add_header X-At "{mark}.0" always;')
    server_settings(out)
    spell.rewrites(out, "server", 0.18)
    spell.file_settings(out, 0.5, location=None)
    spell.error_pages(out, 0.3)
    spell.access(out, 0.06)
    spell.real_ip(out, 0.06)
    if out.chance(0.06):
        out.add(spell.try_files(out))
    spell.locations(out, mark)
    out.add("}")


def server_settings(out):
    """What changes how requests are read or redirects are written."""
    for share, line in [(0.15, "merge_slashes off;"),
                        (0.05, out.pick("client_max_body_size 4;", "client_max_body_size 0;")),
                        (0.1, "server_name_in_redirect on;"), (0.1, "port_in_redirect off;"),
                        (0.2, "absolute_redirect off;"), (0.1, "recursive_error_pages on;"),
                        (0.03, "large_client_header_buffers 4 2k;"), (0.03, "rewrite_log on;"),
                        (0.03, "msie_padding off;"), (0.05, "proxy_intercept_errors on;")]:
        if out.chance(share):
            out.add(line)


def maps(out):
    """Variables that are looked up."""
    for line in [
            'map $uri $m1 { default ""; /a /b; /x/ /index.html; ~^/a(?<part>.*)$ $part; '
            '~*HTML$ html; "" none; }',
            "map $host $m2 { hostnames; default d; .test t; *.ab.test wide; a.* tail; a.test A; "
            "~^b(?<rest>.*) $rest; }",
            "map $http_x_forwarded_proto $m3 { default 0; HTTPS 1; }",
            'map "$arg_a:$request_method" $m4 { volatile; 1:GET one; ~^(.*):P /p/$1; }',
            "geo $g { default 0; 127.0.0.0/8 v4; ::1 six; 10.9.0.1 ten; }",
            "geo $arg_a $h { default 9; 1.0.0.0/8 one; 1.2.3.4 exact; }",
            'split_clients "$uri" $s { 30% first; 20.5% second; * rest; }',
            "map $cookie_c $m5 { default none; 1 yes; }"]:
        out.add(line)
    for name in ("n1", "n2", "n3"):
        random_map(out, name)


PLAIN_VALUES = ["one", "/b", "0", "/a/x"]


def no_circle(text):
    """Without what may ask this map again: nginx would follow such a circle for hours."""
    return re.sub(r"\$(n[123]|document_root|request_filename)", "$m1", text)


def random_map(out, name):
    """A map of random lines; it may ask the maps above."""
    source = out.pick("$uri", "$host", "$arg_a", "$request_method", '"$host$uri"', "$m1", "$args",
                      "$http_user_agent", "$request_uri", "$v1", "$remote_addr")
    hostnames = source == "$host" and out.chance(0.6)
    keys = ["/a", "/b", "a.test", "GET", "1", '""', "~^/a", "~*^/A(.*)", '"~^(?<part>.)(b|x)"',
            "~a", "~(x)?$", "1.2.3.4", "9001", r"\default", "/index.html", '"~*\.(HTML|test)$"']
    if hostnames:
        keys += ["*.a.test", ".b.test", "www.*", "a.*", ".test", "*.test", "B.Test", "localhost"]
    words = [f'{key} {no_circle(spell.value(out)) if out.chance(0.4) else out.pick(*PLAIN_VALUES)};'
             for key in out.rng.sample(keys, out.rng.randrange(1, 7))]
    if out.chance(0.6):
        words.append(f"default {out.pick('d', '/x', '$uri', '$1', '0')};")
    out.rng.shuffle(words)
    head = ("hostnames; " if hostnames else "") + ("volatile; " if out.chance(0.1) else "")
    out.add(f"map {source} ${name} {{ {head}{' '.join(words)} }}")


def upstreams(out):
    """Blocks that passes name."""
    out.add("upstream good { server 127.0.0.1:9001; }")
    out.add(f"upstream sock {{ server unix:{out.home}/{BACKEND_SOCKET}; }}")
    out.add("upstream spare { server 127.0.0.1:9001 down; server 127.0.0.1:9002 weight=3; }")
    out.add(f"upstream Dead {{ server 127.0.0.1:{DEAD} max_fails=0; }}")
    out.add("upstream reserve { server 127.0.0.1:9003 backup; "
            "server 127.0.0.1:9002 max_fails=0; keepalive 2; }")
    out.add("upstream hashed { hash $uri consistent; server 127.0.0.1:9004 max_fails=0; "
            "server 127.0.0.1:9002 down; }")


def configuration(rng, home, workers):
    """A whole configuration as text."""
    out = Writer(rng, home)
    group = grp.getgrgid(pwd.getpwnam(workers).pw_gid).gr_name
    out.add(f"daemon off; worker_processes 1; user {workers} {group}; pid {home}/run/nginx.pid;")
    out.add("error_log stderr crit;")
    out.add("events { worker_connections 256; }")
    out.add("http {")
    out.add("log_format route escape=json '{\"id\":\"$http_x_id\",\"status\":\"$status\","
            "\"uri\":\"$uri\",\"args\":\"$args\",\"file\":\"$request_filename\","
            "\"upstream\":\"$upstream_addr\",\"server\":\"$server_name\"}';")
    out.add(f"access_log {home}/run/route.log route;")
    for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"):
        out.add(f"{name}_temp_path {home}/run/{name};")
    out.add("default_type text/plain; server_names_hash_bucket_size 128;")
    out.add("map_hash_bucket_size 128; keepalive_requests 100000;")
    out.add(f"ssl_certificate {home}/cert.pem; ssl_certificate_key {home}/key.pem;")
    maps(out)
    upstreams(out)
    if out.chance(0.3):
        out.add(f"root {home}/files;")
    server_settings(out)
    spell.error_pages(out, 0.15)
    spell.access(out, 0.03)
    spell.real_ip(out, 0.04)
    options = listen_options(rng, home)
    used = set()
    for _ in range(rng.choice([1, 2, 2, 3, 3, 4, 6])):
        server(out, options, used)
    # Here every variable gets its name; nobody asks here.
    out.add('server { listen 127.0.0.9:1; server_name "~^(?<sub>a)(?<part>b)(?<rest>c)$"; '
            'set $v1 ""; set $v2 ""; }')
    out.add("}")
    return "\n".join(out.lines) + "\n"


FILES = ["index.html", "x", "a/index.html", "a/x", "a/b/x", "a/b/index.html", "ab", "b/x", "x.html",
         "b/main", "d/index.html/inside", "with space", "plus+x", "per%cent", "q?x", "A/x",
         "empty/.keep",
         "locked/x", "closed", "c/a/x", "c/x", "p", "files", "a.test/x", "404.html", "50x.html",
         "a/404.html", "é/x", "tail/"]


def lay_out(home):
    """Files under two roots, each holding its own path; some that workers may not read."""
    os.makedirs(f"{home}/run", exist_ok=True)
    for root in ("files", "other"):
        for name in FILES:
            path = f"{home}/{root}/{name}"
            if name.endswith("/"):
                os.makedirs(path, exist_ok=True)
                continue
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "w", encoding="utf-8") as file:
                file.write(path)
        os.mkfifo(f"{home}/{root}/pipe")
        os.chmod(f"{home}/{root}/closed", 0o600)
        os.chmod(f"{home}/{root}/locked", 0o700)
        os.chmod(f"{home}/{root}/tail", 0o711)
