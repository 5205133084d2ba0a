"""Sizes as people write them: `6GiB`, `500MB`."""

_UNITS: dict[str, int] = {"B": 1, **{f"{letter}B": 1000**n for n, letter in enumerate("KMGT", 1)}}
_UNITS.update({f"{letter}iB": 1024**n for n, letter in enumerate("KMGT", 1)})


def size_of(text: str) -> int:
    """Return the bytes that a text means, which its schema has judged."""
    number = text.rstrip("KMGTiB")
    return int(number) * _UNITS[text[len(number) :]]
