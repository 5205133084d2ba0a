"""Digests, fingerprints and facts: equal means equal, whatever the order or the spelling."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.core.diagnostics import Diagnostic, Location, Severity, errors
from reconciler.core.digest import Digest, canonical, fingerprint
from reconciler.core.facts import ABSENT, FieldChange, differences, facts, freeze, same

SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    SCALARS | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8
)
HEX = "ab" * 32


@pytest.mark.parametrize("text", [HEX, f"sha256:{HEX}", f"sha256-{HEX}", HEX.upper(), f" {HEX} "])
def test_every_spelling_of_a_digest_is_the_same_digest(text):
    assert Digest.parse(text) == Digest(HEX)


@pytest.mark.parametrize("text", ["", "sha256:", HEX[:-1], HEX + "0", "g" * 64, "md5:" + HEX])
def test_what_is_no_sha256_is_refused(text):
    with pytest.raises(ValueError, match="64 hexadecimal digits"):
        Digest.parse(text)


def test_a_digest_is_written_as_blob_calls_want_it_and_shortened_as_ollama_prints_it():
    digest = Digest.of(b"")
    assert str(digest) == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert digest.short == "e3b0c44298fc"


@given(st.dictionaries(st.text(max_size=5), JSON, max_size=5))
def test_a_fingerprint_ignores_the_order_of_keys(value):
    shuffled = dict(reversed(list(value.items())))
    assert fingerprint(value) == fingerprint(shuffled)
    assert json.loads(canonical(value)) == value


def test_a_fingerprint_tells_different_things_apart_and_refuses_what_is_not_json():
    assert fingerprint([1, 2]) != fingerprint([2, 1])
    with pytest.raises(ValueError, match="JSON"):
        fingerprint(float("nan"))
    with pytest.raises(TypeError):
        fingerprint(object())


@given(JSON)
def test_whatever_is_json_can_be_frozen_and_hashed(value):
    assert hash(freeze(value)) == hash(freeze(json.loads(json.dumps(value))))


def test_numbers_freeze_to_what_ollama_keeps_of_them():
    assert freeze(1.0) == 1
    assert isinstance(freeze(1.0), int)
    assert freeze(0.7) == 0.7
    assert freeze(123456789012345678) == 123456789012345680
    assert freeze(True) is True
    for strange in ({1, 2}, float("inf"), 10**400):
        with pytest.raises(TypeError, match="not JSON"):
            freeze(strange)


def test_facts_are_sorted_and_differences_name_every_path():
    before = facts({"system": "a", "parameters.x": 1, "gone": None})
    after = facts([("system", "b"), ("parameters.x", 1), ("new", ("s",))])
    assert before[0][0] == "gone"
    assert differences(before, after) == (
        FieldChange("gone", None, ABSENT),
        FieldChange("new", ABSENT, ("s",)),
        FieldChange("system", "a", "b"),
    )


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        (1, 1.0, True),
        (True, 1, False),
        (0, False, False),
        (True, True, True),
        (None, ABSENT, False),
        (("a",), ("a",), True),
        ("1", 1, False),
    ],
)
def test_sameness_is_ollamas(left, right, equal):
    assert same(left, right) is equal


def test_a_finding_reads_like_a_compiler_message():
    finding = Diagnostic(Location("m.yaml", 3, 5), "unknown key 'quantt'", "did you mean 'quantization'?")
    assert str(finding) == "m.yaml:3:5: error: unknown key 'quantt'\n  hint: did you mean 'quantization'?"
    assert str(Diagnostic(Location("m.yaml"), "empty")) == "m.yaml: error: empty"


def test_only_errors_stop_a_command_and_they_are_sorted_by_place():
    late, early = Diagnostic(Location("b", 2, 1), "x"), Diagnostic(Location("b", 1, 9), "y")
    warning = Diagnostic(Location("a"), "w", severity=Severity.WARNING)
    assert errors([late, warning, early]) == (early, late)
