"""Expansion: which entries there are on which host, and what identifies their content."""

from dataclasses import replace
from itertools import pairwise

import pytest

from reconciler.core.change import Action
from reconciler.core.diagnostics import Location
from reconciler.core.diff import diff
from reconciler.core.expand import expand
from reconciler.core.names import HostName, ModelName
from reconciler.core.order import stages
from reconciler.core.resolution import Pinned, Unpinned
from reconciler.core.resource import HostSelector, HostSpec, Kind, Lifecycle, Overlay, Resource, SourceRef
from reconciler.core.state import LiveState, Observed, Unobserved
from reconciler.core.steps import Blob, Copy, Delete, Pull
from tests.core.builders import HERE, digest, live, live_state, recorded_state

A = HostSpec(HostName("a"), "http://a", HERE, (("gpu", "true"),))
B = HostSpec(HostName("b"), "http://b", HERE)
BOTH = LiveState((Observed(A.name, A.url, "0.9.3", ()), Observed(B.name, B.url, "0.9.3", ())))
FILE = SourceRef("gguf", (("path", "/m.gguf"),), HERE)
HUB = SourceRef("ollama", (("name", "hub.example/t/m:1"),), HERE)
PIN = Pinned("m.gguf", (("path", "m.gguf"),), 1, files=(("m.gguf", Blob(digest("w"), 1, "gguf", ())),))
PULLED = Pinned(
    "hub.example/t/m:1",
    (),
    1,
    pull=Pull(ModelName.parse("hub.example/t/m:1"), False, digest("h"), (), (digest("h"),)),
)
PINS = {FILE: PIN, HUB: PULLED}


def model(name: str, source: SourceRef = FILE, **more: object) -> Resource:
    return Resource(Kind.MODEL, ModelName.parse(name), HERE, sources=(source,), **more)


def tune(name: str, base: str, **more: object) -> Resource:
    return Resource(
        Kind.FINE_TUNE,
        ModelName.parse(name),
        HERE,
        base=ModelName.parse(base),
        base_location=Location("m.yaml", 7, 3),
        overlay=Overlay(system="s"),
        **more,
    )


def test_a_resource_without_a_selector_is_wanted_on_every_observed_host():
    assert [str(entry.address) for entry in expand([model("m")], [A, B], PINS, BOTH).entries] == [
        "a/m:latest",
        "b/m:latest",
    ]


def test_a_selector_picks_hosts_by_label():
    chosen = model("m", hosts=HostSelector((("gpu", "true"),)))
    assert [str(entry.address) for entry in expand([chosen], [A, B], PINS, BOTH).entries] == ["a/m:latest"]


def test_a_silent_host_wants_nothing_because_nothing_can_be_said_about_it():
    state = LiveState((Unobserved(A.name, A.url, "down"), BOTH.hosts[1]))
    assert [str(entry.address) for entry in expand([model("m")], [A, B], PINS, state).entries] == ["b/m:latest"]


def test_the_same_content_has_the_same_fingerprint_on_every_host_and_from_every_place():
    elsewhere = SourceRef("huggingface", (("repo", "x/y"),), HERE)
    pins = {**PINS, elsewhere: replace(PIN, reference="x/y@main", provenance=(("repo", "x/y"),))}
    entries = expand([model("m"), model("n", elsewhere)], [A, B], pins, BOTH).entries
    assert len({entry.fingerprint for entry in entries}) == 1


def test_staging_names_differ_by_model_so_that_builds_never_share_one():
    entries = expand([model("m"), model("n")], [A], PINS, BOTH).entries
    assert len({step.source for entry in entries for step in entry.steps if isinstance(step, Copy)}) == 2


def test_only_a_model_that_is_pulled_as_it_is_can_be_foretold():
    plain, laid, built = expand(
        [model("p", HUB), model("q", HUB, overlay=Overlay(system="s")), model("r")], [A], PINS, BOTH
    ).entries
    assert (plain.foretold, laid.foretold, built.foretold) == ((digest("h"),), (), ())


def test_a_build_follows_its_declared_base_before_any_of_it_exists():
    before = _only("t", expand([tune("t", "m"), model("m")], [A], PINS, BOTH))
    moved = {**PINS, FILE: replace(PIN, files=(("m.gguf", Blob(digest("w2"), 1, "gguf", ())),))}
    after = _only("t", expand([tune("t", "m"), model("m")], [A], moved, BOTH))
    assert before.fingerprint != after.fingerprint
    assert before.base == after.base


def test_a_build_follows_a_base_that_is_only_on_the_host():
    first = _only("t", expand([tune("t", "m")], [A], PINS, live_state(live("m", 1))))
    second = _only("t", expand([tune("t", "m")], [A], PINS, live_state(live("m", 2))))
    assert first.fingerprint != second.fingerprint


def test_a_missing_base_is_unresolved_where_it_is_named_with_what_is_close():
    state = expand([tune("t", "smolm2")], [A], PINS, live_state(live("smollm2")))
    assert state.entries == ()
    (entry,) = state.unresolved
    assert entry.message == "base smolm2:latest is neither declared for host a nor present on it"
    assert entry.hint == "did you mean smollm2:latest?"
    assert entry.location == Location("m.yaml", 7, 3)


