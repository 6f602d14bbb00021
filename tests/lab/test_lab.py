#!/usr/bin/env python3
"""The lab's own rules, without a machine: scenarios load, and reports are judged as they should."""

import copy
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import tomllib  # noqa: F401  (Python 3.11; the lab reads its scenarios with it)
except ModuleNotFoundError:
    sys.exit(77)

import judge
import printed
import scenario
import score
import trial

CAUSE = {"code": "socket.mode-denies", "fingerprint": "a1",
         "title": "nginx cannot open /run/a.sock", "detail": None, "evidence": [{"source": "stat /run/a.sock", "text": "socket 0600 a:a"}],
         "fixes": [{"summary": "open it", "commands": ["chmod 0660 /run/a.sock"]}]}
EFFECT = {**CAUSE, "code": "lb.probe-server-error", "fingerprint": "b2", "title": "502"}
BROKEN = {"verdict": "broken", "diagnosis": [CAUSE], "findings": [CAUSE, EFFECT], "unseen": [],
          "checks": [{"id": "socket.access", "status": "fail"}]}
HEALTHY = {"verdict": "healthy", "diagnosis": [], "findings": [], "unseen": [], "checks": []}


class Case:  # pylint: disable=too-few-public-methods
    """As much of a scenario as a judge looks at."""

    symptom = "502"

    def __init__(self, **expect):
        self.expect = scenario.Expect(**expect)


class Judge(unittest.TestCase):
    """Each way in which a report can be wrong is told."""

    def test_right(self):
        case = Case(verdict="broken", codes=[CAUSE["code"]], texts=["0600", "CHMOD 0660"])
        self.assertEqual(judge.as_root(case, BROKEN), [])

    def test_wrong_first_cause(self):
        case = Case(verdict="broken", codes=["nginx.not-running"])
        self.assertIn("first cause is socket.mode-denies", judge.as_root(case, BROKEN)[0])

    def test_missing_text(self):
        case = Case(verdict="broken", codes=[CAUSE["code"]], texts=["www-data"])
        self.assertEqual(judge.as_root(case, BROKEN), ["the cause does not say www-data"])

    def test_missing_second_cause(self):
        case = Case(verdict="broken", codes=[CAUSE["code"]], roots=["nginx.not-running"])
        self.assertEqual(judge.as_root(case, BROKEN), ["nginx.not-running is not among the causes"])

    def test_stranger_among_the_causes(self):
        report = {**BROKEN, "diagnosis": [CAUSE, EFFECT]}
        case = Case(verdict="broken", codes=[CAUSE["code"]])
        self.assertIn("also accuses lb.probe-server-error", judge.as_root(case, report)[0])
        case.expect.also = [EFFECT["code"]]
        self.assertEqual(judge.as_root(case, report), [])

    def test_healthy_machine_accused(self):
        case = Case(verdict="healthy")
        self.assertEqual(judge.as_root(case, HEALTHY), [])
        self.assertEqual(len(judge.as_root(case, BROKEN)), 3)

    def test_user_may_miss_but_says_so(self):
        case = Case(verdict="broken", codes=[CAUSE["code"]])
        self.assertIn("misses the cause", judge.as_user(case, HEALTHY)[0])
        self.assertEqual(judge.as_user(case, {**HEALTHY, "unseen": [{"what": "owners"}]}), [])

    def test_user_may_not_invent(self):
        case = Case(verdict="broken", codes=["nginx.not-running"])
        report = {**BROKEN, "unseen": [{"what": "owners"}]}
        self.assertIn("also accuses socket.mode-denies", judge.as_user(case, report)[0])
        case.expect.effects = [CAUSE["code"]]
        self.assertEqual(judge.as_user(case, report), [])

    def test_user_may_say_what_the_balancer_sees(self):
        case = Case(verdict="broken", codes=["nginx.not-running"])
        report = {**BROKEN, "diagnosis": [EFFECT], "unseen": [{"what": "owners"}]}
        self.assertEqual(judge.as_user(case, report), [])
        case.symptom = "refused"
        self.assertIn("also accuses lb.probe-server-error", judge.as_user(case, report)[0])

    def test_replay(self):
        self.assertEqual(judge.replay(BROKEN, copy.deepcopy(BROKEN)), [])
        again = {**BROKEN, "verdict": "healthy", "diagnosis": [], "checks": []}
        self.assertEqual(len(judge.replay(BROKEN, again)), 3)


class Here:  # pylint: disable=too-few-public-methods
    """A machine that is this one."""

    def inside(self, *command):
        """Runs a command here."""
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return done.returncode, done.stdout, done.stderr


