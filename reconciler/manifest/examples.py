"""Few-shot examples: inline, or from JSON Lines files beside the manifest.

A line of a file is {"user": …, "assistant": …} or {"input": …, "output": …}; blank lines are skipped.
The order is: inline ones, then pattern by pattern, the files of a pattern sorted, each file once.
"""

import json
from collections.abc import Iterator
from pathlib import PurePath

from reconciler.core.diagnostics import Diagnostic, Location
from reconciler.manifest.folder import Folder
from reconciler.manifest.rules import Rule, finding
from reconciler.manifest.tree import Node

MAX_EXAMPLES = 10_000
MAX_TEXT = 4 * 1024 * 1024  # characters in all
MAX_FINDINGS = 20  # after so many the rest is not looked at

_SPELLINGS = (("user", "assistant"), ("input", "output"))

Example = tuple[str, str]  # (what the user says, what the model should answer)


def examples(spec: Node, home: Folder) -> Iterator[Example | Diagnostic]:
    """Yield every example of a FineTune's spec, and a finding for each one that cannot be used.

    Where there are too many of either, or too much text, a finding says so, and nothing more is read.
    """
    count = size = wrong = 0
    for item in _all(spec, home):
        yield item
        if isinstance(item, Diagnostic):
            wrong += 1
        else:
            count, size = count + 1, size + len(item[0]) + len(item[1])
        if count > MAX_EXAMPLES or size > MAX_TEXT or wrong == MAX_FINDINGS:
            yield _too_many(spec, wrong)
            return


def _too_many(spec: Node, wrong: int) -> Diagnostic:
    where = spec.keys.get("examplesFrom", spec.location)
    if wrong == MAX_FINDINGS:
        return finding(where, Rule.TOO_MANY_EXAMPLES, f"{wrong} findings about examples: the rest was not read")
    message = f"more than {MAX_EXAMPLES} examples, or more than {MAX_TEXT} characters in them"
    return finding(where, Rule.TOO_MANY_EXAMPLES, message, "choose the best ones: each is sent with every prompt")


def _all(spec: Node, home: Folder) -> Iterator[Example | Diagnostic]:
    inline = spec.child("examples")
    for index in range(len(inline.children) if inline is not None else 0):
        item = inline.children[index] if inline is not None else spec
        yield (item.text("user") or "", item.text("assistant") or "")
    seen: set[str] = set()
    patterns = spec.child("examplesFrom")
    for node in patterns.children.values() if patterns is not None else ():
        for found in _matching(str(node.value), node.location, home):
            if isinstance(found, Diagnostic):
                yield found
            elif found not in seen:
                seen.add(found)
                yield from _lines(found, home, node.location.file)


def as_text(found: list[Example]) -> str:
    """Return the examples as the text that stands after a system prompt.

    That is the line `Examples:` and then each example as the two lines `User: …` and `Assistant: …`,
    all of them with an empty line between. The format is fixed: to change it would rebuild models.
    """
    turns = (f"User: {user}\nAssistant: {assistant}" for user, assistant in found)
    return "\n\n".join(("Examples:", *turns))


def _matching(pattern: str, where: Location, home: Folder) -> Iterator[str | Diagnostic]:
    """Yield the real paths of the files that a pattern names, sorted, none of them outside the folder."""
    pure = PurePath(pattern)
    if pure.is_absolute() or ".." in pure.parts:
        message = f"{pattern!r} leads out of the manifest's folder"
        yield finding(where, Rule.INVALID_LOCAL_FILE, message, "put the files into that folder")
        return
    try:
        names = home.matching(pure.parts)
    except ValueError as error:
        yield finding(where, Rule.NO_SUCH_EXAMPLES, f"{pattern!r} is not a pattern: {error}")
        return
    if not names:
        yield finding(where, Rule.NO_SUCH_EXAMPLES, f"no file matches {pattern!r}", "it is relative to the manifest")
    for name in names:
        try:
            yield home.file(name)
        except ValueError as error:
            yield finding(where, Rule.INVALID_LOCAL_FILE, *error.args)


def _lines(path: str, home: Folder, manifest: str) -> Iterator[Example | Diagnostic]:
    shown = str(PurePath(manifest).parent / PurePath(path).relative_to(home.path))
    text = home.text(path, shown)
    if isinstance(text, Diagnostic):
        yield text
        return
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield _example(line, Location(shown, number, 1))


def _example(line: str, where: Location) -> Example | Diagnostic:
    try:
        data = json.loads(line)
    except json.JSONDecodeError as error:
        return finding(Location(where.file, where.line, error.colno), Rule.INVALID_EXAMPLE, f"not JSON: {error.msg}")
    except (ValueError, RecursionError):
        return finding(where, Rule.INVALID_EXAMPLE, "not JSON of any sensible size")
    keys = next((keys for keys in _SPELLINGS if isinstance(data, dict) and set(keys) == set(data)), None)
    if keys is None:
        hint = 'for example: {"user": "Where is my order?", "assistant": "Tell me the number."}'
        return finding(where, Rule.INVALID_EXAMPLE, "a line has 'user' and 'assistant', or 'input' and 'output'", hint)
    user, assistant = (data[key] for key in keys)
    for key, value in zip(keys, (user, assistant), strict=True):
        if not _usable(value):
            return finding(where, Rule.INVALID_EXAMPLE, f"{key!r} must be text that is not empty")
    return user, assistant


def _usable(value: object) -> bool:
    """Tell whether a value is text; half a character (a lone surrogate) can't be sent to any host."""
    return isinstance(value, str) and value.strip() != "" and value == value.encode("utf-8", "ignore").decode("utf-8")
