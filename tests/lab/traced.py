"""`hopcheck trace` of the load balancer's probe: does it end where the fault is, or foresee what the
load balancer sees?"""

import json

LB = "10.99.0.1"
# Hops of a trace that stand for one of a report.
HOPS = {
    "lb": {"lb", "listener", "nginx", "response"},
    "firewall": {"lb", "firewall", "upstream", "socket"},
    "nginx": {"listener", "nginx", "file", "upstream", "socket", "app", "response"},
    "socket": {"socket", "upstream"},
    "app": {"listener", "upstream", "socket", "app", "response"},
    "host": {"listener", "nginx", "file", "upstream", "socket", "app", "response"},
}
# What a trace that stops says of symptoms that are no status.
SILENT = ("timeout", "refused", "reset", "no-tls")


def argv(scenario):
    """The command that traces the load balancer's own request."""
    header = ["--header", f"Host: {scenario.host}"] if scenario.host else []
    # An export of a cloud is judged for the load balancer's networks, not for one address.
    source = scenario.arguments or ["--source", LB]
    return ["/usr/local/bin/hopcheck", "trace", scenario.probe, *source, *header,
            "--format", "json"]


def read(code, out, err):
    """The trace, and complaints about how it ended."""
    try:
        trace = json.loads(out)
    except json.JSONDecodeError:
        return None, [f"trace gave no JSON ({code}): {err.strip()}"]
    complaints = []
    if trace["exit_code"] != code:
        complaints.append(f"trace ended with {code}, and says {trace['exit_code']}")
    return trace, complaints


def foresees(trace, symptom):
    """What the load balancer sees is what the trace expects of this path."""
    predicted = [str(status) for status in trace["predicted"]["status_codes"]]
    response = trace["hops"][-1]
    if trace["hops"][-1]["hop"] != "response":
        return False
    seen = str(response.get("status_code"))
    if symptom in SILENT:
        return response["status"] == "fail" and response.get("status_code") is None
    if trace["disagreement"]:
        return False
    return symptom in predicted or (not predicted and seen == symptom)


def judge(scenario, trace, first):
    """Complaints about a trace, beside the first cause that the report names."""
    complaints = []
    stopped, code = trace["stopped_at"], trace["exit_code"]
    response = trace["hops"][-1]
    if code == 0 and response["status"] == "pass" and \
            response.get("status_code") != _number(scenario.symptom):
        complaints.append(f"trace is content with {response.get('status_code')}; the "
                          f"load balancer sees {scenario.symptom}")
    at_cause = first is not None and stopped in HOPS.get(first["hop"], ())
    # Some are healthy because nobody asks them by HTTP.
    unasked = not scenario.symptom.startswith("2") and foresees(trace, scenario.symptom)
    if scenario.healthy and code != 0 and not unasked:
        complaints.append(f"trace of a healthy machine: {trace['summary']}")
    if not scenario.healthy and not at_cause and not foresees(trace, scenario.symptom):
        complaints.append(f"trace neither ends at {first['hop'] if first else 'any hop'} nor "
                          f"foresees {scenario.symptom}: {trace['summary']}")
    return complaints


def _number(symptom):
    return int(symptom) if symptom.isdigit() else None
