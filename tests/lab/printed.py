"""Applies a fix as the report prints it: nothing is read into it, nothing is left out."""

import process

# Runs inside: the machine's own paths and links. Numbers are those of the file as hopcheck saw it,
# so the last line of a file is changed first.
EDIT = """
import os, sys
file, line, remove, add = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
lines = []
if os.path.exists(file):
    with open(file, encoding="utf-8", errors="surrogateescape") as text:
        lines = text.read().split("\\n")
    if lines[-1] == "":
        lines.pop()
elif remove:
    sys.exit(f"{file} is not there")
else:
    os.makedirs(os.path.dirname(file), exist_ok=True)
added = add.split("\\n") if add else []
if added and added[-1] == "":
    added.pop()
if remove:
    there = lines[line - 1] if 0 < line <= len(lines) else None
    if there != remove:
        sys.exit(f"{file}:{line} is {there!r}, not {remove!r}")
    lines[line - 1:line] = added
elif line > len(lines) + 1:
    sys.exit(f"{file} has no line {line}")
else:
    place = line - 1 if line > 0 else len(lines)
    lines[place:place] = added
with open(file, "w", encoding="utf-8", errors="surrogateescape") as text:
    text.write("".join(each + "\\n" for each in lines))
"""

# What can come of a printed fix. NONE: no line to type on this host, though the fault is here;
# ELSEWHERE: it is the source's or the load balancer's to mend.
HEALED, NOT_HEALED, NONE, ELSEWHERE = KINDS = ("healed", "not healed", "none", "elsewhere")


def causes(expect, report):
    """The causes whose fixes mend the machine: the first; with it those that must stand there."""
    first = report["diagnosis"][:1]
    return first + [entry for entry in report["diagnosis"][1:] if entry["code"] in expect.roots]


def first_fix(cause):
    """The first fix of a cause; None where it has none."""
    return cause["fixes"][0] if cause["fixes"] else None


def kind(fix):
    """NONE or ELSEWHERE where there is nothing to apply on this host, else None."""
    if fix is None:
        return NONE
    if fix["on"] != "host":
        return ELSEWHERE
    return None if fix["edits"] or fix["commands"] else NONE


def in_order(edits):
    """The edits of a fix, for each file from its end."""
    return sorted(edits, key=lambda edit: -edit["line"] if edit["line"] else float("-inf"))


def apply(machine, fix):
    """Carries out a fix inside the machine; what went wrong, empty where nothing did."""
    for edit in in_order(fix["edits"]):
        code, _, err = machine.inside("python3", "-c", EDIT, edit["file"], str(edit["line"]),
                                      edit["remove"], edit["add"])
        if code != 0:
            return f"edit: {_last(err)}"
    for command in fix["commands"]:
        try:
            code, out, err = machine.inside("sh", "-c", command)
        except process.Failed as error:
            return str(error)
        if code != 0:
            return f"`{command}` ended with {code}: {_last(err) or _last(out)}"
    return ""


def _last(text):
    return " / ".join(text.strip().splitlines()[-2:])
