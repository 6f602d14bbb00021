"""The course of one scenario: build, break, boot, look, diagnose, look again, judge, mend."""

import json
import os
import shutil
import time
from dataclasses import dataclass, field
from pathlib import Path

import judge
import printed
import traced
from machine import Machine
from process import Failed, must, run, until
from scenario import HERE

TESTS = HERE.parent
SYMPTOM_LIMIT = 20
FIX_LIMIT = 10
READY_LIMIT = 60


@dataclass
class Options:
    """What is the same for all scenarios of a run."""
    image: Path
    hopcheck: Path
    debian: str
    keep: bool = False
    record: bool = False
    as_user: bool = False


@dataclass
class Result:
    """How one scenario went."""
    name: str
    healthy: bool
    fault: str
    symptom: str
    verdict: str = "-"
    cause: str = "-"
    first_right: bool = False
    trace: str = "-"  # where the trace of the probe ends
    trace_right: bool = False
    fix: str = "-"  # what came of the printed fix: a word of printed.py
    complaints: list = field(default_factory=list)
    hopcheck_ms: float = 0.0
    seconds: float = 0.0
    notes: list = field(default_factory=list)

    @property
    def right(self):
        """Whether nothing at all is wrong."""
        return not self.complaints


def play(scenario, options, number):
    """Plays one scenario on a machine of its own."""
    started = time.monotonic()
    result = Result(scenario.name, scenario.healthy, scenario.fault, scenario.symptom)
    machine = Machine(f"hcl{os.getpid()}-{number}")
    kept = False
    try:
        _build(machine, scenario, options)
        machine.boot()
        _break(machine, scenario)
        report = _diagnose(machine, scenario, options, result)
        if options.record:
            _record(machine, scenario, options, result)
        if options.keep:
            machine.keep()
            kept = True
            result.notes += [f"enter: nsenter -t {machine.leader} -a bash -l",
                             f"end:   {HERE}/lab --end {machine.id}"]
        else:
            _mend(machine, scenario, options, report, result)
    except Failed as error:
        result.complaints.append(f"the lab: {error}")
    finally:
        if not kept:
            machine.end()
    result.seconds = time.monotonic() - started
    return result


def _build(machine, scenario, options):
    machine.create(options.image)
    machine.lay_over(HERE / "layouts/common")
    machine.lay_over(scenario.layout.folder / "root")
    machine.chroot(scenario.layout.setup())
    machine.lay_over(scenario.folder / "root")
    if scenario.config:
        (machine.root / "etc/hopcheck.toml").write_text(scenario.config, encoding="utf-8")
    if scenario.script("change"):
        must(["sh", "-euc", scenario.script("change")], cwd=machine.root,
             env={"PATH": os.environ["PATH"], "ROOT": str(machine.root), "LC_ALL": "C.UTF-8"})
    program = machine.root / "usr/local/bin/hopcheck"
    shutil.copyfile(options.hopcheck, program)
    program.chmod(0o755)


def _break(machine, scenario):
    if scenario.ready and not until(
            READY_LIMIT, lambda: machine.inside("sh", "-c", scenario.ready)[0] == 0):
        raise Failed(f"never ready: {scenario.ready} {_journal(machine)}")
    if scenario.script("outside"):
        machine.outside(scenario.script("outside"))
    if scenario.script("after"):
        # nginx's log tells seconds: what stands in the second of a start may be older than it.
        time.sleep(1.1)
        machine.script(scenario.script("after"))


def _ask(machine, scenario):
    return machine.ask(scenario.probe, scenario.host, scenario.timeout)[0]


def _diagnose(machine, scenario, options, result):
    seen = []

    def there():
        seen.append(_ask(machine, scenario))
        return seen[-1] == scenario.symptom

    if not until(SYMPTOM_LIMIT, there):
        raise Failed(f"the load balancer sees {seen[-1]}, not {scenario.symptom} "
                     f"{_journal(machine)}")
    report, bundle = _live(machine, scenario, options, result)
    after = _ask(machine, scenario)
    if after != scenario.symptom:
        result.complaints.append(f"afterwards the load balancer sees {after}, not "
                                 f"{scenario.symptom}")
    if report is None:
        return None
    first = judge.first_cause(report)
    result.verdict = report["verdict"]
    result.cause = first["code"] if first else "-"
    result.first_right = judge.first_right(scenario.expect, report)
    judged = judge.as_user if options.as_user else judge.as_root
    result.complaints += judged(scenario, report)
    if not options.as_user:
        result.complaints += _trace(machine, scenario, first, result)
    result.complaints += _replay(options, bundle, report)
    return report


def _trace(machine, scenario, first, result):
    trace, complaints = traced.read(*machine.inside(*traced.argv(scenario)))
    if trace is not None:
        result.trace = trace["stopped_at"] or trace["outcome"]
        complaints += traced.judge(scenario, trace, first)
    result.trace_right = not complaints
    return complaints


