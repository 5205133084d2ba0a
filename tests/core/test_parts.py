"""Split GGUFs in plans: merged here, sent as they are to hosts that merge them, and remembered."""

from dataclasses import replace

import pytest

from reconciler.core.change import Action, Change, Reason
from reconciler.core.disk import rewritten
from reconciler.core.facts import Facts, facts
from reconciler.core.likeness import alike
from reconciler.core.names import ModelName
from reconciler.core.parts import merged_here, passed_on, remembered, with_merged
from reconciler.core.plan import make_plan
from reconciler.core.resolution import Pinned, content_of, steps_for
from reconciler.core.resource import Overlay
from reconciler.core.state import Desired, DesiredState
from reconciler.core.steps import Blob, Create, Upload, converted, create_of, needed_blobs, projectors_of, uploads_of
from tests.core.builders import desired, digest, live, live_state, recorded, recorded_state

PARTS = tuple(Blob(digest(n), 10 * n, "gguf", (("file", f"m-{n}"),)) for n in (1, 2, 3))
WHOLE = Blob(digest("set"), 60, "gguf", (), PARTS)
EYES = Blob(digest("eyes"), 5, "gguf", ())
MERGED = digest("merged")
NAMES = tuple(f"m-0000{n}-of-00003.gguf" for n in (1, 2, 3))
OLD, NEW = "0.9.3", "0.30.0"


def pinned(*more: tuple[str, Blob]) -> Pinned:
    return Pinned("ref", (), 60, files=(("m.gguf", WHOLE), *more))


def entry(of: Pinned = pinned(), overlay: Overlay = Overlay(), name: str = "m") -> Desired:
    content = content_of(overlay, of, None, None)
    made = steps_for(ModelName.parse(name), overlay, of, None, None, "k")
    return replace(desired(name, content), steps=made, provenance=facts({"sha256": WHOLE.digest.hex}))


def files(made: Desired) -> tuple[tuple[str, object], ...]:
    create = create_of(made.steps)
    assert create is not None
    return create.files


def test_parts_are_one_thing_to_bring_named_by_what_stands_for_them():
    made = entry()
    assert files(made) == (("m.gguf", WHOLE.digest),)
    assert needed_blobs(made.steps) == {WHOLE.digest: 60}
    assert merged_here(made) == (WHOLE,)
    assert dict(made.content)["weights"] == (str(WHOLE.digest),)


def test_a_host_that_merges_gets_the_parts_under_the_names_that_it_knows_them_by():
    made = passed_on(entry(pinned(("eyes.gguf", EYES))), NEW)
    assert files(made) == (*zip(NAMES, (part.digest for part in PARTS), strict=True), ("eyes.gguf", EYES.digest))
    assert uploads_of(made.steps) == (*PARTS, EYES)
    assert merged_here(made) == ()
    assert made.fingerprint == entry(pinned(("eyes.gguf", EYES))).fingerprint
    assert projectors_of(files(made)) == (("eyes.gguf", EYES.digest),)
    assert not converted(files(made))


def test_parts_alone_are_neither_projectors_nor_converted():
    named = files(passed_on(entry(), NEW))
    assert (projectors_of(named), converted(named), len(named)) == ((), False, 3)
    assert projectors_of(()) == ()
    assert projectors_of((("m-00001-of-00001.gguf", 1), ("eyes.gguf", 2))) == (("eyes.gguf", 2),)


KEPT = {
    "an older host": (entry(), OLD),
    "a host that may be older": (entry(), "0.0.0"),
    "what the host is to quantise": (entry(overlay=Overlay(quantize="q8_0")), NEW),
    "a whole file": (entry(replace(pinned(), files=(("m.gguf", EYES),))), NEW),
    "no import at all": (replace(entry(), steps=()), NEW),
}


@pytest.mark.parametrize(("made", "version"), KEPT.values(), ids=KEPT)
def test_everything_else_stays_as_it_is(made: Desired, version: str):
    assert passed_on(made, version) == made


def test_a_host_that_merges_holds_the_parts_and_what_it_makes_of_them():
    change = Change(entry().address, Action.CREATE, (Reason.NEW,), after=entry(), steps=passed_on(entry(), NEW).steps)
    assert sum(rewritten(change, NEW).values()) == 60
    assert rewritten(replace(change, steps=entry().steps), OLD) == {}


def state(*records: tuple[str, Facts]):
    return recorded_state(*(replace(recorded(desired(name), 1), provenance=about) for name, about in records))


def test_what_was_merged_once_is_known_from_the_records_of_any_model():
    known = with_merged(entry(), {WHOLE.digest: MERGED})
    assert dict(known.provenance) == {"sha256": WHOLE.digest.hex, "merged": MERGED.hex}

    made = remembered(DesiredState((entry(), desired("n"))), state(("other", known.provenance), ("third", ())))

    assert needed_blobs(made.entries[0].steps) == {MERGED: 60}
    assert files(made.entries[0]) == (("m.gguf", WHOLE.digest),)
    assert made.entries[1] == desired("n")
    assert with_merged(made.entries[0], {}) == replace(known, steps=made.entries[0].steps)


def test_where_nothing_was_merged_nothing_is_known():
    plain = DesiredState((entry(),))
    assert remembered(plain, state(("other", (("sha256", "x"),)))) is plain
    assert with_merged(entry(), {}) == entry()
    elsewhere = facts({"sha256": digest("another").hex, "merged": MERGED.hex})
    assert needed_blobs(remembered(plain, state(("other", elsewhere))).entries[0].steps) == {WHOLE.digest: 60}


def test_what_is_known_changes_costs_and_no_plan():
    known = remembered(DesiredState((entry(),)), state(("o", with_merged(entry(), {WHOLE.digest: MERGED}).provenance)))
    plans = []
    for made in (entry(), known.entries[0]):
        change = Change(made.address, Action.CREATE, (Reason.NEW,), after=made, steps=made.steps)
        plans.append(make_plan([change], live_state(), recorded_state(), {made.address.host: frozenset({MERGED})}))
    assert [plan.total.transfer for plan in plans] == [60, 0]
    assert plans[0].fingerprint == plans[1].fingerprint


def test_a_model_that_nobody_recorded_is_recognised_by_what_its_parts_are_known_to_make():
    shown = facts({"weights": str(MERGED)})
    known = replace(WHOLE, merged=MERGED)
    for blob, recognised in ((WHOLE, False), (known, True), (replace(WHOLE, merged=digest("other")), False)):
        made = entry(replace(pinned(), files=(("m.gguf", blob),)))
        assert alike(made, live(shown=shown), None) is recognised


def test_a_blob_is_held_as_itself_unless_it_is_in_parts_that_were_merged():
    assert (EYES.held_as, WHOLE.held_as) == (EYES.digest, WHOLE.digest)
    assert replace(WHOLE, merged=MERGED).held_as == MERGED
    assert repr(replace(WHOLE, merged=MERGED)) == repr(WHOLE)
    assert isinstance(entry().steps[0], Upload)
    assert isinstance(entry().steps[1], Create)
