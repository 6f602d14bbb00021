"""What a run comes to: a line a scenario, one closing line, and the same as JSON."""

import json
import statistics
import textwrap

WIDTH = 100
ROW = "{:<30} {:<8} {:<9} {:<35} {:<5} {:>5}"


def heading():
    """The table's first line."""
    return ROW.format("scenario", "symptom", "verdict", "first cause", "", "s")


def lines(result):
    """One result as lines of the table."""
    state = "right" if result.right else "WRONG"
    row = ROW.format(result.name[:30], result.symptom, result.verdict, result.cause[:35], state,
                     f"{result.seconds:.1f}").rstrip()
    said = [line for text in result.complaints
            for line in textwrap.wrap(text, WIDTH, initial_indent="    ", break_on_hyphens=False,
                                      subsequent_indent="      ")]
    return [row, *said, *["    " + note for note in result.notes]]


def summary(results, seconds):
    """The figures of a run."""
    broken = [result for result in results if not result.healthy]
    healthy = [result for result in results if result.healthy]
    times = [result.hopcheck_ms for result in results if result.hopcheck_ms]
    return {
        "broken": len(broken),
        "first_cause_right": sum(result.first_right for result in broken),
        "healthy": len(healthy),
        "healthy_clean": sum(result.right for result in healthy),
        "wrong": sum(not result.right for result in results),
        "hopcheck_ms_median": round(statistics.median(times), 1) if times else None,
        "seconds": round(seconds, 1),
    }


def closing(figures):
    """The table's last line."""

    def share(part, whole):
        return f"{part}/{whole}" + (f" ({100 * part / whole:.0f} %)" if whole else "")

    median = figures["hopcheck_ms_median"]
    return (f"broken: first cause right {share(figures['first_cause_right'], figures['broken'])}; "
            f"healthy: clean {share(figures['healthy_clean'], figures['healthy'])}; "
            f"median {median if median is not None else '-'} ms; {figures['seconds']} s")


def document(results, figures, release, as_user):
    """The whole as JSON, in the order of names, to compare two commits by."""
    rows = [{"name": result.name, "fault": result.fault, "healthy": result.healthy,
             "symptom": result.symptom, "verdict": result.verdict, "cause": result.cause,
             "first_right": result.first_right, "right": result.right,
             "complaints": result.complaints, "hopcheck_ms": round(result.hopcheck_ms, 1),
             "seconds": round(result.seconds, 2)}
            for result in sorted(results, key=lambda result: result.name)]
    return json.dumps({"release": release, "as_user": as_user, "summary": figures,
                       "scenarios": rows}, indent=1, ensure_ascii=False) + "\n"
