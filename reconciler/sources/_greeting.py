"""A word with each hub: whether it answers, and whether it takes the login that is kept for it. One request each."""

from collections.abc import Iterable

from reconciler.core.frozen import dataclass
from reconciler.core.names import ModelName
from reconciler.core.resource import SourceRef
from reconciler.errors import AccessDenied, SourceUnavailable, TransportError
from reconciler.ports import Hub
from reconciler.sources import Context
from reconciler.sources._hub.access import Repo
from reconciler.sources._hub.login import Logins
from reconciler.sources._hugging_face.api import HubApi
from reconciler.sources._hugging_face.errors import TOKEN
from reconciler.transport import Reply, origin

_REDIRECTS = 3
_PATIENCE = 10.0  # seconds without a byte; nobody waits for longer to be told that nobody answers


def hubs(refs: Iterable[SourceRef], context: Context) -> tuple[Hub, ...]:
    """Return each hub that is referred to once, registries first; Hugging Face also where there is a token for it."""
    asked = tuple(refs)
    registries = sorted({_registry(ref) for ref in asked if ref.type == "ollama"})
    hugging_face = any(ref.type == "huggingface" for ref in asked) or TOKEN in context.environ
    return (*(Registry(name, context) for name in registries), *((HuggingFace(context),) if hugging_face else ()))


@dataclass(frozen=True, slots=True)
class Registry:
    """The Ollama hub, or any OCI registry."""

    name: str  # its origin
    context: Context

    def greet(self) -> str:
        """Return whether it wants a login that we have; raises AccessDenied for one that we lack."""
        reply = _asked(self.context, f"{self.name}/v2/", {})
        wanted = reply.headers.get("WWW-Authenticate", "").lower()
        if reply.status != 401 or not wanted.startswith("basic"):
            return ""
        logins = Logins(self.context.environ)
        login = logins.find(self.name)
        if login is None:
            raise AccessDenied("it wants a login", hint=logins.advice(self.name))
        return f"wants a login, and there is one in {login.place}"


class HuggingFace:
    """The Hugging Face hub, or its mirror at `HF_ENDPOINT`."""

    def __init__(self, context: Context) -> None:
        self._api, self._context = HubApi(context), context
        self.name = origin(self._api.address)

    def greet(self) -> str:
        """Return whose token ours is; raises AccessDenied for one that it does not take."""
        headers = self._api.headers()
        reply = _asked(self._context, f"{self._api.endpoint()}/api/whoami-v2", headers)
        if not headers:
            return f"{TOKEN} is not set: gated and private repos can't be read"
        if reply.status in {401, 403}:
            raise AccessDenied(f"it does not accept the token in {TOKEN}", hint=f"make a new one, or unset {TOKEN}")
        return f"the token in {TOKEN} is {_owner(reply)}"


def _registry(ref: SourceRef) -> str:
    options = dict(ref.options)
    return Repo.of(ModelName.parse(str(options["name"])), insecure=options.get("insecure") is True).hub


def _asked(context: Context, url: str, headers: dict[str, str]) -> Reply:
    """Return any answer of a server that works; raises SourceUnavailable."""
    try:
        reply = context.http.request("GET", url, headers=headers, redirects=_REDIRECTS, stall=_PATIENCE)
    except TransportError as error:
        raise SourceUnavailable(error.message, hint=error.hint) from error
    if reply.status >= 500 or reply.status == 429:
        raise SourceUnavailable(f"it answered with {reply.status}", hint="try again later")
    return reply


def _owner(reply: Reply) -> str:
    """Return whose token it is; mirrors need not know."""
    try:
        answer = reply.json() if reply.status == 200 else None
    except TransportError:
        answer = None
    name = answer.get("name") if isinstance(answer, dict) else None
    return f"of {name}" if isinstance(name, str) else "not known here, and may still be good elsewhere"
