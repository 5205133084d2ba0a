"""Our frozen dataclasses are what the standard ones are."""

import dataclasses
from dataclasses import FrozenInstanceError, field, fields, replace

import pytest

from reconciler.core.frozen import dataclass

ALIKE = (dataclass(frozen=True, slots=True), dataclasses.dataclass(frozen=True, slots=True))


def _classes(decorate):
    @decorate
    class Point:
        """A place."""

        x: int
        y: int = 2
        tags: list[str] = field(default_factory=list)
        secret: str = field(default="", repr=False)
        stamp: float = field(default=0.0, compare=False)

        @property
        def far(self) -> bool:
            return self.x > 10

    @decorate
    class Even:
        n: int

        def __post_init__(self) -> None:
            if self.n % 2:
                raise ValueError("odd")

    @decorate
    class Nothing:
        pass

    @decorate
    class Loud:  # noqa: PLW1641
        word: str

        def __repr__(self) -> str:
            return self.word.upper()

        def __eq__(self, other: object) -> bool:
            return True

    return Point, Even, Nothing, Loud


@pytest.fixture(params=ALIKE, ids=["ours", "standard"])
def classes(request):
    return _classes(request.param)


def test_objects_are_made_as_declared(classes):
    point, even, nothing, _ = classes
    made = point(1, tags=["a"])
    assert (made.x, made.y, made.tags, made.secret, made.far) == (1, 2, ["a"], "", False)
    assert point(1).tags is not point(1).tags
    assert point(x=11, y=0).far
    assert even(2).n == 2
    assert nothing() == nothing()
    assert hash(nothing()) == hash(nothing())
    with pytest.raises(ValueError, match="odd"):
        even(3)


@pytest.mark.parametrize("given", [((), {}), ((1, 2, [], "", 0.0, 6), {}), ((1,), {"x": 1}), ((1,), {"z": 1})])
def test_what_does_not_fit_is_refused(classes, given):
    with pytest.raises(TypeError, match=r"__init__\(\)"):
        classes[0](*given[0], **given[1])


def test_they_are_compared_by_their_values(classes):
    point, even, _, loud = classes
    assert point(1, 2) == point(1)
    assert point(1, stamp=3.0) == point(1)
    assert point(1) != point(2)
    assert point(1) != (1, 2, [], "")
    assert even(2) != point(2)
    assert {even(2), even(2), even(4)} == {even(4), even(2)}
    assert loud("a") == 7
    with pytest.raises(TypeError):
        hash(point(1))  # a list is in it


def test_they_never_change(classes):
    made = classes[0](1)
    for change in (lambda: setattr(made, "x", 3), lambda: setattr(made, "new", 3), lambda: delattr(made, "x")):
        with pytest.raises((FrozenInstanceError, TypeError)):  # the standard one trips over a new name
            change()
    assert made.x == 1
    assert not hasattr(made, "__dict__")


def test_they_are_shown_and_taken_apart_alike():
    ours, standard = map(_classes, ALIKE)
    for one, other in zip(ours, standard, strict=True):
        assert [item.name for item in fields(one)] == [item.name for item in fields(other)]
        assert one.__match_args__ == other.__match_args__
        assert one.__doc__.partition("(")[0] == other.__doc__.partition("(")[0]
    assert repr(ours[0](1, secret="s3cret")) == repr(standard[0](1, secret="s3cret"))
    assert repr(ours[3]("a")) == "A"
    assert replace(ours[0](1), y=5) == ours[0](1, 5)
    match ours[0](1):
        case object(x=1, y=2):
            pass
        case _:
            pytest.fail("it does not match")


@pytest.mark.parametrize("decorate", [dataclass, dataclasses.dataclass], ids=["ours", "standard"])
def test_they_are_sorted_by_their_values_where_that_is_asked_for(decorate):
    @decorate(frozen=True, slots=True, order=True)
    class Word:
        key: str = field(init=False)
        text: str = field(compare=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "key", self.text.lower())

    @decorate(frozen=True, slots=True)
    class Unsorted:
        text: str

    small, large, other = Word("a"), Word(text="B"), Word("A")
    assert sorted([large, small]) == [small, large]
    assert (small < large, small <= other, large > small, other >= small) == (True, True, True, True)
    assert (large < small, small < other, small > other) == (False, False, False)
    for one in (small, Unsorted("a")):
        with pytest.raises(TypeError, match="not supported between"):
            sorted([one, Unsorted("b")])
