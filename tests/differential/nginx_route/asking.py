"""Random requests, polite and hostile, of which a configuration says what they are likely to
meet."""

import base64
import re
import urllib.parse

import generate
import spell

PIECES = [
    "/", "/", "/a", "/b", "/x", "/ab", "/A", "a", "b", "x", "/c/x", "/empty/", "/d/", "/index.html",
    "index.html", ".html", "//", "/./", "/../", "/.", "/..", "%2e%2e", "/%2e/", "%2F", "%2f%2f",
    "%61", "%41", "%00", "%", "%zz", "%2", "%20", "+", "%2B", "%3F", "%23", "%25", "%C3%A9",
    "%0a", "%7f", "\x01", "\x7f", "\t", "~", ":", ";", "&", "*", "\"", "<", "\\", "^", "{}", "\xe9", "'",
    "/with%20space", "/plus+x", "/per%25cent", "/q%3Fx", "/locked/", "/closed", "/pipe", "/tail",
    "/none", "@p"]
QUERIES = ["?", "?a=1", "?a=9001", "?a=/x", "?a=1.2.3.4&b=2", "?x=/a/b/../c", "?b=1&A=/a",
           "?a=%20+x", "?#", "?a=1#f", "#f", "?a=b?c", "??", "?a", "?/../", "?a=1&a=2"]
METHODS = ["GET"] * 70 + ["HEAD"] * 7 + ["POST"] * 7 + [
    "PUT", "DELETE", "OPTIONS", "PROPFIND", "FOO", "PATCH", "TRACE", "CONNECT", "F_O", "F-O", "get",
    "MOVE", "G3"]


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
        segments = [rng.choice(spell.SEGMENTS if rng.random() < 0.95 else spell.ODD_SEGMENTS)
                    for _ in range(rng.randrange(0, 4))]
        text = "/" + urllib.parse.quote("/".join(segments), safe="/+:;~")
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
    return sorted({urllib.parse.quote(one, safe="/+:;~") for one in found}) + ["/"]


def sockets(text):
    """(address, port, words) of each listen line; a socket's path is an address without port."""
    for line in re.findall(r"^(?:# )?listen (.*);$", text, re.M):
        where, *words = line.split(" ")
        if where.startswith("unix:"):
            yield where, 0, words
            continue
        address, _, ports = where.rpartition(":") if ":" in where else ("", "", where)
        if not re.fullmatch("[0-9-]+", ports):
            address, ports = where, "80"
        first, _, last = ports.partition("-")
        for port in range(int(first), int(last or first) + 1):
            yield address.strip("[]"), port, words


def places(text):
    """Where connections go, and what is spoken there: mostly to who listens."""
    out = []
    for address, port, words in sorted(sockets(text)):
        speech = ("ssl" in words, "proxy_protocol" in words)
        if address in ("", "*", "0.0.0.0"):
            out += [(one, port, *speech) for one in generate.ADDRESSES[:3]]
        elif address == "::":
            out += [(one, port, *speech) for one in generate.ADDRESSES[3:]] * 2
        else:
            out += [("127.0.0.1" if address == "localhost" else address, port, *speech)] * 3
    return [one for one in dict.fromkeys(out) if one[0] != "127.0.0.9"] or [
        ("127.0.0.1", generate.PORTS[0], False, False)]


CLIENTS = ["1.2.3.4", "1.2.3.4, 5.6.7.8", "5.6.7.8,1.2.3.4", "1.2.3.4, 127.0.0.1", "10.9.0.1:80", "::1",
           "[::1]:99", "[::1]", "x", ",", "1.2.3.4,127.0.0.5 ,", "fd00:9::1, 10.9.0.1, 1.2.3.4",
           "x, 127.0.0.1", "1.2.3.4:x", "unix:", "::ffff:1.2.3.4", "01.2.3.4", "127.0.0.1"]


def headers(rng):
    """A few more headers."""
    out = {}
    for share, name, values in [(0.15, "X-Forwarded-Proto", ["https", "http", "HTTPS"]),
                                (0.2, "X-Forwarded-For", CLIENTS), (0.1, "X-Real-IP", CLIENTS),
                                (0.05, "CF-Connecting-IP", CLIENTS),
                                (0.2, "User-Agent", ["curl/7", "a Bot", "c", "Mozilla/5.0"]),
                                (0.1, "Referer", ["http://a.test/", "x"]),
                                (0.1, "Cookie", ["c=1", "b=2; c=1", "c=", "C=3"])]:
        if rng.random() < share:
            out[name] = rng.choice(values)
    if rng.random() < 0.004:
        out["Authorization"] = "Basic " + base64.b64encode(b"a:b").decode()
    return out


def request(rng, hints, where):
    """One request to one of the places that listen."""
    address, port, tls, proxied = rng.choice(where)
    if rng.random() < 0.04:
        address, port = rng.choice(generate.ADDRESSES), rng.choice(generate.PORTS)
        tls = proxied = False
    asked = {"address": address, "port": port, "tls": tls, "proxied": proxied, "sni": "",
             "host": host(rng),
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
