"""What stands inside server blocks and locations."""

BACKEND_PORTS = (9001, 9002, 9003, 9004, 9005, 9006)
SEGMENTS = ["a", "b", "x", "ab", "c", "d", "A", "empty", "x.html", "index.html", "locked", "p"]
ODD_SEGMENTS = ["with space", "plus+x", "per%cent", "é", "a.test", "~x", "b:c", "a;b"]
REGEXES = ["a$", "^/a", "^/a/(.*)$", "b/", r"\.html$", "/a/.*b", "^/$", "B", "^/(.)(/?)",
           "^/(?<part>[a-z]+)/(?<rest>.*)$", "(x)?$", "^/([^/]*)/([^/]*)", "[?#%+ ]", "//", r"\.(html|x)$", "^/(?!a)", "(?i)/A",
           "^/[^/]+/x$", r"\s", "é", "^/(?<v1>[ab])(?:/(?<part>.*))?$", "(a|(b))(x|$)"]


def path(rng, most=3):
    """A path of few segments."""
    text = "".join("/" + rng.choice(SEGMENTS if rng.random() < 0.96 else ODD_SEGMENTS)
                   for _ in range(rng.randrange(0, most + 1)))
    return text + rng.choice(["/", "", ""]) or "/"


def value(out):
    """A text with variables."""
    rng = out.rng
    parts = [rng.choice(["", "/", "a", "x", "-", "/a/", "$uri", "$args", "$1", "$2", "$host", "$v1",
                         "$v2", "$part", "$rest", "$m1", "$m2", "$m3", "$m4", "$request_uri",
                         "$scheme", "$request_method", "$arg_a", "$is_args", "$document_root", "$s",
                         "$server_port", "$server_name", "$http_host", "$request_filename", "$g",
                         "$h", "${v1}x", "$m5", "$http_x_forwarded_for", "$server_addr", "$sub",
                         "$remote_addr", "$document_uri", "$query_string", "$https",
                         "$server_protocol", "$request", "$cookie_c", "$content_length", "$n1", "$n2", "$n3",
                         "$realip_remote_addr", "$http_x_real_ip", "$arg_b", "$http_referer"])
             for _ in range(rng.choice([1, 1, 2, 3]))]
    return '"' + "".join(parts) + '"'


def replacement(out):
    """What a rewrite puts in the URI's place."""
    rng = out.rng
    to = rng.choice([path(rng), path(rng), "/$1", "/a/$1", "$1", "/b/$2$1", "$uri", "/$v1",
                     "/x/$part",
                     "${uri}x", "/%20a", "/a b", "/$m1", "/a//b", "/a/../b"])
    return to + rng.choice(["", "", "", "?", "?a=1", "?a=$1", "?$args", "?x=$uri&y", "?$1?"])


def rewrite(out):
    """A rewrite line."""
    rng = out.rng
    regex = rng.choice([*REGEXES, "^", "^/b(.*)$", "^(/a.*)x(.*)$"])
    to = replacement(out)
    flag = rng.choice(["", "", " last", " last", " break", " break", " redirect", " permanent"])
    if out.chance(0.08):
        to = rng.choice(["http://x.test/$1", "https://$host$request_uri?", "$scheme://b.test$uri",
                         "http://x.test/?b=$1"])
    return f'rewrite "{regex}" "{to}"{flag};'


def return_line(out):
    """A return line of any form."""
    rng = out.rng
    code = rng.choice([200, 200, 200, 204, 301, 302, 307, 308, 303, 400, 401, 403, 404, 404, 410,
                       418,
                       444, 500, 502, 503, 405, 416])
    if code in (301, 302, 303, 307, 308):
        to = rng.choice([f"https://$host{value(out)[1:-1]}", value(out)[1:-1], "/a/x", "//b/x", ""])
        return f'return {code} "{to}";'
    if out.chance(0.1):
        return f'return {rng.choice(["http://x.test/$1", "$scheme://b.test$request_uri"])};'
    return f'return {code} {value(out)};' if out.chance(0.5) else f"return {code};"


