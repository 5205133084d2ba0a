"""What declares a live model comes to exactly that model: the promise of `export`, by property and by example."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.core.diagnostics import Location
from reconciler.core.digest import Digest
from reconciler.core.expand import expand
from reconciler.core.exported import Asked, Exported, How, Known, exported
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.likeness import alike
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.resolution import Pinned, Unpinned
from reconciler.core.resource import HostSpec, Kind, SourceRef
from reconciler.core.state import Live, LiveState, Observed
from reconciler.core.steps import Blob, Pull

HOST = HostName("here")
WHERE = Location("host here")
WEIGHTS = (f"sha256:{1:064}", f"sha256:{2:064}")
ADAPTERS = (f"sha256:{3:064}", f"sha256:{4:064}")


def name(text: str) -> ModelName:
    return ModelName.parse(text)


def asked(text: str, *foretold: Digest, retryable: bool = False) -> Asked:
    """Return what a name means on its hub: one of these digests, or nothing."""
    ref = SourceRef("ollama", (("name", text),), WHERE)
    if not foretold:
        return Asked(ref, Unpinned(ref, "it is not there", "", retryable))
    pull = Pull(name(text), insecure=False, manifest=foretold[0], layers=(), foretold=foretold)
    return Asked(ref, Pinned(text, (), 0, pull=pull))


def known(text: str, shown: Facts | None = (), **more: object) -> Known:
    """Return a model that no hub has."""
    live = Live(Address(HOST, name(text)), Digest.of(f"{text} {shown}".encode()), 1, shown)
    return replace(Known(live, asked(text)), **more)


def only(model: Known, **twins: Asked) -> Exported:
    (found,) = exported([model], {name(text): twin for text, twin in twins.items()}, WHERE)
    return found


PARAMETERS = st.dictionaries(
    st.sampled_from(["parameters.num_ctx", "parameters.stop", "parameters.use_mmap"]),
    st.sampled_from([1, 1.5, True, None, ("a", "b")]),
)
TEXTS = st.sampled_from(["", "a", "b"])
SHOWN = st.fixed_dictionaries(
    {"weights": st.sampled_from(WEIGHTS)},
    optional={
        "system": TEXTS,
        "template": TEXTS,
        "renderer": TEXTS,
        "parser": TEXTS,
        "license": st.sampled_from(["MIT", "MIT\nMore", "Other"]),
        "messages": st.sampled_from([(("user", "a"),), (("user", ""), ("system", "b"))]),
        "adapters": st.lists(st.sampled_from(ADAPTERS), max_size=3).map(tuple),
        "projectors": st.lists(st.sampled_from(ADAPTERS), max_size=2).map(tuple),
    },
)
MODELS = st.tuples(SHOWN, PARAMETERS).map(lambda parts: facts({**parts[0], **parts[1]}))
NAMES = ("a", "b", "c", "d", "e")


@dataclass(frozen=True)
class Entry:
    """One model of a host, as it is drawn."""

    shown: Facts
    parent: str | None
    pulled: bool


ENTRIES = st.builds(Entry, MODELS, st.none() | st.sampled_from((*NAMES, "gone")), st.booleans())


@settings(max_examples=150)
@given(entries=st.dictionaries(st.sampled_from(NAMES), ENTRIES, min_size=1), gone=st.none() | MODELS)
def test_whatever_is_declared_is_recognised_as_what_is_there(entries: dict[str, Entry], gone: Facts | None) -> None:
    models = [_model(text, entry, entries, gone) for text, entry in entries.items()]
    found = exported(models, {}, WHERE)
    assert [item.name for item in found] == sorted(name(text) for text in entries)
    resources = [item.resource for item in found if item.resource is not None]
    state = LiveState((Observed(HOST, "", "0.9.3", tuple(model.live for model in models)),))
    pins = {ref: _pinned(ref, models) for item in resources for chain in item.chains for ref in chain}
    desired = expand(resources, [HostSpec(HOST, "", WHERE)], pins, state)
    assert desired.unresolved == ()
    live = state.models
    for want in desired.entries:
        below = replace(want, below=gone if want.source == "ollama" else None)
        base = live.get(want.base) if want.base is not None else None
        assert live[want.address].digest in want.foretold or alike(below, live[want.address], base)


def _model(text: str, entry: Entry, entries: dict[str, Entry], gone: Facts | None) -> Known:
    model = known(text, entry.shown, parent=name(entry.parent) if entry.parent else None)
    if entry.pulled:
        return replace(model, own=asked(text, model.live.digest))
    if entry.parent == "gone":
        return replace(model, above=asked("gone", Digest.of(b"gone")), below=gone)
    below = entries.get(entry.parent) if entry.parent else None
    return replace(model, below=below.shown if below is not None else None)


def _pinned(ref: SourceRef, models: list[Known]) -> Pinned:
    options = dict(ref.options)
    if ref.type == "blob":
        digests = [Digest.parse(str(options[key])) for key in ("sha256", "mmproj") if key in options]
        return Pinned("blob", (), 0, files=tuple((f"{d.hex}.gguf", Blob(d, 0, "blob", ())) for d in digests))
    own = {str(model.live.address.model): model.own.answer for model in models}
    answer = own.get(str(name(str(options["name"]))), asked("gone", Digest.of(b"gone")).answer)
    assert isinstance(answer, Pinned)
    return answer


BASE = facts({"weights": WEIGHTS[0], "system": "a", "license": "MIT", "parameters.seed": 1})


def over(**changes: Fact) -> Facts:
    """Return the base with other values; None takes one away."""
    values = {**dict(BASE), **changes}
    return facts((path, value) for path, value in values.items() if value is not None)


@pytest.mark.parametrize(
    ("shown", "how"),
    [
        (BASE, How.BUILD),
        (over(system="b"), How.BUILD),
        (over(license="MIT\nMore"), How.BUILD),
        (over(adapters=ADAPTERS[:1]), How.BUILD),
        (over(system=None), How.BLOBS),
        (over(license="Other"), How.BLOBS),
        (over(license=None), How.BLOBS),
        (over(weights=WEIGHTS[1]), How.BLOBS),
        (over(**{"parameters.seed": None}), How.BLOBS),
        (over(projectors=ADAPTERS[:1]), How.BLOBS),
        (over(adapters=ADAPTERS), How.NOTHING),
        (over(weights=None), How.NOTHING),
        (over(projectors=ADAPTERS), How.NOTHING),
        (None, How.NOTHING),
    ],
)
def test_a_build_is_one_only_where_its_base_can_become_it(shown: Facts | None, how: How) -> None:
    assert only(known("bot", shown, parent=name("base"), below=BASE)).how is how


@pytest.mark.parametrize(
    ("below", "shown", "declared"),
    [
        (("7",), None, (("stop", ()),)),
        (("7",), ("8",), (("stop", ("8",)),)),
        (("7",), ("7",), ()),
        ((), None, ()),
        (None, None, ()),
        (None, ("7",), (("stop", ("7",)),)),
    ],
)
def test_stops_that_the_base_has_and_the_model_has_not_are_declared_to_be_none(
    below: Fact, shown: Fact, declared: Facts
) -> None:
    stops = "parameters.stop"
    base = over(**{stops: below, "adapters": ADAPTERS[:1]})
    found = only(known("bot", over(**{stops: shown, "adapters": ADAPTERS}), parent=name("base"), below=base))
    assert found.resource is not None
    assert (found.how, found.resource.overlay.parameters) == (How.BUILD, declared)


def test_a_name_on_a_hub_comes_before_everything_else() -> None:
    model = known("m", BASE, parent=name("base"), below=BASE)
    pulled = replace(model, own=asked("m", model.live.digest))
    assert only(pulled).resource is not None
    assert only(pulled).how is How.HUB
    twin = only(model, m=asked("other", model.live.digest))
    assert (twin.how, twin.notes) == (How.HUB, ("The content of other, under another name.",))
    assert only(model, m=asked("other", Digest.of(b"else"))).how is How.BUILD


def test_a_base_that_is_gone_from_the_host_is_pulled_again() -> None:
    above = asked("base", Digest.of(b"base"))
    found = only(known("bot", over(system="b"), parent=name("base"), above=above, below=BASE))
    assert found.how is How.HUB
    assert found.resource is not None
    assert (found.resource.kind, found.resource.sources, found.resource.overlay.system) == (
        Kind.MODEL,
        (above.ref,),
        "b",
    )
    assert only(known("bot", BASE, parent=name("base"), above=above, below=BASE)).how is How.BLOBS
    assert only(known("base", BASE, parent=name("base"), above=above, below=BASE)).how is How.BLOBS
    assert only(known("bot", BASE, parent=name("base"), above=above, below=None)).how is How.BLOBS


def test_models_built_on_each_other_are_no_circle() -> None:
    one = known("one", BASE, parent=name("two"), below=BASE)
    two = known("two", BASE, parent=name("one"), below=BASE)
    self = known("self", BASE, parent=name("self"), below=BASE)
    found = exported([two, one, self], {}, WHERE)
    assert [(item.name.model, item.how) for item in found] == [
        ("one", How.BLOBS),
        ("self", How.BLOBS),
        ("two", How.BUILD),
    ]


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (asked("m"), "No hub has m:latest"),
        (asked("m", retryable=True), "Its hub could not be asked (it is not there)"),
        (asked("m", Digest.of(b"new")), "m:latest means something else on its hub now; `source: {ollama: m:latest}`"),
    ],
)
def test_of_what_only_the_host_has_it_is_said_why(own: Asked, words: str) -> None:
    found = only(known("m", BASE, own=own))
    assert found.notes[0].startswith(words)
    assert bool(found.unasked) == ("could not be asked" in words)


def test_what_the_host_cannot_show_says_what_the_host_said() -> None:
    assert only(known("m", None, trouble="the host can't show it: gone")).notes == ("the host can't show it: gone",)
    assert only(known("m", ())).notes == ("it has no weights that the host names: it runs elsewhere, or is no GGUF",)
