"""What a record is written as comes to the very content on record: the promise of `export` with our own records."""

from dataclasses import replace

import pytest

from reconciler.core.diagnostics import Location
from reconciler.core.exported import How
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.names import ModelName
from reconciler.core.recalled import recalled
from reconciler.core.resolution import content_of
from reconciler.core.resource import Kind, Resource
from reconciler.core.state import Recorded
from tests.core.builders import desired, recorded

WHERE = Location("our records")
WEIGHTS, EYES, LORA = (f"sha256:{number:064}" for number in (1, 2, 3))
LAID: dict[str, Fact] = {
    "license": "MIT\nMore",
    "messages": (("user", "a"), ("assistant", "b")),
    "parameters.num_ctx": 512,
    "parameters.stop": ("a", "b"),
    "parser": "p",
    "quantize": "q4_K_M",
    "renderer": "r",
    "system": "s",
    "template": "t",
}
REPO: dict[str, Fact] = {"repo": "o/r", "revision": "main", "commit": "c" * 40, "file": "a/m-Q4_K_M.gguf"}


def record(source: str, reference: str, about: dict[str, Fact], **content: Fact) -> Recorded:
    """Return the record of a model from this source, with all that can be laid over it."""
    made = recorded(desired("m", facts({**LAID, **content})))
    return replace(made, source=source, reference=reference, provenance=facts(about))


def asked(item: Recorded, home: str = "/home/new") -> tuple[str, Facts] | None:
    """Return type and options of the source that a record is written with, or None where it can't be written."""
    found = recalled(item, WHERE, home)
    if found is None:
        return None
    assert found.how is How.RECORD
    assert found.resource is not None
    (ref,) = found.resource.sources
    return ref.type, ref.options


def test_what_is_laid_over_is_what_is_on_record() -> None:
    found = recalled(record("blob", "1", {"sha256": "1"}, weights=(WEIGHTS,)), WHERE, "")
    assert found is not None
    assert found.resource is not None
    assert content_of(found.resource.overlay, None, None, None) == facts(LAID)


def test_what_is_protected_stays_so() -> None:
    found = recalled(replace(record("blob", "1", {}, weights=(WEIGHTS,)), protect=True), WHERE, "")
    assert found is not None
    assert found.resource is not None
    assert found.resource.lifecycle.protect


@pytest.mark.parametrize(
    ("reference", "about", "options"),
    [
        ("o/r@main", {}, {}),
        ("o/r@main Q4_K_M", {}, {"quantization": "Q4_K_M"}),
        ("o/r@main a/m-Q4_K_M.gguf", {}, {"file": "a/m-Q4_K_M.gguf"}),
        ("o/r@main Q4_K_M or Q8_0 up to 6 GiB", {}, {"file": "a/m-Q4_K_M.gguf"}),
        ("o/r@main mmproj none", {}, {"mmproj": "none"}),
        ("o/r@main Q4_K_M mmproj e.gguf", {}, {"quantization": "Q4_K_M", "mmproj": "e.gguf"}),
        (
            "o/r@v1 a/m-Q4_K_M.gguf mmproj e.gguf",
            {"revision": "v1"},
            {"revision": "v1", "file": "a/m-Q4_K_M.gguf", "mmproj": "e.gguf"},
        ),
        ("o/r@main safetensors", {"file": ""}, {"format": "safetensors"}),
    ],
)
def test_a_repo_is_asked_as_it_was(reference: str, about: dict[str, Fact], options: dict[str, Fact]) -> None:
    found = asked(record("huggingface", reference, {**REPO, **about}, weights=(WEIGHTS,)))
    assert found == ("huggingface", facts({"repo": "o/r", **options}))


