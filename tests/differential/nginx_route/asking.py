"""Random requests, polite and hostile, of which a configuration says what they are likely to
meet."""

import base64
import re

import generate
import spell

PIECES = [
    "/", "/", "/a", "/b", "/x", "/ab", "/A", "a", "b", "x", "/c/x", "/empty/", "/d/", "/index.html",
    "index.html", ".html", "//", "/./", "/../", "/.", "/..", "%2e%2e", "/%2e/", "%2F", "%2f%2f",
    "%61", "%41", "%00", "%", "%zz", "%2", "%20", "+", "%2B", "%3F", "%23", "%25", "%C3%A9",
    "%0a", "%7f", "~", ":", ";", "&", "*", "\"", "<", "\\", "^", "{}", "\xe9", "'",
    "/with%20space", "/plus+x", "/per%25cent", "/q%3Fx", "/locked/", "/closed", "/pipe", "/tail",
    "/none", "@p"]
QUERIES = ["?", "?a=1", "?a=9001", "?a=/x", "?a=1.2.3.4&b=2", "?x=/a/b/../c", "?b=1&A=/a",
           "?a=%20+x", "?#", "?a=1#f", "#f", "?a=b?c", "??", "?a", "?/../", "?a=1&a=2"]
METHODS = ["GET"] * 30 + ["HEAD"] * 3 + ["POST"] * 3 + [
    "PUT", "DELETE", "OPTIONS", "PROPFIND", "FOO", "PATCH", "TRACE"]


def target(rng, hints):
    """The path and query of a request line."""
    roll = rng.random()
    if roll < 0.45 and hints:
        text = rng.choice(hints)
        if rng.random() < 0.5:
            text += rng.choice(["", "/", "x", "/x", "a", "/a/b", "index.html", "/index.html"])
        if rng.random() < 0.1:
            text = text.rstrip("/")
    elif roll < 0.75:
        text = "/" + "/".join(rng.choice(spell.SEGMENTS) for _ in range(rng.randrange(0, 4)))
        text += rng.choice(["", "", "/"])
    else:
        text = rng.choice(["/", "/", ""]) + "".join(rng.choice(PIECES)
                                                  for _ in range(rng.randrange(1, 6)))
    text = text.replace(" ", "%20") or "/"
    if rng.random() < 0.25:
        text += rng.choice(QUERIES)
    if not text.startswith("/") and rng.random() < 0.9:
        text = "/" + text
    if rng.random() < 0.02:
        text = "/a/" + "x" * rng.choice([300, 2000, 4000, 9000])
    return text


def host(rng):
    """A Host header; None: none is sent."""
    name = generate.host_name(rng)
    return rng.choice([name] * 12 + [
        name.upper(), name.title(), name + ".", name + ":80", name + ":99", name + ".:8001", None,
        None, "", "x", "a..b", "a/b", "a b", "[::1]", "[::1]:80", "127.0.0.1", "_", "*.test",
        "." + name, name + "..", "a:b:c", "[a]b", "[x", "a.:1.", "-", "a%20b", "a,b", "localhost",
        "\xe9", ".", ":80", "*.a.test"])


def hints_of(text):
    """Paths that the configuration itself names."""
    found = re.findall(r'location (?:= |\^~ )?"(/[^"]*)"', text)
    found += [re.sub(r"[$?].*", "", one) for one in re.findall(r'"(/[a-z/.]*)"', text)]
    return sorted(set(found)) + ["/"]


def places(text, home):
    """Where connections go, and whether TLS is spoken there: mostly to who listens."""
    out = []
    for port in generate.PORTS + [80]:
        words = re.findall(rf"listen (\S*?):?{port}(?:-8002)?[ ;]", text)
        words += ["127.0.0.1"] if "127.0.0.1:8001-8002" in text and port == 8002 else []
        words += ["10.9.0.1"] if port == 80 and "listen 10.9.0.1;" in text else []
        for word in sorted(set(words)):
            if word.endswith("-"):  # a range of ports, which has its own line above
                continue
            if word in ("", "*", "0.0.0.0"):
                out += [(one, port, False) for one in generate.ADDRESSES[:3]] * 2
            elif word == "[::]":
                out += [(one, port, False) for one in generate.ADDRESSES[3:]] * 3
            else:
                out += [(word.strip("[]"), port, False)] * 3
    if "ssl;" in text:
        out += [("127.0.0.1", generate.TLS_PORT, True)] * 6
    for name in ("a", "b"):
        if f"run/{name}.sock" in text:
            out += [(f"unix:{home}/run/{name}.sock", 0, False)] * 3
    return out or [("127.0.0.1", generate.PORTS[0], False)]


def headers(rng):
    """A few more headers."""
    out = {}
    for share, name, values in [(0.15, "X-Forwarded-Proto", ["https", "http", "HTTPS"]),
                                (0.1, "X-Forwarded-For", ["1.2.3.4", "1.2.3.4, 5.6.7.8"]),
                                (0.1, "Cookie", ["c=1", "b=2; c=1", "c=", "C=3"])]:
        if rng.random() < share:
            out[name] = rng.choice(values)
    if rng.random() < 0.004:
        out["Authorization"] = "Basic " + base64.b64encode(b"a:b").decode()
    return out


def request(rng, hints, where):
    """One request to one of the places that listen."""
    address, port, tls = rng.choice(where)
    if rng.random() < 0.04:
        address, port, tls = rng.choice(generate.ADDRESSES), rng.choice(generate.PORTS), False
    asked = {"address": address, "port": port, "tls": tls, "sni": "", "host": host(rng),
             "target": target(rng, hints), "method": rng.choice(METHODS), "headers": headers(rng),
             "version": "1.0" if rng.random() < 0.1 else "1.1"}
    if asked["host"] is None and rng.random() < 0.8:
        asked["version"] = "1.0"
    if tls:
        name = asked["host"] or ""
        fits = re.fullmatch(r"[a-zA-Z]+(\.[a-zA-Z]+)*", name)
        other = rng.choice(["", "a.test", "www.b.test"])
        asked["sni"] = name if fits and rng.random() < 0.6 else other
        asked["tls"] = rng.random() > 0.05
        if not asked["tls"]:
            asked["sni"] = ""
    if rng.random() < 0.03:
        asked["target"] = rng.choice(["http://", "HTTPS://"]) + rng.choice(
            ["a.test", "b.test:80", "A.test", "a..b", "x_y", "[::1]", "a@b"]) + rng.choice(
                [asked["target"], "", "?a=1"])
    if asked["method"] in ("POST", "PUT", "PATCH", "FOO"):
        asked["headers"]["Content-Length"] = rng.choice(["0", "0", "5"])
    return asked
