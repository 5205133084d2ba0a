"""A Modelfile: what `ollama create` would make of it. Pure.

A value ends as `core.modelfile` says. What `ollama show --modelfile` prints is read too: it names blobs of the host.
"""

import json
import posixpath
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from reconciler.core.diagnostics import Location
from reconciler.core.facts import Fact, facts, freeze
from reconciler.core.modelfile import SPACE, unquoted
from reconciler.core.names import ModelName
from reconciler.core.resource import Kind, Overlay, Resource, SourceRef
from reconciler.manifest.drafts import Draft
from reconciler.manifest.foreign.converted import Converted, Part, converted, left_out, pulled

_COMMAND = re.compile(r"\s*(?P<word>[A-Za-z]+)[ \t]+(?P<value>.*)", re.DOTALL)
_LINE_END = re.compile(r"\r\n|\r|\n")
_NAMED = re.compile(r"(?P<name>\S+)[ \t]+(?P<value>.*)", re.DOTALL)
_BLOB = re.compile(r"(?:.*/)?sha256[-:]([0-9a-f]{64})")
_FILES = (".gguf", ".safetensors")
_PATHS = ("./", "../", "/", "~")
_TEXTS = frozenset({"SYSTEM", "TEMPLATE", "RENDERER", "PARSER"})
_BASE = "The base, pulled where it is missing, as `ollama create` does; remove it where something else brings it."


@dataclass(frozen=True, slots=True)
class Place:
    """Where a Modelfile stands, and what its model is called."""

    name: str
    file: str
    line: int = 0  # of the file, before its first one
    beside: str = "."  # the way from the folder of the manifest to that of the Modelfile


@dataclass
class _Read:
    """What the commands say."""

    start: list[SourceRef] = field(default_factory=list)  # of files; the model, then its projector
    base: ModelName | None = None
    adapters: list[SourceRef] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    parameters: dict[str, Fact] = field(default_factory=dict)
    messages: list[tuple[str, str]] = field(default_factory=list)
    license: list[str] = field(default_factory=list)

    @property
    def overlay(self) -> Overlay:
        """Return what is laid over the weights or the base."""
        return Overlay(
            system=self.texts.get("SYSTEM"),
            template=self.texts.get("TEMPLATE"),
            renderer=self.texts.get("RENDERER"),
            parser=self.texts.get("PARSER"),
            parameters=facts(self.parameters),
            messages=tuple(self.messages),
            license=tuple(self.license),
        )


def convert(text: str, place: Place) -> Converted:
    """Return the Model or FineTune that a Modelfile makes, and with a FineTune its base."""
    return converted([*_parts(text, place)])


def _parts(text: str, place: Place) -> Iterator[Part]:
    read = _Read()
    for word, value, where in _commands(text, place):
        if value is None:
            yield left_out(where, f"the quotes behind {word} are never closed", "nothing behind them is read")
            continue
        kept = "".join(mark for mark in value if mark.isprintable() or mark in SPACE)
        if dropped := sorted(set(value) - set(kept)):
            marks = ", ".join(f"U+{ord(mark):04X}" for mark in dropped)
            yield left_out(where, f"{marks} behind {word} is left out, as Ollama's command line does")
        if why := _take(read, word, kept, where, place):
            yield left_out(where, why)
    yield from _entries(read, place)


def _commands(text: str, place: Place) -> Iterator[tuple[str, str | None, Location]]:
    """Yield each command with its value, or None where its quotes are never closed, and the line where it stands."""
    lines, ends = _LINE_END.split(text), [*_LINE_END.findall(text), ""]
    number = 0
    while number < len(lines):
        where, line = Location(place.file, place.line + number + 1, 1), lines[number]
        number += 1
        found = _COMMAND.fullmatch(line)
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if found is None:
            yield line.strip(), "", where
            continue
        word, value = found["word"].upper(), found["value"]
        if word in {"PARAMETER", "MESSAGE"} and (named := _NAMED.fullmatch(value)) is not None:
            word, value = f"{word} {named['name']}", named["value"]
        if unquoted(value.strip(SPACE)) is None:
            last = _closing(lines, number, '"""' if value.startswith('"""') else '"')
            more = (
                f"{end}{line}" for end, line in zip(ends[number - 1 : last], lines[number : last + 1], strict=False)
            )
            value, number = "".join((value, *more)), last + 1
        yield word, unquoted(value.strip(SPACE)), where


