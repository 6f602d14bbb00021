"""Configurations that nobody would write by accident: no crash, no hang, a finding or a reason."""
import os
import shutil
import tempfile
import unittest

from support import hopcheck, report, trace, unprintable, wide_lines

HEAD = "user www-data;\nevents {}\nhttp {\n    include /etc/nginx/sites-enabled/*;\n"
GOOD = HEAD + "}\n"
SITE = "server {\n    listen 80;\n    server_name a.example;\n    return 200;\n}\n"


def servers(count):
    return "".join(
        f"server {{ listen 80; server_name s{i}.example; location / "
        f"{{ proxy_pass http://127.0.0.1:{1024 + i % 60000}; }} }}\n" for i in range(count))


# name: (nginx.conf, site, whether nginx would refuse it)
TREES = {
    "unclosed_brace": (GOOD, "server {\n    listen 80;\n    location / {\n", True),
    "unclosed_brace_at_the_top": (HEAD, SITE, True),
    "brace_too_many": (GOOD, SITE + "}\n", True),
    "unterminated_string": (GOOD, 'server {\n    listen 80;\n    server_name "a.example;\n}\n', True),
    "unterminated_directive": (GOOD, "server {\n    listen 80\n}\n", True),
    "nul_bytes": (GOOD, "server {\n    listen 80;\n    server_name a\0b;\n\0\0\0}\n", None),
    "only_nul_bytes": ("\0" * 100000, "", None),
    "line_of_a_megabyte": (GOOD, "server { listen 80; server_name " + "a" * 1000000 + "; }\n", None),
    "megabyte_without_an_end": (GOOD, '"' + "a" * 1000000, True),
    "include_loop": (GOOD, "include /etc/nginx/sites-enabled/site;\n", None),
    "include_of_itself": ("include /etc/nginx/nginx.conf;\n", "", None),
    "include_of_everything": (HEAD + "include /*/*/*/*;\ninclude /etc/nginx/*;\n}\n", SITE, None),
    "server_blocks_20000": (GOOD, servers(20000), None),
    "nested_100000_deep": (GOOD, "location / {\n" * 100000, True),
    "closing_100000": (GOOD, "}\n" * 100000, True),
    "directive_of_100000_words": (GOOD, "server_name " + "a.example " * 100000 + ";\n", None),
    "escapes": (GOOD, 'server { listen 80; server_name "\x1b[31mred\x1b]0;title\x07" \\\x9b31m; }\n', None),
    "not_utf8": (GOOD, b"server { listen 80; server_name \xff\xfe\xc0\xaf\xed\xa0\x80; }\n", None),
    "empty": ("", "", None),
    "regex_that_explodes": (GOOD, 'server { listen 80; location ~ "^(a+)+$" { return 200; }\n'
                            'location ~ "(((((" { return 200; } }\n', None),
    "upstream_of_itself": (GOOD, "upstream a { server a; }\nserver { listen 80; location / "
                           "{ proxy_pass http://a; } }\n", None),
    "numbers_too_large": (GOOD, "server { listen 99999999999999999999; client_max_body_size "
                          "99999999999999999999999g; return 99999999999999999; }\n", None),
}


class Hostile(unittest.TestCase):
    def setUp(self):
        self.root = tempfile.mkdtemp(prefix="hopcheck-e2e-root.", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.root)
        self.write("usr/sbin/nginx", "")
        os.chmod(f"{self.root}/usr/sbin/nginx", 0o755)
        self.write("etc/passwd", "root:x:0:0:::\nwww-data:x:33:33:::\n")
        self.write("etc/group", "root:x:0:\nwww-data:x:33:\n")

    def write(self, path, data):
        path = f"{self.root}/{path}"
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as file:
            file.write(data.encode("latin-1") if isinstance(data, str) else data)
        return path

    def survives(self):
        text = hopcheck("--root", self.root)
        self.assertIn(text.code, (0, 1, 3), text)
        self.assertEqual(unprintable(text.out + text.err), [])
        self.assertEqual(wide_lines(text.out), [])
        data = report("--root", self.root)
        self.assertEqual(data["scope"], "files")
        self.assertNotIn("error", [check["status"] for check in data["checks"]])
        traced = hopcheck("trace", "--root", self.root, "http://a.example/a/../b%2f?x=1")
        self.assertEqual(unprintable(traced.out + traced.err), [])
        trace("--root", self.root, "http://a.example/a/../b%2f?x=1")
        return data

    def check_tree(self, conf, site, refused):
        self.write("etc/nginx/nginx.conf", conf)
        self.write("etc/nginx/sites-enabled/site", site)
        data = self.survives()
        if refused:
            self.assertNotEqual(data["verdict"], "healthy")
            self.assertTrue(data["findings"] or data["unseen"])

    def test_fifo(self):
        self.write("etc/nginx/nginx.conf", GOOD)
        os.makedirs(f"{self.root}/etc/nginx/sites-enabled")
        os.mkfifo(f"{self.root}/etc/nginx/sites-enabled/site")
        self.survives()

    def test_config_is_a_folder(self):
        os.makedirs(f"{self.root}/etc/nginx/nginx.conf/x")
        self.survives()

    def test_links_in_a_circle(self):
        os.makedirs(f"{self.root}/etc/nginx")
        os.symlink("b", f"{self.root}/etc/nginx/nginx.conf")
        os.symlink("nginx.conf", f"{self.root}/etc/nginx/b")
        self.survives()

    def test_link_out_of_the_root(self):
        """An absolute link is one inside the root: this machine's files do not show."""
        outside = tempfile.mkdtemp(prefix="hopcheck-e2e-outside.", dir="/tmp")
        self.addCleanup(shutil.rmtree, outside)
        with open(f"{outside}/site", "w", encoding="ascii") as file:
            file.write(SITE.replace("a.example", "outside.example").replace("return 200;", "{"))
        self.write("etc/nginx/nginx.conf", GOOD)
        os.makedirs(f"{self.root}/etc/nginx/sites-enabled")
        os.symlink(f"{outside}/site", f"{self.root}/etc/nginx/sites-enabled/site")
        os.symlink(f"../../../../../../../../..{outside}/site",
                   f"{self.root}/etc/nginx/sites-enabled/site2")
        self.assertNotIn("outside.example", str(self.survives()))

    def test_nothing_there(self):
        shutil.rmtree(self.root)
        os.makedirs(self.root)
        data = self.survives()
        self.assertEqual((data["verdict"], data["verdict_reason"]), ("unknown", "nothing-here"))
        self.assertEqual(data["exit_code"], 3)

    def test_hostile_gunicorn_settings(self):
        self.write("etc/nginx/nginx.conf", GOOD)
        self.write("etc/nginx/sites-enabled/site", SITE)
        self.write("etc/systemd/system/shop.service",
                   "[Service]\nWorkingDirectory=/srv/shop\nExecStart=/usr/bin/gunicorn shop:app\n")
        for text in ("(" * 200000, "bind = [" * 50000, "bind = '''", "\0" * 5000,
                     "workers = " + "9" * 100000, "bind = '\x1b[2J'\n", "import os\nos._exit(1)\n"):
            self.write("srv/shop/gunicorn.conf.py", text)
            self.survives()


def add(name, *args):
    setattr(Hostile, f"test_{name}", lambda self: self.check_tree(*args))


for tree, parts in TREES.items():
    add(tree, *parts)
