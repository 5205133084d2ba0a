"""The public face is a short sorted list, and every name on it is there."""

import pytest

import reconciler


def test_all_is_sorted_without_repetition() -> None:
    assert list(reconciler.__all__) == sorted(set(reconciler.__all__))


def test_every_name_in_all_can_be_imported() -> None:
    assert [name for name in reconciler.__all__ if not hasattr(reconciler, name)] == []


def test_all_is_complete() -> None:
    assert set(reconciler.__all__) == set(reconciler._HOMES)


def test_a_name_that_is_not_on_the_list_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        reconciler.no_such_name  # noqa: B018


def test_the_face_stays_small() -> None:
    assert 1 <= len(reconciler.__all__) <= 30
