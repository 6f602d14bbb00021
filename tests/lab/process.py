"""Commands with a time limit, which end early when the lab is told to stop."""

import os
import signal
import subprocess
import threading
import time

# A program in a machine must not see what the one who runs the lab has set.
CLEAN = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root",
         "LC_ALL": "C.UTF-8"}
POLL = 0.05

stop = threading.Event()


class Stopped(Exception):
    """A signal ended the lab."""


class Failed(Exception):
    """Something that the lab itself needs did not work; the text says what."""


def run(command, timeout=30, env=None, cwd=None):
    """Runs a command to its end: (exit code, standard output, standard error) as text."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, errors="replace",
                          env=env or CLEAN, cwd=cwd, start_new_session=True) as child:
        end = time.monotonic() + timeout
        while True:
            try:
                out, err = child.communicate(timeout=0.2)
                return child.returncode, out, err
            except subprocess.TimeoutExpired:
                late = time.monotonic() > end
                if late or stop.is_set():
                    # The whole group: nsenter's child would live on and hold the pipes.
                    os.killpg(child.pid, signal.SIGKILL)
                    child.wait()
                    if stop.is_set():
                        raise Stopped() from None
                    raise Failed(f"`{' '.join(command)[:200]}` took over {timeout} s") from None


def must(command, **options):
    """As run, but a command that fails is an error; gives its standard output."""
    code, out, err = run(command, **options)
    if code != 0:
        said = (err.strip() or out.strip()).splitlines()[-3:]
        raise Failed(f"`{' '.join(command)[:200]}` failed ({code}): {' / '.join(said)}")
    return out


def until(seconds, condition):
    """Calls `condition` until it gives something true, which is returned; None at the limit."""
    end = time.monotonic() + seconds
    while True:
        if stop.is_set():
            raise Stopped()
        value = condition()
        if value or time.monotonic() > end:
            return value or None
        time.sleep(POLL)
