"""The source type `ollama`: a name on the Ollama hub or on any OCI registry.

Resolving is one small GET of the manifest (HEAD is refused by the public hub): its digest
is what a host will report after the pull, so whether a model is current costs no pull.
Hosts pull for themselves where they can; where they can't, the layers are fetched here.
"""

from collections import defaultdict
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.facts import Facts, facts
from reconciler.core.found import Found
from reconciler.core.names import DEFAULT_HUB, ModelName
from reconciler.core.resolution import Pinned
from reconciler.core.resource import SourceRef
from reconciler.core.routes import Route
from reconciler.core.steps import MANIFEST_TYPE, Blob, Pull
from reconciler.errors import NotFound, ResolutionError, SourceUnavailable, Unusable
from reconciler.ports import Progress, Source
from reconciler.sources import Context
from reconciler.sources._files.pins import ANEW
from reconciler.sources._hub.access import HubAccess, Repo
from reconciler.sources._hub.layers import configured, described
from reconciler.sources._hub.login import Logins
from reconciler.sources._hub.manifest import HubManifest, read

if TYPE_CHECKING:
    from reconciler.sources._hub.blobs import HubBlobs

_LONGEST_TEXT = 1 << 20  # bytes
_MADE_FOR_HOSTS = frozenset({DEFAULT_HUB, "hf.co", "huggingface.co"})


def source(context: Context) -> Source:
    """Return the source."""
    return Ollama(context)


class Ollama:
    """Pins names to manifests."""

    type = "ollama"
    offline = False

    def __init__(self, context: Context) -> None:
        self._cache = context.cache
        self._http = context.http
        self._access = HubAccess(context.http, Logins(context.environ))
        self._downloads = context.downloads
        self._guards: defaultdict[str, Lock] = defaultdict(Lock)
        self._open: dict[str, bool] = {}  # by hub: whether hosts can fetch blobs there

    @cached_property
    def _blobs(self) -> "HubBlobs":
        from reconciler.sources._hub.blobs import HubBlobs  # not for a plan in which nothing changes

        return HubBlobs(self._access, self._downloads)

    def key(self, ref: SourceRef) -> str:
        """Return the full name."""
        return str(_question(ref)[0])

    def resolve(self, ref: SourceRef) -> Pinned:
        """Return the pull of what the name means now; raises ResolutionError."""
        name, insecure = _question(ref)
        repo = Repo.of(name, insecure=insecure)
        try:
            body = self._access.read(repo, f"manifests/{name.tag}", {"Accept": MANIFEST_TYPE})
        except NotFound as error:
            raise NotFound(error.message, hint=self._instead(repo) or error.hint) from error
        return _pinned(repo, insecure, read(body, str(name)), body)

    def _instead(self, repo: Repo) -> str:
        """Return what there is instead; hubs that were made for hosts list nothing."""
        from reconciler.sources._hub.names import instead

        return "" if repo.name.hub.lower() in _MADE_FOR_HOSTS else instead(self._access, self._http, repo)

    def restore(self, ref: SourceRef, pin: Facts) -> Pinned:
        """Return the pull of what the name meant, from the hub manifest in the lock; raises Unusable."""
        name, insecure = _question(ref)
        try:
            body = str(dict(pin).get("manifest", "")).encode("utf-8", "surrogateescape")
            pinned = _pinned(Repo.of(name, insecure=insecure), insecure, read(body, str(name)), body)
        except (UnicodeEncodeError, ResolutionError) as error:
            raise Unusable(f"what is locked for {name} holds no hub manifest", hint=ANEW) from error
        if pinned.pin != pin:
            raise Unusable(f"what is locked for {name} is not what its hub manifest says", hint=ANEW)
        return pinned

    def route(self, ref: SourceRef, pull: Pull) -> Route:
        """Return how the layers best get to a host, as `relay` says; what `resolve` met on its way is known here.

        Where it says nothing, each hub that was not made for hosts is asked once. Raises ResolutionError.
        """
        relay, repo = dict(ref.options).get("relay", "auto"), Repo.of(pull.name, insecure=pull.insecure)
        if relay == "never" or (relay == "auto" and self._is_open(repo, pull)):
            return Route.PULL
        return Route.INSTALL if self._access.by_login(repo) else Route.RELAY

    def _is_open(self, repo: Repo, pull: Pull) -> bool:
        """Tell whether hosts can pull there without us."""
        if self._access.by_login(repo):
            return False
        if pull.name.hub.lower() in _MADE_FOR_HOSTS:
            return True
        with self._guards[repo.hub]:
            if repo.hub not in self._open:
                self._open[repo.hub] = self._blobs.open_to_hosts(repo, pull)
        return self._open[repo.hub] and not self._access.by_login(repo)

    def offers(self, blob: Blob) -> bool:
        """Tell whether the blob can be had here; raises ResolutionError where it can't say."""
        return self._blobs.offered(blob)

    def examine(self, blob: Blob) -> Found | None:
        """Return what a config says, architecture and the version of Ollama that it asks for, or a header of weights.

        Either is read from the hub once and then kept.
        """
        where = dict(blob.locator)
        repo = Repo.of(_name(where["name"]), insecure=where["insecure"] == "true")
        try:
            if "holds" in where:
                return self._header(repo, blob)
            config = dict(configured(self._text(repo, blob.digest, blob.size)))
        except ResolutionError:
            return None
        family, requires = (str(config.get(name, "")) for name in ("config.model_family", "requires"))
        return Found(str(repo.name), self.type, (), architecture=family, requires=requires)

    def _header(self, repo: Repo, blob: Blob) -> Found:
        from reconciler.sources._formats.model_files import described
        from reconciler.sources._hub.weights import header_on

        return described(header_on(self._access, self._cache, repo, blob.digest, blob.size), str(repo.name))

    def fetch(self, blob: Blob, arrival: Arrival, progress: Progress) -> None:
        """Have the blob arrive in the folder for downloads, verified when it is renamed to its digest."""
        self._blobs.fetch(blob, arrival, progress)

    def merge(self, blob: Blob, _progress: Progress) -> tuple[Digest, Path]:
        """Raise Unusable: layers are whole."""
        raise Unusable(f"{blob.digest} is not in parts")

    def release(self, blob: Blob) -> None:
        """Delete the download."""
        self._blobs.forget(blob)

    def describe(self, pull: Pull, *, config: bool = False) -> Facts:
        """Return what a host would show of it; texts are read from the hub once and then kept."""
        repo, sizes = Repo.of(pull.name, insecure=pull.insecure), dict(pull.layers)
        shown = described(pull.parts, lambda digest: self._text(repo, digest, sizes.get(digest, 0)))
        if not config:
            return shown
        digest, size = pull.layers[0]  # the config's, as the hub manifest has it first
        return facts({**dict(shown), **dict(configured(self._text(repo, digest, size)))})

    def _text(self, repo: Repo, digest: Digest, size: int) -> str:
        kept = self._cache.get(f"layer {digest}")
        if isinstance(kept, str):
            return kept
        if size > _LONGEST_TEXT:
            raise Unusable(f"a text of {repo.name} is {size} bytes long")
        content = self._access.read(repo, f"blobs/{digest}", {})
        if Digest.of(content) != digest:
            raise SourceUnavailable(
                f"what {repo.hub} gave for {digest.short} is something else", hint="try again later"
            )
        text = content.decode("utf-8", "replace")
        self._cache.put(f"layer {digest}", text)
        return text