def test_without_anything_close_the_hint_says_how_to_go_on():
    (entry,) = expand([tune("t", "zzz")], [A], PINS, BOTH).unresolved
    assert entry.hint == "declare it as a Model, or correct the name"


def test_what_cannot_be_pinned_takes_its_builds_with_it_and_nothing_else():
    pins = {**PINS, HUB: Unpinned(HUB, "not found", "check it", retryable=False)}
    state = expand([model("m", HUB), tune("t", "m"), tune("u", "t"), model("other")], [A], pins, BOTH)
    assert [str(entry.address.model) for entry in state.entries] == ["other:latest"]
    assert [(str(entry.address.model), entry.message) for entry in state.unresolved] == [
        ("m:latest", "not found"),
        ("t:latest", "its base m:latest could not be resolved"),
        ("u:latest", "its base t:latest could not be resolved"),
    ]


def test_what_is_not_in_the_lock_is_told_from_what_cannot_be_resolved_all_the_way_up():
    pins = {**PINS, HUB: Unpinned(HUB, "not in the lock", "lock it", retryable=False, unlocked=True)}
    pins[FILE] = Unpinned(FILE, "not found", "check it", retryable=False)
    chain = [model("m", HUB), tune("t", "m"), tune("u", "t"), model("n"), tune("v", "n")]
    state = expand(chain, [A], pins, BOTH)
    assert [(str(entry.address.model), entry.message, entry.unlocked) for entry in state.unresolved] == [
        ("m:latest", "not in the lock", True),
        ("n:latest", "not found", False),
        ("t:latest", "its base m:latest is not in the lock", True),
        ("u:latest", "its base t:latest is not in the lock", True),
        ("v:latest", "its base n:latest could not be resolved", False),
    ]


def test_an_adapter_that_is_not_in_the_lock_is_told_like_a_source():
    pins = {FILE: Unpinned(FILE, "not in the lock", "lock it", retryable=False, unlocked=True)}
    (entry,) = expand([tune("t", "b", adapter=FILE)], [A], pins, live_state(live("b"))).unresolved
    assert (entry.message, entry.hint, entry.unlocked) == ("not in the lock", "lock it", True)


NEWER, NEWEST = replace(PULLED, size=2), replace(PIN, size=3)
STANDING = [
    # source                                     adapter                                    locked offered unchecked
    (PULLED, None, (False, None, "")),
    (replace(PULLED, locked=True), None, (True, None, "")),
    (replace(PULLED, locked=True, offered=NEWER), None, (True, NEWER, "")),
    (replace(PULLED, locked=True, unchecked="down"), None, (True, None, "down")),
    (None, replace(PIN, locked=True, offered=NEWEST), (True, NEWEST, "")),
    (None, replace(PIN, locked=True, unchecked="down"), (True, None, "down")),
    (None, PIN, (False, None, "")),
]


@pytest.mark.parametrize(("source", "adapter", "standing"), STANDING)
def test_an_entry_carries_how_its_pins_stand_to_the_lock_and_to_upstream(source, adapter, standing):
    declared = model("m", HUB) if source else tune("m", "b", adapter=FILE)
    state = expand([declared], [A], {HUB: source, FILE: adapter}, live_state(live("b")))
    made = _only("m", state)
    assert (made.locked, made.offered, made.unchecked) == standing
    bare = expand([declared], [A], {HUB: PULLED, FILE: PIN}, live_state(live("b")))
    assert made.fingerprint == _only("m", bare).fingerprint  # how things stand is no content


def test_of_two_pins_the_source_comes_first_and_either_makes_it_locked():
    both = replace(model("m", HUB), adapter=FILE)
    pins = {HUB: replace(PULLED, unchecked="down"), FILE: replace(PIN, locked=True, offered=NEWEST, unchecked="too")}
    made = _only("m", expand([both], [A], pins, BOTH))
    assert (made.locked, made.offered, made.unchecked) == (True, NEWEST, "down")
    first = _only("m", expand([both], [A], {**pins, HUB: replace(PULLED, offered=NEWER)}, BOTH))
    assert first.offered == NEWER


def test_a_clean_up_never_deletes_a_name_that_is_declared_itself():
    alone = _only("m", expand([model("m", HUB)], [A], PINS, BOTH))
    both = _only("m", expand([model("m", HUB), model("hub.example/t/m:1", HUB)], [A], PINS, BOTH))
    assert [step for step in alone.steps if isinstance(step, Delete)]
    assert not [step for step in both.steps if isinstance(step, Delete)]


def test_an_adapter_is_pinned_and_told_apart_in_the_provenance():
    built = _only("t", expand([tune("t", "m", adapter=FILE)], [A], PINS, live_state(live("m"))))
    assert tune("t", "m", adapter=FILE).chains == ((FILE,),)
    assert ("adapter.path", "m.gguf") in built.provenance
    assert dict(built.content)["adapters"] == (str(digest("w")),)


