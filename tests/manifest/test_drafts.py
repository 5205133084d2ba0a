"""Manifests that no person wrote: what is written declares what was meant, and what can't be is told and kept."""

from dataclasses import replace
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.diagnostics import Location
from reconciler.core.facts import facts
from reconciler.core.names import HostName, ModelName
from reconciler.core.resource import (
    HostSelector,
    HostSpec,
    Kind,
    Lifecycle,
    Overlay,
    PolicySpec,
    Resource,
    SourceRef,
)
from reconciler.manifest.drafts import Draft, manifest_text
from reconciler.manifest.load import load
from reconciler.manifest.starter import STARTER
from tests.manifest.test_yaml_text import TEXTS

HERE = Location("elsewhere", 3, 1)
SAID = TEXTS.filter(bool)
NAMES = st.from_regex(r"[a-z0-9_][a-z0-9_.-]{0,5}(:[A-Za-z0-9_][a-z0-9_.-]{0,5})?", fullmatch=True)
SOURCES = (
    SourceRef("ollama", (("name", "llama3.2:1b"),), HERE),
    SourceRef("ollama", (("insecure", True), ("name", "127.0.0.1:5000/team/m:v1")), HERE),
    SourceRef("huggingface", (("quantization", "Q4_K_M"), ("repo", "org/m-GGUF")), HERE),
    SourceRef("blob", (("sha256", f"sha256:{1:064}"),), HERE),
    SourceRef("blob", (("mmproj", f"sha256:{2:064}"), ("sha256", f"sha256:{1:064}")), HERE),
)
OVERLAYS = st.builds(
    Overlay,
    system=st.none() | SAID,
    template=st.none() | SAID,
    parameters=st.dictionaries(
        st.sampled_from(["num_ctx", "seed", "temperature", "use_mmap", "stop"]), st.just(None), max_size=5
    ).flatmap(lambda names: st.just(facts((name, _VALUES[name]) for name in names))),
    messages=st.lists(st.tuples(st.sampled_from(["system", "user", "assistant"]), TEXTS), max_size=3).map(tuple),
    license=st.lists(SAID, max_size=3).map(tuple),
    renderer=st.none() | st.just("qwen3-coder"),
)
_VALUES = {
    "num_ctx": 1_048_576,
    "seed": -1,
    "temperature": 0.30000000000000004,
    "use_mmap": False,
    "stop": ("7", "a\nb"),
}


def model(name: str = "m", **more: object) -> Resource:
    """Return a model of the hub."""
    made = Resource(Kind.MODEL, ModelName.parse(name), HERE, SOURCES[:1])
    return replace(made, **more)


def build(name: str, base: str) -> Resource:
    """Return a build."""
    return Resource(Kind.FINE_TUNE, ModelName.parse(name), HERE, base=ModelName.parse(base), base_location=HERE)


def read(folder, text: str):
    """Return what a manifest declares, and the warnings about it."""
    (folder / "written.yaml").write_text(text, encoding="utf-8", newline="")
    return load([folder])


def nowhere(item: Resource) -> Resource:
    """Return a resource without the places that it was read at."""
    return replace(
        item,
        location=HERE,
        base_location=HERE if item.base is not None else None,
    )


@settings(max_examples=60)
@given(
    name=NAMES.map(lambda name: f"x{name}"),
    source=st.sampled_from(SOURCES),
    adapter=st.none() | st.just(replace(SOURCES[3], wanted="adapter")),
    overlay=OVERLAYS,
    labels=st.dictionaries(TEXTS, TEXTS, max_size=2),
    protect=st.booleans(),
    comments=st.lists(TEXTS, max_size=2),
)
def test_what_is_written_declares_what_was_meant(name, source, adapter, overlay, labels, protect, comments):
    item = model(
        name,
        sources=(source,),
        adapter=adapter,
        overlay=overlay,
        labels=tuple(sorted(labels.items())),
        hosts=HostSelector(tuple(sorted(labels.items()))),
        lifecycle=Lifecycle(protect=protect),
    )
    written = manifest_text([Draft(item, tuple(comments))], comments, comments, "/")
    assert written.findings == ()
    with TemporaryDirectory() as folder:
        (found,) = read(Path(folder), written.text).manifests.resources
    assert nowhere(found) == item
    assert str(found.name) == str(item.name)


