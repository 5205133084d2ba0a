"""What the lock may trust each source type with: a pin brings the same again, asks nobody, and nothing else passes."""

import json
import subprocess
import sys
from dataclasses import replace

import pytest

from reconciler.core.digest import Digest
from reconciler.core.facts import Fact, Facts, facts, freeze
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.routes import layers_of
from reconciler.core.steps import Blob
from reconciler.errors import ResolutionError, SourceUnavailable, Unusable
from tests.sources.cases import Case


def blobs(pinned: Pinned, type: str) -> list[Blob]:
    layers = layers_of(pinned.pull, type) if pinned.pull else ()
    return [*layers, *(blob for _, whole in pinned.files for blob in whole.parts or (whole,))]


def through_a_file(pin: Facts) -> Facts:
    return facts((path, freeze(value)) for path, value in json.loads(json.dumps(dict(pin))).items())


def refused(case: Case, pin: Facts, question: SourceRef | None = None) -> Unusable:
    with pytest.raises(ResolutionError) as caught:
        case.elsewhere.restore(question or case.good, pin)
    assert type(caught.value) is Unusable
    assert caught.value.hint
    return caught.value


def test_a_pin_brings_the_same_again_whatever_has_moved_and_whoever_is_gone(case: Case) -> None:
    first = case.source.resolve(case.good)
    pin = through_a_file(first.pin)
    case.move()
    assert case.source.resolve(case.good).pin != pin
    assert case.source.resolve(case.good).identity != first.identity
    case.close()

    assert pin
    assert case.elsewhere.restore(case.good, pin) == first


def test_a_pin_holds_texts_numbers_and_lists_of_texts(case: Case) -> None:
    pin = case.source.resolve(case.good).pin
    assert pin == facts(pin)
    for _, value in pin:
        listed = value if isinstance(value, tuple) else ()
        assert type(value) in {str, int, tuple}
        assert all(type(item) is str for item in listed)


def test_nothing_is_locked_or_offered_instead_by_what_a_source_says(case: Case) -> None:
    pinned = case.source.resolve(case.good)
    assert (pinned.locked, pinned.offered, pinned.unchecked) == (False, None, "")
    assert pinned.follows == (not case.source.offline)


def test_a_question_has_a_name_of_its_own_that_nobody_need_be_asked_for(case: Case) -> None:
    case.close()
    keys = [case.elsewhere.key(question) for question in (case.good, case.bad, *case.others)]
    assert len(set(keys)) == len(keys)
    assert keys == [case.source.key(question) for question in (case.good, case.bad, *case.others)]
    for key in keys:
        assert key.isprintable()
        assert key == key.strip()
        assert key.startswith("/") == (case.source.type in {"gguf", "safetensors"})


def test_what_content_is_expected_is_no_part_of_the_question(case: Case) -> None:
    pinned = case.source.resolve(case.good)
    expecting = replace(case.good, options=(*case.good.options, ("sha256", pinned.identity[0])))
    assert case.source.key(expecting) == case.source.key(case.good)


KEY = """
import sys
from reconciler.core.diagnostics import Location
from reconciler.core.resource import SourceRef
from reconciler.sources import Context, FileCache, load
from reconciler.transport import Http
from pathlib import Path
options = tuple(sorted(pair.split("=", 1) for pair in sys.argv[2:]))
context = Context(Http(), FileCache(Path("/nonexistent")), Path("/nonexistent"), {})
print(load(sys.argv[1], context).key(SourceRef(sys.argv[1], options, Location("elsewhere"))))
"""


def test_another_process_calls_it_by_the_same_name(case: Case) -> None:
    options = [f"{name}={value}" for name, value in case.good.options]
    command = [sys.executable, "-c", KEY, case.good.type, *options]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout == f"{case.source.key(case.good)}\n"


WRONG: tuple[Fact, ...] = ("", "x", "../x.gguf", "a/../../x.gguf", "\ud800", "A" * 64, "0" * 63, "sha256:" + "0" * 64)
WRONG += (-1, 1 << 63, 1 << 70, 1.5, True, False, None, (), ("x",), (("x",),), (1,))
NAMES = {"x", "../x.gguf", "a/../../x.gguf", "A" * 64, "0" * 63, "sha256:" + "0" * 64}


def test_a_pin_with_anything_else_in_any_place_is_refused_and_nobody_is_asked(case: Case) -> None:
    pin = case.source.resolve(case.good).pin
    case.close()
    for path, _ in pin:
        for wrong in WRONG:
            if path != "architecture" or wrong not in NAMES:  # which may be any name
                refused(case, facts({**dict(pin), path: wrong}))


def test_a_pin_with_less_or_with_more_in_it_is_refused(case: Case) -> None:
    pin = case.source.resolve(case.good).pin
    for wrong in ((), *(tuple(item for item in pin if item != left) for left in pin), facts((*pin, ("more", "x")))):
        refused(case, wrong)


def test_what_was_pinned_is_offered_as_long_as_upstream_has_it(case: Case) -> None:
    wanted = blobs(case.source.resolve(case.good), case.source.type)
    assert wanted
    for blob in wanted:
        assert case.source.offers(blob)
        assert not case.source.offers(replace(blob, digest=Digest.of(b"other")))
    case.drop()
    assert not any(case.source.offers(blob) for blob in wanted)


def test_where_nobody_answers_it_is_not_said_that_it_is_gone(case: Case) -> None:
    wanted = blobs(case.source.resolve(case.good), case.source.type)
    case.close()
    for blob in wanted:
        if case.source.offline:
            assert not case.elsewhere.offers(blob)
        else:
            with pytest.raises(SourceUnavailable):
                case.elsewhere.offers(blob)
