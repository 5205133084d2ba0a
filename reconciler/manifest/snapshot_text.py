"""The text of a snapshot: JSON, as its schema describes it, with every finding at its place. Pure."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TypeVar, cast

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.core.digest import Digest
from reconciler.core.facts import Facts, facts, freeze
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.snapshot import Sight, Snapshot
from reconciler.core.state import Live, Observed, Recorded, RecordedState, Unobserved
from reconciler.manifest.folder import Folder
from reconciler.manifest.json_tree import JsonObject, Places, parsed, tree
from reconciler.manifest.rules import Rule, finding
from reconciler.manifest.schema import judge
from reconciler.manifest.tree import Node

VERSION = 1
KIND = "snapshot"  # the name of its schema

ReadRecord = Callable[[str], Recorded]
WriteRecord = Callable[[Recorded], str]
Made = TypeVar("Made")
Data = Mapping[str, object]

_ANEW = "`reconciler status --snapshot FILE` takes a new one"
_FACTS = ("content", "provenance", "facts")  # of a record


def written(snapshot: Snapshot, record_text: WriteRecord) -> str:
    """Return the text of a snapshot; `record_text` gives a record as our registry keeps it."""
    seen = [_seen(sight, sight.host) for sight in snapshot.sights if isinstance(sight.host, Observed)]
    unseen = [_unseen(sight, sight.host) for sight in snapshot.sights if isinstance(sight.host, Unobserved)]
    recorded = snapshot.recorded
    registry = {
        "lineage": recorded.lineage,
        "serial": recorded.serial,
        "records": [_open(json.loads(record_text(record))) for record in recorded.records],
    }
    body = {"snapshot_version": VERSION, "hosts": seen, "unobserved": unseen, "registry": registry}
    return json.dumps(body, indent=2) + "\n"


def _seen(sight: Sight, host: Observed) -> dict[str, object]:
    return {
        **_place(sight),
        "version": host.version,
        **({"callback": sight.callback} if sight.callback else {}),
        "models": [_model(live) for live in host.models],
        "loaded": [str(name) for name in sight.loaded],
        "blobs": {str(digest): there for digest, there in sight.blobs},
    }


def _unseen(sight: Sight, host: Unobserved) -> dict[str, object]:
    return {**_place(sight), "message": host.message, "hint": host.hint}


def _place(sight: Sight) -> dict[str, object]:
    return {"name": sight.host.host, "url": sight.host.url, "taken_at": sight.taken_at}


def _model(live: Live) -> dict[str, object]:
    shown = {} if live.facts is None else {"facts": dict(live.facts)}
    return {"name": str(live.address.model), "digest": str(live.digest), "size": live.size, **shown}


def _open(record: dict[str, object]) -> dict[str, object]:
    """Return a record with its facts by path, where our registry keeps pairs."""
    return {**record, **{key: dict(cast("list[list[str]]", record[key])) for key in _FACTS}}


def read(text: str, file: str, record_from: ReadRecord) -> tuple[Snapshot | None, tuple[Diagnostic, ...]]:
    """Return the snapshot in a text, or what is wrong with it; `record_from` reads what `record_text` wrote."""
    found = parsed(text, file, lambda where, why: finding(where, Rule.SNAPSHOT_SYNTAX, f"not JSON: {why}", _ANEW))
    if isinstance(found, Diagnostic):
        return None, (found,)
    start = Location(file, 1, 1)
    if not isinstance(found, JsonObject):
        return None, (finding(start, Rule.SNAPSHOT_SYNTAX, "a snapshot is a JSON object", _ANEW),)
    version = dict(found).get("snapshot_version")
    if type(version) is not int or version != VERSION:
        return None, (_of_another_version(version, Places(text, file).of("snapshot_version")),)
    findings: list[Diagnostic] = []
    try:
        root = tree(found, Places(text, file), start, findings)
    except RecursionError:
        return None, (finding(start, Rule.SNAPSHOT_SYNTAX, "lists and objects are nested too deeply", _ANEW),)
    findings.extend(judge(root, Folder(""), KIND))
    return (None, tuple(findings)) if findings else _made(root, record_from)


def _of_another_version(version: object, where: Location) -> Diagnostic:
    if type(version) is not int:
        return finding(where, Rule.SNAPSHOT_VERSION, "snapshot_version, a whole number, is missing", _ANEW)
    message = f"the snapshot is of version {version}, and this reconciler reads {VERSION}"
    return finding(where, Rule.SNAPSHOT_VERSION, message, "use the version of reconciler that wrote it")


def _made(root: Node, record_from: ReadRecord) -> tuple[Snapshot | None, tuple[Diagnostic, ...]]:
    """Return what a document means that is as the schema says."""
    findings: list[Diagnostic] = []
    sights = [*_each(root.at(["hosts"]), _observed, findings), *_each(root.at(["unobserved"]), _unobserved, findings)]
    registry = root.at(["registry"])
    records = _each(registry.at(["records"]), lambda data: _record(data, record_from), findings)
    _only_once([str(sight.host.host) for sight in sights], "the host", root.keys["hosts"], findings)
    _only_once([str(record.address) for record in records], "the record", registry.keys["records"], findings)
    if not sights:
        findings.append(finding(root.keys["hosts"], Rule.SNAPSHOT_ENTRY, "the snapshot is of no host", _ANEW))
    head = cast("Data", registry.value)
    state = RecordedState(str(head["lineage"]), cast("int", head["serial"]), tuple(records))
    made = Snapshot(tuple(sorted(sights, key=lambda sight: sight.host.host)), state)
    return (None, tuple(findings)) if findings else (made, ())


def _each(items: Node, make: Callable[[Data], Made], findings: list[Diagnostic]) -> list[Made]:
    made: list[Made] = []
    for item in items.children.values():
        try:
            made.append(make(cast("Data", item.value)))
        except (TypeError, ValueError) as error:
            where = next(iter(item.keys.values()))
            findings.append(finding(where, Rule.SNAPSHOT_ENTRY, f"this can't be used: {error}", _ANEW))
    return made


def _only_once(names: Iterable[str], what: str, where: Location, findings: list[Diagnostic]) -> None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            findings.append(finding(where, Rule.SNAPSHOT_ENTRY, f"{what} {name} is there twice", _ANEW))
        seen.add(name)


def _observed(data: Data) -> Sight:
    name = HostName(str(data["name"]))
    models = sorted((_live(name, item) for item in cast("list[Data]", data["models"])), key=lambda live: live.address)
    if len({live.address for live in models}) < len(models):
        raise ValueError("it lists a model twice")
    blobs = cast("Mapping[str, bool]", data["blobs"])
    return Sight(
        Observed(name, str(data["url"]), str(data["version"]), tuple(models)),
        str(data["taken_at"]),
        str(data.get("callback", "")),
        tuple(sorted(ModelName.parse(text) for text in cast("list[str]", data["loaded"]))),
        tuple(sorted((Digest.parse(text), there) for text, there in blobs.items())),
    )


def _live(host: HostName, data: Data) -> Live:
    shown = cast("Mapping[str, object] | None", data.get("facts"))
    return Live(
        Address(host, ModelName.parse(str(data["name"]))),
        Digest.parse(str(data["digest"])),
        cast("int", data["size"]),
        _facts(shown) if shown is not None else None,
    )


def _facts(values: Mapping[str, object]) -> Facts:
    return facts((path, freeze(value)) for path, value in values.items())


def _unobserved(data: Data) -> Sight:
    host = Unobserved(HostName(str(data["name"])), str(data["url"]), str(data["message"]), str(data["hint"]))
    return Sight(host, str(data["taken_at"]))


def _record(data: Data, record_from: ReadRecord) -> Recorded:
    pairs = {key: sorted(cast("Mapping[str, object]", data[key]).items()) for key in _FACTS}
    return record_from(json.dumps({**data, **pairs}))