def test_an_adapter_that_cannot_be_pinned_is_told_as_it_is():
    pins = {FILE: Unpinned(FILE, "not found", "check it", retryable=False, unlocked=True)}
    (entry,) = expand([tune("t", "m", adapter=FILE)], [A], pins, live_state(live("m"))).unresolved
    assert (entry.message, entry.hint, entry.unlocked) == ("not found", "check it", True)


def test_protection_is_carried():
    assert _only("m", expand([model("m", lifecycle=Lifecycle(protect=True))], [A], PINS, BOTH)).protect


def test_a_model_and_an_adapter_that_are_mixed_up_are_refused():
    lora, whole = replace(PIN, holds="adapter"), replace(PIN, holds="model")
    (wrong,) = expand([model("m")], [A], {FILE: lora}, BOTH).unresolved
    assert wrong.message == "m.gguf is no model but one of the kind adapter"
    (wrong,) = expand([tune("t", "b", adapter=FILE)], [A], {FILE: whole}, live_state(live("b"))).unresolved
    assert (wrong.message, wrong.hint) == (
        "m.gguf is no adapter but one of the kind model",
        "a model belongs under `source` of a Model",
    )
    assert expand([model("m")], [A], {FILE: whole}, BOTH).entries


def test_the_hint_for_a_missing_base_never_leads_to_a_circle():
    chain = [tune("bot", "bat"), tune("bota", "bot")]
    state = expand(chain, [A], PINS, live_state(live("bit")))
    assert {str(entry.address.model): entry.hint for entry in state.unresolved} == {
        "bot:latest": "did you mean bit:latest?",
        "bota:latest": "mend the base first",
    }


def test_an_adapter_is_named_where_it_comes_from():
    built = _only("t", expand([tune("t", "m", adapter=FILE)], [A], PINS, live_state(live("m"))))
    assert built.reference == "from m:latest with the adapter m.gguf"


def test_a_chain_of_bases_may_be_longer_than_the_stack_is_deep():
    names = [f"m{number:04}" for number in range(3000)]
    chain = [model(names[0]), *(tune(name, below) for below, name in pairwise(names))]
    state = expand(reversed(chain), [A], PINS, BOTH)
    assert (len(state.entries), state.unresolved) == (3000, ())
    changes = diff(state, BOTH, recorded_state())
    assert {change.action for change in changes} == {Action.CREATE}
    assert len(stages(changes)) == 3000


def test_a_circle_of_bases_is_unresolved_and_no_endless_loop():
    state = expand([tune("a", "b"), tune("b", "a")], [A], PINS, BOTH)
    assert len(state.unresolved) == 2


def _only(name, state):
    return next(entry for entry in state.entries if entry.address.model == ModelName.parse(name))


def adapted(architecture: str, below: str = "m") -> Resource:
    return replace(tune("bot", below), adapter=SourceRef("gguf", (("path", f"/{architecture}"),), HERE))


@pytest.mark.parametrize("below", ["m", "between"])
@pytest.mark.parametrize(
    ("base", "adapter", "fits"),
    [("llama", "llama", True), ("llama", "qwen2", False), ("", "qwen2", True), ("llama", "", True)],
)
def test_an_adapter_for_another_architecture_than_its_base_is_refused_where_both_are_known(base, adapter, fits, below):
    bot = adapted(adapter, below)
    known = {name: (("architecture", name),) if name else () for name in (base, adapter)}
    pins = {FILE: replace(PIN, provenance=known[base]), bot.adapter: replace(PIN, provenance=known[adapter])}

    found = expand([model("m"), tune("between", "m"), bot], [B], pins, BOTH)

    assert [item.message for item in found.unresolved] == (
        [] if fits else [f"m.gguf is an adapter for {adapter}, and its base {below}:latest is {base}"]
    )


def test_of_a_base_that_is_not_declared_no_architecture_is_known():
    bot = adapted("qwen2", "there")
    state = LiveState((replace(BOTH.hosts[1], models=(live("there", host="b"),)),))
    found = expand([bot], [B], {bot.adapter: replace(PIN, provenance=(("architecture", "qwen2"),))}, state)
    assert len(found.entries) == 1


@pytest.mark.parametrize(("base", "fits"), [("llama", True), ("gemma2", True), ("qwen2", False), ("", True)])
def test_an_adapter_that_hosts_convert_needs_one_of_two_architectures(base, fits):
    bot = adapted("lora")
    files = tuple((name, Blob(digest(name), 1, "safetensors", ())) for name in ("adapter_config.json", "a.safetensors"))
    pins = {FILE: replace(PIN, provenance=(("architecture", base),)), bot.adapter: replace(PIN, files=files)}

    found = expand([model("m"), bot], [B], pins, BOTH)

    assert [item.message for item in found.unresolved] == (
        [] if fits else ["m.gguf is an adapter for gemma2 or llama, and its base m:latest is qwen2"]
    )