def condition(out):
    """The words between the parentheses of an `if`."""
    rng = out.rng
    return rng.choice([
        f"$host = {rng.choice(['a.test', 'b.test', 'ab.test', 'a'])}", "$request_method = POST",
        "$request_method != GET", "$args", "$arg_a", "$request_uri ~ ^/a/(.*)", '$uri ~* "HTML$"',
        '$uri !~ "^/a"', "$host ~* ^(A|www)", "-f $request_filename", "!-f $request_filename",
        "-d $request_filename", "!-d $request_filename", "-e $request_filename",
        "!-e $request_filename", f"-f {out.home}/files/x", f"-d {out.home}/files$uri",
        "$v1", "$v2 = x", '$uri ~ "^/(?<part>.)(.*)$"', "$http_x_forwarded_proto = https", "$m3",
        '$m1 = "/b"', "$scheme = https", '$args ~ "a=(.*)"', "$is_args = ?", "$g = v4",
        "$http_x_forwarded_proto != https", '$request_uri = "$uri"', "$http_x_no", "$s = first",
        '$http_user_agent ~* "(bot|curl)"', "$http_user_agent !~ ^c(.*)$", "$n1", "$n2 = $n3",
        "$remote_addr = 1.2.3.4", '$remote_addr ~ "^(127|::)(.)"', "$http_referer = ''",
        '$host$uri ~ "^([^/]*)/b"', "!-x $request_filename"])


def if_block(out, where):
    """An `if` with what may stand in it."""
    rng = out.rng
    out.add(f"if ({condition(out)}) {{")
    for _ in range(rng.choice([0, 1, 1, 1, 2])):
        rewrite_line(out, where, 0.6 if where == "server" else 0.4)
    if where == "location":
        if out.chance(0.2):
            out.add(proxy_pass(out, bare=True))
        if out.chance(0.1):
            out.add(f"root {root(out)};")
        if out.chance(0.08):
            out.add(error_page(out))
    out.add("}")


def rewrite_line(out, where, end=0.25):
    """A set, rewrite, break or return."""
    rng = out.rng
    if out.chance(end):
        out.add(rng.choice([return_line(out), "break;", rewrite(out), rewrite(out)]))
    elif out.chance(0.6):
        out.add(f"set ${rng.choice(['v1', 'v2', 'part'])} {value(out)};")
    elif out.chance(0.1):
        out.add(f"set $args {value(out)};")
    else:
        out.add(rewrite(out))


def rewrites(out, where, share):
    """The directives that run before a location is used."""
    rng = out.rng
    if not out.chance(share):
        return
    for _ in range(rng.choice([1, 1, 2, 3])):
        if out.chance(0.4):
            if_block(out, where)
        else:
            rewrite_line(out, where, 0.1 if where == "server" else 0.25)


def root(out):
    """Where files are."""
    home = out.home
    return out.pick(f"{home}/files", f"{home}/other", f"{home}/files/", "files", "other/",
                    f"{home}/$v1", f"{home}/files/$host", '"files$arg_a"', f"{home}/other/a", home,
                    f"{home}/files/$1", '"/$n1"', f"{home}/files$part", '""')


def alias(out, location):
    """A file's or a folder's path in the location's place."""
    home = out.home
    if location == "regex":
        return out.pick(f"{home}/files/$1", f"{home}/other/$1", f"{home}/files/a/x",
                        f"{home}/files/$part", f"{home}/files/")
    return out.pick(f"{home}/files/", f"{home}/other/", f"{home}/files/a", f"{home}/other/x",
                    "files/", f"{home}/files/$arg_a/", f"{home}/files/a/")


def file_settings(out, share, location):
    """root, alias, index, autoindex."""
    rng = out.rng
    if out.chance(share):
        if location in ("prefix", "regex", "exact") and out.chance(0.4):
            out.add(f"alias {alias(out, location)};")
        else:
            out.add(f"root {root(out)};")
    if out.chance(share / 4):
        names = rng.sample(["index.html", "main", "x", "none", "/a/x", "/index.html", "$v1",
                            "$uri", "b/x", "closed"], rng.choice([1, 2, 2, 3]))
        # An absolute name is the last one, or nginx warns.
        names.sort(key=lambda name: name.startswith("/"))
        out.add(f"index {' '.join(names)};")
    if out.chance(share / 8):
        out.add("autoindex on;")


