"""Names: of models, of hosts, and the address that joins the two.

Ollama compares model names without regard to case (and breaks when two differ
only by case), so equality here does the same while the spelling is kept.
The grammar is Ollama's own, as found by experiment on 0.9.3.
"""

import re
from dataclasses import field
from typing import NewType

from reconciler.core.frozen import dataclass

DEFAULT_HUB = "registry.ollama.ai"
DEFAULT_NAMESPACE = "library"
DEFAULT_TAG = "latest"

HostName = NewType("HostName", str)

_PARTS = {
    "hub": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]{0,349}"),
    "namespace": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_-]{0,79}"),
    "model": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"),
    "tag": re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,79}"),
}
_HOST_NAME = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?")


@dataclass(frozen=True, slots=True, order=True)
class ModelName:
    """A model's full name; two that differ only by case are equal."""

    key: str = field(init=False, repr=False)  # the lower-case full name: the only field that compares
    hub: str = field(compare=False)
    namespace: str = field(compare=False)
    model: str = field(compare=False)
    tag: str = field(compare=False)

    def __post_init__(self) -> None:
        """Derive the comparing key."""
        full = f"{self.hub}/{self.namespace}/{self.model}:{self.tag}"
        object.__setattr__(self, "key", full.lower())

    @classmethod
    def parse(cls, text: str) -> "ModelName":
        """Return the name that Ollama would understand; raises ValueError with the reason for what it would not."""
        if "@" in text:
            raise ValueError("a digest can't be part of a name; pin it in the lock instead")
        path, tag = _split_tag(text.removeprefix("https://").removeprefix("http://"))
        parts = path.split("/")
        if len(parts) > 3:
            raise ValueError("more than hub/namespace/model")
        model = parts[-1]
        namespace = parts[-2] if len(parts) > 1 else DEFAULT_NAMESPACE
        hub = parts[0] if len(parts) == 3 else DEFAULT_HUB
        for part, value in (("hub", hub), ("namespace", namespace), ("model", model), ("tag", tag)):
            if not _PARTS[part].fullmatch(value):
                raise ValueError(f"{part} {value!r} is not allowed" if value else f"the {part} is empty")
        return cls(hub=hub, namespace=namespace, model=model, tag=tag)

    @property
    def reserved(self) -> bool:
        """Tell whether newer servers route this tag elsewhere (cloud models)."""
        tag = self.tag.lower()
        return tag in {"cloud", "local"} or tag.endswith("-cloud")

    def __str__(self) -> str:
        """Return the name as `ollama list` prints it: defaults hidden, the tag always shown."""
        shown = f"{self.model}:{self.tag}"
        if self.hub.lower() != DEFAULT_HUB:
            return f"{self.hub}/{self.namespace}/{shown}"
        return shown if self.namespace.lower() == DEFAULT_NAMESPACE else f"{self.namespace}/{shown}"


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """The identity of everything planned and recorded: one model on one host."""

    host: HostName
    model: ModelName

    def __str__(self) -> str:
        """Return `host/model`."""
        return f"{self.host}/{self.model}"


def host_name(text: str) -> HostName:
    """Return `text` as a host's name; raises ValueError for one that could not stand in an address."""
    if not _HOST_NAME.fullmatch(text):
        raise ValueError("a host's name is letters, digits, '.', '_' and '-', at most 63, alphanumeric at both ends")
    return HostName(text)


def _split_tag(text: str) -> tuple[str, str]:
    """Split at the colon that stands after the last slash; a hub's port is not a tag."""
    head, colon, last = text.rpartition(":")
    if not colon or "/" in last:
        return text, DEFAULT_TAG
    return head, last
