"""Ways to spoil a configuration, the ones that people know and some that only chance does."""

import re

# What is written instead of something sound, by the directive that it stands in.
WRONG = [
    (r"\bon;", "yes;"), (r"\boff;", "no;"), (r"\bon;", "on off;"), (r"\b(\d+)s;", r"\1x;"), (r"\b(\d+)m;", r"\1mb;"),
    (r"\b(\d+)k;", r"\1 k;"), (r"listen ", "lisen "), (r"server_name", "servername"), (r"proxy_pass", "proxy_pas"),
    (r"location ", "locaton "), (r"listen (\d+)", "listen 99999"), (r"listen (\d+);", r"listen \1 defualt_server;"),
    (r"listen ([^;]*);", r"listen \1 ssl;"), (r"listen ([^;]*);", r"listen \1 default_server;"),
    (r"listen ([^;]*);", r"listen \1; listen \1;"), (r"listen ([^;]*);", r"listen \1 backlog=x;"),
    (r"listen ([^;]*);", r"listen \1 reuseport;"), (r"127\.0\.0\.1:(\d+)", "127.0.0.1:port"), (r"127\.0\.0\.1:(\d+)", "127.0.0.1:"),
    (r"\[::1?\]", "[::"), (r"\[::1?\]", "[:x]"), (r"unix:[^;: ]*", "unix:"), (r"http://", "htp://"), (r"http://", ""),
    (r"location @app", "location ~ @app"), (r"location \^~", "location ^"), (r"location ~ ", "location ~( "),
    (r"\(\?:", "("), (r"\(\?:", "(?"), (r"\)\$", "$"), (r"\[0-9\]", "[0-9"), (r"\$host", "$hots"), (r"\$host", "${host"),
    (r"\$uri", "$"), (r"\$request_uri", "$request_url"), (r"return 301", "return 3o1"), (r"return 200", "return 2000"),
    (r"error_page 404", "error_page 40"), (r"error_page 404 =200", "error_page =200"), (r"permanent;", "permanant;"),
    (r"max_fails=3", "max_fails=x"), (r"max_fails=3", "maxfails=3"), (r"weight=2", "weight=0"), (r" down;", " donw;"),
    (r"keepalive 16", "keepalive"), (r"fail_timeout=10s", "fail_timeout=10 s"), (r"always;", "allways;"),
    (r"buffer=32k", "buffer=x"), (r" long buffer", " lnog buffer"), (r" warn;", " warning;"), (r"proxy_pass http://up_", "proxy_pass http://up_a:81/"),
    (r"alias ", "root /srv; alias "), (r"events \{", "event {"), (r"if \(", "if "), (r"if \(\$host = ", "if ($host == "),
    (r"\(-f ", "(-q "), (r"!~", "!~~"), (r"set \$app", "set app"), (r"TLSv1\.2", "TLS1.2"), (r"http_version 1\.1", "http_version 1.3"),
    (r"satisfy any", "satisfy some"), (r"expires 30d", "expires 30 d"), (r"expires max", "expires maximum"), (r"auto;", "many;"),
    (r"proxy_buffers 8 16k", "proxy_buffers 16k"), (r"proxy_buffers 8 16k", "proxy_buffers 0 16k"), (r"include snippets/", "include snippet/"),
    (r"uwsgi_pass unix:[^;]*;", "uwsgi_pass up_c;"), (r"uwsgi_pass unix:[^;]*;", "uwsgi_pass up_a;"), (r"fastcgi_pass ", "fastcgi_pass http://"),
    (r"upstream up_b", "upstream up_a"), (r"server 127", "server http://127"), (r"default upgrade;", "default upgrade; default x;"),
    (r"'' close;", "'' close x;"), (r"log_format long", "log_format combined"), (r"user root", "usr root"), (r"\{1,9\}", "{1,9"),
    (r"location /files/a", "location /other"), (r"location /files/a", "location @named"), (r"try_files \$uri @app", "try_files $uri =4o4"),
    (r"server_name [^;]*;", "server_name *;"), (r"server_name [^;]*;", "server_name ~;"), (r"server_name [^;]*;", "server_name ~^(;"),
    (r"limit_except GET", "limit_except"), (r"allow 10\.0\.0\.0/8", "allow 10.0.0.0/33"), (r"keepalive_timeout 75s", "keepalive_timeout 75 s"),
    (r"gzip_comp_level 5", "gzip_comp_level high"), (r"location = /health", "location = /health { return 200; } location = /health"),
    (r"location / \{", "location / { } location / {"), (r"events \{[^}]*\}", ""), (r"root /srv[^;]*;", "root /srv; root /srv;"),
]


def read(path):
    """A file's text, byte for byte."""
    with open(path, encoding="utf-8", newline="") as file:
        return file.read()


def write(path, text):
    """The way back."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(text)


def replace_one(rng, text, pattern, by):
    """Replaces one of the places that a pattern matches; None where there is none."""
    places = list(re.finditer(pattern, text))
    if not places:
        return None
    place = rng.choice(places)
    return text[:place.start()] + place.expand(by) + text[place.end():]


def known_mistake(rng, text):
    """One that people make."""
    for pattern, by in rng.sample(WRONG, len(WRONG)):
        changed = replace_one(rng, text, pattern, by)
        if changed is not None:
            return changed
    return text


def drop_byte(rng, text):
    """One byte less."""
    at = rng.randrange(len(text))
    return text[:at] + text[at + 1:]


def drop_sign(rng, text):
    """One of the signs that matter less."""
    return replace_one(rng, text, r"[;{}\"'$()\\]", "") or text


def add_sign(rng, text):
    """A sign too many."""
    at = rng.randrange(len(text))
    return text[:at] + rng.choice(";{}\"'#$\\ ()\t") + text[at:]


def swap_lines(rng, text):
    """Two lines in the other order."""
    lines = text.split("\n")
    a, b = rng.randrange(len(lines)), rng.randrange(len(lines))
    lines[a], lines[b] = lines[b], lines[a]
    return "\n".join(lines)


def repeat_line(rng, text):
    """A line twice."""
    lines = text.split("\n")
    at = rng.randrange(len(lines))
    return "\n".join(lines[:at] + [lines[at]] + lines[at:])


def move_line(rng, text):
    """A line elsewhere."""
    lines = text.split("\n")
    line = lines.pop(rng.randrange(len(lines)))
    lines.insert(rng.randrange(len(lines) + 1), line)
    return "\n".join(lines)


def change_letter(rng, text):
    """Another letter in a word."""
    places = list(re.finditer(r"[a-z_]", text))
    if not places:
        return text
    at = rng.choice(places).start()
    return text[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz_") + text[at + 1:]


def drop_word(rng, text):
    """A word less."""
    return replace_one(rng, text, r"[^\s;{}]+ ?", "") or text


def cut(rng, text):
    """The end missing."""
    return text[:rng.randrange(len(text))]


def byte_order_mark(_, text):
    """As some editors of another system write it."""
    return "\ufeff" + text


WAYS = [known_mistake] * 10 + [drop_byte, drop_byte, drop_sign, drop_sign, add_sign, add_sign, swap_lines, repeat_line, repeat_line,
                               move_line, move_line, change_letter, change_letter, drop_word, drop_word, cut, byte_order_mark]


def spoil(rng, files):
    """Spoils one of the files; the name of the way."""
    path = rng.choice([path for path in files if not path.endswith(".hidden")])
    way = rng.choice(WAYS)
    text = read(path)
    if text:
        write(path, way(rng, text))
    return way.__name__
