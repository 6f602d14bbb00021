"""What a run comes to: a line a scenario, one closing line, and the same as JSON."""

import json
import statistics
import textwrap

import printed

WIDTH = 100
ROW = "{:<28} {:<8} {:<8} {:<31} {:<5} {:<10} {:>4}"


def heading():
    """The table's first line."""
    return ROW.format("scenario", "symptom", "verdict", "first cause", "", "fix", "s")


def lines(result):
    """One result as lines of the table."""
    state = "right" if result.right else "WRONG"
    row = ROW.format(result.name[:28], result.symptom, result.verdict, result.cause[:31], state,
                     result.fix, f"{result.seconds:.1f}").rstrip()
    said = [line for text in result.complaints
            for line in textwrap.wrap(text, WIDTH, initial_indent="    ", break_on_hyphens=False,
                                      subsequent_indent="      ")]
    return [row, *said, *["    " + note for note in result.notes]]


def summary(results, seconds):
    """The figures of a run."""
    broken = [result for result in results if not result.healthy]
    healthy = [result for result in results if result.healthy]
    fixes = {kind: sorted(result.name for result in broken if result.fix == kind)
             for kind in printed.KINDS}
    times = [result.hopcheck_ms for result in results if result.hopcheck_ms]
    return {
        "broken": len(broken),
        "first_cause_right": sum(result.first_right for result in broken),
        "healthy": len(healthy),
        "healthy_clean": sum(result.right for result in healthy),
        "traced": sum(result.trace != "-" for result in results),
        "trace_right": sum(result.trace_right for result in results),
        "wrong": sum(not result.right for result in results),
        "fixes_healed": len(fixes[printed.HEALED]),
        "fixes_not_healed": fixes[printed.NOT_HEALED],
        "fixes_none": fixes[printed.NONE],
        "fixes_elsewhere": len(fixes[printed.ELSEWHERE]),
        "hopcheck_ms_median": round(statistics.median(times), 1) if times else None,
        "seconds": round(seconds, 1),
    }


def closing(figures):
    """The table's last lines."""

    def share(part, whole):
        return f"{part}/{whole}" + (f" ({100 * part / whole:.0f} %)" if whole else "")

    median = figures["hopcheck_ms_median"]
    healed, none = figures["fixes_healed"], figures["fixes_none"]
    on_host = healed + len(none) + len(figures["fixes_not_healed"])
    fixes = (f"fixes as printed: healed {share(healed, on_host)}; {figures['fixes_elsewhere']} are "
             "for the source or the load balancer")
    if none:
        fixes += "\n" + textwrap.fill("printed fix: none: " + " ".join(none), WIDTH,
                                      subsequent_indent="  ", break_on_hyphens=False)
    if figures["traced"]:
        fixes += (f"\ntrace of the probe: ends at the fault or foresees the symptom "
                  f"{share(figures['trace_right'], figures['traced'])}")
    return (f"{fixes}\nbroken: first cause right {share(figures['first_cause_right'], figures['broken'])}; "
            f"healthy: clean {share(figures['healthy_clean'], figures['healthy'])}; "
            f"median {median if median is not None else '-'} ms; {figures['seconds']} s")


def document(results, figures, release, as_user):
    """The whole as JSON, in the order of names, to compare two commits by."""
    rows = [{"name": result.name, "fault": result.fault, "healthy": result.healthy,
             "symptom": result.symptom, "verdict": result.verdict, "cause": result.cause,
             "first_right": result.first_right, "right": result.right,
             "fix": result.fix, "trace": result.trace, "complaints": result.complaints, "hopcheck_ms": round(result.hopcheck_ms, 1),
             "seconds": round(result.seconds, 2)}
            for result in sorted(results, key=lambda result: result.name)]
    return json.dumps({"release": release, "as_user": as_user, "summary": figures,
                       "scenarios": rows}, indent=1, ensure_ascii=False) + "\n"
