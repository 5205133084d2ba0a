"""Whether a host can make and run what is declared, judged by headers and configs alone. Pure.

Hosts take nearly everything and break when a model is first used: a GGUF without tokens ends 0.9.3 itself. So what is
known not to work is an objection, and refuses the change; what may not work is a doubt, and is told beside it.
"""

from collections.abc import Iterator

from reconciler.core.abilities import CONVERTED, TRIED
from reconciler.core.architectures import FIRST, LATER, knows, needed
from reconciler.core.compatibility import judge, no_projector
from reconciler.core.expand import adapts, mixed_up, unfit_adapter
from reconciler.core.found import Found
from reconciler.core.frozen import dataclass
from reconciler.core.state import Desired
from reconciler.core.steps import Create, create_of
from reconciler.core.versions import Feature, older
from reconciler.errors import HostTooOld, ReconcilerError, Unusable

_UPGRADE = "upgrade the host, or select newer ones under `hosts`"
_WHOLE = frozenset({"", "BF16", "F16", "F32"})  # types of weights that are no quantisation, or are not known
_HALF = frozenset({"", "F16"})  # what the version that was tried quantises; whether later ones take more is not known


@dataclass(frozen=True, slots=True)
class Seen:
    """What could be seen of an entry without fetching it; None and empty where nothing could."""

    pulled: Found | None = None  # its config, where it is pulled
    weights: Found | None = None  # the header of the GGUF that it is made from
    projectors: tuple[Found, ...] = ()  # the headers of the GGUFs beside that one
    ground: Found | None = None  # of a build: the header or config of what the lowest of its bases is made from

    @property
    def header(self) -> Found | None:
        """Return what the header of its own weights says, or of those that it is built on."""
        return self.weights or (self.ground if self.ground is not None and self.ground.type == "gguf" else None)


def objections(entry: Desired, version: str, seen: Seen) -> Iterator[ReconcilerError]:
    """Yield why a host of this version can't make or run an entry, the first first."""
    yield from _too_old(entry, version)
    if seen.pulled is not None:
        yield from _unfit_pull(seen.pulled, version)
    if seen.weights is not None:
        yield from _unfit_weights(entry, seen.weights, version)
    for item in seen.projectors:
        if item.holds != "projector":
            message, hint = no_projector(item.name, item.holds, item.architecture)
            yield Unusable(message, hint=hint)
    yield from _unfit_adapter(entry, seen.weights or seen.ground or seen.pulled)
    header = seen.header
    if header is not None and header.embeds and entry.test is not None and entry.test.dimensions is None:
        message = f"{header.name} makes embeddings and answers no prompt, which its test asks for"
        yield Unusable(message, hint="test it by `embedding: {dimensions: …}`")


def doubts(entry: Desired, version: str, seen: Seen) -> tuple[str, ...]:
    """Return what may not work on a host of this version, or not as somebody may think, sorted."""
    found = [_needs(item, version) for item in (seen.pulled, seen.weights) if item and not _known(item, version)]
    create, header = create_of(entry.steps), seen.header
    if header is not None:
        found += _overreach(entry, header)
    if create is not None and seen.weights is not None and not seen.weights.chat_template and _untold(create):
        found.append(f"{seen.weights.name} brings no chat template: declare `template:` to chat with it")
    return tuple(sorted(found))


def _too_old(entry: Desired, version: str) -> Iterator[HostTooOld]:
    """Yield the error for a host that can't convert what is declared, or would drop a part of it without a word."""
    since = CONVERTED.get(str(dict(entry.provenance).get("class")), TRIED)
    if since != TRIED and older(version, since):
        yield HostTooOld(f"{entry.reference} needs Ollama {since}, and the host has {version}", hint=_UPGRADE)
    create, wanted = create_of(entry.steps), Feature.RENDERERS
    if create is not None and (create.renderer or create.parser) and older(version, wanted.since):
        yield HostTooOld(f"{wanted.title} need Ollama {wanted.since}, and the host has {version}", hint=_UPGRADE)


def _unfit_pull(config: Found, version: str) -> Iterator[HostTooOld]:
    """Yield what a config asks for and the host lacks; a family that nobody has heard of may be no architecture."""
    if config.requires and older(version, config.requires):
        message = f"{config.asked} asks for Ollama {config.requires}, and the host has {version}"
        yield HostTooOld(message, hint=_UPGRADE)
    if config.architecture in FIRST | dict.fromkeys(LATER) and knows(config.architecture, version) is False:
        yield HostTooOld(_needs(config, version), hint=_UPGRADE)


def _unfit_weights(entry: Desired, header: Found, version: str) -> Iterator[ReconcilerError]:
    """Yield why a GGUF is no model that a host of this version could make and run."""
    verdict = judge(header)
    if not verdict.good:
        yield Unusable(verdict.message, hint=verdict.advice[0])
    elif header.holds != "model":
        message, hint = mixed_up(header.name, header.holds, "model")
        yield Unusable(message, hint=hint)
    elif knows(header.architecture, version) is False:
        yield HostTooOld(_needs(header, version), hint=_UPGRADE)
    create, quantisable = create_of(entry.steps), _HALF if version == TRIED else _WHOLE
    if create is not None and create.quantize is not None and header.quantization not in quantisable:
        message = f"{header.name} holds {header.quantization}, which the host can't quantise"
        yield Unusable(message, hint="remove `quantize:`, or choose the F16 file of the same model")


def _unfit_adapter(entry: Desired, below: Found | None) -> Iterator[Unusable]:
    """Yield why an adapter does not fit what it is laid over."""
    create = create_of(entry.steps)
    if create is None or not create.adapters or below is None or not below.architecture:
        return
    fitting = adapts(create.adapters, entry.provenance)
    if fitting and below.architecture not in fitting:
        base = entry.base.model if entry.base is not None else None
        message, hint = unfit_adapter(create.adapters[0][0], fitting, base, below.architecture)
        yield Unusable(message, hint=hint)


def _overreach(entry: Desired, header: Found) -> Iterator[str]:
    """Yield where more is asked of a model than it was made for."""
    create, trained = create_of(entry.steps), header.context_length
    tokens = dict(create.parameters).get("num_ctx") if create is not None else None
    if isinstance(tokens, int | float) and 0 < trained < tokens:
        yield f"num_ctx is {tokens}, and {header.name} was trained on {trained} tokens"
    if entry.test is not None and entry.test.dimensions is not None and not header.embeds:
        yield f"{header.name} was not made for embeddings, which its test asks for: it names no pooling"


def _known(item: Found, version: str) -> bool:
    return not item.architecture or knows(item.architecture, version) is True


def _needs(item: Found, version: str) -> str:
    what = f"{item.name} is of the architecture {item.architecture}"
    return f"{what}: that needs {needed(item.architecture)}, and the host has {version}"


def _untold(create: Create) -> bool:
    return create.template is None and create.renderer is None
