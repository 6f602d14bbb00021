#!/usr/bin/env python3
"""The lab's own rules, without a machine: scenarios load, and reports are judged as they should."""

import copy
import sys
import tempfile
import unittest
from pathlib import Path

try:
    import tomllib  # noqa: F401  (Python 3.11; the lab reads its scenarios with it)
except ModuleNotFoundError:
    sys.exit(77)

import judge
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
                              complaints=["a long complaint " * 20])
        self.assertTrue(all(len(line) <= score.WIDTH for line in score.lines(result)))

    def test_figures(self):
        results = [trial.Result("a", False, "f", "502", first_right=True, hopcheck_ms=10),
                   trial.Result("b", False, "f", "502", complaints=["x"], hopcheck_ms=30),
                   trial.Result("c", True, "f", "200", hopcheck_ms=20)]
        figures = score.summary(results, 5)
        self.assertEqual((figures["first_cause_right"], figures["broken"]), (1, 2))
        self.assertEqual((figures["healthy_clean"], figures["wrong"]), (1, 1))
        self.assertEqual(figures["hopcheck_ms_median"], 20)


if __name__ == "__main__":
    unittest.main()
