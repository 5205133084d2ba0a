"""Entries that were not declared by a person -> the text of a manifest that is valid, whatever they hold.

Each document is read back as any manifest is, alone and beside those before it. One that would be a finding there is
written as a comment instead, and told: nothing is lost without a word, and what is written can be used at once.
"""

from collections.abc import Iterable, Iterator

from reconciler.core.diagnostics import Diagnostic, errors
from reconciler.core.frozen import dataclass
from reconciler.core.resource import Declared, HostSpec, Manifests, PolicySpec, Resource
from reconciler.manifest.checks import check
from reconciler.manifest.files import MAX_BYTES
from reconciler.manifest.folder import Folder
from reconciler.manifest.parse import parse
from reconciler.manifest.rules import Rule, finding
from reconciler.manifest.schema import judge
from reconciler.manifest.written import document
from reconciler.manifest.yaml_text import comment, commented
from reconciler.manifest.yaml_tree import documents

_BY_HAND = "What follows is not valid like this: mend it, and remove the '# '."


@dataclass(frozen=True, slots=True)
class Draft:
    """One entry, with what is to be told about it."""

    entry: Declared
    comments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Text:
    """A manifest, the entries that it declares, and for each one that it only mentions why."""

    text: str
    entries: tuple[Declared, ...]
    findings: tuple[Diagnostic, ...]


def manifest_text(drafts: Iterable[Draft], header: Iterable[str], closing: Iterable[str], home: str) -> Text:
    """Return the manifest with these drafts; `home` is the real path of the folder that it is for.

    `header` and `closing` are comments at its beginning and its end. What says the same twice stands there once.
    """
    sound = [(draft, *_alone(draft.entry, Folder(home))) for draft in drafts]
    together = not errors(
        check(_together({text: draft.entry for draft, text, found in sound if not found}.values()), complete=True)
    )
    parts, ending = [comment(header)], comment(closing)
    room = MAX_BYTES - len(f"{parts[0]}\n{ending}".encode())
    kept: dict[str, Declared] = {}  # by the text that declares it
    findings: list[Diagnostic] = []
    for draft, text, alone in sound:
        if text in kept:
            continue
        found = alone if alone or together else _beside(draft.entry, kept.values())
        part = _commented(draft, text, found) if found else f"---\n{comment(draft.comments)}{text}"
        room -= len(part.encode())
        if room < 0:
            findings += [_left_out(draft.entry, f"no room in one file of {MAX_BYTES // 1024**2} MiB", "make several")]
            room += len(part.encode())
            continue
        findings += found
        parts.append(part)
        kept.update({} if found else {text: draft.entry})
    return Text("".join((*parts, f"\n{ending}" if ending else "")), tuple(kept.values()), tuple(findings))


def _commented(draft: Draft, text: str, found: Iterable[Diagnostic]) -> str:
    reasons = (f"{item.message} ({item.hint})" if item.hint else item.message for item in found)
    return f"\n{comment((*draft.comments, *reasons, _BY_HAND))}{commented(text)}"


def _alone(entry: Declared, home: Folder) -> tuple[str, tuple[Diagnostic, ...]]:
    """Return the document, and why it can't be one; nothing where it can."""
    try:
        text = document(entry)
    except ValueError as reason:
        return "", (_left_out(entry, str(reason), ""),)
    return text, tuple(_left_out(entry, item.message, item.hint) for item in errors(_read(text, home)))


def _beside(entry: Declared, others: Iterable[Declared]) -> tuple[Diagnostic, ...]:
    """Return why it can't stand beside the others; nothing where it can."""
    found = errors(check(_together((*others, entry)), complete=True))
    return tuple(_left_out(entry, item.message, "") for item in found)


def _read(text: str, home: Folder) -> Iterator[Diagnostic]:
    for item in documents(text, ""):
        yield from item.findings
        if item.root is not None and item.sound:
            judged = judge(item.root, home)
            yield from judged
            if not judged:
                yield from parse(item.root, home)[1]


def _together(entries: Iterable[Declared]) -> Manifests:
    found = tuple(entries)
    return Manifests(
        tuple(sorted((one for one in found if isinstance(one, Resource)), key=lambda one: one.name)),
        tuple(one for one in found if isinstance(one, HostSpec)),
        next((one for one in found if isinstance(one, PolicySpec)), None),
    )


def _left_out(entry: Declared, message: str, hint: str) -> Diagnostic:
    name = f"{entry.name}: " if not isinstance(entry, PolicySpec) else ""
    return finding(entry.location, Rule.NOT_CONVERTED, f"{name}{message}", hint)
