#!/usr/bin/python3
"""Compares whom we say a request reaches with whom nginx lets answer it.

    compare.py --judge build/dev/tests/differential/nginx_route_judge [--rounds 120] [--asks 50]
               [--seed 1] [--first 0] [--keep]

Each round writes a random configuration (generate.py, spell.py), lets a real nginx run it in a
network namespace, and sends it random requests (asking.py). nginx_route_judge must say the same of
each: which server block and location answer, with which status, which file, which redirect, and
which URI at which upstream; or that it cannot be known. It is asked a second time without files,
headers and the client's address: nothing may be guessed then. Needs root and nginx; without them it
ends with 77.
"""

import argparse
import ctypes
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile

import asking
import generate
import live

CLONE_NEWNET = 0x40000000
WORKERS = "nobody"
# More than this share undecided would hide differences.
MOST_UNDECIDED = 0.01


def enter_network():
    """A network of our own, with the addresses that configurations name."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    for words in ("link set lo up", "address add 10.9.0.1/32 dev lo",
                  "address add fd00:9::1/128 dev lo nodad"):
        subprocess.run(["ip", *words.split()], check=True)


def prepare(home):
    """Files, a certificate, the backends."""
    os.chmod(home, 0o755)
    generate.lay_out(home)
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=a.test",
                    "-keyout", f"{home}/key.pem", "-out", f"{home}/cert.pem"], check=True,
                   capture_output=True)
    live.Backend(home).start()


def judge(program, home, asked):
    """What our router says of the requests."""
    lines = "".join(json.dumps(one) + "\n" for one in asked)
    done = subprocess.run([program, f"{home}/nginx.conf", home, WORKERS], input=lines, check=True,
                          stdout=subprocess.PIPE, text=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def client_of(address):
    """From where a connection to that address comes on loopback."""
    if address.startswith("unix:"):
        return "unix:"
    return "127.0.0.1" if address.startswith("127.") else address


def differences(said, reply, row):
    """What is not the same, as (what, said, seen)."""
    if said.get("refused") or reply is None:
        return [] if said.get("refused") and reply is None else [
            ("connection", said, reply and reply[0])]
    status, headers, body = reply
    out = []
    seen = {"status": 444 if status == 0 else status}
    if "x-at" in headers:
        seen["at"] = headers["x-at"]
    if status in (301, 302, 303, 307, 308) and said["location"] and said["kind"] != "proxy_pass":
        seen["location"] = headers.get("location", "")
    backend = headers.get("x-backend")
    if backend is not None and body:
        seen["sends"] = json.loads(body)["target"]
    if row and row["upstream"] and said["kind"] == "proxy_pass":
        last = row["upstream"].split(", ")[-1].split(" : ")[-1]
        seen["backend"] = "0" if last.startswith("unix:") else last.rsplit(":")[-1]
    if said["kind"] == "static" and status == 200 and body and "listing" not in said["reason"]:
        seen["file"] = body.decode("latin-1")
        said = {**said, "file": os.path.normpath(said["file"])}
    elif said["kind"] == "static" and row and row["file"] and status in (404, 405) and \
            not row["uri"].endswith("/"):
        seen["file"] = row["file"]
    # Where nginx appends a slash, the file name in the log is made of bytes behind the URI.
    if row and status >= 200 and row["uri"] and "appends the slash" not in said["reason"]:
        seen["uri"] = row["uri"]
    for what, value in seen.items():
        if said.get(what, "") != value:
            out.append((what, said.get(what), value))
    return out


def guessed(said, whole, reply):
    """What was said without a look at files, headers and the client, and is not so; `whole` was
    said with one."""
    if reply is None or not said.get("status") or said.get("unknown"):
        return []
    status, headers, _ = reply
    # Passwords are left out of it.
    if status == 401 or any(step.startswith("401 ") for step in whole.get("steps") or []):
        return []
    seen = {"status": 444 if status == 0 else status}
    if "x-at" in headers:
        seen["at"] = headers["x-at"]
    return [(f"blind {what}", said[what], value) for what, value in seen.items()
            if said[what] != value]


class Tally:
    """What the rounds came to."""

    def __init__(self):
        self.configurations = self.refused = self.requests = self.undecided = self.differing = 0
        self.counts = {"statuses": {}, "kinds": {}, "steps": {}, "unknown": {}}

    def count(self, what, key):
        """One more of that."""
        self.counts[what][key] = self.counts[what].get(key, 0) + 1

    def unknown(self, reason):
        """One request of which we cannot know."""
        self.undecided += 1
        self.count("unknown", reason.split(" (")[0][:60])

    def share(self):
        """How many of the requests we do not know of."""
        return self.undecided / max(1, self.requests)

    def show(self):
        """Prints it; also what an interrupted run came to."""
        print(f"{self.configurations} configurations ({self.refused} refused by nginx), "
              f"{self.requests} requests, {self.undecided} undecided ({self.share():.1%}), "
              f"{self.differing} differ")
        for what, counts in self.counts.items():
            most = sorted(counts.items(), key=lambda one: -one[1])[:24]
            print(f"{what}: " + ", ".join(f"{key} {count}" for key, count in most), flush=True)


def ask_all(asked):
    """What the nginx that runs answers."""
    client = live.Client()
    replies = [client.ask(one, number) for number, one in enumerate(asked)]
    client.close()
    return replies


def start(options, home, rng, tally):
    """The next configuration that nginx accepts, run by it."""
    while True:
        text = generate.configuration(rng, home, WORKERS)
        with open(f"{home}/nginx.conf", "w", encoding="utf-8") as file:
            file.write(text)
        nginx = live.Nginx(home)
        if nginx.up:
            return nginx, text
        complaint = nginx.complaint()
        nginx.end()
        tally.refused += 1
        if options.verbose:
            print(complaint.strip()[-200:])
        if tally.refused > 50 + 5 * tally.configurations:
            raise RuntimeError(complaint)


def round_of(options, home, seed, tally):
    """One configuration; its differences."""
    rng = random.Random(seed)
    nginx, text = start(options, home, rng, tally)
    try:
        hints, where = asking.hints_of(text), asking.places(text)
        asked = [asking.request(rng, hints, where) for _ in range(options.asks)]
        for one in asked:
            one["client"] = client_of(one["address"])
        both = judge(options.judge, home, asked + [{**one, "blind": True} for one in asked])
        said, blind = both[:len(asked)], both[len(asked):]
        replies = ask_all(asked)
    finally:
        nginx.end()
    log = nginx.log()
    tally.configurations += 1
    wrong = []
    for number, (one, words, little, reply) in enumerate(
            zip(asked, said, blind, replies, strict=True)):
        tally.requests += 1
        # How long a body is the headers tell.
        bodiless = one["headers"].get("Content-Length", "0") == "0"
        if bodiless and (guesses := guessed(little, words, reply)):
            wrong.append((one, little, guesses))
        if words.get("unknown"):
            tally.unknown(words["unknown"])
            continue
        tally.count("statuses", reply and reply[0])
        tally.count("kinds", words.get("kind", "refused"))
        for step in {step.split(" ")[0] for step in words.get("steps") or []}:
            tally.count("steps", step)
        found = differences(words, reply, log.get(str(number)))
        if found:
            wrong.append((one, words, found))
    tally.differing += len(wrong)
    return wrong


def able():
    """Why this machine cannot run it; "" where it can."""
    if os.geteuid() != 0:
        return "needs root"
    return "" if os.access(live.NGINX, os.X_OK) else "needs nginx"


def show(index, wrong, home):
    """Prints differences and keeps the configuration."""
    kept = f"{home}/different-{index}.conf"
    os.rename(f"{home}/nginx.conf", kept)
    for one, words, found in wrong[:5]:
        print(f"round {index}: {json.dumps(one)}")
        for what, said, seen in found:
            print(f"  {what}: we say {said!r}, nginx {seen!r}")
        print(f"  {json.dumps(words)}")
    print(f"  {kept}", flush=True)


def main():
    """Plays the rounds; 0 where all agree."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--judge", required=True)
    parser.add_argument("--rounds", type=int, default=120)
    parser.add_argument("--first", type=int, default=0, help="the round to begin with")
    parser.add_argument("--asks", type=int, default=50, help="requests a round")
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 31))
    parser.add_argument("--keep", action="store_true", help="keep configurations that differ")
    parser.add_argument("--verbose", action="store_true", help="say what nginx refuses")
    options = parser.parse_args()
    reason = able()
    if reason:
        print(f"skipped: {reason}")
        return 77
    print(f"seed {options.seed}", flush=True)
    # Whatever ends this ends nginx, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    enter_network()
    tally = Tally()
    home = tempfile.mkdtemp(prefix="hopcheck-route-")
    try:
        prepare(home)
        for index in range(options.first, options.first + options.rounds):
            wrong = round_of(options, home, options.seed * 1000003 + index, tally)
            if wrong:
                show(index, wrong, home)
    finally:
        if not (options.keep and tally.differing):
            shutil.rmtree(home, ignore_errors=True)
        tally.show()
    return 1 if tally.differing or tally.share() > MOST_UNDECIDED or not tally.requests else 0


if __name__ == "__main__":
    sys.exit(main())
