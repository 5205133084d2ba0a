"""Manifests on disk -> what they declare, or every finding at once."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.core.diagnostics import Diagnostic, Location, errors
from reconciler.core.frozen import dataclass
from reconciler.core.resource import HostSpec, Manifests, Overlay, PolicySpec, Resource
from reconciler.errors import ManifestError
from reconciler.manifest import files
from reconciler.manifest.checks import check
from reconciler.manifest.parse import Declared, parse
from reconciler.manifest.rules import Rule, finding
from reconciler.manifest.schema import judge
from reconciler.manifest.yaml_tree import Document, documents

MAX_TEXT = 64 * 1024 * 1024  # characters in all; the same file counts for each model that names it

IGNORED = "# reconciler: ignore"  # the first line of a YAML file that is no manifest, such as one of Kubernetes

_SUFFIXES = frozenset({".yaml", ".yml"})

Entry = Declared | Diagnostic


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the manifests declare, sorted by name, and what is doubtful about them, sorted by place."""

    manifests: Manifests
    warnings: tuple[Diagnostic, ...]


def load(paths: Sequence[Path]) -> Loaded:
    """Return what all the manifests under these files and folders declare.

    Folders are searched for *.yaml and *.yml, hidden files and folders left out, and files whose first line says that
    they are no manifests; a file that is reached twice is read once. Raises ManifestError with every finding, sorted,
    if one is an error.
    """
    findings: list[Diagnostic] = []
    declared: list[Declared] = []
    for item in _limited(_entries(paths)):
        if isinstance(item, Diagnostic):
            findings.append(item)
        else:
            declared.append(item)
    policies = sorted((one for one in declared if isinstance(one, PolicySpec)), key=lambda one: one.location)
    findings.extend(
        finding(other.location, Rule.DUPLICATE_POLICY, "a second policy", f"the first is at {policies[0].location}")
        for other in policies[1:]
    )
    manifests = Manifests(
        resources=tuple(sorted((one for one in declared if isinstance(one, Resource)), key=lambda one: one.name)),
        hosts=tuple(sorted((one for one in declared if isinstance(one, HostSpec)), key=lambda one: one.name)),
        policy=policies[0] if policies else None,
    )
    findings.extend(check(manifests, complete=not findings))
    ordered = tuple(sorted(findings))
    if errors(ordered):
        raise ManifestError(ordered)
    return Loaded(manifests, ordered)


def _limited(entries: Iterator[Entry]) -> Iterator[Entry]:
    """Yield entries until they hold too much text, and then a finding that says so."""
    size = 0
    for entry in entries:
        yield entry
        size += _size(entry.overlay) if isinstance(entry, Resource) else 0
        if isinstance(entry, Resource) and size > MAX_TEXT:
            message = f"with this one there are more than {MAX_TEXT} characters of prompts, templates and examples"
            yield finding(entry.location, Rule.TOO_MUCH_TEXT, message, "keep the manifests in several folders")
            return


def _size(overlay: Overlay) -> int:
    """Return how many characters of text are laid over a model."""
    texts = (overlay.system or "", overlay.template or "", *overlay.license)
    return sum(map(len, texts)) + sum(len(content) for _, content in overlay.messages)


def _entries(paths: Sequence[Path]) -> Iterator[Entry]:
    """Yield what each document declares, or what is wrong with it."""
    read: dict[str, int] = {}  # how many entries each file had
    for path in paths:
        count = 0
        for file in _files(path):
            real = os.path.realpath(file)
            if path.is_dir() and not Path(real).is_relative_to(os.path.realpath(path)):
                count += 1
                yield finding(Location(str(file)), Rule.INVALID_LOCAL_FILE, "this link leads out of the folder")
                continue
            if real not in read:
                read[real] = 0
                for entry in _file(file):
                    read[real] += 1
                    yield entry
            count += read[real]
        if not path.exists():
            yield finding(Location(str(path)), Rule.NO_SUCH_PATH, "there is no such file or folder")
        elif not count:
            hint = "manifests are YAML files: *.yaml, *.yml"
            yield finding(Location(str(path)), Rule.NO_MANIFESTS, "there are no manifests here", hint)


def _files(path: Path) -> Iterator[Path]:
    """Yield a file as it is, and the manifests of a folder, sorted."""
    if path.is_file():
        yield path
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            if Path(name).suffix in _SUFFIXES and not name.startswith("."):
                yield Path(folder, name)


def _file(path: Path) -> Iterator[Entry]:
    text = files.read_text(path, str(path))
    if isinstance(text, Diagnostic):
        yield text
        return
    if text.partition("\n")[0].rstrip() == IGNORED:
        return
    home = os.path.realpath(path.parent)
    for document in documents(text, str(path)):
        yield from _document(document, home)


def _document(document: Document, home: str) -> Iterator[Entry]:
    yield from document.findings
    if document.root is None or not document.sound:
        return
    known = {item.location for item in document.findings}
    judged = tuple(item for item in judge(document.root, home) if item.location not in known)
    yield from judged
    if not document.findings and not judged:
        made, findings = parse(document.root, home)
        yield from findings
        yield made
