"""What every source type must keep, whatever it stands for."""

import re
import subprocess
import sys
from dataclasses import replace

import pytest

from reconciler.core.digest import Digest
from reconciler.core.facts import facts
from reconciler.core.names import ModelName
from reconciler.core.resolution import Pinned
from reconciler.core.routes import layers_of
from reconciler.core.steps import Blob, Pull
from reconciler.errors import ResolutionError, Unusable
from reconciler.sources import Context, load, types
from tests.sources.cases import CASES, Case
from tests.sources.downloads import brought


def test_every_type_is_found_and_is_in_this_suite() -> None:
    asked = {name.partition(" ")[0] for name in CASES}
    assert types() == tuple(sorted(asked | {"blob"}))  # which has nobody to ask: see test_blob.py


def test_a_type_that_there_is_not_is_refused_with_those_there_are(context: Context) -> None:
    for name in ("hugginface", "_cache", ""):
        with pytest.raises(ValueError, match="there are blob, gguf, huggingface, ollama"):
            load(name, context)


def test_a_source_says_its_type(case: Case) -> None:
    assert case.source.type == case.good.type


def test_the_same_question_has_the_same_answer_until_something_moves(case: Case) -> None:
    first = case.source.resolve(case.good)
    assert case.source.resolve(case.good) == first

    case.move()

    second = case.source.resolve(case.good)
    assert second != first
    assert second.reference == first.reference


def test_an_answer_is_either_a_pull_or_files_and_knows_its_size(case: Case) -> None:
    pinned = case.source.resolve(case.good)

    assert (pinned.pull is None) == bool(pinned.files)
    layers = pinned.pull.layers if pinned.pull else [(blob.digest, blob.size) for _, blob in pinned.files]
    assert pinned.size == sum(size for _, size in layers)
    assert pinned.provenance == facts(pinned.provenance)
    assert all(blob.source == case.source.type for _, blob in pinned.files)


def test_what_cannot_be_answered_says_why_and_what_to_do(case: Case) -> None:
    with pytest.raises(ResolutionError) as caught:
        case.source.resolve(case.bad)

    assert caught.value.message
    assert caught.value.hint
    assert not re.search(r"Traceback|object at 0x|urllib3|httpx", str(caught.value))


def _blobs(pinned: Pinned, type: str) -> list[Blob]:
    layers = layers_of(pinned.pull, type) if pinned.pull else ()
    return [*layers, *(blob for _, whole in pinned.files for blob in whole.parts or (whole,))]


def test_what_is_fetched_is_what_was_pinned_and_may_be_fetched_and_released_again(case: Case) -> None:
    for blob in _blobs(case.source.resolve(case.good), case.source.type):
        for _ in range(2):
            path = brought(case.source, blob, lambda *_: None)
            assert Digest.of(path.read_bytes()) == blob.digest
            assert path.stat().st_size == blob.size
            case.source.release(blob)
            case.source.release(blob)


def test_what_was_pinned_is_offered_and_other_content_is_not(case: Case) -> None:
    for blob in _blobs(case.source.resolve(case.good), case.source.type):
        assert case.source.offers(blob)
        assert not case.source.offers(replace(blob, digest=Digest.of(b"other")))


def test_what_gives_files_knows_no_pulls(case: Case) -> None:
    pull = Pull(ModelName.parse("m"), insecure=False, manifest=Digest.of(b""), layers=())
    if case.source.resolve(case.good).files:
        for ask in (lambda: case.source.describe(pull), lambda: case.source.route(case.good, pull)):
            with pytest.raises(Unusable, match="m:latest is not of this source"):
                ask()


RESOLVE = """
import sys
from pathlib import Path
from reconciler.core.diagnostics import Location
from reconciler.core.resource import SourceRef
from reconciler.sources import Context, FileCache, load
from reconciler.transport import Http
from tests.sources.downloads import brought
kind, endpoint, options = sys.argv[1], sys.argv[2], tuple(pair.split("=", 1) for pair in sys.argv[3:])
options = tuple((name, value == "True" if name == "insecure" else value) for name, value in options)
context = Context(Http(), FileCache(Path("/nonexistent")), Path("/nonexistent"), {"HF_ENDPOINT": endpoint})
assert load(kind, context).resolve(SourceRef(kind, options, Location("x"))).size
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_resolving_imports_no_slow_library(case: Case) -> None:
    options = [f"{name}={value}" for name, value in case.good.options]

    command = [sys.executable, "-c", RESOLVE, case.good.type, case.url, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    imported = set(done.stdout.split())
    assert {"reconciler", "urllib3"} <= imported
    assert not imported & {"huggingface_hub", "ollama", "httpx", "httpx2", "gguf", "numpy", "yaml", "rich", "structlog"}
