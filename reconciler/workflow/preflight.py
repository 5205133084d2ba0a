"""Preflight: what can be known not to work before a byte moves.

Only what has to be brought to a host is looked at, so a plan in which nothing changes asks nothing more; and only
what is known not to work is refused.
"""

from collections.abc import Iterable, Iterator, Mapping

from reconciler.core.abilities import CONVERTED, TRIED
from reconciler.core.compatibility import judge
from reconciler.core.digest import Digest
from reconciler.core.expand import mixed_up
from reconciler.core.found import Found
from reconciler.core.names import Address, HostName
from reconciler.core.routes import layers_of
from reconciler.core.state import Desired
from reconciler.core.steps import Blob, Upload, create_of, pull_of
from reconciler.core.versions import Feature, older
from reconciler.errors import HostTooOld, ReconcilerError, Unusable
from reconciler.ports import Sources
from reconciler.workflow.fleet import Fleet

_UPGRADE = "upgrade the host, or select newer ones under `hosts`"
_WHOLE = frozenset({"", "BF16", "F16", "F32"})  # types of weights that are no quantisation, or are not known
_HALF = frozenset({"", "F16"})  # what the version that was tried quantises; whether later ones take more is not known

Looks = Mapping[Blob, Found | ReconcilerError | None]


def refusals(
    away: Iterable[Desired], versions: Mapping[HostName, str], sources: Sources, fleet: Fleet
) -> dict[Address, ReconcilerError]:
    """Return, for all that hosts of these `versions` can't make, why; each blob is looked into once."""
    wanted = {entry: versions[entry.address.host] for entry in away}
    blobs = dict.fromkeys(blob for entry in wanted if (blob := _look_at(entry)) is not None)
    looks = dict(fleet.each(lambda blob: sources(blob.source).examine(blob), blobs))
    found: dict[Address, ReconcilerError] = {}
    for entry, version in wanted.items():
        for error in (*_too_old(entry, version), *_unfit(entry, version, looks)):
            found.setdefault(entry.address, error)
    return found


def _look_at(entry: Desired) -> Blob | None:
    """Return what is worth a look: the config of what is pulled, the weights of what is imported; None for a build."""
    pull, create = pull_of(entry.steps), create_of(entry.steps)
    if pull is not None:
        return None if entry.unchecked else layers_of(pull, entry.source)[0]
    weights = {digest for _, digest in create.files[:1]} if create is not None else set[Digest]()
    uploads = (step.blob for step in entry.steps if isinstance(step, Upload))
    return next((blob for blob in uploads if blob.digest in weights), None)


def _too_old(entry: Desired, version: str) -> Iterator[HostTooOld]:
    """Yield the error for a host that can't convert what is declared, or would drop a part of it without a word."""
    since = CONVERTED.get(str(dict(entry.provenance).get("class")), TRIED)
    if since != TRIED and older(version, since):
        yield HostTooOld(f"{entry.reference} needs Ollama {since}, and the host has {version}", hint=_UPGRADE)
    create, needed = create_of(entry.steps), Feature.RENDERERS
    if create is not None and (create.renderer or create.parser) and older(version, needed.since):
        yield HostTooOld(f"{needed.title} need Ollama {needed.since}, and the host has {version}", hint=_UPGRADE)


def _unfit(entry: Desired, version: str, looks: Looks) -> Iterator[ReconcilerError]:
    """Yield why what was looked at can't be used, or not by a host of this version."""
    blob, create = _look_at(entry), create_of(entry.steps)
    found = looks[blob] if blob is not None else None
    if isinstance(found, ReconcilerError):
        yield found
    elif found is not None and pull_of(entry.steps) is not None:
        if found.requires and older(version, found.requires):
            message = f"{found.asked} asks for Ollama {found.requires}, and the host has {version}"
            yield HostTooOld(message, hint=_UPGRADE)
    elif found is not None:
        yield from _no_model(found)
        quantisable = _HALF if version == TRIED else _WHOLE
        if create is not None and create.quantize is not None and found.quantization not in quantisable:
            message = f"{found.name} holds {found.quantization}, which the host can't quantise"
            yield Unusable(message, hint="remove `quantize:`, or choose the F16 file of the same model")


def _no_model(found: Found) -> Iterator[Unusable]:
    """Yield why a file is no model that could run: a host accepts most of that, and breaks later."""
    verdict = judge(found)
    if not verdict.good:
        yield Unusable(verdict.message, hint=verdict.advice[0])
    elif found.holds != "model":
        message, hint = mixed_up(found.name, found.holds, "model")
        yield Unusable(message, hint=hint)
