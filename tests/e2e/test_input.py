"""What a user can get wrong: one line on standard error that names the place, exit code 2."""
import json
import os
import shutil
import tempfile
import unittest

from support import ROOT, SCHEMA, TRACE_SCHEMA, hopcheck, unprintable

BAD_CONFIG = {
    # name: (text, what the line must name)
    "unknown_key": ('[lb]\nprofile = "aws-alb"\nsorces = ["10.0.0.0/8"]\n', [":3", "sorces", "sources"]),
    "unknown_table": ("[lb]\n[lb.helth_check]\nport = 80\n", [":2", "helth_check", "health_check"]),
    "wrong_type": ('[lb.health_check]\n\nport = "80"\n', [":3", "port"]),
    "wrong_duration": ('[lb.health_check]\ntimeout = "5 parsecs"\n', [":2", "timeout"]),
    "negative_duration": ('[lb.health_check]\ntimeout = "-1s"\n', [":2", "timeout"]),
    "port_out_of_range": ("[lb.health_check]\nport = 70000\n", [":2", "port"]),
    "unknown_profile": ('[lb]\nprofile = "aws-abl"\n', [":2", "aws-abl", "aws-alb"]),
    "wrong_codes": ('[lb.health_check]\ncodes = "2xx"\n', [":2", "codes"]),
    "wrong_source": ('[lb]\nsources = ["10.0.0.0/40"]\n', [":2", "10.0.0.0/40"]),
    "not_toml": ("[lb\nprofile = 1\n", [":1"]),
    "not_text": ("\x00\x01\x1b[31m", []),
    "ignore_without_reason": ('[[ignore]]\ncode = "lb.path-404"\n', ["reason"]),
}

BAD_LINES = {
    "unknown_option": (["--no-such-option"], ["--no-such-option"]),
    "unknown_command": (["dignose"], ["dignose"]),
    "unknown_format": (["--format", "yaml"], ["yaml"]),
    "wrong_timeout": (["--timeout", "soon"], ["soon"]),
    "wrong_port": (["--lb-port", "99999"], ["99999"]),
    "wrong_fail_on": (["--fail-on", "bad"], ["bad"]),
    "missing_config": (["--config", "/nonexistent/hopcheck.toml"], ["/nonexistent/hopcheck.toml"]),
    "missing_bundle": (["--from", "/nonexistent/x.hop"], ["/nonexistent/x.hop"]),
    "bundle_is_a_folder": (["--from", "/usr"], ["/usr"]),
    "missing_root": (["--root", "/nonexistent"], ["/nonexistent"]),
    "root_is_a_file": (["--root", "/etc/passwd"], ["/etc/passwd"]),
    "unknown_code": (["explain", "socket.directory-not-traversible"],
                     ["socket.directory-not-traversible", "socket.directory-not-traversable"]),
    "unknown_schema": (["schema", "raport"], ["raport"]),
    "unknown_ending": (["-o", "/tmp/report.docx"], ["report.docx"]),
    "value_missing": (["--config"], ["--config"]),
    "trace_of_nothing": (["trace"], ["http://HOST/PATH"]),
    "trace_of_a_path": (["trace", "/health"], ["/health", "http://HOST/health"]),
    "trace_of_another_scheme": (["trace", "ftp://a/"], ["ftp://a/", "http"]),
    "trace_of_no_port": (["trace", "http://a:70000/"], ["a:70000"]),
    "trace_of_no_address": (["trace", "http://[::1::2]/"], ["[::1::2]"]),
    "trace_with_a_blank": (["trace", "http://a/b c"], ["percent-encoded"]),
    "trace_with_a_control_character": (["trace", "http://a/\x1b[31m"], ["percent-encoded"]),
    "trace_with_a_password": (["trace", "http://me:secret@a/"], ["Authorization"]),
    "trace_from_nowhere": (["trace", "http://a/", "--source", "here"], ["--source", "here"]),
    "trace_to_nowhere": (["trace", "http://a/", "--address", "10.0.0.0/8"], ["--address"]),
    "trace_between_families": (["trace", "http://a/", "--source", "::1", "--address", "10.0.0.1"],
                               ["--source"]),
    "trace_with_a_bad_method": (["trace", "http://a/", "--method", "G ET"], ["--method", "G ET"]),
    "trace_with_a_bad_header": (["trace", "http://a/", "--header", "no colon"], ["--header"]),
    "trace_with_a_broken_header": (["trace", "http://a/", "--header", "A: b\r\nC: d"], ["--header"]),
    "trace_with_two_hosts": (["trace", "http://a/", "--header", "Host: a", "--header", "host: b"],
                             ["--header", "twice"]),
    "trace_with_a_misspelt_option": (["trace", "http://a/", "--sauce", "::1"], ["--sauce", "--source"]),
    "two_urls": (["trace", "http://a/", "http://b/"], ["http://b/"]),
    "missing_nginx_conf": (["--nginx-conf", "/nonexistent/nginx.conf"], ["/nonexistent/nginx.conf"]),
    "nginx_conf_is_a_folder": (["--nginx-conf", "/usr"], ["/usr"]),
    "missing_dump": (["--nginx-dump", "/nonexistent/dump"], ["/nonexistent/dump"]),
    "dump_is_none": (["--nginx-dump", "/etc/passwd"], ["/etc/passwd", "nginx -T"]),
    "empty_dump": (["--nginx-dump", "-"], ["standard input", "nginx -T"]),
    "conf_and_dump": (["--nginx-conf", "/etc/x", "--nginx-dump", "/etc/y"], ["--nginx-dump"]),
    "input_read_twice": (["--nginx-dump", "-", "--cloud", "-"], ["standard input"]),
}

