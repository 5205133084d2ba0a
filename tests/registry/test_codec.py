"""What is written is read back exactly, and what was not written by us is refused."""

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.chain import Tried
from reconciler.core.change import Action
from reconciler.core.digest import Digest
from reconciler.core.names import ModelName
from reconciler.core.outcome import Outcome, Status
from reconciler.registry.codec import outcome_from, outcome_text, record_from, record_text
from tests.registry.entries import address, outcome, recorded

texts = st.text(st.characters())  # halves of surrogate pairs and NUL included
scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts
any_facts = st.lists(
    st.tuples(texts, st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=8)),
    max_size=5,
).map(tuple)
digests = st.text("0123456789abcdef", min_size=64, max_size=64).map(Digest)
names = st.sampled_from(["m", "Team/M:Q4", "localhost:5000/Ns/m:v1", "hf.co/org/Repo-GGUF:Q4_K_M"]).map(ModelName.parse)


def exact(value):
    """Return what tells True from 1 and 1 from 1.0, which `==` does not."""
    return repr(value)


chains = st.lists(st.builds(Tried, texts, st.booleans(), texts), max_size=3).map(tuple)


@given(any_facts, any_facts, any_facts, texts, st.none() | names, st.none() | digests, st.booleans(), chains)
def test_a_record_comes_back_exactly(content, provenance, facts, reference, base, base_digest, protect, sources):
    entry = replace(
        recorded(base=base, base_digest=base_digest, protect=protect, sources=sources),
        content=content,
        provenance=provenance,
        facts=facts,
        reference=reference,
    )
    written = record_text(entry)
    assert written.isascii()
    assert exact(record_from(written)) == exact(entry)


@given(
    names,
    st.sampled_from(Action),
    st.sampled_from(Status),
    st.none() | digests,
    texts,
    st.integers(0, 2**62),
    st.floats(allow_nan=False),
)
def test_an_outcome_comes_back_exactly(model, action, status, digest, message, moved, seconds):
    told = Outcome(replace(address(), model=model), action, status, digest, message, message[::-1], moved, seconds)
    assert exact(outcome_from(outcome_text(told))) == exact(told)


def test_a_test_that_is_due_stays_so_and_an_older_record_has_none_due():
    assert record_from(record_text(recorded(untested=True))).untested
    written = json.loads(record_text(recorded()))
    assert "untested" not in written
    assert not record_from(json.dumps(written)).untested


def test_absent_values_are_left_out():
    assert "base" not in json.loads(record_text(recorded()))
    assert "digest" not in json.loads(outcome_text(replace(outcome(), digest=None)))


@pytest.mark.parametrize(
    "spoil",
    [
        {"digest": "sha256:short"},
        {"digest": None},
        {"kind": "Sandwich"},
        {"model": "a/b/c/d"},
        {"model": 5},
        {"size": "7"},
        {"content": {"a": 1}},
        {"content": [["a", {"b": 1}]]},
        {"content": [["a"]]},
        {"content": [1]},
        {"sources": {"a": 1}},
        {"sources": ["abc"]},
        {"sources": [["a", True]]},
        {"sources": [["a", True, None]]},
    ],
)
def test_a_record_that_is_not_ours_is_refused(spoil):
    written = json.loads(record_text(recorded())) | spoil
    with pytest.raises(ValueError):
        record_from(json.dumps(written))


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", "7"])
def test_what_is_no_record_at_all_is_refused(text):
    with pytest.raises(ValueError):
        record_from(text)
    with pytest.raises(ValueError):
        outcome_from(text)
