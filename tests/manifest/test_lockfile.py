"""The lock on disk: read as it was written, anywhere; written whole, and only if something changes."""

import json
import os
import shutil
import stat
from pathlib import Path

import jsonschema
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.facts import facts
from reconciler.core.lock import Lock
from reconciler.errors import SettingsError
from reconciler.manifest.lock_text import written
from reconciler.manifest.lockfile import NAME, joined, lock_of, read, write
from reconciler.manifest.schema import published
from tests.manifest.locks import TYPES, ZEROS, findings, one, pin, ref

PIN = pin()
texts = st.text(st.characters(), max_size=20)
values = st.one_of(texts, st.integers(0, (1 << 63) - 1), st.lists(texts, max_size=3).map(tuple))
names = st.tuples(st.sampled_from(TYPES), st.text(st.characters(), min_size=1, max_size=20)).map(" ".join)
references = st.dictionaries(names, st.dictionaries(texts, values, max_size=4).map(facts), max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(references)
def test_what_is_written_is_read_again_and_written_alike(tmp_path, held):
    (tmp_path / NAME).unlink(missing_ok=True)
    write(one(tmp_path), held)
    file = one(tmp_path)
    again = {name: locked.pin for name, locked in file.by_name.items()}
    assert again == held
    assert written(again) == (file.text or written({}))
    assert (file.text or "").isascii()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(references.filter(bool))
def test_every_entry_knows_its_line(tmp_path, held):
    (tmp_path / NAME).unlink(missing_ok=True)
    write(one(tmp_path), held)
    lines = (tmp_path / NAME).read_text().splitlines()
    for name, locked in one(tmp_path).by_name.items():
        assert lines[locked.location.line - 1][locked.location.column - 1 :].startswith(json.dumps(name))


def test_the_text_is_for_review(tmp_path):
    write(one(tmp_path), {"ollama b": pin(layers=("x", "y")), "gguf ./é": PIN})
    assert (tmp_path / NAME).read_text() == (
        '{\n  "lock_version": 1,\n  "references": {\n'
        f'    "gguf ./\\u00e9": {{\n      "sha256": "{ZEROS}",\n      "size": 1\n    }},\n'
        '    "ollama b": {\n      "layers": [\n        "x",\n        "y"\n      ],\n'
        f'      "sha256": "{ZEROS}",\n      "size": 1\n    }}\n'
        "  }\n}\n"
    )


def test_local_files_are_named_from_the_folder_on_wherever_it_is(tmp_path):
    here, there = tmp_path / "here", tmp_path / "there"
    (here / "sub").mkdir(parents=True)
    file = one(here)
    name = file.name(("gguf", f"{here}/sub/m.gguf"))
    assert name == "gguf ./sub/m.gguf"
    write(file, {name: PIN})
    shutil.copytree(here, there)
    (moved,) = joined([one(there)]).entries
    assert moved.key == f"{there}/sub/m.gguf"
    assert one(there).text == one(here).text


@pytest.mark.parametrize("key", ["/elsewhere/m.gguf", "a/b", "org/repo@main Q4_1"])
def test_what_is_not_in_the_folder_is_named_as_it_is(tmp_path, key):
    file = one(tmp_path)
    write(file, {file.name(("gguf", key)): PIN})
    assert joined([one(tmp_path)]).entries[0].key == key
    assert f"gguf {key}" in one(tmp_path).by_name


def test_a_folder_whose_name_begins_alike_is_another_one(tmp_path):
    (tmp_path / "a").mkdir()
    assert one(tmp_path / "a").name(("gguf", f"{tmp_path}/ab/m")) == f"gguf {tmp_path}/ab/m"


def test_without_a_file_there_is_an_empty_lock_and_no_file_is_made_for_nothing(tmp_path):
    assert joined([one(tmp_path)]) == Lock((), exists=False)
    write(one(tmp_path), {})
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_becomes_empty_stays(tmp_path):
    write(one(tmp_path), {"ollama a": PIN})
    write(one(tmp_path), {})
    assert joined([one(tmp_path)]) == Lock((), exists=True)


def test_nothing_is_written_where_nothing_changes(tmp_path):
    write(one(tmp_path), {"ollama a": PIN})
    before = (tmp_path / NAME).stat()
    write(one(tmp_path), {"ollama a": PIN})
    after = (tmp_path / NAME).stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_the_mode_is_kept_and_a_new_file_gets_what_the_user_asks_for(tmp_path):
    before = os.umask(0o027)
    try:
        write(one(tmp_path), {"ollama a": PIN})
        assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o640
        (tmp_path / NAME).chmod(0o664)
        write(one(tmp_path), {"ollama b": PIN})
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / NAME).stat().st_mode) == 0o664
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_a_link_inside_the_folder_stays_a_link(tmp_path):
    (tmp_path / "real.lock").write_text(written({}))
    (tmp_path / NAME).symlink_to("real.lock")
    write(one(tmp_path), {"ollama a": PIN})
    assert (tmp_path / NAME).is_symlink()
    assert "ollama a" in (tmp_path / "real.lock").read_text()


