"""The table that `ollama list` prints: its names become models to pull. Pure."""

import re
from collections.abc import Iterator

from reconciler.core.diagnostics import Location
from reconciler.core.steps import STAGING_NAMESPACE
from reconciler.manifest.foreign.converted import Converted, Part, converted, left_out, pulled

_ROW = re.compile(r"(?P<name>\S+)\s+(?P<id>[0-9a-f]{12})\s.*")
_MINE = "Where it was made by hand and comes from no hub, `reconciler export` tells what it is made of."


def convert(text: str, file: str) -> Converted:
    """Return a Model for each row; its ID is told in a comment."""
    return converted([*_parts(text, file)])


def _parts(text: str, file: str) -> Iterator[Part]:
    for number, line in enumerate(text.splitlines(), 1):
        where, row = Location(file, number, 1), _ROW.fullmatch(line.strip())
        if row is None:
            if line.strip() and not line.startswith("NAME"):
                yield left_out(where, "this is no row of the table that `ollama list` prints")
        elif not row["name"].lower().startswith(f"{STAGING_NAMESPACE}/"):  # which a killed run of ours has left
            yield pulled(row["name"], where, f"ID {row['id']} when it was listed. {_MINE}")
