"""What came of a run, in words. Pure."""

from reconciler.core.outcome import Outcome, RunResult, Status
from reconciler.report.text import human_bytes, safe


def run_sentence(result: RunResult) -> str:
    """Return the counts of a run and what it moved."""
    counts = ", ".join(f"{count} {status}" for status in Status if (count := result.count(status)))
    moved = human_bytes(sum(outcome.moved for outcome in result.outcomes))
    return f"Run {safe(result.run)}: {counts or 'nothing to do'}. {moved} moved."


def run_incomplete(result: RunResult) -> str:
    """Return that a run does not know all; empty where it does."""
    told = "This run is incomplete: a host could not be observed, or a reference not resolved."
    return "" if result.complete else told


def outcome_sentence(item: Outcome) -> str:
    """Return why a change did not work, or what it took; empty where it was not tried and there is nothing to say."""
    moved = f"{human_bytes(item.moved)} moved, " if item.moved else ""
    cost = f"{moved}{item.seconds:.1f} s"
    return safe(item.message) if item.message else cost if item.status is Status.APPLIED else ""
