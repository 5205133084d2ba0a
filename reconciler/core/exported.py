"""A live model as the entry that declares exactly it, so that a plan finds it in sync. Pure.

What is preferred is what can be had again: a name on a hub, then a build on another model, and last the blobs that the
host holds. Each is chosen only where it comes to what the host shows, field by field; in doubt it is the blobs.
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import cast

from reconciler.core.diagnostics import Location
from reconciler.core.facts import Fact, Facts, facts, same
from reconciler.core.frozen import dataclass
from reconciler.core.names import ModelName
from reconciler.core.resolution import Pinned, Unpinned
from reconciler.core.resource import Kind, Overlay, Resource, SourceRef
from reconciler.core.state import Live

_PARAMETERS = "parameters."
_REPLACED = ("messages", "parser", "renderer", "system", "template")  # inherited until another one is given
_STOPS = "parameters.stop"  # a list, which a manifest can declare to be empty
_NOT_GGUF = "it has no weights that the host names: it runs elsewhere, or is no GGUF"


class How(StrEnum):
    """What a model is declared by."""

    RECORD = "record"
    HUB = "hub"
    BUILD = "build"
    BLOBS = "blobs"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Asked:
    """A name on a hub, and what it means there now."""

    ref: SourceRef
    answer: Pinned | Unpinned

    def offers(self, live: Live) -> bool:
        """Tell whether a pull of it would be what is live."""
        return isinstance(self.answer, Pinned) and live.digest in self.answer.foretold


@dataclass(frozen=True, slots=True)
class Known:
    """One model of a host, with what was found out about it."""

    live: Live  # with facts, but where they are not needed or the host can't show them
    own: Asked  # what its own name means on its hub
    parent: ModelName | None = None  # what it says it was built on
    above: Asked | None = None  # what its parent's name means; absent where that is on the host
    below: Facts | None = None  # what its parent consists of, on the host or on its hub
    trouble: str = ""  # why the host can't show it


@dataclass(frozen=True, slots=True)
class Exported:
    """One model, and what declares it."""

    name: ModelName
    how: How
    resource: Resource | None = None  # absent where nothing can
    notes: tuple[str, ...] = ()  # for people
    unasked: str = ""  # why its hub, on which it may well be, could not be asked


def exported(
    models: Sequence[Known], twins: Mapping[ModelName, Asked], where: Location, known: Sequence[Exported] = ()
) -> tuple[Exported, ...]:
    """Return what declares each model, sorted by name, those of which it is `known` among them.

    `twins` are, for models with the content of another one on the host, what that one's name means on its hub.
    """
    ordered = sorted(models, key=lambda model: model.live.address.model)
    standing = {item.name: item.resource for item in known if item.resource is not None}
    builds = {model.live.address.model: made for model in ordered if (made := _build(model, twins, where)) is not None}
    for name in sorted(builds):
        if name in _chain(name, standing | builds):  # a circle of bases: one of them has to stand on its own
            del builds[name]
    others = (_exported(model, twins, builds, where) for model in ordered)
    return tuple(sorted((*others, *known), key=lambda item: item.name))


def _exported(
    model: Known, twins: Mapping[ModelName, Asked], builds: Mapping[ModelName, Resource], where: Location
) -> Exported:
    name, live = model.live.address.model, model.live
    twin = twins.get(name)
    if model.own.offers(live):
        return Exported(name, How.HUB, Resource(Kind.MODEL, name, where, (model.own.ref,)))
    if twin is not None and twin.offers(live):
        note = f"The content of {dict(twin.ref.options)['name']}, under another name."
        return Exported(name, How.HUB, Resource(Kind.MODEL, name, where, (twin.ref,)), (note,))
    if name in builds:
        return Exported(name, How.BUILD, builds[name])
    return _laid_over_a_pull(model, where) or _of_blobs(model, where)


def _build(model: Known, twins: Mapping[ModelName, Asked], where: Location) -> Resource | None:
    """Return the build on another model of the host that a model is; None where it is none, or can be pulled."""
    name, base = model.live.address.model, model.parent
    pulls = (model.own, *filter(None, (twins.get(name),)))
    if base in (None, name) or model.above is not None or any(asked.offers(model.live) for asked in pulls):
        return None
    laid = _laid(model.below, model.live.facts)
    if laid is None:
        return None
    overlay, adapter = laid
    return Resource(
        Kind.FINE_TUNE, name, where, base=base, base_location=where, adapter=_adapter(adapter, where), overlay=overlay
    )


def _chain(name: ModelName, builds: Mapping[ModelName, Resource]) -> set[ModelName]:
    """Return everything that a build stands on, as far as that is built too."""
    found: set[ModelName] = set()
    below = builds[name].base
    while below is not None and below not in found:
        found.add(below)
        below = builds[below].base if below in builds else None
    return found


def _laid_over_a_pull(model: Known, where: Location) -> Exported | None:
    """Return the model as fields over what its parent means on its hub, where the parent itself is not on the host.

    With no field at all it would be a pull, and those are known by their digest alone.
    """
    name, above = model.live.address.model, model.above
    laid = _laid(model.below, model.live.facts)
    if above is None or laid is None or model.parent == name:
        return None
    overlay, adapter = laid
    if overlay.empty and not adapter:
        return None
    item = Resource(Kind.MODEL, name, where, (above.ref,), adapter=_adapter(adapter, where), overlay=overlay)
    return Exported(name, How.HUB, item, (f"Built on {model.parent}, which is not on the host itself.",))


def _of_blobs(model: Known, where: Location) -> Exported:
    """Return the model as the blobs that its host holds, or why that can't be declared either."""
    name, shown = model.live.address.model, dict(model.live.facts or ())
    weights, projectors = shown.get("weights"), _texts(shown.get("projectors"))
    laid = _overlaid({}, shown)
    if model.live.facts is None or not isinstance(weights, str):
        return Exported(name, How.NOTHING, notes=(model.trouble or _NOT_GGUF,))
    if laid is None or len(projectors) > 1:
        several = f"{len(projectors)} projectors and {len(_texts(shown.get('adapters')))} adapters"
        return Exported(name, How.NOTHING, notes=(f"it has {several}, and a manifest can declare one of each",))
    overlay, adapter = laid
    options = (*(("mmproj", digest) for digest in projectors), ("sha256", weights))
    item = Resource(
        Kind.MODEL,
        name,
        where,
        (SourceRef("blob", options, where),),
        adapter=_adapter(adapter, where),
        overlay=overlay,
    )
    answer = model.own.answer
    unasked = answer.message if isinstance(answer, Unpinned) and answer.retryable else ""
    notes = (_unknown(model), "Where you know the origin of the blob, put it here.")
    return Exported(name, How.BLOBS, item, notes, unasked)


