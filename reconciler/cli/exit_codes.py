"""Exit statuses, in one table. They are a contract: unattended callers decide by them."""

from typing import TYPE_CHECKING

from reconciler.errors import LeaseHeld, ReconcilerError, StalePlan, UnsafePlan, WrongLineage

if TYPE_CHECKING:  # `--version` and completion need the numbers only
    from reconciler.core.outcome import RunResult
    from reconciler.core.plan import Plan

DONE = 0
ERROR = 1
PENDING = 2  # only with --detailed-exitcode, as Terraform does
REFUSED = 3
PARTIAL = 4
USAGE = 64
SIGNALLED = 128  # and the signal's number, as a shell reports it
INTERRUPTED = SIGNALLED + 2  # SIGINT

BY_ERROR: dict[type[ReconcilerError], int] = {
    UnsafePlan: REFUSED,
    StalePlan: REFUSED,
    LeaseHeld: REFUSED,
    WrongLineage: REFUSED,
}


def status_of(error: ReconcilerError) -> int:
    """Return the exit status for an error of ours."""
    return next((status for kind, status in BY_ERROR.items() if isinstance(error, kind)), ERROR)


def status_of_plan(plan: "Plan", *, detailed: bool) -> int:
    """Return the exit status for a plan that was only shown; what is unknown or refused is never a success.

    What only mends our records is no pending change: the hosts are as they should be.
    """
    if not plan.complete:
        return ERROR
    if plan.violations or plan.refused:
        return REFUSED
    return PENDING if detailed and plan.writes else DONE


def status_of_run(result: "RunResult") -> int:
    """Return the exit status for a run: 0 only if everything that was asked for is now so."""
    from reconciler.core.outcome import Status

    if result.good:
        return DONE
    if result.count(Status.APPLIED):
        return PARTIAL
    if not result.complete or result.count(Status.FAILED):
        return ERROR
    return REFUSED