def test_hosts_policies_and_builds_are_written_as_well(tmp_path):
    host = HostSpec(
        HostName("gpu-01"),
        "https://gpu.example:11434",
        HERE,
        labels=(("gpu", "true"),),
        bearer_token_env="GPU_TOKEN",
        header_env=(("X-A", "A"),),
        storage_budget=1 << 30,
    )
    entries = (host, PolicySpec(HERE, prune="owned"), model(), build("b", "m"))
    written = manifest_text([Draft(item) for item in entries], ["Head"], [], "/")
    assert written.findings == ()
    assert written.entries == entries
    found = read(tmp_path, written.text).manifests
    assert replace(found.hosts[0], location=HERE) == host
    assert found.policy is not None
    assert found.policy.prune == "owned"
    assert [nowhere(item) for item in found.resources] == [build("b", "m"), model()]


DEEP = reduce(lambda inside, _: (inside,), range(60), "x")
WRONG = {
    "a parameter that nobody knows": (model(overlay=Overlay(parameters=(("mirostat", 2),))), "unknown key 'mirostat'"),
    "a value that no parameter has": (model(overlay=Overlay(parameters=(("num_ctx", None),))), "'num_ctx' must be"),
    "a reserved name": (model("m:cloud"), "reserved"),
    "a file that is not there": (
        model(sources=(SourceRef("gguf", (("path", "./m.gguf"),), HERE),)),
        "there is no file './m.gguf'",
    ),
    "half a character": (model(overlay=Overlay(system="\udfff")), "half of a character"),
    "something laid over a pull": (
        model("llama3.2:1b", overlay=Overlay(system="Hi")),
        "is pulled under its own name",
    ),
    "another model of that name": (model("first", overlay=Overlay(system="Hi")), "is declared twice"),
    "too deep a list": (model(overlay=Overlay(parameters=(("stop", DEEP),))), "nested too deeply"),
    "itself": (build("me", "me"), "me:latest is built on itself"),
}


@pytest.mark.parametrize(("entry", "message"), WRONG.values(), ids=WRONG)
def test_what_cannot_be_declared_is_told_and_stands_as_a_comment(tmp_path, entry, message):
    written = manifest_text(
        [Draft(model("first")), Draft(entry, ("Made by hand.",)), Draft(model("last"))], [], [], "/"
    )
    assert [item.location for item in written.findings] == [HERE] * len(written.findings)
    assert message in written.findings[0].message
    assert str(entry.name) in written.findings[0].message
    assert "# Made by hand." in written.text
    assert message.split("'")[0] in written.text.replace("\n# ", " ")
    names = [str(item.name) for item in read(tmp_path, written.text).manifests.resources]
    assert names == ["first:latest", "last:latest"]


def test_what_is_said_twice_stands_there_once():
    written = manifest_text([Draft(model()), Draft(model())], [], [], "/")
    assert (written.text.count("kind: Model"), written.findings) == (1, ())


def test_what_has_no_room_in_one_file_is_told(tmp_path):
    drafts = [Draft(model(f"m{number}", overlay=Overlay(system="x" * 1_500_000))) for number in range(4)]
    written = manifest_text([*drafts, Draft(model("small"))], [], ["End."], "/")
    assert [item.message for item in written.findings] == [
        f"m{number}:latest: no room in one file of 4 MiB" for number in (2, 3)
    ]
    names = [str(item.name) for item in read(tmp_path, written.text).manifests.resources]
    assert names == ["m0:latest", "m1:latest", "small:latest"]


def test_the_first_manifest_of_all_is_valid(tmp_path):
    assert read(tmp_path, STARTER).warnings == ()
