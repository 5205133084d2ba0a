"""Locks in words; the reports themselves are golden files."""

import hashlib

import pytest

from reconciler.core.facts import facts
from reconciler.core.lock import revision
from reconciler.report.lock import agreement_text, lock_text
from tests.report.lock_cases import LOCKS


@pytest.mark.parametrize(("count", "told"), [(0, "0 references"), (1, "1 reference"), (2, "2 references")])
def test_agreement_counts(count, told):
    assert agreement_text(count) == f"Locks and manifests agree: {told} locked.\n"


def test_colours_tell_what_was_added_moved_and_removed():
    lines = lock_text(LOCKS, colour=True).splitlines()
    assert [line[:9] for line in lines[:3]] == ["\x1b[31m  - ", "\x1b[33m  ~ ", "\x1b[32m  + "]
    assert lines[3].startswith("manifests/")


def test_an_entry_without_fields_is_an_entry():
    told = lock_text([revision("x.lock", {"gguf a": ()}, {"gguf a": facts({"size": 1}), "gguf b": ()})], colour=False)
    assert told.splitlines() == [
        "  ~ gguf a  ? → ?  1 B",
        "  + gguf b  ?      0 B",
        "x.lock: 1 added, 1 moved, 0 kept.",
    ]


def test_a_set_of_files_is_told_by_all_of_them_and_a_projector_counts():
    files = (f"config.json {'a' * 64} 293", f"model.safetensors {'b' * 64} 87661")
    listing = "".join(f"{text}\n" for text in files)
    pair = facts({"commit": "c" * 40, "mmproj": f"eyes.gguf {'d' * 64} 10", "sha256": "e" * 64, "size": 100})
    whole = revision("x.lock", {}, {"huggingface org/r@main": pair, "safetensors ./m": facts({"files": files})})
    [first, second, _] = lock_text([whole], colour=False).splitlines()
    assert (first.split()[-3:], second.split()[-3:]) == (
        ["ccccccc", "110", "B"],
        [hashlib.sha256(listing.encode()).hexdigest()[:12], "88.0", "kB"],
    )