BAD_BUNDLES = {
    "empty": b"",
    "foreign": b"\x7fELF\x02\x01\x01" + bytes(200),
    "other_text": b"This is a shopping list.\napples\n",
    "later_version": b"hopcheck-bundle/9\nby hopcheck 9.0.0\nend 0 answers\n",
    "no_end": b"hopcheck-bundle/1\nby hopcheck 0.1.0\n-- now\n  1\n",
    "wrong_count": b"hopcheck-bundle/1\nby hopcheck 0.1.0\n-- now\n  1\nend 7 answers\n",
    "stray_line": b"hopcheck-bundle/1\nby hopcheck 0.1.0\n-- now\nnot indented\nend 1 answers\n",
    "unknown_verb": b"hopcheck-bundle/1\nby hopcheck 0.1.0\n-- erase /etc\n  1\nend 1 answers\n",
}


class Input(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="hopcheck-e2e-input.", dir="/tmp")
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, data):
        path = f"{self.folder}/{name}"
        with open(path, "wb") as file:
            file.write(data.encode() if isinstance(data, str) else data)
        return path

    def refused(self, argv, named):
        result = hopcheck(*argv)
        self.assertEqual(result.code, 2, result)
        self.assertEqual(result.out, "")
        self.assertEqual(result.err.count("\n"), 1, result)
        self.assertEqual(unprintable(result.err), [])
        for text in named:
            self.assertIn(text, result.err)

    def test_config_that_others_may_write(self):
        if not ROOT:
            self.skipTest("only root refuses it")
        path = self.write("hopcheck.toml", '[lb]\nprofile = "aws-alb"\n')
        os.chmod(path, 0o666)
        self.refused(["--config", path], [path])
        os.chmod(path, 0o644)
        os.chown(path, 65534, 65534)
        self.refused(["--config", path], [path])

    def test_bundle_cut_anywhere(self):
        bundle = f"{self.folder}/whole.hop"
        self.assertEqual(hopcheck("capture", "--probe", "none", "-o", bundle).code, 0)
        with open(bundle, "rb") as file:
            whole = file.read()
        for part in range(1, 20):
            cut = whole[:len(whole) * part // 20]
            self.refused(["--from", self.write("cut.hop", cut)], ["cut.hop"])

    def test_good_lines(self):
        for argv in (["--help"], ["--version"], ["list"], ["run", "--help"], ["capture", "--help"],
                     ["trace", "--help"],
                     ["explain", "socket.directory-not-traversable"]):
            result = hopcheck(*argv)
            self.assertEqual((result.code, result.err), (0, ""), argv)
            self.assertTrue(result.out)
            self.assertEqual(unprintable(result.out), [], argv)
        self.assertEqual(json.loads(hopcheck("schema", "report").out), SCHEMA)
        self.assertEqual(json.loads(hopcheck("schema", "trace").out), TRACE_SCHEMA)

    def test_an_ignore_that_has_ended_is_a_warning(self):
        path = self.write("hopcheck.toml", """[[ignore]]
code = "nginx.upstream-member-down"
reason = "spare"
until = 2020-01-01
""")
        result = hopcheck("--config", path, "--if-present", "--probe", "none")
        self.assertIn(result.code, (0, 1, 3), result)
        for text in (f"{path}:1", "nginx.upstream-member-down", "2020-01-01"):
            self.assertIn(text, result.err)
        self.assertEqual(result.err.count("\n"), 1, result)

    def test_output_where_nothing_can_be_written(self):
        result = hopcheck("-o", "/nonexistent/report.json", "--if-present")
        self.assertEqual(result.code, 2, result)
        self.assertIn("/nonexistent/report.json", result.err)


def add(name, method):
    setattr(Input, f"test_{name}", method)


def config_test(text, named):
    def test(self):
        path = self.write("hopcheck.toml", text)
        self.refused(["--config", path], [path, *named])
    return test


def line_test(argv, named):
    return lambda self: self.refused(argv, named)


def bundle_test(data):
    def test(self):
        path = self.write("x.hop", data)
        self.refused(["--from", path], [path])
    return test


for case, (toml, names) in BAD_CONFIG.items():
    add(f"config_{case}", config_test(toml, names))
for case, (line, names) in BAD_LINES.items():
    add(f"line_{case}", line_test(line, names))
for case, content in BAD_BUNDLES.items():
    add(f"bundle_{case}", bundle_test(content))