def test_what_cannot_be_written_leaves_the_old_lock_and_nothing_beside_it(tmp_path):
    write(one(tmp_path), {"ollama a": PIN})
    file = one(tmp_path)
    (tmp_path / NAME).unlink()
    (tmp_path / NAME).mkdir()
    with pytest.raises(SettingsError, match="the lock can't be written: Is a directory"):
        write(file, {"ollama b": PIN})
    assert [path.name for path in tmp_path.iterdir()] == [NAME]


def test_several_folders_have_a_lock_each_and_one_together(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(one(tmp_path / name), {f"ollama {name}": PIN, "ollama both": PIN})
    lock = joined(read([tmp_path / "b", tmp_path / "a"], TYPES))
    assert [entry.key for entry in lock.entries] == ["a", "b", "both"]


def test_a_folder_that_is_named_twice_has_one_lock(tmp_path):
    (tmp_path / "m.yaml").touch()
    (tmp_path / "link").symlink_to(tmp_path)
    (file,) = read([tmp_path / "m.yaml", tmp_path, tmp_path / "link"], TYPES)
    assert (file.path, file.whole) == (tmp_path / NAME, True)
    assert not read([tmp_path / "m.yaml"], TYPES)[0].whole


def test_two_locks_that_disagree_are_refused_with_both_places(tmp_path):
    for number, name in enumerate("ab"):
        (tmp_path / name).mkdir()
        write(one(tmp_path / name), {"ollama x": pin(size=number)})
    (found,) = findings(tmp_path / "a", tmp_path / "b")
    assert (found.code, found.location.line) == ("lock-conflict", 4)
    assert found.location.file == str(tmp_path / "b" / NAME)
    assert f"{tmp_path}/a/{NAME}:4:5" in found.message
    assert found.hint


def test_what_is_wrong_with_several_locks_is_told_at_once(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
        (tmp_path / name / NAME).write_text("{")
    assert [item.location.file for item in findings(tmp_path / "b", tmp_path / "a")] == [
        str(tmp_path / name / NAME) for name in "ab"
    ]


def test_a_reference_belongs_to_the_nearest_lock_above_its_manifest(tmp_path):
    inner = tmp_path / "inner"
    (inner / "deep").mkdir(parents=True)
    locks = read([tmp_path, inner], TYPES)
    assert lock_of(ref(inner / "deep" / "m.yaml"), locks).path == inner / NAME
    assert lock_of(ref(tmp_path / "m.yaml"), locks).path == tmp_path / NAME


@pytest.mark.parametrize(
    ("locked", "root", "asked", "expected"),
    [
        ("manifests", None, "manifests/a/b", "manifests"),
        ("manifests/a", None, "manifests/a/b", "manifests/a"),
        ("manifests/a/b", None, "manifests/a/b", "manifests/a/b"),
        (".", None, "manifests/a", None),  # above `manifests` none is looked for
        (".", None, "manifests", None),
        (".", "./.git", "manifests/a", None),
        (".", "./.git", "envs/a", "."),
        ("envs", "./.git", "envs/a", "envs"),
        ("envs", "envs/a/.git", "envs/a/b", None),
        ("envs", None, "envs/a", None),  # nothing tells where the manifests begin
    ],
)
def test_a_lock_above_is_found_as_far_up_as_the_manifests_go(tmp_path, monkeypatch, locked, root, asked, expected):
    (tmp_path / asked).mkdir(parents=True)
    (tmp_path / asked / "m.yaml").touch()
    if root is not None:
        (tmp_path / root).mkdir()
    write(one(tmp_path / locked), {f"gguf {ZEROS}": PIN})
    monkeypatch.chdir(tmp_path)
    place = Path(asked if expected is None else expected)
    for path in (Path(asked), Path(asked) / "m.yaml"):
        (file,) = read([path], TYPES)
        assert (file.path, file.folder) == (place / NAME, os.path.realpath(place))
        assert (file.text is None, file.whole) == (expected is None, place == path)
        (file,) = read([tmp_path / path], TYPES)
        assert file.path == Path(os.path.normpath(tmp_path / place / NAME))


def test_a_folder_and_one_below_it_have_one_lock(tmp_path):
    folder = tmp_path / "manifests"
    (folder / "a").mkdir(parents=True)
    write(one(folder), {f"gguf {ZEROS}": PIN})
    for paths in ([folder, folder / "a"], [folder / "a", folder]):
        (file,) = read(paths, TYPES)
        assert (file.folder, file.whole) == (os.path.realpath(folder), True)


def test_paths_may_be_relative(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (file,) = read([Path("m.yaml")], TYPES)
    assert str(file.path) == NAME
    assert lock_of(ref(Path("m.yaml")), [file]) == file


def test_the_schema_knows_what_is_written():
    schema = json.loads(published("lock"))
    digest, commit = f"sha256:{ZEROS}", "0" * 40
    held = {
        "gguf ./m.gguf": pin(architecture="llama", holds="model"),
        "huggingface org/repo@main": pin(commit=commit, file="a/b.gguf"),
        "ollama m:latest": facts({"digest": digest, "layers": (f"model {digest} 1",), "manifest": "{}", "size": 1}),
    }
    validator = jsonschema.Draft202012Validator(schema)
    validator.validate(json.loads(written(held)))
    for name, spoilt in held.items():
        wrong = json.loads(written({**held, name: facts({**dict(spoilt), "size": "1"})}))
        assert not validator.is_valid(wrong)
    assert not validator.is_valid({"lock_version": 2, "references": {}})
