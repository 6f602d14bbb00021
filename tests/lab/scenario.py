"""What a scenario and its layout say, read from their folders; unknown keys are errors."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
SYMPTOM = re.compile(r"[1-5]\d\d|timeout|refused|reset|no-tls")
VERDICTS = ("broken", "degraded", "healthy", "unknown")

LAYOUT_KEYS = {"title": str, "probe": str, "host": str, "ready": str, "symptom": str}
SCENARIO_KEYS = {"title": str, "layout": str, "fault": str, "healthy": bool, "symptom": str,
                 "config": str, "probe": str, "host": str, "timeout": (int, float), "ready": str,
                 "fixed_probe": str, "arguments": list, "expect": dict}
EXPECT_KEYS = {"verdict": str, "codes": list, "texts": list, "also": list, "roots": list,
               "effects": list}


class ScenarioError(Exception):
    """A scenario's folder says something that has no meaning."""


@dataclass
class Expect:
    """What a colleague who knows the machine would say."""
    verdict: str
    codes: list = field(default_factory=list)   # each of these is right as the first cause
    texts: list = field(default_factory=list)   # the first cause says all of these
    roots: list = field(default_factory=list)   # all of these stand among the causes
    also: list = field(default_factory=list)    # may stand among the causes besides
    effects: list = field(default_factory=list)  # true as well: where an ordinary user may end


@dataclass
class Layout:
    """A healthy deployment."""
    folder: Path
    probe: str
    host: str
    ready: str
    symptom: str

    def setup(self):
        """The script that completes the deployment before the first boot."""
        return read(self.folder / "setup")


@dataclass
class Scenario:
    """One machine: what is done to it, what the load balancer sees, what hopcheck must say."""
    name: str
    folder: Path
    title: str
    layout: Layout
    fault: str
    healthy: bool
    symptom: str
    config: str
    probe: str
    host: str
    timeout: float
    ready: str
    fixed_probe: str
    arguments: list
    expect: Expect

    def script(self, name):
        """The text of `change`, `outside`, `after` or `fix`; empty where there is none."""
        return read(self.folder / name)


def read(path):
    """A file's text; empty where it is not there."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _table(path, table, keys):
    for key, value in table.items():
        if key not in keys:
            raise ScenarioError(f"{path}: unknown key {key}; known are {' '.join(keys)}")
        if not isinstance(value, keys[key]) or (isinstance(value, bool) and keys[key] is not bool):
            raise ScenarioError(f"{path}: {key} has the wrong type")
    return table


def _parse(path):
    if not path.is_file():
        raise ScenarioError(f"{path} is missing")
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ScenarioError(f"{path}: {error}") from None


def load_layout(name, layouts=HERE / "layouts"):
    """The layout of that name."""
    path = layouts / name / "layout.toml"
    table = _table(path, _parse(path), LAYOUT_KEYS)
    return Layout(path.parent, table.get("probe", "http://10.99.0.2/health"), table.get("host", ""),
                  table.get("ready", ""), table.get("symptom", "200"))


def _expect(path, table, healthy):
    table = _table(path, table, EXPECT_KEYS)
    expect = Expect(table.get("verdict", "healthy" if healthy else "broken"),
                    *[table.get(key, []) for key in ("codes", "texts", "roots", "also", "effects")])
    if expect.verdict not in VERDICTS:
        raise ScenarioError(f"{path}: no such verdict: {expect.verdict}")
    if not healthy and not expect.codes:
        raise ScenarioError(f"{path}: a broken machine needs [expect] codes")
    if healthy and expect.verdict == "broken":
        raise ScenarioError(f"{path}: healthy and broken at once")
    return expect


def load(folder, layouts=HERE / "layouts"):
    """The scenario in that folder."""
    path = folder / "scenario.toml"
    table = _table(path, _parse(path), SCENARIO_KEYS)
    for key in ("title", "layout"):
        if key not in table:
            raise ScenarioError(f"{path}: {key} is missing")
    layout = load_layout(table["layout"], layouts)
    healthy = table.get("healthy", False)
    if not healthy and ("symptom" not in table or "fault" not in table):
        raise ScenarioError(f"{path}: a broken machine needs fault and symptom")
    symptom = table.get("symptom", layout.symptom)
    if not SYMPTOM.fullmatch(symptom):
        raise ScenarioError(f"{path}: no such symptom: {symptom}")
    for part in folder.iterdir():
        if part.name not in ("scenario.toml", "root", "change", "outside", "after", "fix"):
            raise ScenarioError(f"{part} has no meaning")
    return Scenario(folder.name, folder, table["title"], layout, table.get("fault", "healthy"),
                    healthy, symptom, table.get("config", ""), table.get("probe", layout.probe),
                    table.get("host", layout.host), float(table.get("timeout", 5)),
                    table.get("ready", layout.ready), table.get("fixed_probe", ""),
                    table.get("arguments", []), _expect(path, table.get("expect", {}), healthy))


def load_all(folder=HERE / "scenarios", layouts=HERE / "layouts"):
    """All scenarios, by name."""
    return [load(each, layouts) for each in sorted(folder.iterdir()) if each.is_dir()]


def one_per_fault(scenarios):
    """The first scenario of every fault, and all healthy machines."""
    first = {}
    for scenario in scenarios:
        first.setdefault(scenario.name if scenario.healthy else scenario.fault, scenario)
    return list(first.values())
