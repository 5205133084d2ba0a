"""Headers of the weights that hubs hold: one ranged request, or two, and none for what was read before."""

from reconciler.core.digest import Digest
from reconciler.ports import Cache
from reconciler.sources._files.remote_file import RemoteFile, part
from reconciler.sources._formats.gguf_header import Header, header_of
from reconciler.sources._formats.gguf_parts import kept_header, known_header
from reconciler.sources._hub.access import HubAccess, Repo, refusal


def header_on(access: HubAccess, cache: Cache, repo: Repo, digest: Digest, size: int) -> Header:
    """Return what the weights of a model say of themselves; raises ResolutionError."""
    key, what = f"gguf header {digest}", f"blobs/{digest}"

    def fetch(start: int, count: int) -> bytes:
        with access.stream(repo, what, {"Range": f"bytes={start}-{start + count - 1}"}) as answer:
            if answer.status in {200, 206}:
                return part(answer, start, count)
            raise refusal(answer.status, "", repo, what)

    known = known_header(cache.get(key))
    if known is None:
        known = header_of(RemoteFile(fetch, size), size, str(repo.name))
        cache.put(key, kept_header(known))
    return known
