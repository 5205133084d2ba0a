"""Snapshots on disk: read as they were written, and everything that is wrong with one is found at once."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.diagnostics import Diagnostic
from reconciler.core.facts import Fact, facts
from reconciler.core.names import HostName
from reconciler.core.snapshot import Sight, Snapshot
from reconciler.core.state import Observed, Recorded, RecordedState, Unobserved
from reconciler.errors import ManifestError, SettingsError
from reconciler.manifest import snapshot_file
from reconciler.manifest.snapshot_file import read, write
from reconciler.registry.codec import record_from, record_text
from tests.core.builders import address, desired, digest, live, recorded

NOON = "2026-11-22T12:00:00.000Z"
SHOWN = facts({"weights": str(digest("w")), "messages": (("user", "hi"),), "parameters.seed": None})
MADE = replace(
    recorded(desired("m", (("system", "be «brief»"),)), shown=SHOWN), base=address("b").model, base_digest=digest("b")
)
SEEN = Sight(
    Observed(HostName("a"), "http://a:11434", "0.9.3", (live("b"), live("m", shown=SHOWN))),
    NOON,
    "127.0.0.1",
    (address("m").model,),
    ((digest("w"), True), (digest("v"), False)),
)
SEEN = replace(SEEN, blobs=tuple(sorted(SEEN.blobs)))
SILENT = Sight(Unobserved(HostName("z"), "http://z:11434", "no connection", "is it running?"), NOON)
SNAPSHOT = Snapshot((SEEN, SILENT), RecordedState("lineage", 7, (MADE,)))

texts = st.text(st.characters(), max_size=10)
scalars: st.SearchStrategy[Fact] = st.one_of(
    texts, st.booleans(), st.none(), st.integers(-(2**53), 2**53), st.just(0.5), st.just(1e-9)
)
values = st.one_of(scalars, st.lists(st.one_of(scalars, st.lists(texts, max_size=2).map(tuple)), max_size=3).map(tuple))


def found(path: Path) -> list[tuple[str, int]]:
    """Return the rule and the line of everything that is found."""
    with pytest.raises(ManifestError) as caught:
        read(path, record_from)
    items = [item for item in caught.value.diagnostics if isinstance(item, Diagnostic)]
    assert all(item.location.file == str(path) for item in items)
    return [(item.code, item.location.line) for item in items]


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    write(tmp_path / "s.json", SNAPSHOT, record_text)
    assert read(tmp_path / "s.json", record_from) == SNAPSHOT
    assert SNAPSHOT.taken_at == NOON
    assert (tmp_path / "s.json").read_text().isascii()
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(texts, values, max_size=5))
def test_whatever_a_model_consists_of_is_read_as_it_was(tmp_path: Path, held: dict[str, Fact]) -> None:
    host = Observed(HostName("a"), "http://a", "", (live(shown=facts(held)),))
    state = RecordedState("", 0, (recorded(desired("m", facts(held)), shown=facts(held)),))
    snapshot = Snapshot((Sight(host, NOON),), state)
    write(tmp_path / "s.json", snapshot, record_text)
    assert repr(read(tmp_path / "s.json", record_from)) == repr(snapshot)


def test_every_field_of_a_record_is_in_the_schema(tmp_path: Path) -> None:
    whole = record_text(replace(MADE, protect=True, untested=True, sources=()))
    assert set(json.loads(whole)) | {"sources"} == set(_record_schema())
    assert len(Recorded.__slots__) - 1 == len(_record_schema()) - 2  # an address is a host and a model


def _record_schema() -> dict[str, Any]:
    schema = json.loads(Path("schemas/snapshot.schema.json").read_text(encoding="utf-8"))
    properties: dict[str, Any] = schema["properties"]["registry"]["properties"]["records"]["items"]["properties"]
    return properties


Change = Callable[[dict[str, Any]], object]
WRONG: dict[str, tuple[Change, list[tuple[str, int]]]] = {
    "another version": (lambda held: held.update(snapshot_version=2), [("snapshot-version", 2)]),
    "no version": (lambda held: held.update(snapshot_version="1"), [("snapshot-version", 2)]),
    "a key too many": (lambda held: held.update(more=1), [("unknown-key", 84)]),
    "nothing but a version": (
        lambda held: [held.pop("hosts"), held.pop("unobserved")],
        [("missing-key", 1)] * 2,
    ),
    "no list": (lambda held: held.update(hosts={}), [("wrong-type", 3)]),
    "a name that no host has": (lambda held: held["hosts"][0].update(name="-"), [("invalid-host-name", 5)]),
    "a name that no model has": (
        lambda held: held["hosts"][0]["models"][0].update(name="a/b/c/d"),
        [("invalid-listed-name", 12)],
    ),
    "no digest": (lambda held: held["hosts"][0]["models"][0].update(digest="x"), [("wrong-value", 13)]),
    "a login": (lambda held: held["hosts"][0].update(url="http://me:pass@a"), [("invalid-url", 6)]),
    "no time": (lambda held: held["hosts"][0].update(taken_at="noon"), [("invalid-time", 7)]),
    "a time that never was": (
        lambda held: held["hosts"][0].update(taken_at="2026-02-31T12:00:00.000Z"),
        [("invalid-time", 7)],
    ),
    "a time of another zone": (
        lambda held: held["hosts"][0].update(taken_at="2026-11-22T12:00:00+01:00"),
        [("invalid-time", 7)],
    ),
    "a time without a zone": (
        lambda held: held["hosts"][0].update(taken_at="2026-11-22T12:00:00"),
        [("invalid-time", 7)],
    ),
    "a fact that is an object": (
        lambda held: held["hosts"][0]["models"][1]["facts"].update(weights={}),
        [("wrong-type", 28)],
    ),
    "a number that nobody can hold": (
        lambda held: held["hosts"][0]["models"][1]["facts"].update(weights=[10**400]),
        [("snapshot-entry", 5)],
    ),
    "a model twice": (lambda held: held["hosts"][0]["models"].append({**BARE, "name": "B"}), [("snapshot-entry", 5)]),
    "a host twice": (lambda held: held["unobserved"][0].update(name="a"), [("snapshot-entry", 3)]),
    "no host": (lambda held: held.update(hosts=[], unobserved=[]), [("snapshot-entry", 3)]),
    "a record twice": (
        lambda held: held["registry"]["records"].append(held["registry"]["records"][0]),
        [("snapshot-entry", 53)],
    ),
    "a record that was never one": (
        lambda held: held["registry"]["records"][0].update(sources=[[1, 2, 3]]),
        [("snapshot-entry", 55)],
    ),
}
BARE = {"name": "b", "digest": str(digest("b")), "size": 1}


@pytest.mark.parametrize("title", WRONG)
def test_what_is_wrong_is_found_at_its_line(tmp_path: Path, title: str) -> None:
    change, expected = WRONG[title]
    write(tmp_path / "s.json", SNAPSHOT, record_text)
    held = json.loads((tmp_path / "s.json").read_text())
    change(held)
    (tmp_path / "s.json").write_text(json.dumps(held, indent=2))
    assert found(tmp_path / "s.json") == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "snapshot-syntax"),
        ("[]", "snapshot-syntax"),
        ('{"snapshot_version": 1, "x": NaN}', "snapshot-syntax"),
        ('{"snapshot_version": 1, "x": 1e999}', "snapshot-syntax"),
        ('{"snapshot_version": 1, "x": ' + "[" * 100_000 + "]" * 100_000 + "}", "snapshot-syntax"),
        ('{"snapshot_version": 1, "x": ' + "[" * 900 + "]" * 900 + "}", "snapshot-syntax"),
        ('{"snapshot_version": 1,\n"hosts": [], "hosts": []}', "duplicate-key"),
        ("\x00", "control-character"),
    ],
)
def test_what_is_no_snapshot_is_said_to_be_none(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "s.json").write_text(text)
    assert code in {rule for rule, _ in found(tmp_path / "s.json")}


def test_one_that_is_too_large_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "s.json").open("wb") as file:
        file.truncate(snapshot_file.MAX_BYTES + 1)
    assert found(tmp_path / "s.json") == [("too-large", 0)]


def test_one_that_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.json").mkdir()
    with pytest.raises(SettingsError, match="can't be written: Is a directory"):
        write(tmp_path / "s.json", SNAPSHOT, record_text)
    assert [path.name for path in tmp_path.iterdir()] == ["s.json"]


def test_names_and_digests_are_sorted_however_they_were_written(tmp_path: Path) -> None:
    write(tmp_path / "s.json", SNAPSHOT, record_text)
    held = json.loads((tmp_path / "s.json").read_text())
    seen = held["hosts"][0]
    seen["models"].reverse()
    seen["blobs"] = dict(reversed(seen["blobs"].items()))
    (tmp_path / "s.json").write_text(json.dumps(held))
    assert read(tmp_path / "s.json", record_from) == SNAPSHOT
