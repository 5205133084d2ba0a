"""Bases and builds on one real server: what is declared, what is planned, and what somebody does to it by hand."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.commands import Result
from tests.e2e.hands import Hands
from tests.manifests import model, tune, write
from tests.parts.gguf import tiny_model

Plan = dict[str, tuple[str, list[str]]]  # model -> (action, reasons), for what is not in sync


class Yard:
    """A server with models of its own names, manifests for it, and somebody who works on it by hand."""

    def __init__(self, folder: Path, prefix: str, hands: Hands, reconciler: Callable[..., Result]) -> None:
        self.folder, self.prefix, self.hands, self.reconciler = folder, prefix, hands, reconciler

    def name(self, word: str) -> str:
        """Return the name on the server for a word."""
        return f"{self.prefix}-{word}"

    def model(self, word: str = "base", seed: int = 51, more: str = "") -> None:
        """Declare a model from a file."""
        model(self.folder, self.name(word), seed=seed, more=more)

    def tune(self, word: str, base: str, more: str = "system: Be brief.") -> None:
        """Declare a build on a base."""
        tune(self.folder, self.name(word), self.name(base), more)

    def by_hand(self, word: str = "base", seed: int = 51, **fields: Any) -> None:
        """Make a model from a file, by hand."""
        self.make(self.name(word), seed, **fields)

    def make(self, name: str, seed: int, **fields: Any) -> str:
        """Make a model of any name from a file, by hand; return the digest of its weights."""
        file = self.folder.parent / f"hand-{seed}.gguf"
        digest = str(tiny_model(file, seed=seed))
        self.hands.upload(file, digest)
        self.hands.create(name, files={file.name: digest}, **fields)
        return digest

    def apply(self, status: int = 0) -> dict[str, Any]:
        """Apply, and return what came of each change."""
        result = self.reconciler("apply", "--auto-approve", "--format", "json")
        assert result.status == status, result.out + result.err
        return {self.word(item["model"]): item for item in json.loads(result.out)["outcomes"]}

    def plan(self) -> Plan:
        """Return what a plan would do and why, for all that is not in sync."""
        changes = json.loads(self.reconciler("plan", "--format", "json").out)["changes"]
        return {
            self.word(item["model"]): (item["action"], item["reasons"])
            for item in changes
            if item["action"] != "no-op" or item["reasons"] != ["in_sync"]
        }

    def word(self, name: str) -> str:
        """Return the word for a name on the server."""
        return name.removeprefix(f"{self.prefix}-").removesuffix(":latest")

    def listed(self) -> dict[str, tuple[str, str]]:
        """Return digest and time of change of the models of this test."""
        found = self.hands.listed()
        return {self.word(name): told for name, told in found.items() if name.startswith(f"{self.prefix}-")}

    def digests(self) -> dict[str, str]:
        """Return the digests of the models of this test."""
        return {word: digest for word, (digest, _) in self.listed().items()}


def add_a_comment(yard: Yard) -> None:
    """Write a comment into the manifest of the base."""
    file = yard.folder / f"{yard.name('base')}.yaml"
    file.write_text(f"# What everything stands on.\n{file.read_text()}")


def add_labels(yard: Yard) -> None:
    """Label the base, and write its source the long way."""
    text = (
        f"kind: Model\nmetadata:\n  name: {yard.name('base')}\n  labels: {{tier: chat}}\nspec:\n  source:\n    gguf:\n"
    )
    write(yard.folder, yard.name("base"), f"{text}      path: ./{yard.name('base')}.gguf\n")


def touch_the_file(yard: Yard) -> None:
    """Give the file of the base another time."""
    os.utime(yard.folder / f"{yard.name('base')}.gguf")


def move_the_file(yard: Yard) -> None:
    """Give the file of the base another name."""
    (yard.folder / f"{yard.name('base')}.gguf").rename(yard.folder / "elsewhere.gguf")
    source = "source: {gguf: ./elsewhere.gguf}"
    write(yard.folder, yard.name("base"), f"kind: Model\nmetadata: {{name: {yard.name('base')}}}\nspec:\n  {source}\n")


def make_again(yard: Yard) -> None:
    """Make the base once more, by hand, as it is."""
    yard.by_hand()


def delete_and_make_again(yard: Yard) -> None:
    """Delete the base by hand, and make it as it was."""
    yard.hands.delete(yard.name("base"))
    yard.by_hand()


def copy_onto_itself(yard: Yard) -> None:
    """Copy the base away and back."""
    yard.hands.copy(yard.name("base"), yard.name("spare"))
    yard.hands.copy(yard.name("spare"), yard.name("base"))
