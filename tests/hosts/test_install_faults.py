"""What can go wrong while a host installs from us, and what is left then."""

from pathlib import Path

import pytest

from reconciler.core.names import HostName, ModelName
from reconciler.core.steps import is_staging
from reconciler.errors import HostError, HostRejected, HostTimeout, HostUnreachable
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.transport import Http
from tests.fakes.ollama_server import FakeOllama
from tests.hosts.conftest import File, make, quiet
from tests.hosts.locked import LockedModel, locked

MODEL = ModelName.parse("m")


@pytest.fixture
def host(fake: FakeOllama, files: dict[str, File]) -> OllamaHost:
    """Give a host with a model `m`, which waits long for work and not for what is no work."""
    http = Http(connect_timeout=1, stall_timeout=0.3)
    made = OllamaHost(HostName("test"), fake.url, http, patience=60, callback="127.0.0.1")
    make(made, MODEL, files["model"])
    return made


@pytest.fixture
def model(host: OllamaHost, files: dict[str, File], tmp_path: Path) -> LockedModel:
    """Give a locked model, its layers on the host."""
    made = locked(tmp_path, files["other"], "be brief")
    made.bring(host)
    return made


def failing(host: OllamaHost, model: LockedModel, kind: type[HostError]) -> HostError:
    """Install over `m`; returns the error, once it is clear that `m` is as it was."""
    before = host.show(MODEL)
    with pytest.raises(kind) as caught:
        host.install(model.step(MODEL), lambda name: None, quiet)
    assert host.show(MODEL) == before
    return caught.value


def left(fake: FakeOllama) -> list[str]:
    """Return the temporary names that are still there."""
    return [entry["name"] for entry in fake.store.listed() if is_staging(ModelName.parse(str(entry["name"])))]


def test_host_that_never_asks_and_says_nothing_is_not_waited_for_as_for_work(
    host: OllamaHost, fake: FakeOllama, model: LockedModel
) -> None:
    fake.fail("pull", stall=30)
    error = failing(host, model, HostTimeout)
    assert "the host could not reach us at 127.0.0.1:" in error.message
    assert "--listen" in error.hint


@pytest.mark.parametrize(
    ("fault", "kind", "words"),
    [
        ({"status": 401, "body": '{"error":"unauthorized"}'}, HostRejected, "^unauthorized$"),
        ({"status": 503, "body": "busy"}, HostRejected, "^busy$"),
        ({"end": "cut"}, HostUnreachable, "^the connection broke"),
        ({"end": "cut", "after": True}, HostUnreachable, "^the connection broke"),
        ({"error": "no space left on device"}, HostRejected, "could not reach us at .*: no space left on device$"),
        ({"error": "no space left on device", "after": True}, HostRejected, "^no space left on device$"),
        ({"end": "quiet", "after": True}, HostRejected, "without success$"),
    ],
)
def test_words_of_the_host_are_kept_and_nothing_else_is(
    host: OllamaHost, fake: FakeOllama, model: LockedModel, fault: dict[str, object], kind: type[HostError], words: str
) -> None:
    fake.fail("pull", **fault)  # type: ignore[arg-type]
    error = failing(host, model, kind)
    assert pytest.RaisesExc(HostError, match=words).matches(HostError(error.message))
    assert left(fake) == []


def test_host_that_does_not_list_what_it_pulled_is_not_believed(
    host: OllamaHost, fake: FakeOllama, model: LockedModel
) -> None:
    fake.fail("tags", status=200, body='{"models":[]}')
    assert "from us, and does not list it" in failing(host, model, HostRejected).message
    assert left(fake) == []


def test_copy_that_fails_leaves_no_temporary_name(host: OllamaHost, fake: FakeOllama, model: LockedModel) -> None:
    fake.fail("copy", status=500, body="oops")
    assert failing(host, model, HostRejected).message == "oops"
    assert left(fake) == []


def test_temporary_name_that_can_not_be_deleted_is_an_error_and_hides_no_other(
    host: OllamaHost, fake: FakeOllama, model: LockedModel
) -> None:
    fake.fail("delete", status=500, body="stuck")
    with pytest.raises(HostRejected, match="stuck"):
        host.install(model.step(MODEL), lambda name: None, quiet)
    fake.fail("copy", status=500, body="oops")
    fake.fail("delete", status=500, body="stuck")
    with pytest.raises(HostRejected, match="oops"):
        host.install(model.step(MODEL), lambda name: None, quiet)
    assert len(left(fake)) == 2


def test_host_that_spells_parts_of_a_name_as_it_has_them_elsewhere_still_finds_us(
    host: OllamaHost, fake: FakeOllama, model: LockedModel, files: dict[str, File]
) -> None:
    host.delete(MODEL)
    make(host, ModelName.parse("Reconciler-Staging/other:LATEST"), files["model"])
    host.install(model.step(ModelName.parse("n:v1")), lambda name: None, quiet)
    assert [str(live.address.model) for live in host.models()] == ["n:v1", "Reconciler-Staging/other:LATEST"]


def test_token_goes_with_an_install_as_with_every_other_call(fake: FakeOllama, model: LockedModel) -> None:
    fake.token = "t0ken"
    host = OllamaHost(HostName("test"), fake.url, Http(), {"Authorization": "Bearer t0ken"}, callback="127.0.0.1")
    host.install(model.step(MODEL), lambda name: None, quiet)
    assert {live.digest for live in host.models()} == {model.pull.manifest}
