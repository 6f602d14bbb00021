#!/usr/bin/python3
"""Reads all configurations below a folder and compares with nginx, and with crossplane where it is.

    corpus.py --judge build/dev/tests/differential/nginx_read_judge FOLDER... [--cuts 10]

A file that is no main file is read inside of http {}. Names of hosts, certificates and modules that
this machine lacks make nginx refuse much; what counts is that we refuse nothing else, and that every
directive stands at the file and line where crossplane (the Python package) has it. --cuts reads so
many of the files again with every prefix and without each byte.
"""

import argparse
import collections
import json
import os
import re
import shutil
import sys
import tempfile

from compare import LEFT_TO_NGINX, Judge, agree, nginx_says, text_of

try:
    import crossplane
except ImportError:
    crossplane = None

SUFFIXES = (".conf", ".conf.sample", ".nginx", "nginx.tmpl")
# What depends on this machine or on what nginx was built with, and is not for a reader to know.
ELSEWHERE = re.compile(r"cannot load certificate|cannot load .*key|BIO_new_file|dlopen|getpwnam|mkdir\(\)|no resolver defined|"
                       r"open\(\) \"(?!.*in /)|module|SSL_CTX|zero size shared memory|could not build|unknown \"")


def is_main(text):
    """Whether the file stands for itself."""
    bare = re.sub(r"(?m)#.*$", "", text)
    return re.search(r"(?m)^\s*(events|http|stream|mail)\s*\{", bare) is not None


def wrapped(path, folder):
    """A main file for this one: itself, or one that includes it."""
    with open(path, encoding="utf-8", errors="replace", newline="") as file:
        text = file.read()
    if is_main(text):
        return path
    main = f"{folder}/nginx.conf"
    with open(main, "w", encoding="utf-8") as file:
        file.write(f"events {{}}\nhttp {{\n    include {path};\n}}\n")
    return main


def flat(block, out):
    """crossplane's directives in the order of reading."""
    for directive in block:
        if directive["directive"] not in ("include", "#"):
            out.append((directive["line"], [directive["directive"], *directive["args"]]))
        flat(directive.get("block", []), out)
    return out


def theirs_by_crossplane(path):
    """crossplane's list of directives of this file; None where it does not read it."""
    payload = crossplane.parse(path, single=True, check_ctx=False, check_args=False)
    return flat(payload["config"][0]["parsed"], []) if payload["status"] == "ok" else None


def ours_of_file(judge, main, path):
    """Our list for the same file."""
    listed = json.loads(judge.ask(f"directives {main}"))
    return [(line, words) for file, line, words in listed if file == path and words[0] != "include"]


def same(ours, theirs):
    """Files, lines and words."""
    return len(ours) == len(theirs) and all(alike(a, b) for a, b in zip(ours, theirs))


def alike(ours, theirs):
    """crossplane keeps escapes and takes the parentheses of an `if` away; we take secrets away."""
    if ours[0] != theirs[0] or ours[1][0] == "if":
        return ours[0] == theirs[0]
    if len(ours[1]) != len(theirs[1]):
        return False
    return all(a == b or "\\" in b or "[redacted]" in a or "\ufffd" in a
               for a, b in zip(ours[1], theirs[1]))


def first_difference(ours, theirs):
    """For a person to look at."""
    for a, b in zip(ours, theirs):
        if not alike(a, b):
            return f"{a} / {b}"
    return f"{len(ours)} directives / {len(theirs)}"


def judge_one(judge, main, counts, path):
    """One configuration against nginx and crossplane."""
    folder = os.path.dirname(main)
    theirs = nginx_says(folder, main)
    ours = judge.ask(main).replace("\\n", "\n").replace("\\\\", "\\")
    if agree(ours, theirs):
        counts["refused alike" if theirs else "accepted by both"] += 1
    elif not ours:
        counts["refused by nginx alone: " + re.sub(r"\"[^\"]*\"", '"…"', text_of(theirs))[:60]] += 1
    elif LEFT_TO_NGINX.match(theirs) or ELSEWHERE.search(theirs):
        counts["refused by both, nginx stopped earlier"] += 1
    else:
        counts["DIFFERENT"] += 1
        print(f"{path}\n  we:    {ours}\n  nginx: {theirs}")
    if crossplane is None or (ours and "open() " not in ours):
        return
    listed = theirs_by_crossplane(path)
    if listed is None:
        counts["not read by crossplane"] += 1
        return
    ours = ours_of_file(judge, main, path)
    if same(ours, listed):
        counts["files and lines as crossplane's"] += 1
    else:
        counts["files and lines unlike crossplane's"] += 1
        print(f"{path}\n  we / crossplane: {first_difference(ours, listed)}")


def main():
    """Runs over all files."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--judge", required=True)
    parser.add_argument("--cuts", type=int, default=0)
    parser.add_argument("folders", nargs="+")
    options = parser.parse_args()
    paths = sorted(os.path.abspath(f"{root}/{name}") for top in options.folders
                   for root, _, names in os.walk(top) for name in names if name.endswith(SUFFIXES))
    judge = Judge(options.judge)
    counts = collections.Counter()
    with tempfile.TemporaryDirectory(prefix="hopcheck-corpus.") as folder:
        for number, path in enumerate(paths):
            shutil.rmtree(f"{folder}/{number - 1}", ignore_errors=True)
            os.makedirs(f"{folder}/{number}/tmp")
            judge_one(judge, wrapped(path, f"{folder}/{number}"), counts, path)
    largest = sorted(paths, key=lambda path: -os.path.getsize(path))
    picked = [path for path in largest if os.path.getsize(path) < 20000][:options.cuts]
    for path in picked:
        texts, slowest = judge.ask(f"cuts {path}").split()
        counts["prefixes and deletions read"] += int(texts)
        counts["slowest of them, in ms"] = max(counts["slowest of them, in ms"], int(float(slowest)))
    print(f"{len(paths)} configurations, crossplane: {'yes' if crossplane else 'not installed'}")
    for name, number in sorted(counts.items()):
        print(f"{number:8} {name}")
    return 1 if judge.end() or counts["DIFFERENT"] or counts["files and lines unlike crossplane's"] else 0


if __name__ == "__main__":
    sys.exit(main())
