"""What somebody else changes on a real server is named field by field, and put back; what only looks changed is not."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.commands import Result
from tests.e2e.hands import Hands
from tests.manifests import model, tune
from tests.parts.gguf import tiny_adapter, tiny_model

pytestmark = pytest.mark.ollama

ABSENT = object()
Request = dict[str, Any]
Drift = dict[str, tuple[Any, Any]]  # path -> (what somebody made of it, what was applied)

MANIFEST = """\
system: Be kind.
template: "{{ .System }} {{ .Prompt }}\\n"
license: MIT
parameters: {temperature: 0.2, num_ctx: 1048576, use_mmap: true, stop: [b, a]}
examples: [{user: hi, assistant: ho}]
"""
TURNS = [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]
TOLD = [["user", "hi"], ["assistant", "ho"]]
REQUEST: Request = {  # what makes the very same model by hand
    "system": "Be kind.",
    "template": "{{ .System }} {{ .Prompt }}\n",
    "license": ["MIT"],
    "parameters": {"temperature": 0.2, "num_ctx": 1048576, "use_mmap": True, "stop": ["b", "a"]},
    "messages": TURNS,
}
SHORT = REQUEST["template"].rstrip("\n")


@dataclass(frozen=True)
class Case:
    """A change by hand: request fields replaced (None leaves one out), and the drift that it is."""

    name: str
    fields: Mapping[str, Any]
    drift: Drift


def parameters(**changed: Any) -> Request:
    """Return the parameters with some replaced; None leaves one out."""
    found = {**REQUEST["parameters"], **changed}
    return {"parameters": {key: value for key, value in found.items() if value is not None}}


CASES = (
    Case("system changed", {"system": "Be rude."}, {"system": ("Be rude.", "Be kind.")}),
    Case("system as a Modelfile", {"system": "FROM /x\nSYSTEM y"}, {"system": ("FROM /x\nSYSTEM y", "Be kind.")}),
    Case("system removed", {"system": None}, {"system": (ABSENT, "Be kind.")}),
    Case("template changed", {"template": "{{ .Prompt }} "}, {"template": ("{{ .Prompt }} ", REQUEST["template"])}),
    Case("newline lost", {"template": SHORT}, {"template": (SHORT, REQUEST["template"])}),
    Case("template removed", {"template": None}, {"template": ("{{ .Prompt }}", REQUEST["template"])}),
    Case("number changed", parameters(temperature=0.9), {"parameters.temperature": (0.9, 0.2)}),
    Case("large number changed", parameters(num_ctx=2_000_000), {"parameters.num_ctx": (2_000_000, 1_048_576)}),
    Case("flag changed", parameters(use_mmap=False), {"parameters.use_mmap": (False, True)}),
    Case("parameter added", parameters(min_p=1e-7), {"parameters.min_p": (1e-7, ABSENT)}),
    Case("unknown parameter added", parameters(marker="x"), {"parameters.marker": ("x", ABSENT)}),
    Case("parameter removed", parameters(num_ctx=None), {"parameters.num_ctx": (ABSENT, 1_048_576)}),
    Case("stops reordered", parameters(stop=["a", "b"]), {"parameters.stop": (["a", "b"], ["b", "a"])}),
    Case("one stop left", parameters(stop=["b"]), {"parameters.stop": (["b"], ["b", "a"])}),
    Case("stops emptied", parameters(stop=[]), {"parameters.stop": (ABSENT, ["b", "a"])}),
    Case("message changed", {"messages": TURNS[:1]}, {"messages": (TOLD[:1], TOLD)}),
    Case("messages reordered", {"messages": TURNS[::-1]}, {"messages": (TOLD[::-1], TOLD)}),
    Case("messages removed", {"messages": None}, {"messages": (ABSENT, TOLD)}),
    Case("licence appended", {"license": ["MIT", "BSD"]}, {"license": ("MIT\nBSD", "MIT")}),
    Case("licence removed", {"license": None}, {"license": (ABSENT, "MIT")}),
    Case(
        "several at once",
        {"system": "Be rude.", "messages": None, **parameters(temperature=1.0)},
        {"messages": (ABSENT, TOLD), "parameters.temperature": (1, 0.2), "system": ("Be rude.", "Be kind.")},
    ),
)  # fmt: skip


class Scene:
    """A base and a build on it, applied; and somebody who changes them."""

    def __init__(self, folder: Path, prefix: str, hands: Hands, reconciler: Callable[..., Result]) -> None:
        self.folder, self.hands, self._reconciler = folder, hands, reconciler
        self.base, self.bot = f"{prefix}-base:latest", f"{prefix}-bot:latest"
        model(folder, f"{prefix}-base", seed=41)
        tune(folder, f"{prefix}-bot", f"{prefix}-base", MANIFEST)
        assert reconciler("apply", "--auto-approve").status == 0
        self.applied = hands.listed()

    def by_hand(self, **fields: Any) -> None:
        """Make the build anew with some fields replaced."""
        request = {"base": self.base, **REQUEST, **fields}
        self.hands.create(self.bot, **{key: value for key, value in request.items() if value is not None})

    def planned(self, *options: str) -> dict[str, Any]:
        """Return the changes that are planned, by model."""
        report = json.loads(self._reconciler(*options, "plan", "--format", "json").out)
        return {change["model"]: change for change in report["changes"] if change["action"] != "no-op"}

    def must_drift(self, drift: Drift, name: str = "") -> None:
        """Check that the plan names exactly this drift, and that apply puts everything back as it was."""
        (change,) = self.planned().values()
        assert (change["model"], change["action"], change["reasons"]) == (name or self.bot, "update", ["drifted"])
        assert change.get("drift") == [_field(path, *sides) for path, sides in sorted(drift.items())]
        assert "fields" not in change
        self.must_be_restored()

    def must_be_restored(self) -> None:
        """Apply, and check that every digest is what it was before and a plan finds nothing to do."""
        self.apply()
        now = self.hands.listed()
        assert {name: now[name][0] for name in self.applied} == {name: old[0] for name, old in self.applied.items()}
        self.must_be_in_sync()

    def apply(self) -> None:
        """Apply, which must succeed."""
        result = self._reconciler("apply", "--auto-approve")
        assert result.status == 0, result.out + result.err

    def must_be_in_sync(self) -> None:
        """Check that a plan finds nothing to do."""
        result = self._reconciler("plan", "--detailed-exitcode")
        assert (result.status, result.out[:11]) == (0, "No changes.")


@pytest.fixture
def scene(folder, unique, hands, reconciler):
    made = Scene(folder, unique, hands, reconciler)
    yield made
    hands.delete(*(name for name in hands.listed() if name.startswith(f"{unique}-")))


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_field_that_somebody_changes_is_named_and_put_back(scene, case):
    scene.by_hand(**case.fields)
    scene.must_drift(case.drift)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_what_somebody_changed_is_not_taken_for_ours_where_our_records_are_lost(scene, case):
    scene.by_hand(**case.fields)
    lost = scene.planned("--registry", f"sqlite://{scene.folder.parent}/new.db")
    assert (lost[scene.base]["action"], lost[scene.bot]["action"]) == ("adopt", "refuse")


def test_the_same_model_made_again_is_no_drift(scene):
    scene.by_hand()
    scene.must_be_in_sync()
    assert scene.hands.listed()[scene.bot][0] == scene.applied[scene.bot][0]


def test_a_model_deleted_and_made_again_is_no_drift(scene):
    scene.hands.delete(scene.bot)
    scene.by_hand()
    scene.must_be_in_sync()


def test_a_model_copied_away_and_back_is_no_drift(scene):
    away = scene.bot.replace("bot", "away")
    scene.hands.copy(scene.bot, away)
    scene.hands.delete(scene.bot)
    scene.hands.copy(away, scene.bot)
    scene.must_be_in_sync()


def test_a_deleted_model_is_made_again(scene):
    scene.hands.delete(scene.bot)
    (change,) = scene.planned().values()
    assert (change["model"], change["action"], change["reasons"]) == (scene.bot, "create", ["missing"])
    scene.must_be_restored()


def test_another_model_copied_over_it_is_named_in_every_field(scene):
    scene.hands.copy(scene.base, scene.bot)
    gone = {f"parameters.{name}": (ABSENT, value) for name, value in REQUEST["parameters"].items()}
    others = {"system": (ABSENT, "Be kind."), "license": (ABSENT, "MIT"), "messages": (ABSENT, TOLD)}
    scene.must_drift({**gone, **others, "template": ("{{ .Prompt }}", REQUEST["template"])})


def test_replaced_weights_are_named(scene):
    old = str(tiny_model(scene.folder / "again.gguf", seed=41))
    new = _blob(scene, tiny_model(scene.folder / "new.gguf", seed=42), "new.gguf")
    scene.hands.create(scene.base, files={"new.gguf": new})
    scene.must_drift({"weights": (new, old)}, scene.base)


def test_a_build_moved_to_other_weights_is_named(scene):
    old = str(tiny_model(scene.folder / "again.gguf", seed=41))
    new = _blob(scene, tiny_model(scene.folder / "new.gguf", seed=43), "new.gguf")
    scene.by_hand(base=None, files={"new.gguf": new})
    scene.must_drift({"weights": (new, old)})


def test_an_adapter_that_somebody_adds_is_named(scene):
    new = _blob(scene, tiny_adapter(scene.folder / "lora.gguf", seed=44), "lora.gguf")
    scene.by_hand(adapters={"lora.gguf": new})
    scene.must_drift({"adapters": ([new], ABSENT)})


def test_the_same_content_under_another_digest_is_no_drift(scene):
    weights = str(tiny_model(scene.folder / "again.gguf", seed=41))
    scene.by_hand(base=None, files={"model.gguf": weights})  # what `ollama show --modelfile` and `create` make of it
    assert scene.hands.listed()[scene.bot][0] != scene.applied[scene.bot][0]
    (change,), writes = scene.planned().values(), scene.hands.writes()
    assert (change["action"], "drift" in change) == ("adopt", False)
    scene.apply()
    assert scene.hands.writes() == writes  # only our registry had something to learn
    scene.must_be_in_sync()


def _blob(scene: Scene, digest: object, file: str) -> str:
    scene.hands.upload(scene.folder / file, str(digest))
    return str(digest)


def _field(path: str, before: Any, after: Any) -> dict[str, Any]:
    sides = {"before": before, "after": after}
    return {"path": path, **{side: value for side, value in sides.items() if value is not ABSENT}}
