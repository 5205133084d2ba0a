"""Disk: what hosts hold, and what a plan adds to it, as far as that can be known without reading their disks. Pure."""

from collections.abc import Iterable, Mapping, Sequence

from reconciler.core.change import Action, Change
from reconciler.core.digest import Digest
from reconciler.core.names import Address
from reconciler.core.resource import HostSpec
from reconciler.core.safety import Budget
from reconciler.core.state import Live, LiveState, Observed, Recorded, RecordedState
from reconciler.core.steps import converted, create_of, needed_blobs, projectors_of, uploads_of
from reconciler.core.versions import Feature, has

_REMADE = frozenset({"weights", "quantize"})  # paths of facts: where neither differs, the second copy is there


def budgets(hosts: Iterable[HostSpec], live: LiveState, recorded: RecordedState) -> tuple[Budget, ...]:
    """Return the budget of each observed host that has one, and what the host holds now."""
    declared = {spec.name: spec.storage_budget for spec in hosts}
    records = recorded.by_address
    return tuple(
        Budget(host.host, limit, _held(host, records))
        for host in live.observed
        if (limit := declared.get(host.host)) is not None
    )


def rewritten(change: Change, version: str) -> dict[Digest, int]:
    """Return the files, with their bytes, of which a host of this version writes a second copy for the model.

    That is what it converts, about as large, or rewrites; never a projector.
    """
    create = create_of(change.steps)
    if create is None:
        return {}
    written = converted(create.files) or (create.quantize is None and has(version, Feature.GGUF_REWRITTEN))
    if not written:
        return {}
    differs = {field.path for field in (*change.fields, *change.drift)}
    if change.action is not Action.CREATE and not _REMADE & differs:
        return {}
    sizes = {blob.digest: blob.size for blob in uploads_of(change.steps)}
    beside = {digest for _, digest in projectors_of(create.files)}
    return {digest: sizes[digest] for _, digest in create.files if digest not in beside}


def freed(changes: Sequence[Change], live: LiveState, recorded: RecordedState) -> dict[Address, int]:
    """Return the bytes that each delete frees on its host, one after the other.

    Those are none of the weights that a model which stays, or a file that another change needs, is known to have.
    """
    deletes = [change.address for change in changes if change.action is Action.DELETE]
    hosts, records, found = {address.host for address in deletes}, recorded.by_address, dict[Address, int]()
    for host in (host for host in live.observed if host.host in hosts):
        there = {model.digest: model for model in host.models}
        stand = {model.address: _weights(model, there, records) for model in host.models}
        sizes: dict[str, list[int]] = {}  # of what stands on the same weights
        for model in host.models:
            sizes.setdefault(stand[model.address], []).append(model.size)
        for change in changes:
            if change.address.host == host.host:
                for digest, size in needed_blobs(change.steps).items():
                    sizes.setdefault(str(digest), []).append(size)
        for address in (address for address in deletes if address.host == host.host):
            shared = sizes[stand[address]]
            before = max(shared)
            shared.remove(live.models[address].size)
            found[address] = before - max(shared, default=0)
    return found


def _held(host: Observed, records: Mapping[Address, Recorded]) -> int:
    """Return the bytes of a host's models, those known to stand on the same weights counted once.

    A host tells the size of each model as a whole; which layers two of them share, only their facts and our records
    tell, so what nobody has looked at counts whole.
    """
    there = {model.digest: model for model in host.models}
    largest: dict[str, int] = {}
    for model in host.models:
        weights = _weights(model, there, records)
        largest[weights] = max(model.size, largest.get(weights, 0))
    return sum(largest.values())


def _weights(model: Live, there: Mapping[Digest, Live], records: Mapping[Address, Recorded]) -> str:
    """Return what identifies the weights of a model: their digest, or that of the lowest model known to have them."""
    seen: set[Digest] = set()
    while model.digest not in seen:
        seen.add(model.digest)
        record = records.get(model.address)
        ours = record is not None and record.digest == model.digest
        base = there.get(record.base_digest) if record is not None and ours and record.base_digest else None
        if base is not None:
            model = base
            continue
        shown = model.facts or (record.facts if record is not None and ours else ())
        return str(dict(shown).get("weights", model.digest))
    return str(model.digest)
