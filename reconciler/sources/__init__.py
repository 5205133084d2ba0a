"""Sources: one module per source type, named like its key in a manifest; this file finds them and nothing else.

A module `<type>.py` here exports `source(context)`, which returns a `ports.Source`; beside it `_inspect/<type>.py`
exports `inspect(context, reference)`, which looks at what is there without downloading it. Only the one asked for
is imported. Modules whose name begins with an underscore are what sources are made of.
"""

from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

from reconciler.core.found import Found
from reconciler.core.frozen import dataclass
from reconciler.core.resource import SourceRef
from reconciler.ports import Cache, Hub, Source
from reconciler.sources._files.cache import FileCache
from reconciler.transport import Http

__all__ = ["Context", "FileCache", "hubs", "inspect", "load", "types"]


@dataclass(frozen=True, slots=True)
class Context:
    """What a source may use of the world outside."""

    http: Http
    cache: Cache
    downloads: Path  # folder for downloads, whole and partial
    environ: Mapping[str, str]  # where tokens and endpoints are read from


def types() -> tuple[str, ...]:
    """Return every source type, sorted, without importing any."""
    names = (module.name for module in iter_modules(__path__))
    return tuple(sorted(name for name in names if not name.startswith("_")))


def load(type: str, context: Context) -> Source:
    """Return the source of this type; raises ValueError for a type that there is not."""
    if type not in types():
        raise ValueError(f"no source type {type!r}; there are {', '.join(types())}")
    made: Source = import_module(f"{__name__}.{type}").source(context)
    return made


def inspect(type: str, context: Context, reference: str) -> Found:
    """Return what can be learnt of a reference from headers and listings; raises ResolutionError."""
    found: Found = import_module(f"{__name__}._inspect.{type}").inspect(context, reference)
    return found


def hubs(refs: Iterable[SourceRef], context: Context) -> tuple[Hub, ...]:
    """Return the hubs that these references lead to, to have a word with each."""
    found: tuple[Hub, ...] = import_module(f"{__name__}._greeting").hubs(refs, context)
    return found