def _live(machine, scenario, options, result):
    """Runs hopcheck in the machine: its report, None where it gave none, and its bundle."""
    bundle, user = "root/run.hop", []
    if options.as_user:
        bundle = "var/tmp/run.hop"
        user = ["setpriv", "--reuid", "nobody", "--regid", "nogroup", "--clear-groups"]
    started = time.monotonic()
    code, out, err = machine.inside(*user, "/usr/local/bin/hopcheck", "--format", "json",
                                    "-o", f"/{bundle}", *scenario.arguments)
    result.hopcheck_ms = (time.monotonic() - started) * 1000
    report = _report(out)
    if report is None:
        result.complaints.append(f"hopcheck gave no report ({code}): {err.strip()}")
    elif report["exit_code"] != code:
        result.complaints.append(f"exit code {code}, the report says {report['exit_code']}")
    return report, machine.root / bundle


def _report(text):
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return None


def _replay(options, bundle, live):
    code, out, err = run([str(options.hopcheck), "run", "--from", str(bundle), "--format", "json"])
    again = _report(out)
    if again is None:
        return [f"the replay gave no report ({code}): {err.strip()}"]
    return judge.replay(live, again)


def _record(machine, scenario, options, result):
    code, _, err = machine.inside("/usr/local/bin/hopcheck", "capture", "-o", "/root/host.hop",
                                  *scenario.arguments)
    if code != 0:
        result.complaints.append(f"capture ended with {code}: {err.strip()}")
        return
    target = TESTS / "scenarios" / f"{scenario.name}.hop"
    if scenario.healthy:
        target = TESTS / "hosts" / f"{options.debian}-{scenario.name}.hop"
    target.parent.mkdir(exist_ok=True)
    shutil.copyfile(machine.root / "root/host.hop", target)
    result.notes.append(f"recorded {target.relative_to(TESTS)}")


def _mend(machine, scenario, options, report, result):
    """The printed fix mends the machine; where none is meant for it, the scenario's own does.

    The healthy answer afterwards also says that the planted fault was the only one.
    """
    if report is not None and result.first_right and not options.as_user:
        result.fix, why = _as_printed(machine, scenario, report)
        if why:
            result.complaints.append(f"fix as printed: {why}")
        if result.fix in (printed.HEALED, printed.NOT_HEALED):
            return
    if not scenario.script("fix") and not scenario.fixed_probe:
        return
    if scenario.script("fix"):
        machine.script(scenario.script("fix"))
    seen = _healthy(machine, scenario, scenario.fixed_probe or scenario.probe)
    if seen:
        result.complaints.append(f"the lab: after the fix {seen}")


def _as_printed(machine, scenario, report):
    """What comes of the printed fixes, and why they do not heal where they do not."""
    causes = printed.causes(scenario.expect, report)
    fixes = [printed.first_fix(cause) for cause in causes]
    for kind in map(printed.kind, fixes):
        if kind:
            return kind, ""
    if scenario.script("after") or scenario.script("outside"):
        # A log tells seconds: what stands in that of a reload may be younger than it.
        time.sleep(1.1)
    for fix in fixes:
        why = printed.apply(machine, fix)
        if why:
            return printed.NOT_HEALED, why
    why = _healthy(machine, scenario, scenario.probe)
    if not why and scenario.symptom == scenario.layout.symptom:
        why = _still_reported(machine, {cause["code"] for cause in causes})
    return (printed.NOT_HEALED, why) if why else (printed.HEALED, "")


def _still_reported(machine, codes):
    """No outage was to be mended: the report must change; why it does not, empty where it does."""
    left = []

    def gone():
        _, out, err = machine.inside("/usr/local/bin/hopcheck", "--format", "json")
        again = _report(out)
        if again is None:
            left[:] = [f"no report: {err.strip()}"]
        else:
            left[:] = [each["title"] for each in again["findings"] if each["code"] in codes]
        return not left

    return "" if until(FIX_LIMIT, gone) else f"hopcheck still says: {'; '.join(left)}"


def _healthy(machine, scenario, url):
    """Waits for the layout's healthy answer; what is seen instead, empty where it came."""
    seen = []

    def there():
        seen.append(machine.ask(url, scenario.host, scenario.timeout)[0])
        return seen[-1] == scenario.layout.symptom

    if until(FIX_LIMIT, there):
        return ""
    return f"the load balancer sees {seen[-1]} {_journal(machine)}"


def _journal(machine):
    _, out, _ = machine.inside("journalctl", "-n", "4", "--no-pager", "-o", "cat", "-p", "notice")
    return "(" + " / ".join(out.strip().splitlines()) + ")"
