"""Which store an address names."""

from collections.abc import Callable
from pathlib import Path
from urllib.parse import unquote, urlsplit

from reconciler.errors import SettingsError
from reconciler.ports import RecordStore

_SUPPORTED = "sqlite:///absolute/path/registry.db is what is supported"


def open_store(url: str, *, lineage: Callable[[], str]) -> RecordStore:
    """Return the store that `url` names, touching nothing yet; raises SettingsError for an address that is none.

    `lineage` is called once, when the registry is first created, and gives it an identity of its own.
    """
    parts = urlsplit(url)
    if parts.scheme != "sqlite":
        raise SettingsError(
            f"a registry can't be kept at {parts.scheme or 'an address without a scheme'}:", hint=_SUPPORTED
        )
    path = Path(unquote(parts.path))
    if parts.netloc or parts.query or parts.fragment or not path.is_absolute() or path == Path("/"):
        raise SettingsError("the registry's address does not hold an absolute path", hint=_SUPPORTED)
    from reconciler.registry.sqlite import SqliteStore

    return SqliteStore(path, lineage)
