"""A round: one look at everything, and what was done about it."""

import secrets
from collections.abc import Callable, Collection
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.cli.clock import SystemClock
from reconciler.cli.exit_codes import ERROR
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import Proposal
from reconciler.core.names import Address
from reconciler.core.outcome import RunResult
from reconciler.core.plan import Plan
from reconciler.ports import Clock, Listener

if TYPE_CHECKING:
    from reconciler.traces import Traces

_COMPACT = str.maketrans("", "", "-:")


def _alone(listener: Listener) -> Listener:
    """Return the listener as it is: nobody else is to hear of it."""
    return listener


@dataclass
class Round:
    """What is known of a round so far."""

    settings: Settings
    command: str
    clock: Clock = field(default_factory=SystemClock)
    proposal: Proposal | None = None
    plan: Plan | None = None  # what of the proposal was to be done
    result: RunResult | None = None
    status: int = ERROR  # the exit status
    held: Collection[Address] = ()  # what failed before, and is not tried in this round
    metrics_file: Path | None = None
    over: Callable[[Listener], Listener] = _alone  # who else is to hear of it
    always: bool = False  # the log gets a summary, whatever came of it

    def __post_init__(self) -> None:
        """Begin now, under a name that sorts by time."""
        self.traces: Traces | None = None
        self.started_at = self.clock.now()
        self.began = self.clock.monotonic()
        self.run = f"{self.started_at[:19].translate(_COMPACT)}-{secrets.token_hex(3)}"

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Let a part of the round be a span, where there are traces."""
        return self.traces.phase(name) if self.traces is not None else nullcontext()

    def heard(self, listener: Listener) -> Listener:
        """Return a listener for everybody who is to hear of the round."""
        heard = self.over(listener)
        return self.traces.over(heard, self.secrets) if self.traces is not None else heard

    @property
    def is_quiet(self) -> bool:
        """Tell whether nobody hears of a round in which nothing is done: no log, no metrics, no traces."""
        settings = self.settings
        heard = self.metrics_file is not None or any(name.startswith("OTEL_") for name in settings.environ)
        return not heard and settings.log_format == "text" and settings.log_level != "debug"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Return the values that no log line may hold, as far as they are known yet."""
        return self.proposal.secrets if self.proposal is not None else ()

    @property
    def seconds(self) -> float:
        """Return how long it has taken so far."""
        return round(self.clock.monotonic() - self.began, 3)
