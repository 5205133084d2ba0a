"""Headers of GGUFs on a Hugging Face hub: one request a file, or two, and none for what was read before."""

from reconciler.ports import Cache
from reconciler.sources._files.listed import ListedFile
from reconciler.sources._formats.gguf_header import Header, header_of
from reconciler.sources._formats.gguf_parts import joined, kept_header, known_header
from reconciler.sources._hugging_face.api import HubApi


def header_at(api: HubApi, cache: Cache, repo: str, commit: str, file: ListedFile) -> Header:
    """Return what a GGUF is and consists of, by its header or those of its parts; raises ResolutionError."""
    if file.parts:
        return joined([(part.path, header_at(api, cache, repo, commit, part)) for part in file.parts])
    key = f"gguf header {file.digest}"
    known = known_header(cache.get(key))
    if known is None:
        known = header_of(api.opened(repo, commit, file), file.size, file.path)
        cache.put(key, kept_header(known))
    return known
