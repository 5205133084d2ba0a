"""`reconciler export --modelfile`: the Modelfile that a declared model equals."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.cli.naming import declared
from reconciler.cli.settings import Settings
from reconciler.cli.wiring import locked, open_sources, read
from reconciler.core.chain import choose, none_taken
from reconciler.core.modelfile import modelfile
from reconciler.core.resolution import Pinned
from reconciler.core.resource import Resource, SourceRef
from reconciler.core.steps import Blob, converted
from reconciler.errors import ResolutionError
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.resolve import Locking, Pins, resolve


def modelfile_of(name: str, manifests: Sequence[Path], settings: Settings) -> str:
    """Return the Modelfile that a declared model equals; asks hubs and no host.

    Raises click.BadParameter for a name that is not declared, Unusable for a text that no Modelfile can hold.
    """
    resources = read(manifests, settings).manifests.resources
    known = {item.name: item for item in resources}
    item = known[declared(name, known, "--modelfile")]
    with Fleet(len(item.chains) or 1) as fleet:
        pins = resolve([item], Locking(locked(manifests)), open_sources(settings), fleet)
    return _written(item, pins)


def _written(item: Resource, pins: Pins) -> str:
    start = (str(item.base),) if item.base is not None else _places(item.sources, pins)
    adapters = _places((item.adapter,), pins) if item.adapter is not None else ()
    notes = [*_notes(item, pins)]
    return modelfile(start, adapters, item.overlay, notes)


def _places(chain: Sequence[SourceRef], pins: Pins) -> tuple[str, ...]:
    """Return the name to pull, the folder, or the paths of model and projector."""
    _, pinned = _taken(chain, pins)
    if pinned.pull is not None:
        return (str(pinned.pull.name),)
    if converted(pinned.files):
        return (dict(pinned.files[0][1].locator).get("folder", "."),)
    return tuple(dict(blob.locator).get("path", f"./{name}") for name, blob in pinned.files)


def _notes(item: Resource, pins: Pins) -> Iterator[str]:
    for chain in item.chains:
        ref, pinned = _taken(chain, pins)
        for name, blob in pinned.files:
            made = "merged from these with `llama-gguf-split --merge`:" if blob.parts else str(blob.digest)
            yield f"{name} is {ref.type} {pinned.reference}, {made}"
            yield from (f"  {_file(part)}, {part.digest}" for part in blob.parts)
    if item.overlay.quantize is not None:
        yield f"to be made with `ollama create --quantize {item.overlay.quantize}`"


def _file(part: Blob) -> str:
    where = dict(part.locator)
    return where.get("path") or where["file"]


def _taken(chain: Sequence[SourceRef], pins: Pins) -> tuple[SourceRef, Pinned]:
    """Return the source that is taken, and what it means; raises ResolutionError where there is none."""
    ref = choose(chain, pins).taken
    found = pins[ref] if ref is not None else None
    if ref is None or not isinstance(found, Pinned):
        message, hint = none_taken(chain, pins)
        raise ResolutionError(message, hint=hint)
    return ref, found
