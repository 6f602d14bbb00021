"""What the end-to-end tests share: running hopcheck, reading its report, starting the demo."""
import json
import os
import pwd
import re
import socket
import subprocess

import jsonschema

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
STAGE = os.environ["HOPCHECK_E2E_STAGE"]
HOPCHECK = f"{STAGE}/hopcheck"
ROOT = os.geteuid() == 0
# A hang fails; no test asks how long anything took.
HANGS = 300

with open(f"{TOP}/schemas/report.schema.json", encoding="utf-8") as schema_file:
    SCHEMA = json.load(schema_file)
with open(f"{TOP}/schemas/trace.schema.json", encoding="utf-8") as schema_file:
    TRACE_SCHEMA = json.load(schema_file)


def users():
    """Whom the tests run as: root and an ordinary user, or just whoever started them."""
    return ["root", "nobody"] if ROOT else ["user"]


def as_user(user, argv):
    if user in ("root", "user"):
        return argv
    group = str(pwd.getpwnam(user).pw_gid)
    return ["setpriv", "--reuid", user, "--regid", group, "--clear-groups", *argv]


def environment(**more):
    kept = {name: os.environ[name] for name in ("PATH", "SHOP_TOOLS") if name in os.environ}
    return {
        **kept,
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "ASAN_OPTIONS": "exitcode=99",
        "UBSAN_OPTIONS": "halt_on_error=1:exitcode=99:print_stacktrace=1",
        **more,
    }


class Result:
    """How one call of hopcheck ended."""

    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8", "surrogateescape")
        self.err = done.stderr.decode("utf-8", "surrogateescape")

    def __str__(self):
        return f"exit code {self.code}\n-- stdout\n{self.out[-4000:]}\n-- stderr\n{self.err[-4000:]}"


def hopcheck(*argv, user="root", cwd="/", **env):
    """Runs hopcheck to its end; a crash or a sanitizer's message is a failure of the caller."""
    done = subprocess.run(
        as_user(user, [HOPCHECK, *argv]),
        cwd=cwd,
        env=environment(**env),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=HANGS,
    )
    result = Result(done)
    if result.code not in (0, 1, 2, 3) or "Sanitizer" in result.err or "runtime error" in result.err:
        raise AssertionError(f"hopcheck {' '.join(argv)} crashed: {result}")
    return result


def as_json(schema, *argv, **how):
    """Runs hopcheck with --format json; what it prints, checked against the schema."""
    result = hopcheck(*argv, "--format", "json", **how)
    try:
        data = json.loads(result.out)
    except ValueError as error:
        raise AssertionError(f"no JSON ({error}): {result}") from error
    jsonschema.validate(data, schema)
    if data["exit_code"] != result.code:
        raise AssertionError(f"exit code {result.code}, but the JSON says {data['exit_code']}")
    return data


def report(*argv, **how):
    """A run's report."""
    return as_json(SCHEMA, *argv, **how)


def trace(*argv, **how):
    """The trace of one request."""
    return as_json(TRACE_SCHEMA, "trace", *argv, **how)


def first(data):
    return data["diagnosis"][0] if data["diagnosis"] else {"code": None}


def without_times(data):
    """The report without what two looks at the same answers may differ in."""
    if isinstance(data, dict):
        times = ("started_at", "duration_ms", "time_ms", "scope")
        return {name: without_times(value) for name, value in data.items() if name not in times}
    if isinstance(data, list):
        return [without_times(value) for value in data]
    return data


def unprintable(text):
    """Control characters in a text that may go to a terminal."""
    return sorted(set(re.findall(r"[\x00-\x09\x0b-\x1f\x7f\x80-\x9f\udc80-\udcff]", text)))


def wide_lines(text):
    return [line for line in text.splitlines() if len(line) > 80]


def free_port():
    """A port P of 127.0.0.1 where P, P-80 and P-79 are free: what the demo may use."""
    for port in range(8080, 60000, 7):
        sockets = []
        try:
            for wanted in (port, port - 80, port - 79):
                sockets.append(socket.socket())
                sockets[-1].bind(("127.0.0.1", wanted))
            return port
        except OSError:
            continue
        finally:
            for taken in sockets:
                taken.close()
    raise AssertionError("no free port")


class Shop:
    """The demo with a fault, running as `user` while in a with statement."""

    def __init__(self, fault, user):
        self.fault, self.user, self.port, self.dir = fault, user, free_port(), None

    def run(self, *argv):
        done = subprocess.run(
            as_user(self.user, [f"{STAGE}/shop/run", *argv]),
            cwd="/",
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            timeout=HANGS,
            check=True,
        )
        return done.stdout.strip()

    def __enter__(self):
        self.dir = self.run("start", "--fault", self.fault, "--port", str(self.port))
        self.config = ["--config", f"{self.dir}/hopcheck.toml"]
        return self

    def __exit__(self, *_):
        self.run("stop", "--dir", self.dir)
