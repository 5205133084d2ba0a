"""Headers of GGUFs on a Hugging Face hub: one request a file, or two, and none for what was read before."""

from reconciler.core.facts import Fact
from reconciler.ports import Cache
from reconciler.sources._files.listed import ListedFile
from reconciler.sources._formats.gguf_header import Header, header_of
from reconciler.sources._hugging_face.api import HubApi


def header_at(api: HubApi, cache: Cache, repo: str, commit: str, file: ListedFile) -> Header:
    """Return what a GGUF is and consists of, by its header; raises ResolutionError."""
    key = f"gguf header {file.digest}"
    known = _restored(cache.get(key))
    if known is None:
        known = header_of(api.opened(repo, commit, file), file.size, file.path)
        cache.put(key, _kept(known))
    return known


def _kept(header: Header) -> Fact:
    told = (header.architecture, header.kind, header.quantization, header.base)
    return (*told, header.tensors, header.parts, header.has_tokenizer)


def _restored(kept: Fact) -> Header | None:
    match kept:
        case (str(arch), str(kind), str(quantization), str(base), int(tensors), int(parts), bool(tokenizer)):
            return Header(arch, kind, tensors, parts, tokenizer, quantization=quantization, base=base)
        case _:
            return None
