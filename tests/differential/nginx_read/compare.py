#!/usr/bin/python3
"""Compares what we say of a configuration with what `nginx -t` says.

    compare.py --judge build/dev/tests/differential/nginx_read_judge [--rounds 400] [--seed N]

Each round takes a sound configuration of several files and spoils it: a mistake of a known kind at a
random place, a byte left out, lines swapped or joined, a directive moved or given twice. nginx then
either accepts it or names a message, a file and a line, and so do we. Refusing what nginx accepts,
or naming something else, is a difference; saying nothing where nginx refuses is none, but is
counted, since some refusals are for nginx's modules alone to know. Without nginx it ends with 77.
"""

import argparse
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

from mistakes import spoil
from sites import write_site

NGINX = shutil.which("nginx") or "/usr/sbin/nginx"
# What we leave to nginx: its modules' names and the resolver. Then its next mistake is our first.
LEFT_TO_NGINX = re.compile(r"unknown directive |host not found in |bind\(\) ")


def nginx_says(folder, main=None):
    """The text behind [emerg], "" where nginx accepts."""
    # A configuration of others may name its own pid file.
    own = f"pid {folder}/nginx.pid;" if main is None else ""
    argv = [NGINX, "-t", "-q", "-c", main or f"{folder}/nginx.conf", "-p", folder, "-g", f"error_log stderr emerg; {own}"]
    done = subprocess.run(argv, capture_output=True, check=False)
    text = done.stderr.decode("utf-8", "replace")
    found = re.search(r"\[emerg\] (?:\d+#\d+: )?(.*?)\n(?:\d{4}/|nginx: )", text + "\nnginx: ", re.S)
    if done.returncode == 0:
        return ""
    return found.group(1) if found else text


class Judge:
    """Our side, running as long as the test does."""

    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, question):
        """One line for another."""
        self.process.stdin.write(f"{question}\n".encode())
        self.process.stdin.flush()
        return self.process.stdout.readline().decode("utf-8", "replace").rstrip("\n")

    def says(self, folder):
        """Our first problem, in nginx's form."""
        line = self.ask(f"{folder}/nginx.conf")
        return line.replace("\\n", "\n").replace("\\\\", "\\")

    def end(self):
        """Lets it end."""
        self.process.stdin.close()
        return self.process.wait()


def text_of(verdict):
    """A verdict without its place."""
    return re.sub(r" in /[^ ]*:\d+$", "", verdict)


def at_the_end(verdict):
    """Whether it names the line that closes http {}: what nginx found when it had read all."""
    place = re.search(r" in (/[^ ]*/nginx\.conf):(\d+)$", verdict)
    if not place:
        return False
    with open(place.group(1), encoding="utf-8", errors="replace", newline="") as file:
        return file.read().split("\n")[int(place.group(2)) - 1].strip() == "}"


def agree(ours, theirs):
    """Whether both say the same; nginx gives some messages no place, some that of http {}'s end."""
    if ours == theirs:
        return True
    loose = text_of(theirs) == theirs or at_the_end(theirs)
    return loose and text_of(ours) == text_of(theirs)


def show(folder, seed, kind, ours, theirs):
    """A difference, with all that is needed to look at it."""
    print(f"seed {seed} ({kind}):\n  we:    {ours!r}\n  nginx: {theirs!r}")
    place = re.search(r" in (/[^ ]*):(\d+)$", theirs) or re.search(r" in (/[^ ]*):(\d+)$", ours)
    if place and os.path.exists(place.group(1)):
        with open(place.group(1), encoding="utf-8", errors="replace") as file:
            lines = file.read().split("\n")
        number = int(place.group(2))
        for index in range(max(0, number - 4), min(len(lines), number + 2)):
            print(f"  {index + 1:4} | {lines[index][:150]}")
    del folder


def main():
    """Runs the rounds."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judge", required=True)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**9))
    parser.add_argument("--silent", action="store_true", help="print what nginx alone refuses")
    options = parser.parse_args()
    if not os.access(NGINX, os.X_OK):
        print("nginx is not installed")
        return 77
    print(f"seed {options.seed}, {options.rounds} rounds")
    judge = Judge(options.judge)
    counts = {"accepted by both": 0, "refused alike": 0, "refused by nginx alone": 0, "different": 0}
    with tempfile.TemporaryDirectory(prefix="hopcheck-nginx-read.") as folder:
        for number in range(options.rounds):
            seed = options.seed + number
            rng = random.Random(seed)
            shutil.rmtree(f"{folder}/x", ignore_errors=True)
            files = write_site(rng, f"{folder}/x")
            kind = spoil(rng, files) if rng.random() < 0.95 else "nothing"
            theirs, ours = nginx_says(f"{folder}/x"), judge.says(f"{folder}/x")
            if agree(ours, theirs):
                counts["refused alike" if theirs else "accepted by both"] += 1
            elif not ours or LEFT_TO_NGINX.match(theirs):
                counts["refused by nginx alone"] += 1
                if options.silent:
                    show(folder, seed, kind, ours, theirs)
            else:
                counts["different"] += 1
                show(folder, seed, kind, ours, theirs)
    judge.end()
    print(", ".join(f"{number} {name}" for name, number in counts.items()))
    return 1 if counts["different"] or not counts["refused alike"] else 0


if __name__ == "__main__":
    sys.exit(main())