def error_page(out):
    """One error_page line."""
    rng = out.rng
    codes = rng.sample(["404", "403", "500", "502", "503", "410", "405", "401", "301", "302", "400",
                        "418", "497", "504", "413", "414"], rng.choice([1, 1, 2, 4]))
    response = rng.choice(["", "", "", " =", " =200", " =503", " =301", " =404"])
    named = out.named if out.named else ["@none"]
    to = rng.choice(["/404.html", "/50x.html", path(rng), path(rng), "/a/x?e=1", rng.choice(named),
                     "@none", "http://x.test/e", "/$v1", "$uri/x", "https://$host$uri",
                     "/x?$args", "/empty/"])
    return f'error_page {" ".join(codes)}{response} "{to}";'


def error_pages(out, share):
    """Some error_page lines."""
    if out.chance(share):
        for _ in range(out.rng.choice([1, 1, 2])):
            out.add(error_page(out))


def access(out, share):
    """allow, deny, auth_basic, satisfy."""
    rng = out.rng
    if out.chance(share):
        for _ in range(rng.choice([1, 2, 2])):
            out.add(rng.choice(["allow", "deny", "deny"]) + " " +
                    rng.choice(["127.0.0.1", "127.0.0.0/8", "::1", "10.9.0.0/16", "fd00:9::/32",
                                "all", "unix:", "10.9.0.1", "1.2.3.4", "5.6.0.0/16"]) + ";")
        if out.chance(0.3):
            out.add("deny all;")
    if out.chance(share / 2):
        out.add(rng.choice(['auth_basic "x";', "auth_basic off;"]))
        out.add(f"auth_basic_user_file {out.home}/files/x;")
    if out.chance(share / 2):
        out.add(f"satisfy {rng.choice(['any', 'all'])};")


def real_ip(out, share):
    """Whom nginx believes about the client's address."""
    if out.chance(share):
        for _ in range(out.rng.choice([1, 1, 2])):
            source = out.pick("127.0.0.1", "127.0.0.0/8", "10.9.0.1", "::1", "fd00:9::/32", "unix:",
                              "0.0.0.0/0", "1.2.0.0/16", "5.6.7.8")
            out.add(f"set_real_ip_from {source};")
    if out.chance(share):
        name = out.pick("X-Forwarded-For", "X-Forwarded-For", "X-Real-IP", "CF-Connecting-IP",
                        "cookie", "proxy_protocol")
        out.add(f"real_ip_header {name};")
    if out.chance(share / 2):
        out.add("real_ip_recursive on;")


def try_files(out):
    """A try_files line."""
    rng = out.rng
    tries = rng.sample(["$uri", "$uri", "$uri/", "$uri.html", "/a/x", "/none", "$uri/index.html",
                        "x",
                        "/$v1", "/$1", "$v2", "/a/", "$request_uri"], rng.choice([1, 1, 2, 3]))
    named = out.named if out.named else ["@none"]
    last = rng.choice(["=404", "=403", "=503", "/index.html", "/a/x?t=1", "/x?$args",
                       rng.choice(named),
                       rng.choice(named), rng.choice(named), "@none", "$uri/x", path(rng),
                       path(rng),
                       "/a/$1", "=418", "=204", "=301"])
    return f"try_files {' '.join(tries)} {last};"


