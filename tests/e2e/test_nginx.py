"""nginx's configuration as the command line gives it: a main file, or what nginx -T prints."""
import os
import shutil
import subprocess
import tempfile
import unittest

from support import HANGS, HOPCHECK, environment, first, report, without_times

MAIN = """events { }
http {
    access_log off;
    include sites/*.conf;
}
"""
SITE = """server {
    listen 127.0.0.1:8999;
    location / { proxy_pass http://127.0.0.1:1; }
}
"""


class Nginx(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hopcheck-e2e-nginx.", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder)
        os.mkdir(f"{self.folder}/sites")
        self.write("nginx.conf", MAIN)
        self.write("sites/shop.conf", SITE)

    def write(self, name, text):
        with open(f"{self.folder}/{name}", "w", encoding="utf-8") as file:
            file.write(text)

    def dump(self):
        names = ("nginx.conf", "sites/shop.conf")
        texts = {"nginx.conf": MAIN, "sites/shop.conf": SITE}
        return "nginx: [warn] something\n" + "".join(
            f"# configuration file {self.folder}/{name}:\n{texts[name]}\n" for name in names)

    def cited(self, data):
        return {(e["source"], e["line"]) for f in data["findings"] for e in f["evidence"]}

    def run_on_port(self, *argv, **how):
        return report("--no-probe", "--lb-port", "8999", *argv, **how)

    def test_main_file_with_includes_beside_it(self):
        data = self.run_on_port("--nginx-conf", f"{self.folder}/nginx.conf")
        nginx = next(hop for hop in data["chain"] if hop["hop"] == "nginx")
        self.assertIn(f"{self.folder}/sites/shop.conf:1", nginx["label"])
        relative = self.run_on_port("--nginx-conf", "nginx.conf", cwd=self.folder)
        self.assertEqual(without_times(relative)["chain"], without_times(data)["chain"])

    def test_main_file_inside_a_root(self):
        os.makedirs(f"{self.folder}/root/srv/sites")
        shutil.copy(f"{self.folder}/nginx.conf", f"{self.folder}/root/srv/nginx.conf")
        self.write("root/srv/sites/bad.conf", "server {\n    listen 80\n}\n")
        data = report("--root", f"{self.folder}/root", "--nginx-conf", "/srv/nginx.conf")
        self.assertIn(("/srv/sites/bad.conf", 3), self.cited(data))

    def test_dump_from_a_file_and_from_standard_input(self):
        self.write("dump", self.dump())
        os.remove(f"{self.folder}/sites/shop.conf")
        data = self.run_on_port("--nginx-dump", f"{self.folder}/dump")
        nginx = next(hop for hop in data["chain"] if hop["hop"] == "nginx")
        self.assertIn(f"{self.folder}/sites/shop.conf:1", nginx["label"])
        done = subprocess.run([HOPCHECK, "--no-probe", "--lb-port", "8999", "--nginx-dump", "-"],
                              input=self.dump().encode(), env=environment(), capture_output=True,
                              timeout=HANGS, check=False)
        self.assertIn(f"{self.folder}/sites/shop.conf:1", done.stdout.decode().replace("\n", ""))

    def test_recording_needs_no_file(self):
        self.write("dump", self.dump())
        for option, name in (("--nginx-dump", "dump"), ("--nginx-conf", "nginx.conf")):
            bundle = f"{self.folder}/{name}.hop"
            seen = self.run_on_port(option, f"{self.folder}/{name}", "-o", bundle)
            shutil.move(f"{self.folder}/sites", f"{self.folder}/gone")
            replayed = report("--from", bundle)
            shutil.move(f"{self.folder}/gone", f"{self.folder}/sites")
            for part in ("chain", "findings", "diagnosis"):
                self.assertEqual(replayed[part], seen[part], option)

    def test_cut_dump_blames_nothing(self):
        whole = self.dump()
        for cut in range(whole.index("http {") + 6, len(whole) - 2, 7):
            self.write("dump", whole[:cut])
            data = self.run_on_port("--nginx-dump", f"{self.folder}/dump")
            self.assertNotEqual((first(data)["code"] or "").split(".")[0], "nginx", whole[:cut])