def _closing(lines: Sequence[str], number: int, quote: str) -> int:
    """Return the first line from this one on that ends with the quote, or the last line of all."""
    found = (place for place in range(number, len(lines)) if lines[place].strip(SPACE).endswith(quote))
    return next(found, len(lines) - 1)


def _take(read: _Read, word: str, value: str, where: Location, place: Place) -> str:
    """Take one command, or return why it can't be."""
    command, _, name = word.partition(" ")
    match command:
        case "FROM":
            return _start(read, value, where, place)
        case "ADAPTER":
            read.adapters.append(_file(value, where, place))
        case "PARAMETER" if name:
            read.parameters[name] = _parameter(name, value, read.parameters.get(name))
        case "MESSAGE" if name:
            read.messages.append((name, value))
        case "LICENSE":
            read.license.append(value)
        case _ if word in _TEXTS:
            read.texts[word] = value
        case _:
            return f"{command!r} has no place in a manifest"
    return ""


def _start(read: _Read, value: str, where: Location, place: Place) -> str:
    if _BLOB.fullmatch(value) or value.startswith(_PATHS) or value.endswith(_FILES) or value in {".", ".."}:
        read.start.append(_file(value, where, place))
        return ""
    try:
        read.base = ModelName.parse(value)
    except ValueError as error:
        return f"{value!r} is neither a model's name nor a path: {error}"
    return ""


def _file(value: str, where: Location, place: Place) -> SourceRef:
    """Return a file or a folder of files; one outside the manifest's folder is looked for inside it."""
    if blob := _BLOB.fullmatch(value):
        return SourceRef("blob", (("sha256", f"sha256:{blob[1]}"),), where)
    kind = "gguf" if value.endswith((".gguf", ".bin")) else "safetensors"
    path = posixpath.dirname(value) if value.endswith(".safetensors") else value
    path = posixpath.normpath(posixpath.join(place.beside, path))
    if path.startswith(("/", "../", "~")) or path == "..":
        path = posixpath.basename(path.rstrip("/"))
    return SourceRef(kind, (("path", f"./{path}" if path != "." else path),), where)


def _parameter(name: str, value: str, before: Fact) -> Fact:
    """Return a parameter as manifests have it: stops gather in a list, of everything else the last one counts."""
    if name == "stop":
        return (*before, value) if isinstance(before, tuple) else (value,)
    try:
        found = json.loads(value)
        return freeze(found) if isinstance(found, int | float) else value
    except (ValueError, TypeError, RecursionError):
        return value


def _entries(read: _Read, place: Place) -> Iterator[Part]:
    where = Location(place.file, place.line + 1, 1)
    try:
        name = ModelName.parse(place.name)
    except ValueError as error:
        yield left_out(where, f"{place.name!r} is not a model's name: {error}")
        return
    if (read.base is None) == (not read.start) or len(read.start) > 2 or len(read.adapters) > 1:
        message = "a manifest is for one model: one base or file, maybe a projector, and at most one adapter"
        yield left_out(where, f"{place.name} has no FROM, or too many" if not read.adapters[1:] else message)
        return
    adapter = _as_adapter(read.adapters)
    if read.base is None:
        yield Draft(Resource(Kind.MODEL, name, where, (_joined(read.start),), adapter=adapter, overlay=read.overlay))
        return
    if adapter is None and read.overlay.empty:
        source = SourceRef("ollama", (("name", str(read.base)),), where)
        yield Draft(Resource(Kind.MODEL, name, where, (source,)))
        return
    if read.base != name:
        yield pulled(str(read.base), where, _BASE)
    build = Resource(Kind.FINE_TUNE, name, where, base=read.base, base_location=where, adapter=adapter)
    yield Draft(replace(build, overlay=read.overlay))


def _as_adapter(found: Sequence[SourceRef]) -> SourceRef | None:
    return next((SourceRef(ref.type, ref.options, ref.location, "adapter") for ref in found), None)


def _joined(found: Sequence[SourceRef]) -> SourceRef:
    """Return the model, with the projector that stands behind it."""
    model, *projectors = found
    more = tuple(("mmproj", value) for ref in projectors for _, value in ref.options)
    return SourceRef(model.type, (*more, *model.options), model.location)
