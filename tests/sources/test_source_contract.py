"""What every source type must keep, whatever it stands for."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.facts import Facts, facts, freeze
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.routes import layers_of
from reconciler.core.steps import Blob
from reconciler.errors import ResolutionError, Unusable
from reconciler.ports import Source
from reconciler.sources import Context, load, types
from tests.fakes.hf_server import HubServer
from tests.fakes.oci_server import OciServer
from tests.parts.gguf import tiny_model
from tests.sources.references import ref
from tests.sources.test_ollama import manifest


@dataclass(frozen=True)
class Case:
    """One source type with a question that it can answer, one that it can't, and a way to move what is asked for."""

    source: Source
    good: SourceRef
    bad: SourceRef
    move: Callable[[], object]


def _ollama(context: Context, folder: Path) -> Iterator[Case]:
    with OciServer() as server:
        server.manifests["team/m:v1"] = manifest()
        for content in (b"weights", b"config"):
            path = folder / Digest.of(content).hex
            path.write_bytes(content)
            server.blobs[str(Digest.of(content))] = path
        yield Case(
            load("ollama", context),
            ref("ollama", name=f"{server.address}/team/m:v1", insecure=True),
            ref("ollama", name=f"{server.address}/team/none", insecure=True),
            lambda: server.manifests.update({"team/m:v1": manifest(extra=1)}),
        )


def _huggingface(context: Context, folder: Path) -> Iterator[Case]:
    with HubServer(folder / "hub") as server:
        server.commit("org/m-GGUF", {"m-Q4_0.gguf": b"one"})
        yield Case(
            load("huggingface", replace(context, environ={"HF_ENDPOINT": server.url})),
            ref("huggingface", repo="org/m-GGUF", quantization="Q4_0"),
            ref("huggingface", repo="org/m-GGUF", quantization="Q8_0"),
            lambda: server.commit("org/m-GGUF", {"m-Q4_0.gguf": b"two"}),
        )


def _gguf(context: Context, folder: Path) -> Iterator[Case]:
    path = folder / "m.gguf"
    tiny_model(path)
    yield Case(
        load("gguf", context),
        ref("gguf", path=str(path)),
        ref("gguf", path=str(folder / "none.gguf")),
        lambda: tiny_model(path, seed=1),
    )


CASES = {"gguf": _gguf, "huggingface": _huggingface, "ollama": _ollama}


@pytest.fixture(params=sorted(CASES))
def case(request: pytest.FixtureRequest, context: Context, tmp_path: Path) -> Iterator[Case]:
    with closing(CASES[request.param](context, tmp_path)) as made:  # type: ignore[type-var]
        yield next(made)


def test_every_type_is_found_and_is_in_this_suite() -> None:
    assert types() == tuple(CASES)


def test_a_type_that_there_is_not_is_refused_with_those_there_are(context: Context) -> None:
    for name in ("hugginface", "_cache", ""):
        with pytest.raises(ValueError, match="there are gguf, huggingface, ollama"):
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
    return [*layers, *(blob for _, blob in pinned.files)]


def test_what_is_fetched_is_what_was_pinned_and_may_be_fetched_and_released_again(case: Case) -> None:
    for blob in _blobs(case.source.resolve(case.good), case.source.type):
        for _ in range(2):
            path = case.source.fetch(blob, lambda *_: None)
            assert Digest.of(path.read_bytes()) == blob.digest
            assert path.stat().st_size == blob.size
            case.source.release(blob)
            case.source.release(blob)


def test_what_was_pinned_is_offered_and_other_content_is_not(case: Case) -> None:
    for blob in _blobs(case.source.resolve(case.good), case.source.type):
        assert case.source.offers(blob)
        assert not case.source.offers(replace(blob, digest=Digest.of(b"other")))


def _through_a_file(pin: Facts) -> Facts:
    return facts((path, freeze(value)) for path, value in json.loads(json.dumps(dict(pin))).items())


def test_a_pin_brings_the_same_again_whatever_has_moved_since(case: Case) -> None:
    first = case.source.resolve(case.good)
    pin = _through_a_file(first.pin)
    case.move()

    assert pin
    assert case.source.restore(case.good, pin) == first
    assert case.source.resolve(case.good).pin != pin


def test_a_pin_with_less_or_with_more_in_it_is_refused(case: Case) -> None:
    pin = case.source.resolve(case.good).pin
    for wrong in ((), *(tuple(item for item in pin if item != left) for left in pin), facts((*pin, ("more", "x")))):
        with pytest.raises(Unusable) as caught:
            case.source.restore(case.good, wrong)
        assert caught.value.hint


def test_a_question_has_a_name_that_nobody_need_be_asked_for(case: Case) -> None:
    key = case.source.key(case.good)
    case.move()

    assert key == case.source.key(case.good) != case.source.key(case.bad)
    assert key.isprintable()
    assert Path(key).is_absolute() == (case.source.type == "gguf")


RESOLVE = """
import sys
from pathlib import Path
from reconciler.core.diagnostics import Location
from reconciler.core.resource import SourceRef
from reconciler.sources import Context, FileCache, load
from reconciler.transport import Http
kind, endpoint, options = sys.argv[1], sys.argv[2], tuple(pair.split("=", 1) for pair in sys.argv[3:])
options = tuple((name, value == "True" if name == "insecure" else value) for name, value in options)
context = Context(Http(), FileCache(Path("/nonexistent")), Path("/nonexistent"), {"HF_ENDPOINT": endpoint})
assert load(kind, context).resolve(SourceRef(kind, options, Location("x"))).size
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""


def test_resolving_imports_no_slow_library(case: Case) -> None:
    api = getattr(case.source, "_api", None)
    endpoint = api.endpoint() if api is not None else ""
    options = [f"{name}={value}" for name, value in case.good.options]

    command = [sys.executable, "-c", RESOLVE, case.good.type, endpoint, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)

    imported = set(done.stdout.split())
    assert {"reconciler", "urllib3"} <= imported
    assert not imported & {"huggingface_hub", "ollama", "httpx", "httpx2", "gguf", "numpy", "yaml", "rich", "structlog"}
