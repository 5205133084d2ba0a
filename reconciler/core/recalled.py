"""A model on our records as the entry that it was made from, so that a plan with these records finds it in sync. Pure.

What decides is the content on record, field by field. Where it came from is written as it was asked for; a file that a
manifest at its new place may not name becomes the blob that was sent, which the host may hold still.
"""

from collections.abc import Mapping
from typing import cast

from reconciler.core.diagnostics import Location
from reconciler.core.exported import Exported, How
from reconciler.core.facts import Fact, Facts, facts
from reconciler.core.resource import Lifecycle, Overlay, Resource, SourceRef
from reconciler.core.state import Recorded

_ADAPTER = "adapter."  # before what the provenance says of one
_AND = " with the adapter "  # before what the reference says of one
_MMPROJ = " mmproj "  # before the projector, in a reference to Hugging Face
_PARAMETERS = "parameters."
_LAID = {"license", "messages", "parser", "quantize", "renderer", "system", "template"}
_REST = {*_LAID, "adapters", "base", "manifest", "projectors", "weights"}

_About = Mapping[str, Fact]


def recalled(record: Recorded, where: Location, home: str) -> Exported | None:
    """Return what declares the model again; None where nothing does, as of one that was taken over as it was.

    `home` is the real path of the folder that the manifest is for, empty where that is not known.
    """
    content, about = dict(record.content), dict(record.provenance)
    adapted = {path.removeprefix(_ADAPTER): value for path, value in about.items() if path.startswith(_ADAPTER)}
    reference, _, laid = record.reference.rpartition(_AND) if adapted else (record.reference, "", "")
    adapter = _asked(_type(adapted), adapted, laid, home) or _held(adapted, content.get("adapters"), ())
    source = _asked(record.source, about, reference, home)
    source = source or _held(about, content.get("weights"), content.get("projectors", ()))
    unsaid = any(path not in _REST and not path.startswith(_PARAMETERS) for path in content)
    lost = (source is None and record.base is None) or ("adapters" in content) != bool(adapter)
    if record.as_found or unsaid or lost:
        return None
    name = record.address.model
    item = Resource(
        record.kind,
        name,
        where,
        sources=(SourceRef(*source, where),) if source is not None else (),
        base=record.base,
        base_location=where if record.base is not None else None,
        adapter=SourceRef(*adapter, where, "adapter") if adapter is not None else None,
        overlay=_overlay(record.content),
        lifecycle=Lifecycle(record.protect),
    )
    notes = (*_moved(record.source, about, source), *_moved(_type(adapted), adapted, adapter))
    return Exported(name, How.RECORD, item, notes)


def _asked(kind: str, about: _About, reference: str, home: str) -> tuple[str, Facts] | None:
    """Return type and options of the source as it was asked for; None where a manifest in `home` can't say that."""
    match kind:
        case "ollama" if "name" in about:
            plain: dict[str, Fact] = {"insecure": True} if str(about.get("hub")).startswith("http://") else {}
            return kind, facts({**plain, "name": about["name"]})
        case "huggingface" if "repo" in about:
            return kind, _in_repo(about, reference)
        case "gguf" | "safetensors":
            paths = {option: _inside(str(about[option]), home) for option in ("path", "mmproj") if option in about}
            return (kind, facts(paths)) if paths and all(paths.values()) else None
        case _:
            return None


def _in_repo(about: _About, reference: str) -> Facts:
    """Return the options of a source on Hugging Face: the repo, and the choice of files as the reference tells it."""
    repo, revision, file = about["repo"], str(about.get("revision", "main")), str(about.get("file", ""))
    told = reference.removeprefix(f"{repo}@{revision}")
    named = bool(file) and told.startswith(f" {file}")
    choice, _, projector = told.removeprefix(f" {file}" if named else "").partition(_MMPROJ)
    options = {"repo": repo, **_choice(file if named else choice.strip(), file)}
    options |= {"revision": revision} if revision != "main" else {}
    return facts({**options, "mmproj": projector} if projector else options)


def _choice(text: str, file: str) -> dict[str, Fact]:
    """Return the choice of a file; of one that a policy made only the file is known, for its words are no options."""
    if not file:
        return {"format": "safetensors"}
    if not text:
        return {}
    return {"file": file} if text == file or " " in text else {"quantization": text}


def _held(about: _About, weights: Fact, projectors: Fact) -> tuple[str, Facts] | None:
    """Return the blobs that were sent as a source; None where they are no model as they are: parts, or to convert."""
    match weights, projectors:
        case (str(digest),), () if "parts" not in about:
            return "blob", (("sha256", digest),)
        case (str(digest),), (str(projector),) if "parts" not in about:
            return "blob", (("mmproj", projector), ("sha256", digest))
        case _:
            return None


def _type(about: _About) -> str:
    """Return the type of source of an adapter, by what is on record of it; empty where there is none."""
    if "repo" in about:
        return "huggingface"
    if "class" in about:
        return "safetensors"
    return "gguf" if "path" in about else ""


def _inside(path: str, home: str) -> str:
    """Return the path as a manifest in `home` says it; empty for one outside, which it may not name."""
    root = f"{home.rstrip('/')}/"
    return f"./{path.removeprefix(root)}" if home and path.startswith(root) else ""


def _moved(kind: str, about: _About, source: tuple[str, Facts] | None) -> tuple[str, ...]:
    """Return what to say where a file is declared by its blob, for where it is no manifest may name."""
    if source is None or source[0] != "blob" or kind not in {"gguf", "safetensors"}:
        return ()
    return (f"It was made from {about.get('path')}: put that beside this manifest, and name it here as `{kind}`.",)


def _overlay(content: Facts) -> Overlay:
    given = dict(content)
    texts = {path: value for path, value in content if isinstance(value, str)}
    return Overlay(
        system=texts.get("system"),
        template=texts.get("template"),
        parameters=tuple((path.removeprefix(_PARAMETERS), v) for path, v in content if path.startswith(_PARAMETERS)),
        messages=cast("tuple[tuple[str, str], ...]", given.get("messages", ())),
        license=(texts["license"],) if "license" in texts else (),
        quantize=texts.get("quantize"),
        renderer=texts.get("renderer"),
        parser=texts.get("parser"),
    )
