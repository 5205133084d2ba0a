"""Locks that would eat the machine: each is refused, in so much memory and so much CPU time."""

from itertools import chain, repeat
from pathlib import Path

import pytest

from reconciler.manifest.lockfile import MAX_BYTES, NAME
from tests.hostile.bounded import bounded

MANIFEST = "apiVersion: reconciler/v1\nkind: Model\nmetadata: {name: m}\nspec: {source: {ollama: a}}\n"
HEAD, END = '{"lock_version": 1, "references": {', "}}"
FIELDS = ",".join(f'"{number}": 0' for number in range(1_000_000))
MOST_WORDS = 50_000  # characters that a refusal may print


def filled(*entries: str) -> str:
    """Return a lock of these entries, the last of them as often as it fits, each with a number of its own."""
    room = (MAX_BYTES - len(HEAD + END)) // (len(entries[-1]) + 9)
    numbered = (entry.replace("#", f"{number:07}") for number, entry in enumerate(repeat(entries[-1], room)))
    return HEAD + ",".join(chain(entries[:-1], numbered)) + END


ATTACKS = {
    "a million entries": (filled('"gguf #":{}'), "more than 20000 entries"),
    "a million entries on a million lines": (filled('\n"gguf #":{}'), "more than 20000 entries"),
    "a million wrong entries": (filled('"#":1'), "more than 100 that can't be used"),
    "a million times the same entry": (filled('"gguf a":{}'), "more than 100 that can't be used"),
    "names that can't be found": (filled('"ggu\\u0066 #":{}'), "more than 20000 entries"),
    "an endless list": (f'{HEAD}"gguf a": [{"{}," * 5_000_000}1]{END}', "it is not an object"),
    "an endless entry": (f'{HEAD}"gguf a": {{{FIELDS}, "b": null}}{END}', "texts, lists of texts"),
    "an enormous name": (f'{HEAD}"{"x" * (MAX_BYTES - 100)}": 1{END}', "does not name a reference"),
    "nesting without end": ("[" * MAX_BYTES, "not JSON"),
    "a number without end": ("1" * MAX_BYTES, "not JSON"),
    "a gigabyte": ("", "larger than 16 MiB"),
}


@pytest.mark.parametrize(("text", "words"), ATTACKS.values(), ids=ATTACKS)
def test_a_lock_that_would_eat_the_machine_is_refused_within_bounds(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / "a.yaml").write_text(MANIFEST)
    with (tmp_path / NAME).open("w") as file:
        file.write(text)
        file.truncate(None if text else 1 << 30)
    ended = bounded("-m", "reconciler", "lock", "--check", tmp_path, cwd=tmp_path)
    assert not ended.traceback, ended.err[-2000:]
    assert ended.status == 1
    assert words in ended.err
    assert len(ended.out + ended.err) < MOST_WORDS
