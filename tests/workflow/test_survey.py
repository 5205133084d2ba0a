"""Surveying a host against hubs that answer, move, fall silent and lose what they had."""

from dataclasses import dataclass, field

import pytest

from reconciler.core.digest import Digest
from reconciler.core.exported import How
from reconciler.core.facts import Facts, facts
from reconciler.core.names import Address, HostName, ModelName
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.state import Live
from reconciler.core.steps import Pull
from reconciler.errors import HostRejected, HostUnreachable, NotFound, SourceUnavailable
from reconciler.workflow.fleet import Fleet
from reconciler.workflow.survey import listed, survey

HERE = HostName("here")
BASE = facts({"weights": f"sha256:{1:064}", "system": "a"})
BUILT = facts({"weights": f"sha256:{1:064}", "system": "b"})


def name(text: str) -> ModelName:
    return ModelName.parse(text)


@dataclass
class Host:
    """What a survey asks of a host, answered from memory."""

    name: HostName = HERE
    shown: dict[str, Facts | Exception] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    copies: dict[str, str] = field(default_factory=dict)

    def models(self, _within: float = 0.0, /) -> tuple[Live, ...]:
        names = sorted((*self.shown, *self.copies))
        return tuple(Live(Address(self.name, name(text)), self.digest(text), 1) for text in names)

    def digest(self, text: str) -> Digest:
        return Digest.of(self.copies.get(text, text).encode())

    def show(self, model: ModelName) -> Facts:
        found = self.shown[self.copies.get(model.model, model.model)]
        if isinstance(found, Exception):
            raise found
        return found

    def show_with_parent(self, model: ModelName) -> tuple[Facts, ModelName | None]:
        said = self.parents.get(model.model)
        return self.show(model), name(said) if said else None


@dataclass
class Hub:
    """What a survey asks of the hub, answered from memory; every question is kept."""

    digests: dict[str, Digest] = field(default_factory=dict)
    plain: frozenset[str] = frozenset()  # hubs that speak plain http only
    silent: frozenset[str] = frozenset()
    consists: Facts | None = BASE
    asked: list[tuple[str, bool]] = field(default_factory=list)

    def resolve(self, ref: SourceRef) -> Pinned:
        text, insecure = str(dict(ref.options)["name"]), dict(ref.options).get("insecure") is True
        self.asked.append((text, insecure))
        hub = name(text).hub
        if hub in self.silent or (hub in self.plain and not insecure):
            raise SourceUnavailable("no answer")
        if text not in self.digests:
            raise NotFound("no such name")
        digest = self.digests[text]
        return Pinned(text, (), 0, pull=Pull(name(text), insecure, digest, (), (digest,)))

    def describe(self, _pull: Pull) -> Facts:
        if self.consists is None:
            raise SourceUnavailable("lost")
        return self.consists


def surveyed(host: Host, hub: Hub, *wanted: str) -> dict[str, How]:
    """Return how each model is declared."""
    there = listed(host)  # type: ignore[arg-type]
    with Fleet(1) as fleet:
        found = survey(host, there, [name(text) for text in wanted] or sorted(there), hub, fleet)  # type: ignore[arg-type]
    return {str(item.name).removesuffix(":latest"): item.how for item in found}


def test_what_a_hub_has_need_not_be_shown_and_its_copies_are_found_by_it() -> None:
    host = Host(shown={"m": HostRejected("never asked", status=500)}, copies={"copy": "m"})
    hub = Hub(digests={"m:latest": host.digest("m")})
    assert surveyed(host, hub) == {"m": How.HUB, "copy": How.HUB}
    assert surveyed(host, hub, "copy") == {"copy": How.HUB}


def test_a_base_on_the_host_is_shown_and_one_that_is_gone_is_looked_for_on_its_hub() -> None:
    host = Host(shown={"base": BASE, "bot": BUILT, "lone": BUILT}, parents={"bot": "base", "lone": "gone"})
    hub = Hub(digests={"gone:latest": Digest.of(b"gone")})
    assert surveyed(host, hub) == {"base": How.BLOBS, "bot": How.BUILD, "lone": How.HUB}
    assert surveyed(host, hub, "bot") == {"bot": How.BUILD}


@pytest.mark.parametrize("consists", [None, facts({"weights": f"sha256:{2:064}"})])
def test_a_base_that_cannot_be_known_makes_no_build(consists: Facts | None) -> None:
    host = Host(
        shown={"lost": HostRejected("broken", status=404), "bot": BUILT, "lone": BUILT, "own": BUILT},
        parents={"bot": "lost", "lone": "gone", "own": "nowhere"},
    )
    hub = Hub(digests={"gone:latest": Digest.of(b"gone")}, consists=consists)
    assert surveyed(host, hub) == {"bot": How.BLOBS, "lone": How.BLOBS, "own": How.BLOBS, "lost": How.NOTHING}
    assert surveyed(host, hub, "bot") == {"bot": How.BLOBS}


def test_what_an_earlier_run_has_left_is_no_model() -> None:
    assert listed(Host(shown={"reconciler-staging/x": BASE})) == {}  # type: ignore[arg-type]


def test_a_hub_of_plain_http_is_asked_so_and_one_that_is_silent_only_once() -> None:
    host = Host(shown={"r:5000/t/a": BASE, "s:5000/t/a": BASE, "s:5000/t/b": BASE, "m": BASE, "n": BASE})
    host.shown.update({text.rpartition("/")[2].partition(":")[0]: BASE for text in host.shown})
    hub = Hub(
        digests={"r:5000/t/a:latest": host.digest("r:5000/t/a")},
        plain=frozenset({"r:5000"}),
        silent=frozenset({"s:5000", "registry.ollama.ai"}),
    )
    found = surveyed(host, hub, "r:5000/t/a", "s:5000/t/a", "s:5000/t/b", "m", "n")
    assert found["r:5000/t/a"] is How.HUB
    assert set(found.values()) == {How.HUB, How.BLOBS}
    assert [text for text, _ in hub.asked if text.startswith("r:")] == ["r:5000/t/a:latest"] * 2
    assert len([text for text, _ in hub.asked if text.startswith("s:")]) == 2
    assert len([text for text, _ in hub.asked if "/" not in text]) == 1


def test_a_host_that_goes_down_ends_it() -> None:
    host = Host(shown={"m": HostUnreachable("gone")})
    with pytest.raises(HostUnreachable):
        surveyed(host, Hub())
