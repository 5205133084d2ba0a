"""Choosing one GGUF of a Hugging Face repo: by name, by quantisation, or because there is no other. Pure."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches

from reconciler.errors import Ambiguous, NotFound, ResolutionError, Unusable
from reconciler.sources._files.listed import ListedFile, grouped, human

LARGEST = 50 * 1000**3  # bytes; the hub gives larger files only in a protocol of its own (Xet)
NO_PROJECTOR = "none"  # what `mmproj:` says to leave them all out
_TOLD = 20  # files that a message names


def choose(repo: str, files: Sequence[ListedFile], file: str | None, quantization: str | None) -> ListedFile:
    """Return the one file that `file`, `quantization` or neither means; raises ResolutionError with what there is."""
    if not any(item.is_gguf for item in files):
        raise no_gguf(repo, files)
    files = grouped(files)
    if file is not None:
        return _complete(repo, _named(repo, files, file))
    models = candidates(files)
    found = models if quantization is None else quantized(models, quantization)
    if found:
        return _complete(repo, only(repo, found, quantization))
    what = f"{repo} has no {quantization}" if quantization else f"{repo} has only companions of models"
    raise NotFound(f"{what}; it has {listing(models or files)}", hint="choose one of these")


def paired(repo: str, files: Sequence[ListedFile], model: ListedFile, wanted: str | None) -> ListedFile | None:
    """Return the projector that belongs to a model: the one that is `wanted`, or the repo's only one; "none" is none.

    Raises ResolutionError where that is not there, or where there are several.
    """
    found = [item for item in files if item.is_projector and item != model]
    if wanted is None:
        if len(found) > 1:
            what = f"{repo} has {len(found)} projectors: {listing(found)}"
            raise Ambiguous(what, hint="name one with `mmproj:`, or leave all out with `mmproj: none`")
        return found[0] if found else None
    if wanted == NO_PROJECTOR:
        return None
    named = next((item for item in files if item.path == wanted), None)
    if named is None:
        raise NotFound(f"{repo} has no file {wanted}", hint=f"its projectors: {listing(found) or 'none'}")
    if not named.is_gguf or named.shards or named == model:
        raise Unusable(f"{wanted} is no projector", hint=f"its projectors: {listing(found) or 'none'}")
    return named


def listing(files: Iterable[ListedFile]) -> str:
    """Return the GGUF files with quantisation and size, smallest first; the first 20 of them."""
    ggufs = sorted((item for item in files if item.is_gguf), key=lambda item: (item.size, item.path))
    told = [
        f"{item.path} ({item.quantization or 'quantisation unknown'}, {_parts(item)}{human(item.size)})"
        for item in ggufs[:_TOLD]
    ]
    return ", ".join(told) + (f" and {len(ggufs) - _TOLD} more" if len(ggufs) > _TOLD else "")


def _named(repo: str, files: Sequence[ListedFile], wanted: str) -> ListedFile:
    found = next((item for item in files if wanted in item.paths), None)
    if found is None:
        close = get_close_matches(wanted, [item.path for item in files if item.is_gguf], n=3)
        hint = f"did you mean {', '.join(close)}?" if close else f"it has {listing(files)}"
        raise NotFound(f"{repo} has no file {wanted}", hint=hint)
    if not found.is_gguf:
        raise Unusable(f"Model needs GGUF format: {wanted} is not a GGUF", hint=f"{repo} has {listing(files)}")
    if not found.is_model:
        raise Unusable(f"{wanted} is a companion of a model, not a model", hint=f"{repo} has {listing(files)}")
    return found


def candidates(files: Iterable[ListedFile]) -> list[ListedFile]:
    """Return the models of grouped files; what is there in parts as well as whole counts once, as the whole file."""
    models = [item for item in files if item.is_model]
    whole = {item.quantization for item in models if not item.shards} - {""}
    return [item for item in models if not item.shards or item.quantization not in whole]


def quantized(models: Sequence[ListedFile], wanted: str) -> list[ListedFile]:
    """Return the files of this quantisation; `Q4_K_XL` also finds `UD-Q4_K_XL`, where there is no other."""
    exact = [item for item in models if item.quantization == wanted.upper()]
    return exact or [item for item in models if item.quantization.removeprefix("UD-") == wanted.upper()]


def _complete(repo: str, file: ListedFile) -> ListedFile:
    if file.missing:
        there = f"{len(file.parts)} of {file.shards} parts"
        raise Unusable(
            f"{repo} has {there} of {file.whole_path}, and not {file.missing}",
            hint="choose another file, or a revision that has all of them",
        )
    return file


def _parts(file: ListedFile) -> str:
    return f"{file.shards} parts, " if file.shards else ""


def only(repo: str, found: Sequence[ListedFile], quantization: str | None) -> ListedFile:
    """Return the one file of several that were found; raises Ambiguous."""
    if len(found) > 1:
        what = f"{repo} has {len(found)} files" + (f" of {quantization}" if quantization else "")
        raise Ambiguous(f"{what}: {listing(found)}", hint="name one with `file:`" + _or_quantization(quantization))
    return found[0]


def _or_quantization(given: str | None) -> str:
    return "" if given else " or with `quantization:`"


def no_gguf(repo: str, files: Sequence[ListedFile]) -> ResolutionError:
    """Return the error for a repo without any GGUF, which says what it has."""
    ends = {item.path.rpartition(".")[2].lower() for item in files}
    if "safetensors" in ends:
        return Unusable(
            f"Model needs GGUF format: {repo} has safetensors only",
            hint="look for a repo of the same model with GGUF in its name, or convert it with llama.cpp's"
            " convert_hf_to_gguf.py and use `gguf:`",
        )
    if ends & {"bin", "pt", "pth", "ckpt"}:
        return Unusable(
            f"Model needs GGUF format: {repo} has pickled weights only",
            hint="pickles can run code and are never loaded; look for a repo of the same model with GGUF in its name",
        )
    return Unusable(f"Model needs GGUF format: {repo} has no weights at all", hint="check the spelling of the repo")
