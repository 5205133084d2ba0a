"""A docker-compose file: models that its commands pull or run. Pure.

Commands are read, never run: what depends on a variable or a loop is told instead.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate

from reconciler.core.diagnostics import Location
from reconciler.manifest.foreign.converted import Converted, Part, converted, left_out, pulled
from reconciler.manifest.foreign.yaml_nodes import roots, text_line
from reconciler.manifest.tree import Node

_OLLAMA = re.compile(r"(?:^|[\s;&|\"'(`/])ollama\s+(?P<verb>pull|run|create|cp|rm|push)\b(?P<rest>[^;&|<>()\n]*)")
_ASKED = re.compile(r"/api/pull\b")
_BODY = re.compile(r"""\\?["'](?:name|model)\\?["']\s*:\s*\\?["'](?P<name>[^"'\\]+)""")
_CREATED = "a model that a command creates is declared by its Modelfile"
_SETTING = "is a setting of the server, not of a model: it stays where it is"


def convert(text: str, file: str) -> Converted:
    """Return a Model for each name that a command pulls or runs, or that is asked for over the API."""
    found, parts = roots(text, file)
    for root in found:
        services = root.child("services")
        for service in services.children.values() if services is not None else ():
            parts += _service(service)
    return converted(parts)


def _service(service: Node) -> Iterator[Part]:
    health = service.child("healthcheck")
    hooks = service.child("post_start")
    given = [service.child("entrypoint"), service.child("command"), health.child("test") if health else None]
    given += [hook.child("command") for hook in hooks.children.values()] if hooks else []
    for node in given:
        if node is not None:
            yield from _command(node)
    yield from _settings(service.child("environment"))


def _command(node: Node) -> Iterator[Part]:
    """Yield what a command does, whether it is one text or a list of words."""
    items = [item for item in node.children.values() if isinstance(item.value, str)] or [node]
    text = " ".join(str(item.value) for item in items)
    ends = [*accumulate(len(str(item.value)) + 1 for item in items)]

    def at(place: int) -> Location:
        """Return the line of the text in which a place of the whole command lies."""
        number = bisect_right(ends, place)
        begin = ends[number - 1] if number else 0
        where = items[number].location
        return Location(where.file, text_line(items[number]) + text.count("\n", begin, place), where.column)

    for found in _OLLAMA.finditer(text):
        yield from _verb(found["verb"], found["rest"].split(), at(found.start("verb")))
    if asked := _ASKED.search(text):
        names = [(found["name"], found.start()) for found in _BODY.finditer(text)]
        if not names:
            yield left_out(at(asked.start()), "the model that is asked for at /api/pull can't be read")
        for name, start in names:
            yield pulled(name, at(start))


def _verb(verb: str, words: list[str], where: Location) -> Iterator[Part]:
    names = [word.strip("\"'") for word in words if not word.startswith("-")]
    if verb in {"pull", "run"} and names:
        yield pulled(names[0], where, insecure="--insecure" in words)
    elif verb == "create":
        hint = f"`reconciler import --from modelfile --name {names[0] if names else 'NAME'} FILE`"
        yield left_out(where, _CREATED, hint)
    else:
        yield left_out(where, f"`ollama {verb}` has no place in a manifest")


def _settings(node: Node | None) -> Iterator[Part]:
    """Yield a finding for each setting of the server; its value may be a secret, and is not told."""
    for key, item in node.children.items() if node is not None else ():
        name = str(item.value).partition("=")[0] if isinstance(key, int) else key
        if name.startswith("OLLAMA_"):
            where = item.location if isinstance(key, int) or node is None else node.keys[key]
            yield left_out(where, f"{name} {_SETTING}")
