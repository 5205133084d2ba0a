"""Installation: a host pulls a hub manifest from us, so that it has exactly the content that is locked.

It finds the layers among its own blobs, and asks nobody but us. The digest that it lists the model
with is then the hub manifest's own, as if it had pulled from the hub on the right day.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from reconciler.core.names import ModelName
from reconciler.core.routes import LISTEN
from reconciler.core.steps import Install
from reconciler.errors import HostError, HostRejected, HostTimeout, LayerLost
from reconciler.hosts.manifest_server import ManifestServer, serving
from reconciler.ports import Host, Progress
from reconciler.transport import origin

_TUNNEL = f"is the host in a container, elsewhere, or behind a tunnel? {LISTEN}"
_LOST = "it may have been restarted: run apply again"


def install(host: Host, step: Install, announce: Callable[[ModelName], None], progress: Progress) -> None:
    """Have the host pull from us under a temporary name, and give the model its own once it is what was foretold.

    Raises HostError; the temporary name, which `announce` is told first, is deleted in any case.
    """
    where = origin(host.url)
    if not host.callback:
        raise HostError("the host has no way to fetch the hub manifest from us", hint=LISTEN, where=where)
    with serving(host.callback, step.pull.body) as server:
        announce(server.name)
        try:
            _pull(host, step, server, progress)
            _must_be_foretold(host, step, server.name)
            host.copy(server.name, step.name)
        except BaseException:
            with suppress(HostError):
                host.delete(server.name)
            raise
        host.delete(server.name)


def _pull(host: Host, step: Install, server: ManifestServer, progress: Progress) -> None:
    """Have the host pull; raises its own error, or one that tells what this way of pulling can fail at."""
    try:
        host.pull(replace(step.pull, name=server.name, insecure=True), progress)
    except HostTimeout as error:
        if server.asked:
            raise
        raise HostTimeout(_unreachable(server, error), hint=_TUNNEL, where=error.where) from error
    except HostRejected as error:
        if server.asked_for_blobs:
            message = f"a layer is missing on the host: {error.message}"
            raise LayerLost(message, status=error.status, hint=_LOST, where=error.where) from error
        if server.asked or error.status != 200:
            raise
        raise HostRejected(_unreachable(server, error), status=200, hint=_TUNNEL, where=error.where) from error


def _unreachable(server: ManifestServer, error: HostError) -> str:
    return f"the host could not reach us at {server.address}: {error.message}"


def _must_be_foretold(host: Host, step: Install, name: ModelName) -> None:
    """Raise HostRejected unless the host lists what it pulled with a digest that was foretold."""
    found = {live.address.model: live.digest for live in host.models()}.get(name)
    if found not in step.pull.foretold:
        now = f"lists it as {found.short}" if found else "does not list it"
        message = f"the host pulled {step.pull.manifest.short} from us, and {now}"
        raise HostRejected(message, status=200, where=origin(host.url))
