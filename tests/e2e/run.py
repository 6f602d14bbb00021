#!/usr/bin/python3
"""Runs the end-to-end tests against a built hopcheck: run.py --bin FILE [unittest names].

As root everything happens in namespaces of its own, so that neither the host's nginx nor another
run of these tests is in the picture.
"""
import argparse
import fcntl
import os
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
UNSHARE = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]


def loopback_up():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        request = struct.pack("16sh14x", b"lo", 1)  # IFF_UP
        fcntl.ioctl(s, 0x8914, request)  # SIOCSIFFLAGS


def be_init():
    """Forks; the parent is process 1 and waits for everybody's orphans until the child ends."""
    child = os.fork()
    if child == 0:
        return
    while True:
        pid, status = os.wait()
        if pid == child:
            sys.exit(os.waitstatus_to_exitcode(status) & 0xFF)


def isolate():
    if os.environ.get("HOPCHECK_E2E_ISOLATED"):
        be_init()
        loopback_up()
        return
    if os.geteuid() != 0 or subprocess.run(UNSHARE + ["true"], stderr=subprocess.DEVNULL).returncode:
        print("no namespaces of our own: other web servers on this host may disturb these tests")
        return
    os.environ["HOPCHECK_E2E_ISOLATED"] = "1"
    os.execvp(UNSHARE[0], UNSHARE + [sys.executable] + sys.argv)


def prepare(stage, program):
    """Copies what the tests run to where an ordinary user reaches it too."""
    os.chmod(stage, 0o755)
    shutil.copy(program, f"{stage}/hopcheck")
    shutil.copytree(f"{TOP}/examples/shop", f"{stage}/shop")
    tools = subprocess.run([f"{TOP}/scripts/tools"], check=True, stdout=subprocess.PIPE, text=True)
    shutil.copytree(tools.stdout.strip(), f"{stage}/tools", symlinks=True)
    subprocess.run(["chmod", "-R", "a+rX", stage], check=True)
    os.environ["HOPCHECK_E2E_STAGE"] = stage
    os.environ["SHOP_TOOLS"] = f"{stage}/tools"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--bin", required=True)
    parser.add_argument("names", nargs="*", default=["test_demo", "test_input", "test_hostile"])
    options = parser.parse_args()
    isolate()
    sys.path.insert(0, HERE)
    stage = tempfile.mkdtemp(prefix="hopcheck-e2e.", dir="/tmp")
    try:
        prepare(stage, options.bin)
        tests = unittest.defaultTestLoader.loadTestsFromNames(options.names)
        result = unittest.TextTestRunner(verbosity=2).run(tests)
    finally:
        shutil.rmtree(stage, ignore_errors=True)
    sys.exit(0 if result.wasSuccessful() and result.testsRun else 1)


if __name__ == "__main__":
    main()
