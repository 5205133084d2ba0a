"""Which versions of Ollama know which architectures: each row of the table, and what is said of the others."""

import pytest

from reconciler.core.abilities import TRIED
from reconciler.core.architectures import (
    AT_THE_LATEST,
    FIRST,
    IN_LLAMA_CPP,
    IN_OLLAMA,
    IN_PATCHES,
    LATER,
    knows,
    needed,
)

BEFORE = {  # the release before the first one, or the last that is known to have refused
    "deepseekocr": "0.12.11",
    "gemma4": "0.19.0",
    "glm4moelite": "0.14.2",
    "gptoss": "0.10.1",
    "nemotron_h_omni": "0.17.6",
    "qwen3vl": "0.12.6",
    "qwen3vlmoe": "0.12.6",
}


@pytest.mark.parametrize("architecture", sorted(IN_LLAMA_CPP | IN_OLLAMA | IN_PATCHES))
def test_what_was_found_in_0_9_3_is_known_and_needs_nothing(architecture: str) -> None:
    assert (knows(architecture, TRIED), knows(architecture, "0.33.0"), needed(architecture)) == (True, True, "")


@pytest.mark.parametrize("architecture", sorted(FIRST))
def test_what_came_with_a_known_release_is_known_from_then_on(architecture: str) -> None:
    first = FIRST[architecture]
    versions = (TRIED, BEFORE[architecture], first, f"{first}-rc1", "0.33.0")
    assert [knows(architecture, version) for version in versions] == [False, False, True, True, True]
    assert needed(architecture) == f"Ollama {first} or newer"


@pytest.mark.parametrize("architecture", sorted(LATER))
def test_what_came_some_time_later_is_known_at_the_ends_and_open_in_between(architecture: str) -> None:
    versions = (TRIED, "0.9.4", "0.20.0", AT_THE_LATEST, "0.33.0")
    assert [knows(architecture, version) for version in versions] == [False, None, None, True, True]
    assert needed(architecture) == "an Ollama newer than 0.9.3 (0.30.0 at the latest)"


@pytest.mark.parametrize(("version", "known"), [(TRIED, False), ("0.5.0", False), ("0.9.4", None), ("1.0.0", None)])
def test_what_nobody_has_heard_of_is_unknown_to_what_was_read_and_open_for_what_was_not(
    version: str, known: bool | None
) -> None:
    assert knows("other", version) is known
    assert needed("other") == "an Ollama newer than 0.9.3 (if any knows it)"


@pytest.mark.parametrize("version", ["0.0.0", "garbage"])
@pytest.mark.parametrize("architecture", ["gptoss", "smollm3", "other"])
def test_a_doubtful_version_is_refused_nothing(architecture: str, version: str) -> None:
    assert knows(architecture, version) is not False


def test_a_name_stands_in_one_place() -> None:
    tables = (IN_LLAMA_CPP, IN_OLLAMA, IN_PATCHES, frozenset(FIRST), LATER)
    assert sum(map(len, tables)) == len(frozenset().union(*tables))
    assert needed("") == ""
