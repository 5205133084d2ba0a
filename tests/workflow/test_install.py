"""Apply of what hosts can't pull for themselves: we bring the layers and the hub manifest."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from reconciler.core.digest import Digest
from reconciler.core.names import HostName, ModelName
from reconciler.core.outcome import RunResult, Status
from reconciler.core.steps import Create, Install, is_staging
from reconciler.hosts.ollama_host import OllamaHost
from tests.fakes.oci_server import OciServer, basic
from tests.hosts.conftest import File
from tests.hosts.locked import CONFIG, locked
from tests.manifests import write
from tests.parts.gguf import tiny_model
from tests.workflow.conftest import Ear, Site

NAME = ModelName.parse("m")
LOGIN = "reader:secret"


@pytest.fixture
def hub() -> Iterator[OciServer]:
    """Give a hub that wants a login, which no host has."""
    with OciServer() as server:
        server.login = LOGIN
        yield server


@dataclass
class Private:
    """A site with a model from a hub that only we can read."""

    site: Site
    hub: OciServer

    def declare(self, system: str, seed: int = 0) -> int:
        """Have the tag mean a model with this system prompt; returns the size of its layers in bytes."""
        folder = self.site.folder.parent
        file = folder / f"{seed}.gguf"
        model = locked(folder, File(file, tiny_model(file, seed=seed)), system)
        self.hub.manifests["team/m:v1"] = model.pull.body
        self.hub.blobs.update({str(layer.digest): layer.path for layer in model.layers})
        source = f"source: {{ollama: {{name: '{self.hub.address}/team/m:v1', insecure: true}}}}"
        write(self.site.folder, "m", f"kind: Model\nmetadata: {{name: m}}\nspec: {{{source}}}\n")
        return sum(size for _, size in model.pull.layers)

    @property
    def host(self) -> OllamaHost:
        (host,) = self.site.world().hosts.values()
        assert isinstance(host, OllamaHost)
        return host

    @property
    def shown(self) -> object:
        return dict(self.host.show(NAME))["system"]

    @property
    def digest(self) -> Digest:
        return next(live.digest for live in self.host.models() if live.address.model == NAME)

    @property
    def clean(self) -> bool:
        """Tell whether nothing temporary is left on the host, nor on the journal."""
        temporary = [live for live in self.host.models() if is_staging(live.address.model)]
        return not temporary and not self.site.store.leftovers(HostName("a"))


@pytest.fixture
def private(site: Site, hub: OciServer) -> Private:
    """Give a site whose model was installed once, and moved upstream since."""
    auth = {"auths": {hub.address: {"auth": basic(LOGIN).removeprefix("Basic ")}}}
    site.environ = {"DOCKER_AUTH_CONFIG": json.dumps(auth)}
    made = Private(site, hub)
    made.declare("old")
    assert site.apply().good
    site.servers["a"].seen.clear()
    return made


def only(result: RunResult) -> tuple[Status, str, int]:
    (outcome,) = result.outcomes
    return outcome.status, outcome.message, outcome.moved


def test_what_a_host_can_not_pull_is_installed_with_the_digest_of_its_hub(private: Private) -> None:
    private.declare("new")
    plan = private.site.plan()
    (change,) = plan.pending
    assert any(isinstance(step, Install) for step in change.steps)
    assert private.site.apply(plan).good
    assert private.shown == "new"
    assert private.digest == Digest.of(private.hub.manifests["team/m:v1"])
    assert private.site.in_sync()
    assert private.clean
    assert {request.user_agent.partition("/")[0] for request in private.hub.requests} == {"reconciler"}


def test_only_what_the_host_lacks_is_brought_and_counted(private: Private) -> None:
    private.declare("something new")
    assert only(private.site.apply()) == (Status.APPLIED, "", len("something new"))
    assert private.site.servers["a"].calls("upload") == ["upload"]


def test_layers_that_a_restart_has_lost_are_brought_once_more_and_counted(private: Private) -> None:
    size = private.declare("new", seed=1)
    private.site.servers["a"].fail("pull", restart=True)
    kept = len(CONFIG)  # bytes of a layer that the old model has as well, so that no restart loses it
    assert only(private.site.apply()) == (Status.APPLIED, "", 2 * (size - kept))
    assert private.site.servers["a"].calls("pull") == ["pull", "pull"]
    assert private.shown == "new"
    assert private.clean


def test_layers_of_a_relay_that_a_restart_has_lost_are_brought_once_more_too(private: Private) -> None:
    private.hub.login = ""
    size = private.declare("new", seed=1) - len(CONFIG)
    plan = private.site.plan()
    assert not any(isinstance(step, Install) for change in plan.pending for step in change.steps)
    private.site.servers["a"].fail("pull", restart=True)
    assert only(private.site.apply(plan)) == (Status.APPLIED, "", 2 * size)
    assert private.site.servers["a"].calls("pull") == ["pull", "pull"]
    assert private.shown == "new"


def test_a_relay_that_fails_for_another_reason_is_not_tried_again(private: Private) -> None:
    private.hub.login = ""
    private.declare("new", seed=1)
    private.site.servers["a"].fail("pull", error="no space left on device")
    assert only(private.site.apply())[:2] == (Status.FAILED, "no space left on device")
    assert private.site.servers["a"].calls("pull") == ["pull"]
    assert private.shown == "old"


def test_a_host_that_loses_its_layers_again_and_again_keeps_its_old_model(private: Private) -> None:
    private.declare("new", seed=1)
    private.site.servers["a"].fail("pull", times=9, restart=True)
    status, message, _ = only(private.site.apply())
    assert (status, private.shown) == (Status.FAILED, "old")
    assert message == "a layer is missing on the host: file does not exist"
    assert private.site.servers["a"].calls("pull") == ["pull", "pull"]
    assert private.clean


FAULTS = [
    ("pull", {"error": "no space left on device"}),
    ("pull", {"end": "cut", "times": 9}),
    ("pull", {"end": "cut", "times": 9, "after": True}),
    ("pull", {"end": "quiet", "after": True}),
    ("copy", {"status": 500, "body": "oops"}),
    ("upload", {"status": 500, "body": '{"error":"write: no space left on device"}'}),
    ("tags", {"status": 503, "times": 9}),
]


@pytest.mark.parametrize(("call", "fault"), FAULTS, ids=str)
def test_after_any_fault_the_old_model_still_answers_and_the_next_apply_converges(
    private: Private, call: str, fault: dict[str, object]
) -> None:
    private.declare("new", seed=1)
    plan = private.site.plan()
    private.site.servers["a"].fail(call, **fault)  # type: ignore[arg-type]
    assert only(private.site.apply(plan))[0] is Status.FAILED
    private.site.servers["a"]._faults.clear()
    assert private.shown == "old"
    assert private.clean
    assert private.site.apply().good
    assert private.shown == "new"
    assert private.site.in_sync()
    assert private.clean


def test_a_passing_fault_is_tried_again_and_what_could_not_be_removed_is_removed_then(private: Private) -> None:
    private.declare("new")
    private.site.servers["a"].fail("pull", end="cut", after=True)
    private.site.servers["a"].fail("delete", times=3, status=503, body="busy")
    assert private.site.apply().good
    assert private.site.servers["a"].calls("pull") == ["pull", "pull"]
    assert private.clean


def test_a_temporary_name_that_can_not_be_removed_is_left_to_the_next_run(private: Private) -> None:
    private.declare("new")
    private.site.servers["a"].fail("delete", times=99, status=500, body="stuck")
    assert only(private.site.apply())[0] is Status.FAILED
    assert not private.clean
    private.site.servers["a"]._faults.clear()
    assert private.site.apply().good
    assert private.shown == "new"
    assert private.clean


@dataclass
class Meddler(Ear):
    """A listener that acts once, at the first progress or step that fits."""

    at: str = ""
    act: Callable[[], None] = lambda: None
    acted: list[str] = field(default_factory=list)

    def bind(self, **facts: object) -> "Meddler":
        return Meddler(self.events, {**self.facts, **facts}, self.at, self.act, self.acted)

    def event(self, level: str, name: str, **facts: object) -> None:
        super().event(level, name, **facts)
        self._meddle(f"{name} {facts.get('step', '')}")

    def progress(self, task: str, phase: str, done: int, total: int) -> None:
        self._meddle(f"progress {phase}")

    def _meddle(self, now: str) -> None:
        if now == self.at and not self.acted:
            self.acted.append(now)
            self.act()


def test_a_model_that_somebody_changed_meanwhile_is_left_alone(private: Private) -> None:
    private.declare("new")
    theirs = Create(NAME, base=NAME, system="theirs")
    host = private.host
    private.site.ear = Meddler(at="step_done install", act=lambda: host.create(theirs, lambda *_: None))
    result = private.site.apply()
    status, message, _ = only(result)
    assert (status, private.shown) == (Status.REFUSED, "theirs")
    assert "the plan saw" in message
    assert result.outcomes[0].hint == "plan again"
    assert private.clean


def test_a_wish_to_stop_abandons_the_pull_and_leaves_nothing(private: Private) -> None:
    private.declare("new")
    private.site.ear = Meddler(at="progress pulling", act=private.site.stop.set)
    result = private.site.apply()
    assert only(result)[:2] == (Status.SKIPPED, "the run was interrupted")
    assert result.outcomes[0].hint == "apply again to go on"
    assert private.shown == "old"
    assert private.clean
    private.site.stop.clear()
    assert private.site.apply().good
    assert private.clean


def test_a_temporary_name_is_on_the_journal_before_the_host_learns_it(private: Private) -> None:
    private.declare("new")
    known: list[set[ModelName]] = []
    store, host = private.site.store, private.host

    def look() -> None:
        run = store.runs(1)[0].id
        asked = [str(seen.body["model"]) for seen in private.site.servers["a"].seen if seen.call == "pull"]
        held = {lease.resource: lease for lease in store.leases()}
        for lease in held.values():  # only of a dead run are leftovers told
            store.release(lease)
        known.append({item.name for item in store.leftovers(host.name) if item.run == run})
        assert {ModelName.parse(name) for name in asked} <= known[0]

    private.site.ear = Meddler(at="progress pulling", act=look)
    private.site.apply()
    assert len(known[0]) == 2


def test_temporary_names_are_nobodys_models(private: Private) -> None:
    for name in (
        "reconciler-staging/abc",
        "127.0.0.1:4000/reconciler-staging/abc",
        "box.example/Reconciler-Staging/x:y",
    ):
        private.host.copy(NAME, ModelName.parse(name))
    private.host.copy(NAME, ModelName.parse("theirs"))
    (view,) = private.site.plan().hosts
    assert [str(name) for name in view.unmanaged] == ["theirs:latest"]