class Printed(unittest.TestCase):
    """A printed fix is applied to the letter."""

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.file = Path(self.folder.name) / "sites" / "shop"

    def apply(self, *edits, commands=()):
        """Applies the edits (line, remove, add) and commands; what went wrong."""
        edits = [{"file": str(self.file), "line": line, "remove": remove, "add": add}
                 for line, remove, add in edits]
        return printed.apply(Here(), {"edits": edits, "commands": commands})

    def text(self):
        """The file as it is now."""
        return self.file.read_text(encoding="utf-8")

    def write(self, text):
        """Makes the file."""
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(text, encoding="utf-8")

    def test_replaces_and_inserts_by_the_old_numbers(self):
        self.write("a\n  b\nc\n")
        self.assertEqual(self.apply((1, "", "first"), (2, "  b", "  B"), (0, "", "last")), "")
        self.assertEqual(self.text(), "first\na\n  B\nc\nlast\n")

    def test_removes_a_line(self):
        self.write("a\nb\n")
        self.assertEqual(self.apply((1, "a", "")), "")
        self.assertEqual(self.text(), "b\n")

    def test_makes_a_file(self):
        self.assertEqual(self.apply((0, "", "[Service]\nUser=shop")), "")
        self.assertEqual(self.text(), "[Service]\nUser=shop\n")

    def test_another_line_is_refused(self):
        self.write("a\n  b\n")
        self.assertIn("is '  b', not 'b'", self.apply((2, "b", "B")))
        self.assertIn("is None", self.apply((3, "b", "B")))
        self.assertIn("has no line 9", self.apply((9, "", "B")))
        self.assertEqual(self.text(), "a\n  b\n")

    def test_a_missing_file_is_refused(self):
        self.assertIn("is not there", self.apply((2, "b", "B")))

    def test_commands_come_after_edits_and_must_succeed(self):
        self.write("a\n")
        copied = self.file.with_name("copy")
        self.assertEqual(self.apply((1, "a", "b"), commands=[f"cp '{self.file}' '{copied}'"]), "")
        self.assertEqual(copied.read_text(encoding="utf-8"), "b\n")
        said = self.apply(commands=["echo why >&2; exit 3", f"rm '{copied}'"])
        self.assertIn("ended with 3: why", said)
        self.assertTrue(copied.exists())

    def test_kinds(self):
        fix = {"on": "host", "edits": [], "commands": []}
        self.assertEqual(printed.kind(None), printed.NONE)
        self.assertEqual(printed.kind(fix), printed.NONE)
        self.assertIsNone(printed.kind({**fix, "commands": ["true"]}))
        self.assertEqual(printed.kind({**fix, "on": "repo"}), printed.ELSEWHERE)

    def test_causes_that_must_stand_there_are_mended_too(self):
        other = {**CAUSE, "code": "nginx.not-running"}
        report = {**BROKEN, "diagnosis": [CAUSE, other, EFFECT]}
        expect = scenario.Expect(verdict="broken", roots=["nginx.not-running"])
        self.assertEqual(printed.causes(expect, report), [CAUSE, other])


class Load(unittest.TestCase):
    """A scenario that says something without meaning is refused."""

    def refused(self, text, word):
        """Asserts that this scenario is refused with that word."""
        with tempfile.TemporaryDirectory() as folder:
            (Path(folder) / "scenario.toml").write_text(text, encoding="utf-8")
            with self.assertRaisesRegex(scenario.ScenarioError, word):
                scenario.load(Path(folder))

    def test_refused(self):
        good = 'title = "t"\nlayout = "tcp"\nfault = "f"\nsymptom = "502"\n'
        expect = '[expect]\ncodes = ["a.b"]\n'
        self.refused(good + 'sympton = "502"\n' + expect, "unknown key sympton")
        self.refused(good + '[expect]\ncode = ["a.b"]\n', "unknown key code")
        self.refused(good.replace("502", "oops") + expect, "no such symptom")
        self.refused(good.replace("tcp", "tpc") + expect, "layout.toml is missing")
        self.refused(good, "needs .expect. codes")
        self.refused(good + expect + 'verdict = "down"\n', "no such verdict")
        self.refused('layout = "tcp"\n', "title is missing")

    def test_all_load(self):
        names = [each.name for each in scenario.load_all()]
        self.assertEqual(names, sorted(set(names)))
        self.assertGreater(len(names), 0)


class Score(unittest.TestCase):
    """The table fits, and counts what is right."""

    def test_lines_fit(self):
        result = trial.Result("n" * 50, False, "f", "502", "broken", "c" * 60,
                              fix=printed.NOT_HEALED, complaints=["a long complaint " * 20])
        self.assertTrue(all(len(line) <= score.WIDTH for line in score.lines(result)))

    def test_figures(self):
        results = [trial.Result("a", False, "f", "502", first_right=True, hopcheck_ms=10),
                   trial.Result("b", False, "f", "502", complaints=["x"], hopcheck_ms=30),
                   trial.Result("c", True, "f", "200", hopcheck_ms=20)]
        results[0].fix, results[1].fix = printed.HEALED, printed.NONE
        figures = score.summary(results, 5)
        self.assertEqual((figures["fixes_healed"], figures["fixes_none"]), (1, ["b"]))
        self.assertIn("fixes as printed: healed 1/2", score.closing(figures))
        self.assertIn("printed fix: none: b", score.closing(figures))
        self.assertEqual((figures["first_cause_right"], figures["broken"]), (1, 2))
        self.assertEqual((figures["healthy_clean"], figures["wrong"]), (1, 1))
        self.assertEqual(figures["hopcheck_ms_median"], 20)


if __name__ == "__main__":
    unittest.main()
