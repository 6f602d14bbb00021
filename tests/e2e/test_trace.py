"""One request followed through the demo, as root and as an ordinary user, live and replayed."""
import os
import shutil
import tempfile
import unittest

from support import ROOT, Shop, hopcheck, trace, unprintable, users, wide_lines, without_times

# Fault: the probe's path, where its trace stops, and the status that comes.
FAULTS = {
    "none": ("/health", None, 200),
    "socket-closed": ("/health", "socket", 502),
    "wrong-port": ("/health", "upstream", 502),
    "app-down": ("/health", "socket", 502),
    "health-404": ("/healthz", "response", 404),
}
CONF = """events {}
http {
    server { listen 8999; server_name other.example; return 204; }
    server { listen 8999 default_server; return 404; }
    server { listen 8999; server_name shop.example.com; location /old { return 301 /new; } }
}
"""
# Nothing of these may end the program, hang it or reach the terminal.
HOSTILE = [
    ["http://shop.example.com/" + "a/" * 50000],
    ["http://shop.example.com/%00%0d%0aX:%20y"],
    ["http://shop.example.com/\xff\xfe\x9b31m"],
    ["http://shop.example.com/../../../../etc/passwd"],
    ["http://shop.example.com/?" + "%" * 5000],
    ["http://" + "a" * 10000 + "/"],
    ["http://shop.example.com/", "--header", "X-Long: " + "y" * 60000],
    ["http://shop.example.com/", "--header", "Host: \x9b31m"],
    ["http://shop.example.com/", "--header", "Host;", "--header", "Empty;", "--header", "Gone:"],
    ["http://shop.example.com/", "--header", "Host: " + "h" * 60000],
    ["http://shop.example.com/", "--method", "BREW"],
    ["http://[::1]:8999/"],
    ["shop.example.com"],
]


def hop_of(data, name):
    return next(hop for hop in data["hops"] if hop["hop"] == name)


class Trace(unittest.TestCase):
    maxDiff = None

    def check_fault(self, fault, user):
        path, stopped, status = FAULTS[fault]
        with Shop(fault, user) as shop:
            url = f"http://127.0.0.1:{shop.port}{path}"
            data = trace(url, *shop.config, user=user)
            text = hopcheck("trace", url, *shop.config, user=user)
            self.check_replay(shop, url, user)
        self.assertEqual((text.code, wide_lines(text.out), unprintable(text.out + text.err)),
                         (data["exit_code"], [], []), text)
        self.assertEqual(data["hops"][-1]["status_code"], status)
        self.assertEqual(data["stopped_at"], stopped, data)
        if status == 502:
            self.assertEqual(data["predicted"]["status_codes"], [502])
            self.assertIsNone(data["disagreement"])
        # Who is not root does not see the firewall, and says so.
        quiet = 0 if user == "root" else 3
        self.assertEqual(data["exit_code"], 1 if stopped else quiet)

    def check_replay(self, shop, url, user):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            bundle = f"{folder}/trace.hop"
            live = trace(url, *shop.config, "-o", bundle, user=user)
            again = trace(url, "--from", bundle, user=user)
            self.assertEqual(without_times(again), without_times(live))
            bundle = f"{folder}/capture.hop"
            done = hopcheck("capture", *shop.config, "-o", bundle, user=user)
            self.assertEqual(done.code, 0, done)
            again = trace(url, "--from", bundle, user=user)
            self.assertEqual(again["stopped_at"], live["stopped_at"])
            self.assertEqual(again["exit_code"], live["exit_code"])
            other = trace(url + "-never-asked", "--from", bundle, user=user)
            self.assertEqual(other["hops"][-1]["status"], "unknown")
            self.assertEqual(hop_of(other, "nginx")["status"], "pass")

    @unittest.skipUnless(ROOT, "needs the demo of root")
    def test_configuration_that_was_changed_and_not_loaded(self):
        with Shop("none", "root") as shop:
            url = f"http://127.0.0.1:{shop.port}/health"
            path = f"{shop.dir}/sites/shop.conf"
            with open(path, encoding="utf-8") as file:
                text = file.read()
            with open(path, "w", encoding="utf-8") as file:
                file.write(text.replace("location / {", "location / {\n        return 410;", 1))
            data = trace(url, *shop.config)
        self.assertEqual(data["predicted"]["status_codes"], [410])
        self.assertEqual(data["hops"][-1]["status_code"], 200)
        self.assertEqual(data["exit_code"], 1)
        self.assertEqual(data["disagreement"]["hop"], "nginx")
        self.assertEqual(data["disagreement"]["explain"], "nginx.config-not-loaded")

    def given(self, *argv, text=CONF):
        folder = tempfile.mkdtemp(prefix="hopcheck-e2e-trace.", dir="/tmp")
        self.addCleanup(shutil.rmtree, folder)
        with open(f"{folder}/nginx.conf", "w", encoding="utf-8") as file:
            file.write(text)
        return trace(*argv, "--no-probe", "--nginx-conf", f"{folder}/nginx.conf")

    def test_given_configuration_without_requests(self):
        data = self.given("http://shop.example.com:8999/old/x")
        self.assertEqual(data["scope"], "files")
        nginx = hop_of(data, "nginx")
        self.assertEqual((nginx["server"]["line"], nginx["server"]["matched_by"]), (5, "exact"))
        self.assertEqual((nginx["location"]["line"], nginx["location"]["matched_by"]), (5, "prefix"))
        self.assertEqual(data["predicted"]["status_codes"], [301])
        self.assertEqual(data["exit_code"], 0)
        self.assertEqual([hop["status"] for hop in data["hops"] if hop["hop"] != "nginx"],
                         ["skip"] * 5)

    def test_host_header_decides(self):
        url = "http://shop.example.com:8999/"
        for header, line in (("Host: other.example", 3), ("Host;", 4), ("Host: x", 4)):
            nginx = hop_of(self.given(url, "--header", header), "nginx")
            self.assertEqual(nginx["server"]["line"], line, header)

    def test_hostile_requests(self):
        for argv in HOSTILE:
            with self.subTest(argv=str(argv)[:80]):
                data = self.given(*argv)
                self.assertIn(data["exit_code"], (0, 1, 3))
                text = hopcheck("trace", "--no-probe", *argv)
                self.assertIn(text.code, (0, 1, 3), text)
                self.assertEqual(unprintable(text.out + text.err), [])


for someone in users():
    for planted in FAULTS:
        setattr(Trace, f"test_{planted}_as_{someone}".replace("-", "_"),
                lambda self, fault=planted, user=someone: self.check_fault(fault, user))