def _question(ref: SourceRef) -> tuple[ModelName, bool]:
    """Return the name, and whether its hub is spoken to in plain http."""
    options = dict(ref.options)
    return _name(str(options["name"])), options.get("insecure") is True


def _pinned(repo: Repo, insecure: bool, manifest: HubManifest, body: bytes) -> Pinned:
    name = repo.name
    return Pinned(
        reference=str(name),
        provenance=facts({"hub": repo.hub, "manifest": str(manifest.digest), "name": str(name)}),
        size=sum(size for _, size in manifest.layers),
        pull=Pull(name, insecure, manifest.digest, manifest.layers, manifest.foretold, manifest.parts, body),
        pin=_pin(manifest, body),
        follows=True,
    )


def _pin(manifest: HubManifest, body: bytes) -> Facts:
    """Return what the lock keeps: the hub manifest as it came, and for people what it says.

    Bytes that are no UTF-8 become lone surrogates, which JSON can write and `restore` turns into the same bytes again.
    """
    sizes = dict(manifest.layers)
    layers = tuple(f"{kind} {digest} {sizes[digest]}" for kind, digest in manifest.parts)
    text = body.decode("utf-8", "surrogateescape")
    return facts({"digest": str(manifest.digest), "layers": layers, "manifest": text, "size": sum(sizes.values())})


def _name(text: str) -> ModelName:
    try:
        return ModelName.parse(text)
    except ValueError as error:
        raise Unusable(f"{text!r} is not a model's name: {error}") from error
