"""The table of chains: what each source says, which one is taken then, and what is told of the rest."""

from dataclasses import replace

import pytest

from reconciler.core.chain import EARLIER, Choice, Tried, choose, next_to_ask, none_taken
from reconciler.core.diff import diff
from reconciler.core.expand import expand
from reconciler.core.names import ModelName
from reconciler.core.resolution import Pinned, Unpinned
from reconciler.core.resource import HostSpec, Kind, Resource, SourceRef
from reconciler.core.steps import Blob
from tests.core.builders import HERE, digest, live_state, recorded_state

A, B, C = (SourceRef("gguf", (("path", f"/{name}"),), HERE) for name in "abc")
CHAIN = (A, B, C)
NAMES = {A: "a", B: "b", C: "c"}

WORKS = Pinned("m", (), 1, files=(("m.gguf", Blob(digest("w"), 1, "gguf", ())),))
LORA = replace(WORKS, holds="adapter")
LOCKED = replace(WORKS, locked=True)
GONE = Unpinned(A, "it is not there", "look elsewhere", retryable=False)
DOWN = Unpinned(A, "it is silent", "try again later", retryable=True)
NOBODY = Unpinned(A, "", "", retryable=False)
OPEN = Unpinned(A, "it is not in the lock", "lock it", retryable=False, unlocked=True)
BROKEN = Unpinned(A, "the lock is broken", "lock it anew", retryable=False, locked=True)

MAY_PASS = "it is silent, which may pass, so no later one is taken"
KIND = "it is no model but one of the kind adapter"
LATER = "it was not tried"

TABLE = [
    # what each of them says      taken  why the others are not
    ((WORKS, NOBODY, NOBODY), A, ("", "", "")),
    ((GONE, WORKS, NOBODY), B, ("it is not there", "", "")),
    ((GONE, LORA, WORKS), C, ("it is not there", KIND, "")),
    ((GONE, GONE, GONE), None, ("it is not there",) * 3),
    ((GONE, GONE, LORA), None, ("it is not there", "it is not there", KIND)),
    ((DOWN, NOBODY, NOBODY), None, (MAY_PASS, LATER, LATER)),
    ((DOWN, WORKS, GONE), None, (MAY_PASS, LATER, LATER)),  # another model asked the two others
    ((GONE, DOWN, NOBODY), None, ("it is not there", MAY_PASS, LATER)),
    ((GONE, LOCKED, NOBODY), B, ("it is not there", "", "")),
    ((WORKS, LOCKED, NOBODY), B, (EARLIER, "", "")),
    ((DOWN, LOCKED, NOBODY), B, ("it is silent", "", "")),
    ((OPEN, LOCKED, NOBODY), B, ("it is not in the lock", "", "")),
    ((GONE, LOCKED, LOCKED), B, ("it is not there", "", "")),
    ((WORKS, BROKEN, WORKS), None, (EARLIER, "the lock is broken", LATER)),  # nothing is taken in its stead
    ((GONE, replace(LORA, locked=True), WORKS), None, ("it is not there", KIND, LATER)),
    ((OPEN, OPEN, OPEN), None, ("it is not in the lock",) * 3),
]


def _pins(answers):
    return {ref: replace(answer, question=NAMES[ref]) for ref, answer in zip(CHAIN, answers, strict=True)}


@pytest.mark.parametrize(("answers", "taken", "reasons"), TABLE)
def test_each_row_of_the_table(answers, taken, reasons):
    told = (Tried(NAMES[ref], ref is taken, reason) for ref, reason in zip(CHAIN, reasons, strict=True))
    assert choose(CHAIN, _pins(answers)) == Choice(taken, tuple(told))


@pytest.mark.parametrize(
    ("known", "ask"),
    [
        ((), A),
        ((WORKS,), None),
        ((DOWN,), None),
        ((GONE,), B),
        ((LORA,), B),
        ((GONE, DOWN), None),
        ((GONE, GONE), C),
        ((GONE, GONE, GONE), None),
    ],
)
def test_one_after_another_is_asked_until_one_can_be_had_or_nobody_knows(known, ask):
    assert next_to_ask(CHAIN, dict(zip(CHAIN, known, strict=False))) is ask


@pytest.mark.parametrize(("answer", "taken"), [(WORKS, A), (LORA, A), (GONE, None), (DOWN, None)])
def test_one_source_alone_is_no_chain(answer, taken):
    assert choose((A,), {A: answer}) == Choice(taken, ())


def test_no_source_at_all_is_none():
    assert choose((), {}) == Choice(None, ())


@pytest.mark.parametrize(
    ("chain", "answers", "message", "hint"),
    [
        ((A,), (GONE, GONE, GONE), "it is not there", "look elsewhere"),
        ((A, B), (OPEN, OPEN, OPEN), "none of its 2 sources is in the lock: a, b", "lock it"),
        (
            (A, B),
            (LORA, GONE, GONE),
            f"none of its 2 sources can be taken: not a: {KIND}; not b: it is not there",
            "look elsewhere",
        ),
        (
            CHAIN,
            (LORA, DOWN, NOBODY),
            f"none of its 3 sources can be taken: not a: {KIND}; not b: {MAY_PASS}; not c: {LATER}",
            "try again later",
        ),
    ],
)
def test_every_reason_is_told_where_none_can_be_had(chain, answers, message, hint):
    assert none_taken(chain, _pins(answers)) == (message, hint)


def _planned(*answers):
    resource = Resource(Kind.MODEL, ModelName.parse("m"), HERE, sources=CHAIN)
    state = expand([resource], [HostSpec(live_state().hosts[0].host, "http://a", HERE)], _pins(answers), live_state())
    (change,) = diff(state, live_state(), recorded_state())
    return state, change


def test_an_entry_is_made_from_the_source_that_is_taken_and_carries_the_others():
    state, change = _planned(GONE, replace(WORKS, reference="second"), NOBODY)
    (entry,) = state.entries
    assert (entry.ref, entry.reference) == (B, "second")
    assert change.sources == (Tried("a", reason="it is not there"), Tried("b", taken=True), Tried("c"))


@pytest.mark.parametrize(("answer", "unlocked"), [(GONE, False), (OPEN, True)])
def test_an_entry_without_any_source_is_unresolved_with_every_reason(answer, unlocked):
    state, change = _planned(answer, answer, answer)
    (entry,) = state.unresolved
    assert entry.message.startswith("none of its 3 sources ")
    assert entry.unlocked == unlocked
    assert change.sources == tuple(Tried(name, reason=answer.message) for name in "abc")
