"""What is wrong with a lock: all of it at once, at its line, with what to do."""

import json

import pytest

from reconciler.manifest import lockfile
from reconciler.manifest.lockfile import NAME
from tests.manifest.locks import findings, judged

GOOD = '"gguf ./a": {"sha256": "x"}'

CASES = {
    "empty": ("", [("lock-syntax", "1:1")]),
    "no JSON": ('{\n  "lock_version": 1,,\n', [("lock-syntax", "2:21")]),
    "no object": ("[1]", [("lock-syntax", "1:1")]),
    "a number that is none": ('{"lock_version": NaN}', [("lock-syntax", "")]),
    "a number without end": (f'{{"lock_version": {"1" * 5000}}}', [("lock-syntax", "")]),
    "nesting without end": ("[" * 100_000, [("lock-syntax", "")]),
    "a version that is nested": (f'{{"lock_version": {"[" * 900}{"]" * 900}}}', [("lock-version", "1:2")]),
    "no version": ("{}", [("lock-version", "")]),
    "another version": ('{"lock_version": 2}', [("lock-version", "1:2")]),
    "a version that is true": ('{"lock_version": true, "references": {}}', [("lock-version", "1:2")]),
    "a version with a point": ('{"lock_version": 1.0, "references": {}}', [("lock-version", "1:2")]),
    "no references": ('{"lock_version": 1}', [("missing-key", "1:2")]),
    "references as a list": ('{"lock_version": 1,\n "references": []}', [("lock-entry", "2:2")]),
    "an unknown key": ('{"lock_version": 1,\n"x": 1, "references": {}}', [("unknown-key", "2:1")]),
    "a section twice": ('{"lock_version": 1, "references": {},\n "references": {}}', [("duplicate-key", "2:2")]),
    "version last": (f'{{"references": {{\n {GOOD}}},\n "lock_version": 1, "x": 1}}', [("unknown-key", "3:21")]),
}

ENTRIES = {
    "an entry twice": (f"{GOOD},\n  {GOOD}", [("duplicate-key", "3:3")]),
    "no key": ('"gguf": {}', [("lock-entry", "2:1")]),
    "an empty key": ('"gguf ": {}', [("lock-entry", "2:1")]),
    "no type": ('" x": {}', [("lock-entry", "2:1")]),
    "an unknown type": ('"ggfu ./a": {}', [("lock-entry", "2:1")]),
    "no object": ('"gguf ./a": "x"', [("lock-entry", "2:1")]),
    "a list": ('"gguf ./a": []', [("lock-entry", "2:1")]),
    "an object inside": ('"gguf ./a": {"x": {}}', [("lock-entry", "2:1")]),
    "null inside": ('"gguf ./a": {"x": null}', [("lock-entry", "2:1")]),
    "true inside": ('"gguf ./a": {"size": true}', [("lock-entry", "2:1")]),
    "a number below 0": ('"gguf ./a": {"size": -1}', [("lock-entry", "2:1")]),
    "a number that no disk has": (f'"gguf ./a": {{"size": {1 << 63}}}', [("lock-entry", "2:1")]),
    "a list of numbers": ('"gguf ./a": {"layers": [1]}', [("lock-entry", "2:1")]),
    "a field twice": ('"gguf ./a": {"x": 1, "x": 2}', [("lock-entry", "2:1")]),
    "a name over two lines": (f'"ggfu a\\nb": {{}},\n{GOOD}, "x": 1', [("lock-entry", "2:1"), ("lock-entry", "3:30")]),
    "oddly spelled": ('"ggfu \\u0061": {}', [("lock-entry", "")]),
    "all at once": (
        f'"ggfu a": {{}},\n{GOOD},\n"gguf": {{}},\n\n   "ollama x": 1',
        [("lock-entry", "2:1"), ("lock-entry", "4:1"), ("lock-entry", "6:4")],
    ),
}


