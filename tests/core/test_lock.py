"""What tells one lock from another."""

from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.facts import facts
from reconciler.core.lock import Lock, Locked, revision
from tests.core.builders import HERE

pins = st.dictionaries(st.sampled_from("abc"), st.integers(0, 2), max_size=2).map(facts)
locks = st.dictionaries(st.text(max_size=3), pins, max_size=5)


@given(locks, locks)
def test_a_revision_turns_the_one_into_the_other(before, after):
    told = revision("x.lock", before, after)
    made = dict(before)
    for change in told.changes:
        assert made.pop(change.name, None) == change.before
        if change.after is not None:
            made[change.name] = change.after
    assert made == after
    assert told.kept == sum(before.get(name) == pin for name, pin in after.items())


@given(locks, locks)
def test_a_revision_is_sorted_and_tells_nothing_twice(before, after):
    names = [change.name for change in revision("x.lock", before, after).changes]
    assert names == sorted(set(names))
    assert revision("x.lock", before, before).changes == ()


def test_an_entry_is_found_by_its_type_and_its_key():
    entries = tuple(Locked(kind, "same", (("sha256", kind),), HERE) for kind in ("gguf", "ollama"))
    assert Lock(entries).by_key == {("gguf", "same"): entries[0], ("ollama", "same"): entries[1]}
    assert Lock() == Lock((), exists=False)
