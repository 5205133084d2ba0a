"""The progress that a host streams while it pulls or creates: one JSON object a line, the last one `success`. Pure.

A stream can hold an error under HTTP 200, and a connection that breaks can look like an
end. So an answer counts only if no line has an error and the last line says `success`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping

from reconciler.errors import HostRejected
from reconciler.hosts.refusal import hint_for, printable
from reconciler.ports import Progress

_OK = 200
_MOST = 1 << 63  # bytes; no disk has as many


def parsed(lines: Iterable[bytes]) -> Iterator[Mapping[str, object]]:
    """Yield each line as the object it holds, empty lines skipped; raises HostRejected for anything else."""
    for line in lines:
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise HostRejected("the stream holds a line that is not JSON", status=_OK) from error
        if not isinstance(value, dict):
            raise HostRejected("the stream holds a line that is not an object", status=_OK)
        yield value


def follow(lines: Iterable[Mapping[str, object]], progress: Progress, expected: int = 0) -> None:
    """Report progress until the end; raises HostRejected unless that end is a success.

    A host counts each layer for itself; we report the sum. `expected` is the size in bytes
    of everything, where it is known beforehand; layers that have not begun are in no line.
    """
    status = ""
    done: dict[str, int] = {}
    total: dict[str, int] = {}
    for line in lines:
        if "error" in line:
            text = str(line["error"])
            raise HostRejected(printable(text) or "an error without a word", status=_OK, hint=hint_for(text))
        status = str(line.get("status", ""))
        layer = str(line.get("digest", ""))
        if layer:
            done[layer], total[layer] = _bytes(line.get("completed")), _bytes(line.get("total"))
        progress(_phase(status), sum(done.values()), max(expected, sum(total.values())))
    if status != "success":
        raise HostRejected("the stream ended without success", status=_OK, hint="the host may have been restarted")


def _phase(status: str) -> str:
    """Return what a host does now, without the digest that `pulling 6f3e…` and `creating new layer sha256:…` name."""
    words = printable(status).split(" ")
    return " ".join(words[:-1]) if words[0] == "pulling" or "sha256:" in words[-1] else " ".join(words)


def _bytes(value: object) -> int:
    """Return a count that a host gives; it leaves out a count of 0, and what can't be one counts for nothing."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < _MOST else 0
