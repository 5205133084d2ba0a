"""The source type `ollama`: a name on the Ollama hub or on any OCI registry; the hosts pull it themselves.

Resolving is one small GET of the manifest (HEAD is refused by the public hub): its digest
is what a host will report after the pull, so whether a model is current costs no pull.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from reconciler.core.digest import Digest
from reconciler.core.facts import Facts, facts
from reconciler.core.names import ModelName
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.routes import Route
from reconciler.core.steps import Blob, Pull
from reconciler.errors import AccessDenied, NotFound, ResolutionError, SourceUnavailable, TransportError, Unusable
from reconciler.ports import Cache, Progress, Source
from reconciler.sources import Context
from reconciler.sources._hub_layers import described
from reconciler.sources._hub_manifest import MANIFEST_TYPE, HubManifest, read
from reconciler.transport import Http, Reply

_LONGEST_TEXT = 1 << 20  # bytes
_REDIRECTS = 3  # hf.co sends its callers on to huggingface.co
_CHALLENGE = re.compile(r'(\w+)="([^"]*)"')


def source(context: Context) -> Source:
    """Return the source."""
    return Ollama(context.http, context.cache)


class Ollama:
    """Pins names to manifests."""

    type = "ollama"

    def __init__(self, http: Http, cache: Cache) -> None:
        self._http, self._cache = http, cache

    def key(self, ref: SourceRef) -> str:
        """Return the full name."""
        return str(_question(ref)[0])

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the pull of what the name means now; raises ResolutionError."""
        name, insecure = _question(ref)
        return self._pinned(name, insecure, self._manifest(_address(name, insecure), name))

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return the pull of what the name meant, from the hub manifest in the lock; raises Unusable."""
        name, insecure = _question(ref)
        pinned = self._pinned(name, insecure, str(dict(pin).get("manifest", "")).encode())
        if pinned.pin != pin:
            raise Unusable(f"what is locked for {name} is not what its hub manifest says", hint="lock it anew")
        return pinned

    def _pinned(self, name: ModelName, insecure: bool, body: bytes) -> Pinned:
        manifest, hub = read(body, str(name)), _address(name, insecure)
        return Pinned(
            reference=str(name),
            provenance=facts({"hub": hub, "manifest": str(manifest.digest), "name": str(name)}),
            size=sum(size for _, size in manifest.layers),
            pull=Pull(name, insecure, manifest.digest, manifest.layers, manifest.foretold, manifest.parts, body),
            pin=_pin(manifest, body),
            follows=True,
        )

    def route(self, ref: SourceRef, pull: Pull) -> Route:  # noqa: ARG002
        """Return how the layers best get to a host."""
        return Route.PULL

    def offers(self, blob: Blob) -> bool:  # noqa: ARG002
        """Tell whether the hub has the blob."""
        return False

    def describe(self, pull: Pull, *, config: bool = False) -> Facts:  # noqa: ARG002
        """Return what a host would show of it; texts are read from the hub once and then kept."""
        return described(pull.parts, lambda digest: self._text(pull, digest))

    def fetch(self, blob: Blob, progress: Progress) -> Path:  # noqa: ARG002
        """Raise Unusable: hosts pull for themselves, and no step of a pull names a blob of ours."""
        raise Unusable(f"{blob.digest.short} can't be fetched: hosts pull it themselves")

    def release(self, blob: Blob) -> None:
        """Do nothing: nothing was fetched."""

    def _manifest(self, hub: str, name: ModelName) -> bytes:
        return self._read(hub, name, f"manifests/{name.tag}", {"Accept": MANIFEST_TYPE})

    def _text(self, pull: Pull, digest: Digest) -> str:
        kept = self._cache.get(f"layer {digest}")
        if isinstance(kept, str):
            return kept
        size = dict(pull.layers).get(digest, 0)
        if size > _LONGEST_TEXT:
            raise Unusable(f"a text of {pull.name} is {size} bytes long")
        hub = f"{'http' if pull.insecure else 'https'}://{pull.name.hub}"
        content = self._read(hub, pull.name, f"blobs/{digest}", {})
        if Digest.of(content) != digest:
            raise SourceUnavailable(f"what {hub} gave for {digest.short} is something else", hint="try again later")
        text = content.decode("utf-8", "replace")
        self._cache.put(f"layer {digest}", text)
        return text

    def _read(self, hub: str, name: ModelName, what: str, headers: Mapping[str, str]) -> bytes:
        url = f"{hub}/v2/{name.namespace}/{name.model}/{what}"
        reply = self._get(url, headers)
        if reply.status == 401 and (token := self._anonymous_token(hub, reply)):
            reply = self._get(url, {**headers, "Authorization": f"Bearer {token}"})
        if reply.status != 200:
            raise _refusal(reply, hub, name)
        return reply.body

    def _get(self, url: str, headers: Mapping[str, str]) -> Reply:
        try:
            return self._http.request("GET", url, headers=headers, redirects=_REDIRECTS)
        except TransportError as error:
            raise SourceUnavailable(
                f"the hub did not answer: {error.message}", hint=error.hint, where=error.where
            ) from error

    def _anonymous_token(self, hub: str, reply: Reply) -> str | None:
        """Return the token that the hub gives to anybody, or None; asked for at the hub itself and nowhere else."""
        scheme, _, challenge = reply.headers.get("WWW-Authenticate", "").partition(" ")
        wanted = dict(_CHALLENGE.findall(challenge))
        realm = wanted.pop("realm", "")
        if scheme.lower() != "bearer" or urlsplit(realm)[:2] != urlsplit(hub)[:2]:
            return None
        answer = self._get(f"{realm}?{urlencode(wanted)}", {})
        try:
            given = answer.json() if answer.status == 200 else None
        except TransportError:
            return None
        token = given.get("token") or given.get("access_token") if isinstance(given, dict) else None
        return token if isinstance(token, str) and token.isascii() and token.isprintable() else None


def _question(ref: SourceRef) -> tuple[ModelName, bool]:
    """Return the name, and whether its hub is spoken to in plain http."""
    options = dict(ref.options)
    return _name(str(options["name"])), options.get("insecure") is True


def _address(name: ModelName, insecure: bool) -> str:
    return f"{'http' if insecure else 'https'}://{name.hub}"


def _pin(manifest: HubManifest, body: bytes) -> Facts:
    """Return what the lock keeps: the hub manifest as it came, and for people what it says."""
    sizes = dict(manifest.layers)
    layers = tuple(f"{kind} {digest} {sizes[digest]}" for kind, digest in manifest.parts)
    total = sum(sizes.values())
    return facts({"digest": str(manifest.digest), "layers": layers, "manifest": body.decode(), "size": total})


def _name(text: str) -> ModelName:
    try:
        return ModelName.parse(text)
    except ValueError as error:
        raise Unusable(f"{text!r} is not a model's name: {error}") from error


def _refusal(reply: Reply, hub: str, name: ModelName) -> ResolutionError:
    """Return what the hub's answer means; some hubs explain themselves only in the text."""
    text = reply.text
    match reply.status:
        case 400 | 404 if "OCI manifest" in text or "OCI index" in text:
            return Unusable(f"{name} is an OCI image, which Ollama does not pull", hint="push it with `ollama push`")
        case 400 if "sharded" in text.lower():
            return Unusable(
                f"{name} is split into several files, which Ollama does not pull", hint="choose another tag"
            )
        case 400 | 404:
            return NotFound(f"{name} is not on {hub}", hint="check the spelling of name and tag")
        case 401 | 403:
            return AccessDenied(
                f"{hub} does not give {name} to everybody",
                hint="it may not exist, or be private: names that need a login can't be resolved",
            )
        case 412:
            return Unusable(f"{name} needs a newer Ollama", hint="upgrade the hosts, or choose an older tag")
        case 429:
            return SourceUnavailable(f"{hub} answered {name} with 429: too many requests", hint="try again later")
        case status:
            return SourceUnavailable(f"{hub} answered {name} with {status}", hint="try again later")
