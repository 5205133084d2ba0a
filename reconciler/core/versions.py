"""What depends on a host's version, as one table: what Ollama learnt to do, and the first release that does it. Pure.

0.9.3 was tried; the later releases are known from the history of Ollama's source.
"""

import re
from enum import Enum

Version = tuple[int, int, int, int]

_VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})(?:\.(\d{1,9})(.*))?")


class Feature(Enum):
    """A row of the table: what people call it, and the first release that has it."""

    RENDERERS = ("`renderer` and `parser`", "0.12.0")  # before it, hosts drop them without a word
    STREAM_STOPS_AT_ERRORS = ("an end to the stream after an error", "0.12.6")  # before it, a create goes on
    SPLIT_MERGED = ("the parts of a split GGUF, merged by the host", "0.30.0")  # before it, the last part is the model
    GGUF_REWRITTEN = ("a second copy of an imported GGUF", "0.30.0")  # which is what the model stands on

    def __init__(self, title: str, since: str) -> None:
        self.title, self.since = title, since


def version_tuple(text: str) -> Version:
    """Return a version that compares: major, minor, patch, and 1 for a release or 0 for what has a suffix.

    What cannot be read is older than everything, and so is the 0.0.0 of a development build.
    """
    found = _VERSION.fullmatch(text.strip())
    if found is None:
        return (0, 0, 0, 0)
    return (int(found[1]), int(found[2]), int(found[3] or 0), 0 if found[4] else 1)


def has(version: str, feature: Feature) -> bool:
    """Tell whether a host of this version surely has a feature; in doubt it has not."""
    return version_tuple(version) >= version_tuple(feature.since)


def older(version: str, since: str) -> bool:
    """Tell whether a version is surely older than a release; in doubt it is not.

    Doubtful are a pre-release of that very release, a development build, and what can't be read.
    """
    numbers = version_tuple(version)[:3]
    return any(numbers) and numbers < version_tuple(since)[:3]
