"""What to write in a manifest: the document for each type of source, and names that hosts take."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.declaration import declaration, model_name
from reconciler.core.found import Format, Found, Variant
from reconciler.core.names import ModelName

REPO = Found("hf:org/M-GGUF@main", "huggingface", (("repo", "org/M-GGUF"),))
FILE = Found("./m.gguf", "gguf", ())
HEAD = {"apiVersion": "reconciler/v1", "kind": "Model"}

SOURCES = {
    "a quantisation": (
        replace(REPO, variants=(Variant("a.gguf", 1, "Q8_0"), Variant("b.gguf", 2, "Q4_K_M"))),
        {"huggingface": (("repo", "org/M-GGUF"), ("quantization", "Q4_K_M"))},
    ),
    "a quantisation of which there are two": (
        replace(REPO, variants=(Variant("a.gguf", 1, "Q4_K_M"), Variant("b.gguf", 2, "Q4_K_M"))),
        {"huggingface": (("repo", "org/M-GGUF"), ("file", "a.gguf"))},
    ),
    "a quantisation that is split as well": (
        replace(REPO, variants=(Variant("a.gguf", 1, "Q8_0"), Variant("b.gguf", 2, "Q8_0", 2))),
        {"huggingface": (("repo", "org/M-GGUF"), ("quantization", "Q8_0"))},
    ),
    "a quantisation that is there in parts only": (
        replace(REPO, variants=(Variant("b-00001-of-00002.gguf", 2, "Q8_0", 2),)),
        {"huggingface": (("repo", "org/M-GGUF"), ("quantization", "Q8_0"))},
    ),
    "parts beside a whole one that can't be taken": (
        replace(REPO, variants=(Variant("a.gguf", 9, "Q8_0", 1, "too large"), Variant("b.gguf", 9, "Q8_0", 2))),
        {"huggingface": (("repo", "org/M-GGUF"), ("file", "b.gguf"))},
    ),
    "a file without quantisation": (
        replace(REPO, variants=(Variant("a.gguf", 1),)),
        {"huggingface": (("repo", "org/M-GGUF"), ("file", "a.gguf"))},
    ),
    "a revision": (
        replace(REPO, options=(*REPO.options, ("revision", "v1")), variants=(Variant("a.gguf", 1, "Q8_0"),)),
        {"huggingface": (("repo", "org/M-GGUF"), ("revision", "v1"), ("quantization", "Q8_0"))},
    ),
    "a file here": (replace(FILE, variants=(Variant("m.gguf", 1),)), {"gguf": "./m.gguf"}),
    "its only projector": (
        replace(REPO, variants=(Variant("a.gguf", 1, "Q8_0"),), projectors=("mmproj.gguf",)),
        {"huggingface": (("repo", "org/M-GGUF"), ("quantization", "Q8_0"))},
    ),
    "one projector of several": (
        replace(REPO, variants=(Variant("a.gguf", 1),), projectors=("mmproj-BF16.gguf", "mmproj-F16.gguf", "p.gguf")),
        {"huggingface": (("repo", "org/M-GGUF"), ("file", "a.gguf"), ("mmproj", "mmproj-F16.gguf"))},
    ),
    "a file here with its projector": (
        replace(FILE, variants=(Variant("m.gguf", 1),), projectors=("mmproj.gguf",)),
        {"gguf": (("path", "./m.gguf"), ("mmproj", "./mmproj.gguf"))},
    ),
    "safetensors": (
        replace(REPO, format=Format.SAFETENSORS),
        {"huggingface": (("repo", "org/M-GGUF"), ("format", "safetensors"))},
    ),
    "a folder here": (Found("./m", "safetensors", (("path", "./m"),)), {"safetensors": "./m"}),
    "a name": (Found("ollama:m", "ollama", (("name", "m:latest"),)), {"ollama": "m:latest"}),
    "a name without TLS": (
        Found("ollama:http://h:1/a/m", "ollama", (("name", "h:1/a/m:latest"), ("insecure", True))),
        {"ollama": (("name", "h:1/a/m:latest"), ("insecure", True))},
    ),
}


@pytest.mark.parametrize(("found", "source"), SOURCES.values(), ids=SOURCES)
def test_a_model_is_declared_from_its_source(found: Found, source: dict[str, object]) -> None:
    document = dict(declaration(found))
    assert {key: document[key] for key in HEAD} == HEAD
    assert document["spec"] == (("source", tuple(source.items())),)


def test_an_adapter_is_declared_on_a_base() -> None:
    document = dict(declaration(replace(FILE, holds="adapter", variants=(Variant("lora.gguf", 1),))))
    assert document["kind"] == "FineTune"
    both = replace(REPO, holds="adapter", variants=(Variant("l.gguf", 1),), projectors=("a.gguf", "b.gguf"))
    assert "mmproj" not in str(declaration(both))
    assert document["spec"] == (("base", "the-base-model"), ("adapter", (("gguf", "./lora.gguf"),)))


NAMES = {
    "a repo": (REPO, Variant("x.gguf", 1, "Q4_K_M"), "m:q4_k_m"),
    "a repo without quantisation": (REPO, Variant("x.gguf", 1), "m"),
    "a file": (FILE, Variant("My Model.Q4_1.gguf", 1, "Q4_1"), "my-model:q4_1"),
    "a file in parts": (FILE, Variant("My-Q4_1-00001-of-00003.gguf", 9, "Q4_1", 3), "my:q4_1"),
    "a file that is only its quantisation": (FILE, Variant("Q4_1.gguf", 1, "Q4_1"), "model:q4_1"),
    "a file of strange letters": (FILE, Variant("模型.gguf", 1), "model"),
    "a name of another": (Found("", "ollama", (("name", "h:1/a/m:v1"),)), Variant("", 0), "m:v1"),
}


@pytest.mark.parametrize(("found", "chosen", "name"), NAMES.values(), ids=NAMES)
def test_a_name_tells_where_the_model_comes_from(found: Found, chosen: Variant, name: str) -> None:
    assert model_name(found, chosen) == name


@given(file=st.text(), quantization=st.text())
def test_every_name_is_one_that_hosts_take(file: str, quantization: str) -> None:
    ModelName.parse(model_name(FILE, Variant(file, 1, quantization)))
