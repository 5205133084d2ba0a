"""Manifests on disk -> what they declare, or every finding at once."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from reconciler.core.diagnostics import Diagnostic, Location, errors
from reconciler.core.frozen import dataclass
from reconciler.core.resource import Declared, HostSpec, Manifests, Overlay, PolicySpec, Resource
from reconciler.errors import ManifestError
from reconciler.manifest import files
from reconciler.manifest.folder import Folder
from reconciler.manifest.kept import Kept
from reconciler.manifest.rules import IGNORED, Rule, finding

MAX_TEXT = 64 * 1024 * 1024  # characters in all; the same file counts for each model that names it

_SUFFIXES = frozenset({".yaml", ".yml"})

Entry = Declared | Diagnostic


@dataclass(frozen=True, slots=True)
class Loaded:
    """What the manifests declare, sorted by name, and what is doubtful about them, sorted by place."""

    manifests: Manifests
    warnings: tuple[Diagnostic, ...]


def load(paths: Sequence[Path], cache: Path | None = None) -> Loaded:
    """Return what all the manifests under these files and folders declare.

    Folders are searched for *.yaml and *.yml, hidden files and folders left out, and files whose first line says that
    they are no manifests; a file that is reached twice is read once. What was read before is taken from the `cache`
    folder, if there is one. Raises ManifestError with every finding, sorted, if one is an error.
    """
    kept = Kept.of(cache, paths)
    findings: list[Diagnostic] = []
    declared: list[Declared] = []
    for item in _limited(_entries(paths, kept)):
        if isinstance(item, Diagnostic):
            findings.append(item)
        else:
            declared.append(item)
    manifests = _together(declared, findings)
    doubts = kept.doubts() if not findings else None
    findings.extend(_checked(manifests, complete=not findings) if doubts is None else doubts)
    ordered = tuple(sorted(findings))
    broken = bool(errors(ordered))
    kept.close(None if broken else ordered)
    if broken:
        raise ManifestError(ordered)
    return Loaded(manifests, ordered)


def _together(declared: Sequence[Declared], findings: list[Diagnostic]) -> Manifests:
    """Return all that is declared, and add to the findings each policy that is too many."""
    policies = sorted((one for one in declared if isinstance(one, PolicySpec)), key=lambda one: one.location)
    findings.extend(
        finding(other.location, Rule.DUPLICATE_POLICY, "a second policy", f"the first is at {policies[0].location}")
        for other in policies[1:]
    )
    return Manifests(
        resources=tuple(sorted((one for one in declared if isinstance(one, Resource)), key=lambda one: one.name.key)),
        hosts=tuple(sorted((one for one in declared if isinstance(one, HostSpec)), key=lambda one: one.name)),
        policy=policies[0] if policies else None,
    )


def _checked(manifests: Manifests, *, complete: bool) -> tuple[Diagnostic, ...]:
    from reconciler.manifest.checks import check  # not for what was checked before

    return check(manifests, complete=complete)


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


def _entries(paths: Sequence[Path], kept: Kept) -> Iterator[Entry]:
    """Yield what each document declares, or what is wrong with it."""
    read: dict[str, int] = {}  # how many entries each file had
    for path in paths:
        count, is_folder = 0, path.is_dir()
        root = Path(os.path.realpath(path))
        for file, real, home in _files(path):
            if is_folder and not Path(real).is_relative_to(root):
                count += 1
                yield finding(Location(str(file)), Rule.INVALID_LOCAL_FILE, "this link leads out of the folder")
                continue
            if real not in read:
                read[real] = 0
                for entry in _file(file, Folder(home), kept):
                    read[real] += 1
                    yield entry
            count += read[real]
        if not path.exists():
            yield finding(Location(str(path)), Rule.NO_SUCH_PATH, "there is no such file or folder")
        elif not count:
            hint = "manifests are YAML files: *.yaml, *.yml"
            yield finding(Location(str(path)), Rule.NO_MANIFESTS, "there are no manifests here", hint)


def _files(path: Path) -> Iterator[tuple[Path, str, str]]:
    """Yield a file as it is, and the manifests of a folder, sorted, each with its real path and that of its folder."""
    if path.is_file():
        yield path, os.path.realpath(path), os.path.realpath(path.parent)
    for folder, folders, names in os.walk(path):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        real = os.path.realpath(folder)
        for name in sorted(names):
            if Path(name).suffix in _SUFFIXES and not name.startswith("."):
                file = Path(folder, name)
                yield file, os.path.realpath(file) if file.is_symlink() else f"{real.rstrip('/')}/{name}", real


def _file(path: Path, home: Folder, kept: Kept) -> Iterator[Entry]:
    """Yield what is in a file: what is known of it, if that holds still, or what is read, which is known then."""
    shown = str(path)
    content = files.read_bytes(path, shown, files.MAX_BYTES, files.SPLIT)
    if isinstance(content, Diagnostic):
        yield content
        return
    known = kept.declared(shown, content, home)
    if known is not None:
        yield from known
        return
    declared: list[Declared] = []
    sound = True
    for entry in _read(content, shown, home):
        yield entry
        if isinstance(entry, Diagnostic):
            sound = False
        else:
            declared.append(entry)
    if sound:
        kept.keep(shown, content, home, declared)


def _read(content: bytes, shown: str, home: Folder) -> Iterator[Entry]:
    text = files.decode(content, shown)
    if isinstance(text, Diagnostic):
        yield text
    elif text.partition("\n")[0].rstrip() != IGNORED:
        from reconciler.manifest.reading import read  # not for what was read before

        yield from read(text, shown, home)