def _unknown(model: Known) -> str:
    """Return why it is not known where the weights of a model come from."""
    name, answer = model.live.address.model, model.own.answer
    if isinstance(answer, Pinned):
        now = f"{name} means something else on its hub now"
        return f"{now}; `source: {{ollama: {name}}}` follows it, and the host holds what it meant before."
    if answer.retryable:
        return f"Its hub could not be asked ({answer.message}), so only this host can make it again."
    return f"No hub has {name}, so only this host can make it again, as long as it holds the blob."


def _laid(below: Facts | None, shown: Facts | None) -> tuple[Overlay, str] | None:
    """Return the fields and the adapter by which a model differs from what it is built on; None where it can't be."""
    if below is None or shown is None:
        return None
    old, new = ({path: value for path, value in found if value not in {(), ""}} for found in (below, shown))
    if "weights" not in old or any(old.get(path) != new.get(path) for path in ("weights", "projectors")):
        return None
    return _overlaid(old, new)


def _overlaid(old: Mapping[str, Fact], new: Mapping[str, Fact]) -> tuple[Overlay, str] | None:
    """Return what has to be laid over `old` so that it shows `new`; None where nothing does that.

    What is inherited can be replaced and not taken away, but for stops; licences and adapters are added.
    """
    new = {_STOPS: (), **new} if _STOPS in old else new
    adapters, before = _texts(new.get("adapters")), _texts(old.get("adapters"))
    licences = _added(old.get("license"), new.get("license"))
    lost = {path for path in old if path in _REPLACED or path.startswith(_PARAMETERS)} - new.keys()
    if lost or licences is None or adapters[: len(before)] != before or len(adapters) > len(before) + 1:
        return None
    fresh = {path: value for path, value in new.items() if path not in old or not same(old[path], value)}
    parameters = {path.removeprefix(_PARAMETERS): v for path, v in fresh.items() if path.startswith(_PARAMETERS)}
    texts = {path: value for path, value in fresh.items() if isinstance(value, str)}
    overlay = Overlay(
        system=texts.get("system"),
        template=texts.get("template"),
        parameters=facts(parameters),
        messages=cast("tuple[tuple[str, str], ...]", fresh.get("messages", ())),
        license=licences,
        renderer=texts.get("renderer"),
        parser=texts.get("parser"),
    )
    return overlay, "".join(adapters[len(before) :])


def _added(old: Fact, new: Fact) -> tuple[str, ...] | None:
    """Return the licences that were added, as one; None where others were there before."""
    before, after = old if isinstance(old, str) else "", new if isinstance(new, str) else ""
    if before == after:
        return ()
    if not before:
        return (after,)
    return (after.removeprefix(f"{before}\n"),) if after.startswith(f"{before}\n") else None


def _adapter(digest: str, where: Location) -> SourceRef | None:
    return SourceRef("blob", (("sha256", digest),), where, "adapter") if digest else None


def _texts(value: Fact) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()
