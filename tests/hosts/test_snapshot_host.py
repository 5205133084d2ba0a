"""A snapshot of a host answers like the host, in everything that only reads, and does nothing else."""

import inspect
from pathlib import Path

import pytest

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.facts import Facts
from reconciler.core.names import HostName, ModelName
from reconciler.core.snapshot import Sight
from reconciler.core.state import Live, Observed
from reconciler.core.steps import Create, projectors_of
from reconciler.errors import HostError, HostRejected
from reconciler.hosts.ollama_host import OllamaHost
from reconciler.hosts.snapshot_host import SnapshotHost
from reconciler.ports import Host
from tests.hosts.conftest import File, Named, quiet

READS = {"version", "now", "models", "show", "show_with_parent", "loaded", "has_blob"}
METHODS = {name for name, _ in inspect.getmembers(Host, inspect.isfunction) if name[0] != "_"}
MISSING = Digest.of(b"nobody has this")


def facts_of(host: Host, live: Live) -> Facts | None:
    """Return what a host shows of a model; None of one that another test has left broken."""
    try:
        return host.show(live.address.model)
    except HostRejected:
        return None


def snapped(host: OllamaHost) -> SnapshotHost:
    """Return the host as a snapshot has it, with one blob that it was asked for and does not have."""
    models = tuple(Live(live.address, live.digest, live.size, facts_of(host, live)) for live in host.models())
    seen = Observed(host.name, host.url, host.version(), models)
    sight = Sight(seen, "2026-11-22T12:00:00.000Z", host.callback, tuple(sorted(host.loaded())), ((MISSING, False),))
    return SnapshotHost(seen, sight)


def test_it_answers_as_the_host_does(host: OllamaHost, files: dict[str, File], base: ModelName, named: Named) -> None:
    for file in files.values():
        host.upload(file.digest, Arrival.of(file.path), quiet)
    both = (("model.gguf", files["model"].digest), ("mmproj.gguf", files["projector"].digest))
    assert projectors_of(both)
    host.create(Create(named("eyes"), files=both), quiet)
    host.create(Create(named("lora"), base=named("eyes"), adapters=(("l.gguf", files["adapter"].digest),)), quiet)
    host.create(Create(named("tuned"), base=base, system="x", messages=(("user", "a"), ("assistant", "b"))), quiet)
    one: Host = snapped(host)
    assert (one.name, one.url, one.callback) == (host.name, host.url, host.callback)
    assert (one.version(), one.models(), one.loaded()) == (host.version(), host.models(), host.loaded())
    for live in host.models():
        assert facts_of(one, live) == facts_of(host, live)
    assert one.show(ModelName.parse(f"{named('tuned')}".upper())) == host.show(named("tuned"))
    for blob in (files["model"].digest, files["projector"].digest, files["adapter"].digest, MISSING):
        assert one.has_blob(blob) == host.has_blob(blob)


def test_what_it_cannot_tell_is_an_error_and_never_a_guess(
    host: OllamaHost, files: dict[str, File], base: ModelName, named: Named
) -> None:
    one = snapped(host)
    with pytest.raises(HostRejected, match="does not tell what") as caught:
        one.show(named("nothing"))
    assert caught.value.status == 404
    with pytest.raises(HostError, match="does not tell what"):
        one.show_with_parent(base)
    with pytest.raises(HostError, match="does not tell whether test has the blob"):
        one.has_blob(Digest.of(b"not asked for"))


@pytest.mark.parametrize("method", sorted(METHODS - READS))
def test_all_else_is_refused(method: str) -> None:
    seen = Observed(HostName("h"), "http://h", "0.9.3", ())
    one = SnapshotHost(seen, Sight(seen, "2026-11-22T12:00:00.000Z"))
    assert one.now() == ""
    with pytest.raises(HostError, match="known from a snapshot only"):
        getattr(one, method)(Path(), keep=True)
