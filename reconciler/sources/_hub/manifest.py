"""The hub manifest: what a registry says a model consists of, and the digests under which hosts will list it. Pure.

A host's digest of a pulled model is the sha256 of the manifest file that it keeps: since
Ollama 0.19 the hub's bytes as they came, before that the same manifest written anew by
Go's JSON encoder. Both are foretold, for a plan need not know a host's version.
"""

import json

from reconciler.core.digest import Digest
from reconciler.core.frozen import dataclass
from reconciler.core.steps import MANIFEST_TYPE
from reconciler.errors import SourceUnavailable, Unusable

_WEIGHTS = ("application/vnd.ollama.image.model", "application/vnd.ollama.image.tensor")
_MOST = 1 << 63  # bytes; no disk has as many
_LAYER = "application/vnd.ollama.image."
_GO_ESCAPES = {ord(char): f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029"}


@dataclass(frozen=True, slots=True)
class HubManifest:
    """A manifest that hosts can pull."""

    digest: Digest  # of the bytes as they came
    foretold: tuple[Digest, ...]  # what hosts may report, newest servers first
    layers: tuple[tuple[Digest, int], ...]  # every distinct blob, the config's first, with its size in bytes
    parts: tuple[tuple[str, Digest], ...]  # what each layer is, in order


def read(body: bytes, reference: str) -> HubManifest:
    """Return the manifest in `body`; raises SourceUnavailable where it is none, Unusable where no host could use it."""
    try:
        document = json.loads(body.decode("utf-8", "replace"))  # as Go's decoder takes it
    except (ValueError, RecursionError) as error:
        raise SourceUnavailable(
            f"the hub's answer for {reference} is not a manifest", hint="a proxy or a login page may stand in between"
        ) from error
    if not isinstance(document, dict):
        raise SourceUnavailable(f"the hub's answer for {reference} is not a manifest")
    kind = document.get("mediaType") or MANIFEST_TYPE
    if kind != MANIFEST_TYPE:
        raise Unusable(
            f"{reference} is of the type {str(kind)[:100]!r}, which Ollama does not pull",
            hint=f"push it again as {MANIFEST_TYPE}, for example with `ollama push`",
        )
    return _usable(document, body, reference)


def _usable(document: dict[str, object], body: bytes, reference: str) -> HubManifest:
    layers = document.get("layers") or []
    items = [document.get("config"), *layers] if isinstance(layers, list) else []
    try:
        blobs = dict(_blob(item) for item in items)
        rewritten = _as_go_writes_it(document)
    except (ValueError, TypeError, KeyError) as error:
        raise Unusable(f"the hub's manifest for {reference} is broken: {error}") from error
    if not any(item.get("mediaType") in _WEIGHTS for item in items[1:] if isinstance(item, dict)):
        raise Unusable(
            f"{reference} has no model in it", hint="it may be a model that runs elsewhere (cloud), or no model at all"
        )
    raw = Digest.of(body)
    foretold = tuple(dict.fromkeys((raw, Digest.of(rewritten))))
    return HubManifest(raw, foretold, tuple(blobs.items()), tuple(_part(item) for item in items[1:]))


def _part(item: object) -> tuple[str, Digest]:
    assert isinstance(item, dict)  # _blob has seen it
    return str(item.get("mediaType")).removeprefix(_LAYER), Digest.parse(item["digest"])


def _blob(item: object) -> tuple[Digest, int]:
    if not isinstance(item, dict):
        raise TypeError("a layer is not an object")
    digest, size = item.get("digest"), item.get("size")
    if not isinstance(digest, str) or not isinstance(size, int) or isinstance(size, bool) or not 0 <= size < _MOST:
        raise ValueError("a layer has no digest or no size")
    return Digest.parse(digest), size


def _as_go_writes_it(document: dict[str, object]) -> bytes:
    """Return the manifest as servers before 0.19 store it (seen on 0.9.3): known fields, their order, Go's escapes."""
    layers = document.get("layers")
    known = {
        "schemaVersion": document.get("schemaVersion") or 0,
        "mediaType": document.get("mediaType") or "",
        "config": _layer(document.get("config")),
        "layers": [_layer(layer) for layer in layers] if isinstance(layers, list) else None,
    }
    return (
        json.dumps(known, ensure_ascii=False, separators=(",", ":")).translate(_GO_ESCAPES).encode("utf-8", "replace")
    )


def _layer(item: object) -> dict[str, object]:
    assert isinstance(item, dict)  # _blob has seen it
    layer = {"mediaType": item.get("mediaType") or "", "digest": item["digest"], "size": item["size"]}
    return {**layer, "from": item["from"]} if item.get("from") else layer
