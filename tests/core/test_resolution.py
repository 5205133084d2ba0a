"""From pinned content to facts and steps: what is asked of a host, in which order."""

from dataclasses import replace

from reconciler.core.facts import facts
from reconciler.core.names import ModelName
from reconciler.core.resolution import Pinned, content_of, steps_for
from reconciler.core.resource import Overlay
from reconciler.core.steps import (
    Blob,
    Copy,
    Create,
    Delete,
    Install,
    Pull,
    Upload,
    is_staging,
    needed_blobs,
    pull_of,
    staging_name,
    written_names,
)
from tests.core.builders import digest

M, BASE, HUB = ModelName.parse("m"), ModelName.parse("base:1"), ModelName.parse("hub.example/team/m:1")
BLOB, LORA = Blob(digest("w"), 100, "gguf", ()), Blob(digest("l"), 10, "gguf", ())
FILE = Pinned("model.gguf", (), 100, files=(("model.gguf", BLOB),))
ADAPTER = Pinned("lora.gguf", (), 10, files=(("lora.gguf", LORA),))
LAYERS = ((digest("a"), 5), (digest("b"), 7))
PULL = Pull(HUB, False, digest("manifest"), LAYERS, (digest("manifest"),))
PULLED = Pinned("hub.example/team/m:1", (), 12, pull=PULL)
TURNS = (("user", "hi"), ("assistant", "ho"))
FULL = Overlay(
    "sys", "{{ .Prompt }}", facts({"temperature": 0.2}), (("user", "hi"), ("assistant", "ho")), ("MIT",), "Q4_K_M"
)


def test_a_pull_under_its_own_name_is_one_step():
    assert steps_for(HUB, Overlay(), PULLED, None, None, "k") == (PULL,)


def test_a_pull_under_another_name_leaves_only_that_name_behind():
    assert steps_for(M, Overlay(), PULLED, None, None, "k") == (
        PULL,
        Copy(HUB, M),
        Delete(HUB, unless_there_before=True),
    )


def test_an_import_uploads_builds_under_a_staging_name_copies_and_cleans_up():
    staging = staging_name("k" * 64)
    assert steps_for(M, Overlay(), FILE, None, None, "k" * 64) == (
        Upload(BLOB),
        Create(staging, files=(("model.gguf", BLOB.digest),)),
        Copy(staging, M),
        Delete(staging),
    )
    assert is_staging(staging)
    assert not is_staging(M)


def test_a_build_stands_on_its_base_and_carries_the_whole_overlay_and_the_adapter():
    staging = staging_name("k")
    upload, create, *_ = steps_for(M, FULL, None, ADAPTER, BASE, "k")
    assert upload == Upload(LORA)
    assert create == Create(
        staging,
        BASE,
        (),
        (("lora.gguf", LORA.digest),),
        "{{ .Prompt }}",
        "sys",
        FULL.parameters,
        FULL.messages,
        ("MIT",),
        "Q4_K_M",
    )


def test_renderer_and_parser_are_content_and_are_sent():
    overlay = Overlay(renderer="r", parser="p")
    _, create, *_ = steps_for(M, overlay, FILE, None, None, "k")
    assert (create.renderer, create.parser) == ("r", "p")
    content = dict(content_of(overlay, FILE, None, None))
    assert (content["renderer"], content["parser"]) == ("r", "p")


def test_an_overlay_on_a_pull_pulls_the_base_builds_and_drops_the_base_unless_it_was_there():
    pull, create, copy, delete, drop = steps_for(M, Overlay(system="s"), PULLED, None, None, "k")
    assert pull == PULL
    assert create.base == HUB
    assert (copy.target, delete.name) == (M, create.name)
    assert drop == Delete(HUB, unless_there_before=True)


def test_content_holds_what_decides_the_model_and_nothing_else():
    assert content_of(FULL, FILE, ADAPTER, "basis") == facts(
        {
            "weights": (str(BLOB.digest),),
            "adapters": (str(LORA.digest),),
            "base": "basis",
            "system": "sys",
            "template": "{{ .Prompt }}",
            "license": "MIT",
            "messages": FULL.messages,
            "quantize": "Q4_K_M",
            "parameters.temperature": 0.2,
        }
    )
    assert content_of(Overlay(), PULLED, None, None) == (("manifest", str(PULL.manifest)),)


def test_a_projector_is_content_of_its_own():
    eyes = Blob(digest("e"), 10, "gguf", ())
    both = Pinned("model.gguf", (), 110, files=(("model.gguf", BLOB), ("mmproj.gguf", eyes)))
    content = dict(content_of(Overlay(), both, None, None))
    assert content == {"weights": (str(digest("w")),), "projectors": (str(digest("e")),)}


def test_one_content_has_one_identity_wherever_it_comes_from():
    elsewhere = Blob(BLOB.digest, 100, "huggingface", (("commit", "0"),))
    assert FILE.identity == (str(BLOB.digest),)
    assert replace(FILE, reference="else", files=(("other.gguf", elsewhere),)).identity == FILE.identity
    assert ADAPTER.identity != FILE.identity
    moved = replace(PULL, manifest=digest("moved"))
    assert PULLED.identity == (str(PULL.manifest),) != replace(PULLED, pull=moved).identity
    assert (PULLED.foretold, FILE.foretold) == (PULL.foretold, ())


def test_what_is_pulled_is_found_by_whatever_route_it_comes():
    build = steps_for(M, Overlay(system="s"), FILE, None, None, "k")
    assert pull_of(build) is None
    assert pull_of((*build, PULL)) == pull_of((*build, Install(M, PULL))) == PULL
    install = (Install(M, PULL), Copy(M, BASE))
    assert (needed_blobs(install), written_names(install)) == (dict(LAYERS), {M, BASE})


def test_the_blobs_and_names_of_steps():
    steps = (*steps_for(M, Overlay(), PULLED, None, None, "k"), *steps_for(M, Overlay(), FILE, None, None, "k"))
    assert needed_blobs(steps) == {**dict(LAYERS), BLOB.digest: 100}
    assert written_names(steps) == {M, HUB, staging_name("k")}
