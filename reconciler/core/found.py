"""What could be learnt of a model without its weights: from headers, listings and what a hub says about it."""

import re
from enum import StrEnum

from reconciler.core.abilities import PREFERRED
from reconciler.core.frozen import dataclass

_F16 = re.compile(r"(?<!b)f16", re.IGNORECASE)


class Format(StrEnum):
    """How the weights are written."""

    GGUF = "gguf"
    SAFETENSORS = "safetensors"
    PICKLE = "pickle"
    NONE = "none"  # there are none


@dataclass(frozen=True, slots=True)
class Variant:
    """One set of weights that can be chosen."""

    name: str  # the file, of several the first
    size: int  # bytes, of all its files
    quantization: str = ""  # absent where nothing tells it
    parts: int = 1  # files
    obstacle: str = ""  # why this version can't take it


@dataclass(frozen=True, slots=True)
class Alternative:
    """A repo with GGUF files that may hold the same model."""

    repo: str
    downloads: int
    derived: bool  # it says itself that it is made from what was asked for


@dataclass(frozen=True, slots=True)
class Found:
    """What could be learnt of a model without its weights; empty and 0 where it is not known."""

    asked: str  # as it was asked for
    type: str  # of the source in a manifest: huggingface, ollama, gguf
    options: tuple[tuple[str, str | bool], ...]  # of that source, without the choice of a file
    format: Format = Format.GGUF
    holds: str = "model"  # model, adapter, projector, or another `general.type`
    architecture: str = ""  # GGUF: its own name; safetensors: the class in config.json
    parameters: int = 0
    context_length: int = 0  # tokens
    quantization: str = ""  # of what was looked into; of safetensors the type of most tensors
    size: int = 0  # bytes
    variants: tuple[Variant, ...] = ()
    projectors: tuple[str, ...] = ()  # files beside the model
    license: str = ""
    access: str = ""  # gated or private; empty for what everybody may read
    chat_template: bool = True
    embeds: bool = False  # it makes embeddings, and answers no prompt
    tokenizer: bool = True
    trained_on: str = ""  # of an adapter
    requires: str = ""  # the version of Ollama that it asks for
    trouble: tuple[str, str] = ("", "")  # what makes it unusable, and what to do
    denied: tuple[str, str] = ("", "")  # why its files may not be read, and what to do
    unread: str = ""  # why no header could be read, where only that is not known
    alternatives: tuple[Alternative, ...] = ()

    @property
    def chosen(self) -> Variant | None:
        """Return the variant to recommend, or None where none can be taken."""
        usable = [item for item in self.variants if not item.obstacle]
        return min(usable, key=_preference, default=None)

    @property
    def projector(self) -> str:
        """Return the projector to recommend, F16 before others, or nothing where there is none."""
        return min(self.projectors, key=lambda path: (not _F16.search(path), path), default="")

    @property
    def name(self) -> str:
        """Return what messages call it: the file that was looked into, or what was asked for."""
        return (self.chosen or (*self.variants, Variant(self.asked, 0))[0]).name


def _preference(item: Variant) -> tuple[int, int, str]:
    """Return what sorts the best first: the preferred quantisation, then the smaller file."""
    place = PREFERRED.index(item.quantization) if item.quantization in PREFERRED else len(PREFERRED)
    return place, item.size, item.name
