"""Likeness: whether a model that nobody recorded is exactly what a manifest asks for. Pure.

The digest of a built model cannot be foretold, so it is recognised by its facts: those that a
host would show for it, worked out from what is declared and from what its base shows. In doubt
the answer is no: a wrong no is a refusal that a person can lift, a wrong yes is a lie.
"""

from reconciler.core.facts import ABSENT, Fact, Facts, FieldChange, same
from reconciler.core.state import Desired, Live
from reconciler.core.steps import Create, converted, create_of, projectors_of, pull_of, uploads_of, with_digests

_DERIVED = frozenset({"template", "parameters.stop", "renderer", "parser"})  # what a host adds to a GGUF that it knows


_GIVEN = ("template", "system", "messages", "renderer", "parser")  # what replaces what is inherited


def alike(want: Desired, live: Live, base: Live | None) -> bool:
    """Tell whether `live`, as shown, is what applying `want` would make; `base` is what it would be built on.

    False too where that can't be told: without a look at both, and for what the host quantised or converted.
    What is laid over a pull is compared with what the hub says, for the pulled model is not on the host any more.
    """
    expected = _expected(want, base)
    return expected is not None and live.facts is not None and not _unlike(expected[0], dict(live.facts), expected[1])


def overwritten(want: Desired, live: Live, base: Live | None) -> tuple[FieldChange, ...] | None:
    """Return what applying `want` would change of what `live` shows; None where that can't be told, as for `alike`."""
    expected = _expected(want, base)
    if expected is None or live.facts is None:
        return None
    return _changes(expected[0], dict(live.facts), expected[1])


def _expected(want: Desired, base: Live | None) -> tuple[dict[str, Fact], frozenset[str]] | None:
    """Return what a host would show once `want` is applied, and the paths that are the host's own business."""
    create = create_of(want.steps)
    if create is None:
        return None
    create = with_digests(create, {blob.digest: blob.held_as for blob in uploads_of(want.steps)})
    if create.quantize is not None or converted(create.files) or converted(create.adapters):
        return None
    if create.base is None:
        below: Facts | None = ()
    elif pull_of(want.steps) is not None:
        below = want.below
    else:
        below = base.facts if base is not None else None
    return (_laid_over(dict(below), create), _free(create, dict(below))) if below is not None else None


def unlike(want: Desired, shown: Facts, below: Facts) -> tuple[FieldChange, ...]:
    """Return how what is `shown` differs from what `want` would make of a pull that consists of `below`, by path.

    What a host may fill in by itself, and nobody declares, does not count; stops it fills in for files alone.
    """
    create = create_of(want.steps) or Create(want.address.model)
    free = _free(create, dict(below)) - {"parameters.stop"}
    return _changes(_laid_over(dict(below), create), dict(shown), free)


def _changes(expected: dict[str, Fact], shown: dict[str, Fact], free: frozenset[str]) -> tuple[FieldChange, ...]:
    after = {path: value for path, value in expected.items() if value not in {(), ""}}
    paths = _unlike(after, shown, free)
    return tuple(FieldChange(path, shown.get(path, ABSENT), after.get(path, ABSENT)) for path in paths)


def _laid_over(below: dict[str, Fact], create: Create) -> dict[str, Fact]:
    """Return what a host shows for a model made like this: inherited unless declared, adapters and licences added."""
    found = dict(below)
    found.update((f"parameters.{name}", value) for name, value in create.parameters)
    given = {path: getattr(create, path) for path in _GIVEN}
    found.update((path, value) for path, value in given.items() if value)
    if create.files:
        found["weights"] = str(create.files[0][1])
        found["projectors"] = tuple(str(digest) for _, digest in projectors_of(create.files))
    found["adapters"] = (*_texts(below.get("adapters")), *(str(digest) for _, digest in create.adapters))
    licences = [text for text in (below.get("license"), *create.license) if isinstance(text, str)]
    found["license"] = "\n".join(licences)
    return found


def _free(create: Create, below: dict[str, Fact]) -> frozenset[str]:
    """Return the paths that the host may have filled in by itself: none if a template or stops are given."""
    stops = "parameters.stop" in below or any(name == "stop" for name, _ in create.parameters)
    derived = frozenset() if create.template or "template" in below else _DERIVED
    derived -= {path for path in ("renderer", "parser") if getattr(create, path)}
    return derived - {"parameters.stop"} if stops else derived


def _unlike(expected: dict[str, Fact], shown: dict[str, Fact], free: frozenset[str]) -> list[str]:
    """Return the paths that differ, sorted, but for those that are free."""
    paths = sorted((expected.keys() | shown.keys()) - free)
    return [path for path in paths if not _same(expected.get(path), shown.get(path))]


def _same(left: Fact, right: Fact) -> bool:
    """Tell whether two facts mean the same; nothing at all, an empty list and an empty text do."""
    empty = (None, (), "")
    return (left in empty and right in empty) or same(left, right)


def _texts(value: Fact) -> tuple[str, ...]:
    return tuple(str(item) for item in value) if isinstance(value, tuple) else ()
