"""Judges a report against what the scenario expects: a list of complaints, empty where right."""

# What the load balancer sees is true whatever the cause is: an ordinary user's report may say so.
SEEN = {"refused": ["lb.probe-refused"], "timeout": ["lb.probe-timeout"],
        "reset": ["lb.probe-failed"], "no-tls": ["lb.probe-failed"],
        "401": ["lb.path-needs-auth"], "403": ["lb.path-needs-auth"],
        "404": ["lb.path-404"], "3": ["lb.path-redirects"],
        "5": ["lb.probe-server-error", "lb.site-server-error"],
        "502": ["nginx.bad-gateway"], "504": ["nginx.bad-gateway"]}


def first_cause(report):
    """The first entry of the diagnosis; None where there is none."""
    return report["diagnosis"][0] if report["diagnosis"] else None


def first_right(expect, report):
    """Whether the answer to "why is it down?" is one that a colleague would give."""
    first = first_cause(report)
    return first is not None and first["code"] in expect.codes


def as_root(scenario, report):
    """Complaints about the report of a run that may see everything."""
    expect = scenario.expect
    complaints = []
    if report["verdict"] != expect.verdict:
        complaints.append(f"verdict {report['verdict']}, not {expect.verdict}")
    if not expect.codes:
        complaints += [f"accuses {finding['code']}: {finding['title']}"
                       for finding in report["findings"]]
        return complaints
    if not first_right(expect, report):
        first = first_cause(report)
        said = f"{first['code']}: {first['title']}" if first else "nothing"
        return complaints + [f"first cause is {said}; not {' or '.join(expect.codes)}"]
    said = _words(first_cause(report)).lower()
    complaints += [f"the cause does not say {text}" for text in expect.texts
                   if text.lower() not in said]
    roots = [entry["code"] for entry in report["diagnosis"]]
    complaints += [f"{code} is not among the causes" for code in expect.roots if code not in roots]
    return complaints + _strangers(expect, report)


def as_user(scenario, report):
    """Complaints about the report of an ordinary user: it may miss the cause, and must say so."""
    if not scenario.expect.codes:
        complaints = [f"accuses {finding['code']}: {finding['title']}"
                      for finding in report["findings"]]
        if report["verdict"] not in ("healthy", "unknown"):
            complaints.append(f"verdict {report['verdict']}, not healthy or unknown")
        return complaints
    seen = [code for symptom in (scenario.symptom, scenario.symptom[0])
            for code in SEEN.get(symptom, [])]
    complaints = _strangers(scenario.expect, report, seen + scenario.expect.effects)
    if not first_right(scenario.expect, report) and not report["unseen"]:
        complaints.append("misses the cause and does not say what it could not see")
    return complaints


def replay(live, again):
    """Complaints about a replay that differs from the live run that it was recorded from."""

    def outline(report):
        return {"verdict": report["verdict"],
                "diagnosis": [entry["fingerprint"] for entry in report["diagnosis"]],
                "checks": {check["id"]: check["status"] for check in report["checks"]}}

    before, after = outline(live), outline(again)
    complaints = [f"replay: {key} is {after[key]}, was {before[key]}"
                  for key in ("verdict", "diagnosis") if before[key] != after[key]]
    for check in sorted(before["checks"].keys() | after["checks"].keys()):
        was, now = before["checks"].get(check), after["checks"].get(check)
        if was != now:
            complaints.append(f"replay: {check} is {now}, was {was}")
    return complaints


def _words(finding):
    """All that the reader of a finding reads of it, as one text."""
    parts = [finding["title"], finding.get("detail") or ""]
    for evidence in finding["evidence"]:
        parts += [evidence["source"] or "", evidence["text"] or ""]
    return "\n".join(parts + _strings(finding["fixes"]))


def _strings(value):
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        value = value.values()
    elif not isinstance(value, list):
        return []
    return [text for each in value for text in _strings(each)]


def _strangers(expect, report, known=()):
    known = {*expect.codes, *expect.roots, *expect.also, *known}
    return [f"also accuses {entry['code']}: {entry['title']}" for entry in report["diagnosis"]
            if entry["code"] not in known]