@pytest.mark.parametrize(
    ("source", "about", "content", "expected"),
    [
        ("ollama", {"name": "a:b", "hub": "https://h"}, {"manifest": WEIGHTS}, ("ollama", {"name": "a:b"})),
        (
            "ollama",
            {"name": "h:1/a/b:c", "hub": "http://h:1"},
            {"manifest": WEIGHTS},
            ("ollama", {"insecure": True, "name": "h:1/a/b:c"}),
        ),
        ("ollama", {}, {"manifest": WEIGHTS}, None),
        ("gguf", {"path": "/home/new/a/m.gguf"}, {"weights": (WEIGHTS,)}, ("gguf", {"path": "./a/m.gguf"})),
        (
            "gguf",
            {"path": "/home/new/m.gguf", "mmproj": "/home/new/e.gguf"},
            {"weights": (WEIGHTS,), "projectors": (EYES,)},
            ("gguf", {"mmproj": "./e.gguf", "path": "./m.gguf"}),
        ),
        (
            "gguf",
            {"path": "/home/new/m.gguf", "mmproj": "/home/newer/e.gguf"},
            {"weights": (WEIGHTS,), "projectors": (EYES,)},
            ("blob", {"mmproj": EYES, "sha256": WEIGHTS}),
        ),
        ("gguf", {"path": "/elsewhere/m.gguf"}, {"weights": (WEIGHTS,)}, ("blob", {"sha256": WEIGHTS})),
        ("gguf", {"path": "/elsewhere/m.gguf", "parts": 2}, {"weights": (WEIGHTS,)}, None),
        ("gguf", {"path": "/x/m.gguf", "parts": 2}, {"weights": (LORA,), "projectors": (EYES,)}, None),
        ("safetensors", {"path": "/home/new/t"}, {"weights": (WEIGHTS, LORA)}, ("safetensors", {"path": "./t"})),
        ("safetensors", {"path": "/elsewhere/t"}, {"weights": (WEIGHTS, LORA)}, None),
        ("blob", {"sha256": WEIGHTS}, {"weights": (WEIGHTS,)}, ("blob", {"sha256": WEIGHTS})),
        ("blob", {"sha256": WEIGHTS}, {"weights": (WEIGHTS,), "what": "else"}, None),
    ],
)
def test_a_source_is_written_where_a_manifest_can_say_it(source, about, content, expected) -> None:
    assert asked(record(source, "m", about, **content)) == (expected and (expected[0], facts(expected[1])))


def test_a_file_is_a_blob_where_nobody_knows_where_the_manifest_will_be() -> None:
    item = record("gguf", "m.gguf", {"path": "/m.gguf"}, weights=(WEIGHTS,))
    assert asked(item, home="") == ("blob", (("sha256", WEIGHTS),))
    assert asked(item, home="/") == ("gguf", (("path", "./m.gguf"),))
    found = recalled(item, WHERE, "")
    assert found is not None
    assert found.notes == ("It was made from /m.gguf: put that beside this manifest, and name it here as `gguf`.",)


def test_what_was_taken_over_as_it_was_can_not_be_written() -> None:
    assert asked(replace(record("gguf", "m", {"path": "/home/new/m.gguf"}), content=())) is None


@pytest.mark.parametrize(
    ("reference", "about", "expected"),
    [
        ("o/r@main", {"repo": "o/r", "revision": "main", "file": "l.gguf"}, ("huggingface", {"repo": "o/r"})),
        (
            "o/r@main safetensors",
            {"repo": "o/r", "revision": "main", "class": ""},
            ("huggingface", {"format": "safetensors", "repo": "o/r"}),
        ),
        ("l.gguf", {"path": "/home/new/l.gguf"}, ("gguf", {"path": "./l.gguf"})),
        ("l.gguf", {"path": "/l.gguf"}, ("blob", {"sha256": LORA})),
        ("l", {"path": "/home/new/l", "class": ""}, ("safetensors", {"path": "./l"})),
        ("3", {"sha256": LORA}, ("blob", {"sha256": LORA})),
    ],
)
def test_a_build_keeps_its_base_and_its_adapter(reference, about, expected) -> None:
    laid = {f"adapter.{path}": value for path, value in about.items()}
    item = record("build", f"from base:latest with the adapter {reference}", laid, base="mark", adapters=(LORA,))
    found = recalled(replace(item, kind=Kind.FINE_TUNE, base=ModelName.parse("base")), WHERE, "/home/new")
    assert found is not None
    made = found.resource
    assert isinstance(made, Resource)
    assert (made.kind, made.base, made.sources) == (Kind.FINE_TUNE, ModelName.parse("base"), ())
    assert made.adapter is not None
    assert (made.adapter.type, made.adapter.options) == (expected[0], facts(expected[1]))
    assert made.adapter.wanted == "adapter"


def test_an_adapter_that_cannot_be_written_is_not_left_out() -> None:
    laid: dict[str, Fact] = {"adapter.path": "/l", "adapter.class": ""}
    item = record("build", "from base:latest with the adapter l", laid, base="mark", adapters=(LORA, EYES))
    assert recalled(replace(item, base=ModelName.parse("base")), WHERE, "/home/new") is None