def proxy_pass(out, bare):
    """A pass; `bare`: where it may have no URI part."""
    rng = out.rng
    place = rng.choice([f"127.0.0.1:{rng.choice(BACKEND_PORTS)}", "127.0.0.1:9001",
                        "127.0.0.1:9001",
                        "good", "spare", "Dead", "dead", "sock", "127.0.0.1:9009", "reserve", "hashed",
                        f"unix:{out.home}/run/backend.sock:"])
    if out.chance(0.12):
        return rng.choice([f"proxy_pass http://{place}$uri$is_args$args;",
                           f"proxy_pass http://{place}$request_uri;",
                           f"proxy_pass http://{place}/v/$1;",
                           "proxy_pass http://$v1;", "proxy_pass http://127.0.0.1:$arg_a;",
                           "proxy_pass http://127.0.0.1:9001$v2;"])
    if place.startswith("unix:") and bare:
        place = place[:-1]
    uri = "" if bare else rng.choice(["", "", "/", "/", "/back", "/back/", "/b?z=1", "/%20/",
                                      "/b c/"])
    if place.startswith("unix:") and not uri:
        place = place.rstrip(":")
    scheme = "https" if place.startswith("127.") and out.chance(0.05) else out.pick("http", "http", "http", "HTTP")
    return f'proxy_pass "{scheme}://{place}{uri}";'


def handler(out, kind, bare):
    """Who makes the answer."""
    roll = out.rng.random()
    if roll < 0.3:
        out.add(return_line(out))
    elif roll < 0.55:
        out.add(proxy_pass(out, bare))
        if out.chance(0.25):
            out.add("proxy_intercept_errors on;")
    elif roll < 0.6:
        out.add(out.pick("uwsgi_pass 127.0.0.1:9009;", "fastcgi_pass 127.0.0.1:9009;",
                         "empty_gif;", "scgi_pass 127.0.0.1:9009;", "stub_status;",
                         "uwsgi_pass dead;", "grpc_pass 127.0.0.1:9009;", "grpc_pass grpc://dead;",
                         f"fastcgi_pass unix:{out.home}/run/none.sock;", "uwsgi_pass $v1:9009;",
                         "uwsgi_pass uwsgi://127.0.0.1:9009;", "fastcgi_pass 127.0.0.1:$arg_a;"))


def body(out, kind, nested):
    """The inside of a location."""
    bare = kind in ("regex", "named")
    rewrites(out, "location", 0.25)
    file_settings(out, 0.35, kind)
    if out.chance(0.06):
        out.add("internal;")
    if out.chance(0.2):
        out.add(try_files(out))
    error_pages(out, 0.15)
    access(out, 0.06)
    real_ip(out, 0.03)
    if out.chance(0.05):
        out.add(out.pick("absolute_redirect on;", "port_in_redirect on;",
                         "recursive_error_pages on;"))
    if not nested or out.chance(0.5):
        handler(out, kind, bare)
    if out.chance(0.06):
        out.add(f"limit_except {out.pick('GET', 'GET POST', 'HEAD', 'PUT')} {{")
        out.add(out.pick("deny all;", "allow 127.0.0.1; deny all;", "proxy_pass http://good;",
                         "", 'auth_basic "x"; auth_basic_user_file x;'))
        out.add("}")


def location(out, mark, above, depth, taken):
    """One location with what is nested in it."""
    rng = out.rng
    inside_regex = above is None
    if rng.random() < 0.3 or inside_regex:
        kind, head = "regex", f'location {rng.choice(["~", "~*"])} "{rng.choice(REGEXES)}"'
    else:
        pattern = above + path(rng) if not above.endswith("/") else above + path(rng)[1:]
        kind = "exact" if rng.random() < 0.25 else "prefix"
        if (kind, pattern) in taken:
            return
        taken.add((kind, pattern))
        sign = "= " if kind == "exact" else rng.choice(["", "", "", "^~ "])
        head = f'location {sign}"{pattern}"'
        above = pattern
    line = out.here()
    out.add(head + " {")
    out.add(f'add_header X-At "{mark}.{line}" always;')
    nested = kind != "exact" and depth < 3 and out.chance(0.25)
    body(out, kind, nested)
    if nested:
        inside = set()
        for _ in range(rng.randrange(1, 4)):
            location(out, mark, None if kind == "regex" else above, depth + 1, inside)
    out.add("}")


def locations(out, mark):
    """All locations of a server block."""
    taken = set()
    for _ in range(out.rng.randrange(0, 8)):
        location(out, mark, "", 0, taken)
    for name in out.named:
        line = out.here()
        out.add(f"location {name} {{")
        out.add(f'add_header X-At "{mark}.{line}" always;')
        body(out, "named", False)
        out.add("}")
