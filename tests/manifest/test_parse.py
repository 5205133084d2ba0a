"""What valid manifests become."""

from pathlib import Path

import pytest

from reconciler.core.diagnostics import Location
from reconciler.core.names import ModelName
from reconciler.core.resource import (
    HostSelector,
    HostSpec,
    Kind,
    Lifecycle,
    Manifests,
    ModelTest,
    Overlay,
    Resource,
    SourceRef,
)
from reconciler.manifest.load import load

VALID = Path(__file__).parent / "cases" / "valid"
FILE = "valid/everything.yaml"


@pytest.fixture
def loaded(monkeypatch: pytest.MonkeyPatch) -> Manifests:
    monkeypatch.chdir(VALID.parent)
    return load([Path(FILE)]).manifests


@pytest.fixture
def by_name(loaded: Manifests) -> dict[str, Resource]:
    return {item.name.model: item for item in loaded.resources}


def test_a_model_with_everything(by_name: dict[str, Resource]) -> None:
    assert by_name["big"] == Resource(
        kind=Kind.MODEL,
        name=ModelName.parse("registry.example:5000/team/big:v1"),
        location=Location(FILE, 4, 9),
        sources=(
            SourceRef(
                "ollama", (("insecure", True), ("name", "registry.example:5000/team/big:base")), Location(FILE, 7, 20)
            ),
        ),
        overlay=Overlay(
            system="yes",
            template="{{ .Prompt }}",
            parameters=(("num_ctx", 4096), ("stop", ("###",)), ("temperature", 0.2), ("use_mmap", False)),
            license=("MIT", "Apache-2.0"),
        ),
        hosts=HostSelector((("gpu", "true"), ("site", "office"))),
        lifecycle=Lifecycle(protect=True),
        labels=(("cost", "3"), ("tier", "chat")),
        test=ModelTest(prompt="2+2=", expect="4", timeout=60, rollback=True),
    )
    assert by_name["big"].sources[0].location == Location(FILE, 7, 20)


def test_a_plain_name_is_short_for_name(by_name: dict[str, Resource]) -> None:
    assert by_name["short"].sources == (SourceRef("ollama", (("name", "tiny:1b"),), Location("")),)
    assert by_name["short"].overlay.empty


def test_a_local_file_is_absolute_and_a_template_file_is_read_as_it_is(by_name: dict[str, Resource]) -> None:
    weights = by_name["weights"]
    assert weights.sources == (SourceRef("gguf", (("path", str(VALID / "weights.gguf")),), Location("")),)
    assert weights.overlay == Overlay(template="T {{ .Prompt }}\r\n", license=("MIT",), quantize="Q4_K_M")


def test_a_renderer_and_a_parser_are_names(by_name: dict[str, Resource]) -> None:
    assert by_name["rendered"].overlay == Overlay(renderer="qwen3-coder", parser="qwen3-coder")


def test_examples_become_turns_in_the_order_given_each_file_once(by_name: dict[str, Resource]) -> None:
    turns = by_name["turns"]
    said = [("user", "one"), ("assistant", "two"), ("user", "b"), ("assistant", "B"), ("user", "a"), ("assistant", "A")]
    assert (turns.kind, turns.base, turns.base_location) == (
        Kind.FINE_TUNE,
        ModelName.parse("short"),
        Location(FILE, 34, 9),
    )
    assert turns.overlay.messages == tuple(said)
    assert turns.overlay.license == ("###",)
    assert turns.overlay.parameters == by_name["big"].overlay.parameters
    lora = (("file", "lora.gguf"), ("repo", "org/lora-GGUF"))
    assert turns.adapter == SourceRef("huggingface", lora, Location(""), wanted="adapter")


def test_a_policy_stands_beside_the_other_options(by_name: dict[str, Resource]) -> None:
    options = (("maxSize", 6 << 30), ("prefer", ("Q4_K_M", "q5_K_m")), ("repo", "a/b"))
    assert by_name["fitted"].sources == (SourceRef("huggingface", options, Location("")),)


def test_examples_become_text_after_the_system_prompt(by_name: dict[str, Resource]) -> None:
    told, untold = by_name["told"], by_name["untold"]
    assert told.overlay == Overlay(
        system="Be kind.\n\nExamples:\n\nUser: one\nAssistant: two\n\nUser: three\nAssistant: four"
    )
    assert untold.overlay == Overlay(system="Examples:\n\nUser: one\nAssistant: two")
    assert told.adapter is not None
    assert dict(told.adapter.options)["path"] == str(VALID / "weights.gguf")


def test_a_test_of_embeddings_has_five_minutes(by_name: dict[str, Resource]) -> None:
    assert by_name["untold"].test == ModelTest(dimensions=384, timeout=300)


def test_hosts(loaded: Manifests) -> None:
    assert loaded.hosts == (
        HostSpec(name=loaded.hosts[0].name, url="http://[::1]:11434", location=Location(FILE, 73, 18)),
        HostSpec(
            name=loaded.hosts[1].name,
            url="https://gpu-01.example:11434/ollama",
            location=Location(FILE, 65, 18),
            labels=(("gpu", "true"), ("site", "office")),
            bearer_token_env="TOKEN",
            header_env=(("X-A", "A"), ("X-B", "B")),
            ca_file=str(VALID / "ca.pem"),
        ),
        HostSpec(
            name=loaded.hosts[2].name,
            url="http://small:11434",
            location=Location(FILE, 83, 18),
            storage_budget=400 << 30,
        ),
    )
    assert [host.name for host in loaded.hosts] == ["desk", "gpu-01", "small"]


def test_everything_is_sorted_by_name(loaded: Manifests) -> None:
    names = [item.name for item in loaded.resources]
    assert names == sorted(names)


def test_what_hosts_hold_is_named_by_digest_and_the_adapter_too(by_name: dict[str, Resource]) -> None:
    held = by_name["held"]
    assert held.sources[0].options == (("mmproj", f"sha256:{2:064}"), ("sha256", f"{1:064}"))
    assert held.adapter is not None
    assert (held.adapter.type, held.adapter.options) == ("blob", (("sha256", f"sha256:{3:064}"),))
    assert held.adapter.wanted == "adapter"


@pytest.mark.parametrize(
    ("name", "turns", "system"),
    [
        ("held", (("system", ""), ("user", "Hi")), None),
        ("said", (("user", "Hi"), ("user", "one"), ("assistant", "two")), None),
        ("said-in-system", (("user", "Hi"),), "Examples:\n\nUser: one\nAssistant: two"),
    ],
)
def test_messages_stand_as_they_are_and_examples_behind_them(
    by_name: dict[str, Resource], name: str, turns: tuple[tuple[str, str], ...], system: str | None
) -> None:
    assert (by_name[name].overlay.messages, by_name[name].overlay.system) == (turns, system)
