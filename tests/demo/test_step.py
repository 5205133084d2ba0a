"""The demo notices what does not go as the story says."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.demo.server import Server
from tests.demo.stage import Stage
from tests.demo.step import Command, Surprise
from tests.fakes.hf_server import HubServer
from tests.fakes.ollama_server import FakeOllama


@pytest.fixture
def stage(tmp_path: Path, hub: HubServer) -> Iterator[Stage]:
    with FakeOllama() as ollama:
        yield Stage(tmp_path, Server(ollama.url), hub, {"PATH": "/usr/bin:/bin"}, "none is needed")


@pytest.mark.parametrize(
    ("step", "complaint"),
    [
        (Command("", "false"), "exited with 1, not with 0"),
        (Command("", "true", status=2), "exited with 0, not with 2"),
        (Command("", "echo one", says=("one", "two")), "did not say 'two'"),
        (Command("", "true", facts=lambda seen: [("it is so", True), ("pigs fly", False)]), "not true that pigs fly"),
    ],
    ids=["a failure", "a success", "a text", "a fact"],
)
def test_a_step_that_goes_otherwise_is_a_surprise(step: Command, complaint: str, stage: Stage) -> None:
    with pytest.raises(Surprise, match=complaint):
        step.play(stage)


def test_a_step_counts_the_facts_that_held(stage: Stage) -> None:
    step = Command("", "echo hello", says=("hello",), facts=lambda seen: [("a", seen.output == "hello\n"), ("b", True)])
    assert step.play(stage) == 2


def test_an_edit_is_really_made(stage: Stage) -> None:
    (stage.folder / "file").write_text("old")
    Command("", "sed -i 's/old/new/' file").play(stage)
    assert (stage.folder / "file").read_text() == "new"
