"""The real time, behind the Clock port."""

import time
from datetime import UTC, datetime


class SystemClock:
    """The real time."""

    def now(self) -> str:
        """Return the time of day as ISO 8601 in UTC, to the millisecond."""
        return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")

    def monotonic(self) -> float:
        """Return seconds that never go backwards."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)
