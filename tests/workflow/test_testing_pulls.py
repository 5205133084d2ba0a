"""Tests of models that can only be pulled under their own name: what does not pass keeps it for a moment at most."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from reconciler.core.names import HostName, ModelName
from reconciler.core.outcome import Status
from reconciler.core.state import Live
from reconciler.core.steps import is_staging
from tests.fakes.oci_server import OciServer
from tests.fakes.ollama_server import FakeOllama
from tests.hosts.conftest import File
from tests.hosts.locked import locked
from tests.manifests import write
from tests.parts.gguf import tiny_model
from tests.workflow.conftest import Ear, Site


@pytest.fixture
def hub() -> Iterator[OciServer]:
    """Give a hub from which a host can pull."""
    with OciServer() as server:
        server.location = True
        yield server


@dataclass
class Tag:
    """A site with a model that is pulled under its own name, and passes its test if its system prompt says so."""

    site: Site
    hub: OciServer

    @property
    def name(self) -> ModelName:
        return ModelName.parse(f"{self.hub.address}/team/m:v1")

    def declare(self, system: str, seed: int = 0, expect: str = "good") -> None:
        """Have the tag mean a model with this system prompt."""
        folder = self.site.folder.parent
        file = folder / f"{seed}.gguf"
        model = locked(folder, File(file, tiny_model(file, seed=seed)), system)
        self.hub.manifests["team/m:v1"] = model.pull.body
        self.hub.blobs.update({str(layer.digest): layer.path for layer in model.layers})
        test = f"test: {{prompt: hello, expect: {expect}, rollback: true}}"
        spec = f"{{source: {{ollama: {{name: '{self.name}', insecure: true}}}}, {test}}}"
        write(self.site.folder, "m", f"kind: Model\nmetadata: {{name: '{self.name}'}}\nspec: {spec}\n")

    @property
    def listed(self) -> tuple[Live, ...]:
        """Return what is on the host, which must not be temporary."""
        found = self.site.world().hosts[HostName("a")].models()
        assert not any(is_staging(live.address.model) for live in found)
        assert not self.site.store.leftovers(HostName("a"))
        return found


@dataclass
class Saboteur(Ear):
    """A listener that has the host refuse to copy once it was copied."""

    server: FakeOllama | None = None

    def bind(self, **facts: object) -> "Saboteur":
        return Saboteur(self.events, {**self.facts, **facts}, self.server)

    def event(self, level: str, name: str, **facts: object) -> None:
        super().event(level, name, **facts)
        if (name, facts.get("step")) == ("step_done", "copy"):
            assert self.server is not None
            self.server.fail("copy", status=500, body="oops")


@pytest.fixture(params=[True, False], ids=["pulled", "relayed"])
def tag(site: Site, hub: OciServer, request: pytest.FixtureRequest) -> Tag:
    """Give a site with a good model, from a hub that says where blobs are or does not."""
    hub.location = request.param
    made = Tag(site, hub)
    made.declare("good and old")
    assert site.apply().good
    assert site.in_sync()
    return made


def test_what_does_not_pass_gives_the_name_back(tag: Tag) -> None:
    before, records = tag.listed, tag.site.store.read().records
    tag.declare("bad", seed=1)
    (outcome,) = tag.site.apply().outcomes
    assert outcome.status is Status.FAILED
    assert "it answered 'bad hello'" in outcome.message
    assert (tag.listed, tag.site.store.read().records) == (before, records)
    tag.declare("good and new", seed=1)
    assert tag.site.apply().good
    assert tag.listed != before
    assert tag.site.in_sync()


def test_what_is_asked_has_not_the_name_yet(tag: Tag) -> None:
    (before,) = tag.listed
    server, seen = tag.site.servers["a"], []
    server.seen.clear()
    server.mouth.at_question = lambda: seen.append({item["name"]: item["digest"] for item in server.store.listed()})
    tag.declare("good and new", seed=1)
    assert tag.site.apply().good
    (listed,) = seen
    assert listed[str(tag.name)] == before.digest.hex
    assert len(listed) == 3  # what waits for its name, and what keeps that of the old one
    (request,) = [item.body for item in server.seen if item.call == "generate"]
    assert is_staging(ModelName.parse(str(request["model"])))


def test_a_new_model_that_does_not_pass_is_not_there(tag: Tag) -> None:
    tag.site.world().hosts[HostName("a")].delete(tag.name)
    tag.declare("bad", seed=1)
    assert [outcome.status for outcome in tag.site.apply().outcomes] == [Status.FAILED]
    assert tag.listed == ()
    tag.declare("good", seed=1)
    assert tag.site.apply().good
    assert tag.site.in_sync()
    assert len(tag.listed) == 1


FAULTS = [
    ("pull", {"end": "cut", "after": True, "times": 9}),
    ("pull", {"end": "cut", "after": True, "times": 1}),
    ("pull", {"error": "no space left on device"}),
    ("generate", {"status": 500, "body": "oops"}),
]


@pytest.mark.parametrize("there", [True, False], ids=["updated", "created"])
@pytest.mark.parametrize(("call", "fault"), FAULTS, ids=str)
def test_after_any_fault_the_name_is_as_it_was(tag: Tag, call: str, fault: dict[str, object], there: bool) -> None:
    if not there:
        tag.site.world().hosts[HostName("a")].delete(tag.name)
    before = tag.listed
    tag.declare("bad", seed=1)
    plan = tag.site.plan()
    tag.site.servers["a"].fail(call, **fault)  # type: ignore[arg-type]
    assert [outcome.status for outcome in tag.site.apply(plan).outcomes] == [Status.FAILED]
    assert tag.listed == before
    tag.site.servers["a"]._faults.clear()
    tag.declare("good and new", seed=1)
    assert tag.site.apply().good
    assert tag.site.in_sync()


def test_a_name_that_can_not_be_given_back_is_told(tag: Tag) -> None:
    tag.declare("bad", seed=1)
    plan = tag.site.plan()
    tag.site.ear = Saboteur(server=tag.site.servers["a"])
    tag.site.servers["a"].fail("pull", end="quiet", after=True)
    assert [outcome.status for outcome in tag.site.apply(plan).outcomes] == [Status.FAILED]
    assert "model_not_put_back" in [name for name, _ in tag.site.ear.events]
    assert len(tag.listed) == 1
