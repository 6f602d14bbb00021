"""The portable file needs nothing of the host that it is copied to."""
import os
import shutil
import subprocess
import tempfile
import unittest

from support import HANGS, ROOT, TOP

PORTABLE = f"{TOP}/build/portable/hopcheck"


@unittest.skipUnless(ROOT, "only root may change its root directory")
@unittest.skipUnless(os.path.exists(PORTABLE), "make portable has not been run")
class Portable(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.root)
        shutil.copy(PORTABLE, f"{self.root}/hopcheck")

    def inside(self, *argv):
        return subprocess.run(["/hopcheck", *argv], preexec_fn=lambda: os.chroot(self.root), cwd="/",
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=HANGS, env={})

    def test_in_an_empty_root(self):
        self.assertEqual(self.inside("--version").returncode, 0)
        self.assertIn(b"socket.directory-not-traversable", self.inside("list").stdout)
        done = self.inside()
        self.assertEqual((done.returncode, done.stderr), (3, b""), done)
        self.assertIn(b"unknown", done.stdout)