@pytest.mark.parametrize("title", CASES)
def test_a_lock_is_judged_as_a_whole(tmp_path, title):
    text, expected = CASES[title]
    assert judged(tmp_path, text) == expected


@pytest.mark.parametrize("title", ENTRIES)
def test_every_entry_is_judged(tmp_path, title):
    text, expected = ENTRIES[title]
    assert judged(tmp_path, f'{{"lock_version": 1, "references": {{\n{text}}}}}') == expected


@pytest.mark.parametrize("text", [text for text, _ in CASES.values()])
def test_every_finding_says_what_to_do(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    assert all(item.hint and item.message for item in findings(tmp_path))


CONFLICT = """\
{
  "lock_version": 1,
  "references": {
<<<<<<< HEAD
    "ollama a": {"digest": "x"}
=======
    "ollama a": {"digest": "y"}
>>>>>>> theirs
  }
}
"""


@pytest.mark.parametrize("text", [CONFLICT, CONFLICT.replace("<<<<<<< HEAD\n", '"x": {},\n')])
def test_what_git_left_of_a_merge_is_named_with_the_way_out(tmp_path, text):
    (tmp_path / NAME).write_text(text)
    (found,) = findings(tmp_path)
    line = next(number for number, line in enumerate(text.splitlines(), 1) if line[:7] in {"<" * 7, "=" * 7})
    assert (found.code, found.location.line, found.location.column) == ("lock-syntax", line, 1)
    assert "merge conflict" in found.message
    assert "reconciler lock" in found.hint


def test_a_wrong_type_is_told_the_nearest_or_all(tmp_path):
    judged(tmp_path, '{"lock_version": 1, "references": {"olama x": {}, "git y": {}}}')
    near, far = findings(tmp_path)
    assert "did you mean 'ollama'?" in near.hint
    assert "gguf, huggingface, ollama" in far.hint


def test_a_name_does_not_stand_where_a_text_repeats_it(tmp_path):
    manifest = json.dumps('{"ggfu a": 1}')
    text = f'{{"lock_version": 1, "references": {{\n"gguf ./a": {{"manifest": {manifest}}},\n"ggfu a": {{}}}}}}'
    assert judged(tmp_path, text) == [("lock-entry", "3:1")]


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"\xff\xfe{", "not-utf8"), (b" " * (lockfile.MAX_BYTES + 1), "too-large")],
)
def test_what_cannot_be_read_is_a_finding(tmp_path, content, code):
    (tmp_path / NAME).write_bytes(content)
    (found,) = findings(tmp_path)
    assert (found.code, str(found.location)) == (code, str(tmp_path / NAME))


def test_a_folder_in_its_place_is_a_finding(tmp_path):
    (tmp_path / NAME).mkdir()
    assert [item.code for item in findings(tmp_path)] == ["unreadable"]


@pytest.mark.parametrize("target", ["../elsewhere.lock", "/dev/zero", "../nowhere"])
def test_a_link_out_of_the_folder_is_refused(tmp_path, target):
    folder = tmp_path / "manifests"
    folder.mkdir()
    (tmp_path / "elsewhere.lock").write_text('{"lock_version": 1, "references": {}}')
    (folder / NAME).symlink_to(target)
    assert [item.code for item in findings(folder)] == ["invalid-local-file"]


def test_findings_and_entries_have_an_end(tmp_path):
    wrong = ",".join(f'"x{number}": 1' for number in range(lockfile.MAX_FINDINGS + 10))
    found = judged(tmp_path, f'{{"lock_version": 1, "references": {{{wrong}}}}}')
    assert len(found) == lockfile.MAX_FINDINGS + 2
    assert found[0] == ("too-large", "")
    many = ",".join(f'"gguf {number}": {{}}' for number in range(lockfile.MAX_ENTRIES + 1))
    assert judged(tmp_path, f'{{"lock_version": 1, "references": {{{many}}}}}') == [("too-large", "")]
