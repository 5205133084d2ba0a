"""Digests (of content, as hosts and hubs report it) and fingerprints (of things of ours)."""

import hashlib
import json
import re
from typing import NewType

from reconciler.core.frozen import dataclass

Fingerprint = NewType("Fingerprint", str)

_HEX = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True, order=True)
class Digest:
    """A sha256 of content."""

    hex: str  # 64 lower-case hexadecimal digits

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """Return the digest written as `sha256:…`, `sha256-…` or bare hexadecimal; raises ValueError otherwise."""
        bare = text.strip().lower().removeprefix("sha256:").removeprefix("sha256-")
        if not _HEX.fullmatch(bare):
            raise ValueError("a sha256 is 64 hexadecimal digits")
        return cls(bare)

    @classmethod
    def of(cls, content: bytes) -> "Digest":
        """Return the digest of these bytes."""
        return cls(hashlib.sha256(content).hexdigest())

    @property
    def short(self) -> str:
        """Return the first 12 digits, as Ollama prints them."""
        return self.hex[:12]

    def __str__(self) -> str:
        """Return `sha256:…`, the form that Ollama's blob calls want."""
        return f"sha256:{self.hex}"


def canonical(value: object) -> str:
    """Return `value` as JSON, keys sorted and no spaces, so that equal values give equal text; raises TypeError."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def fingerprint(value: object) -> Fingerprint:
    """Return the sha256 (hexadecimal) of the canonical JSON of `value`."""
    return Fingerprint(hashlib.sha256(canonical(value).encode("utf-8", "surrogatepass")).hexdigest())
