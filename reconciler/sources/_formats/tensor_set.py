"""The files of a model or adapter in safetensors that hosts convert: which ones they are, and whether all are there.

Hosts look at the top folder only, and at names. Files that no converter reads are left out, so that a README does
not move a model.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reconciler.core.compatibility import judge
from reconciler.core.found import Format, Found
from reconciler.core.frozen import dataclass
from reconciler.errors import SourceUnavailable, Unusable
from reconciler.sources._files.listed import ListedFile
from reconciler.sources._formats.model_files import Open, examined
from reconciler.sources._formats.sentence_transformers import MODULES, pooling_of, refuse_unknown

MOST_TEXT = 1 << 24  # bytes of a file that is no weights and is read as a whole

_WEIGHTS = ".safetensors"
_INDEX = "model.safetensors.index.json"
_ADAPTER = ("adapter_config.json", "adapter_model.safetensors")
_CONFIGS = (
    *("config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json"),
    *("tokenizer.json", "tokenizer.model", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json"),
)
_PART = re.compile(r"(.*)-(\d{5})-of-(\d{5})\.safetensors")
_ANEW = "download it anew, with all of its files"


@dataclass(frozen=True, slots=True)
class TensorSet:
    """What belongs to a model or an adapter."""

    files: tuple[ListedFile, ...]  # sorted by path, which is the name that hosts are given
    holds: str  # model or adapter
    architecture: str  # the class that config.json names; empty for an adapter


def tensor_set(name: str, files: Sequence[ListedFile], open: Open) -> TensorSet:
    """Return what hosts need of these files; raises ResolutionError for what they can't convert, or not rightly.

    `name` is what messages call it.
    """
    by_path = {file.path: file for file in files if not file.is_gguf}
    weights = _weights(name, by_path, open)
    others = [file for file in by_path.values() if not file.path.endswith(_WEIGHTS)]
    found = examined(Found(asked=name, type="safetensors", options=(), parameters=1), [*others, *weights], open, _none)
    _check(name, found)
    return _chosen(name, found, by_path, open)


def completed(found: Found, name: str, files: Sequence[ListedFile], open: Open) -> Found:
    """Return what was found, with what else keeps hosts from converting it rightly: a file that lacks, its pooling."""
    if found.format is not Format.SAFETENSORS or found.denied[0] or not judge(found).good:
        return found
    try:
        _chosen(name, found, {file.path: file for file in files}, open)
    except Unusable as error:
        return replace(found, trouble=(error.message, error.hint))
    except SourceUnavailable as error:
        return replace(found, unread=error.message)
    return found


def _chosen(name: str, found: Found, files: dict[str, ListedFile], open: Open) -> TensorSet:
    if found.holds == "adapter":
        return TensorSet(tuple(_present(name, _ADAPTER, files)), "adapter", "")
    weights = _weights(name, files, open)
    if not all("/" not in file.path for file in weights):
        raise Unusable(f"{name} has its weights in a folder of its own, and hosts look at the top", hint=_ANEW)
    configs = [files[path] for path in _CONFIGS if path in files]
    modules = _modules(name, found.architecture, files, open)
    chosen = sorted((*weights, *configs, *modules), key=lambda file: file.path)
    return TensorSet(tuple(chosen), "model", found.architecture)


def _read(file: ListedFile, open: Open) -> bytes:
    if file.size > MOST_TEXT:
        raise Unusable(f"{file.path} has {file.size} bytes, more than any such file needs", hint=_ANEW)
    with open(file) as content:
        return content.read(file.size)


def _check(name: str, found: Found) -> None:
    """Raise ResolutionError for what could not be looked into, or what no host could convert."""
    if found.unread:
        raise SourceUnavailable(f"{name} can't be looked into: {found.unread}", hint="try again later")
    verdict = judge(found)
    if not verdict.good:
        raise Unusable(verdict.message, hint=verdict.advice[0])


def _none(_file: ListedFile) -> str:
    return ""


def _present(name: str, paths: Sequence[str], files: dict[str, ListedFile]) -> Iterator[ListedFile]:
    for path in paths:
        if path not in files:
            raise Unusable(f"{name} is not complete: {path} is missing", hint=_ANEW)
        yield files[path]


def _weights(name: str, files: dict[str, ListedFile], open: Open) -> list[ListedFile]:
    """Return the files with the weights, all of those that the index names or that number themselves."""
    every = sorted(path for path in files if path.endswith(_WEIGHTS))
    top = [path for path in every if "/" not in path]
    if _INDEX in files:
        return list(_present(name, _indexed(name, _read(files[_INDEX], open)), files))
    for path in ("model.safetensors", _ADAPTER[1]):
        if path in files:
            return [files[path]]
    sets = {(found[1], found[3]) for path in top if (found := _PART.fullmatch(path))}
    wanted = [f"{stem}-{n:05}-of-{of}.safetensors" for stem, of in sorted(sets) for n in _numbers(int(of), len(top))]
    return list(_present(name, wanted or top or every, files))


def _numbers(parts: int, there: int) -> range:
    """Return the numbers of as many parts as there have to be, and no more than are needed to find one missing."""
    return range(1, min(parts, there + 1) + 1)


def _indexed(name: str, content: bytes) -> list[str]:
    try:
        paths = sorted(set(json.loads(content)["weight_map"].values()))
        if not paths or not all(path.endswith(_WEIGHTS) and "/" not in path for path in paths):
            raise ValueError("no names of files")
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise Unusable(f"{name} has an index that can't be read: {_INDEX}", hint=_ANEW) from error
    return paths


def _modules(name: str, architecture: str, files: dict[str, ListedFile], open: Open) -> list[ListedFile]:
    """Return what sentence-transformers says of the model; hosts can't convert a BERT without it."""
    pools = architecture == "BertModel"
    if MODULES not in files:
        return list(_present(name, [MODULES] if pools else [], files))
    modules = _read(files[MODULES], open)
    path = pooling_of(modules)
    found = list(_present(name, [MODULES, *([path] if path else [])], files))
    if pools:
        refuse_unknown(name, modules, _read(files[path], open) if path else b"")
    return found
