"""Every fault of the demo, as root and as an ordinary user: is the planted fault the answer?"""
import os
import tempfile
import unittest

from support import (ROOT, Shop, first, hopcheck, report, unprintable, users, wide_lines,
                     without_times)

# Fault: codes that may stand first, and what the first entry must name.
FAULTS = {
    "socket-closed": (["socket.directory-not-traversable"], ["{dir}/run/shop"]),
    "wrong-port": (["nginx.proxy-pass-wrong-port"], ["sites/shop.conf", "{wrong}", "{right}"]),
    "app-down": (["app.not-running", "socket.missing"], ["{dir}/run/shop/gunicorn.sock"]),
    "health-404": (["lb.path-404"], ["/healthz", "404"]),
    "slow": (["lb.timeout-below-response"], ["/health", "1 s"]),
}


class Demo(unittest.TestCase):
    maxDiff = None

    def check_fault(self, fault, user):
        codes, named = FAULTS[fault]
        with Shop(fault, user) as shop:
            data = report(*shop.config, user=user)
            self.check_text(hopcheck(*shop.config, user=user), 1)
            self.check_replay(shop, user)
        entry = first(data)
        self.assertIn(entry["code"], codes, data["diagnosis"])
        self.assertEqual(data["verdict"], "broken")
        self.assertEqual(data["exit_code"], 1)
        places = {"dir": shop.dir, "right": shop.port - 80, "wrong": shop.port - 79}
        for text in named:
            self.assertIn(text.format(**places), str(entry))
        if fault == "socket-closed" and user == "root":
            self.assertIn("www-data", entry["title"])

    def check_none(self, user):
        with Shop("none", user) as shop:
            data = report(*shop.config, user=user)
            self.check_text(hopcheck(*shop.config, user=user), 0)
            self.check_replay(shop, user)
        self.assertEqual(data["findings"], [])
        self.assertEqual((data["verdict"], data["exit_code"]), ("healthy", 0))
        self.assertNotIn("fail", [hop["status"] for hop in data["chain"]])

    def check_text(self, result, code):
        self.assertEqual(result.code, code, result)
        self.assertEqual(wide_lines(result.out), [])
        self.assertEqual(unprintable(result.out + result.err), [])
        self.assertTrue(result.out.isascii())

    def check_replay(self, shop, user):
        """A replay of a run's own recording is that run; `capture` leads to the same answer."""
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            bundle = f"{folder}/run.hop"
            live = report(*shop.config, "-o", bundle, user=user)
            again = report("--from", bundle, user=user)
            self.assertEqual(without_times(again), without_times(live))
            bundle = f"{folder}/capture.hop"
            done = hopcheck("capture", *shop.config, "-o", bundle, user=user)
            self.assertEqual(done.code, 0, done)
            again = report("--from", bundle, user=user)
            self.assertEqual(again["verdict"], live["verdict"])
            self.assertEqual([f["fingerprint"] for f in again["diagnosis"]],
                             [f["fingerprint"] for f in live["diagnosis"]])

    def check_seen_by_another(self, fault):
        """root's shop as an ordinary user sees it: less is seen, nothing turns into a pass."""
        with Shop(fault, "root") as shop:
            root = report(*shop.config, user="root")
            other = report(*shop.config, user="daemon")
        self.assertFalse(other["host"]["privileged"])
        self.assertEqual(other["verdict"], root["verdict"])
        seen = {check["id"]: check["status"] for check in other["checks"]}
        for check in root["checks"]:
            if check["status"] in ("fail", "warn"):
                self.assertNotEqual(seen[check["id"]], "pass", check["id"])
        # The first of the two requests of a run writes the line that the second finds.
        known = {finding["code"] for finding in root["findings"]} | {"nginx.upstream-error-logged"}
        self.assertLessEqual({finding["code"] for finding in other["findings"]}, known)


def add(name, method, *args):
    setattr(Demo, "test_" + name.replace("-", "_"), lambda self: method(self, *args))


for someone in users():
    add(f"none_as_{someone}", Demo.check_none, someone)
    for planted in FAULTS:
        add(f"{planted}_as_{someone}", Demo.check_fault, planted, someone)
if ROOT:
    for planted in ("none", *FAULTS):
        add(f"{planted}_seen_by_another_user", Demo.check_seen_by_another, planted)
