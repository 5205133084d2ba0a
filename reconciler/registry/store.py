"""Which store an address names."""

from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

from reconciler.errors import SettingsError

if TYPE_CHECKING:
    from reconciler.ports import RecordStore
    from reconciler.registry.database import Database, Lineage

_SUPPORTED = "sqlite:///absolute/path/registry.db and postgresql://user@host/database are supported"

_WHERE = "--registry or $RECONCILER_REGISTRY"


def open_store(url: str, *, lineage: "Lineage") -> "RecordStore":
    """Return the store that `url` names, touching nothing yet; raises SettingsError for an address that is none.

    `lineage` is called once, when the registry is first created, and gives it an identity of its own.
    No message repeats the address, which may hold a password.
    """
    from reconciler.registry.sql_store import SqlStore

    scheme = url.partition("://")[0]
    if scheme == "sqlite":
        return SqlStore(_sqlite(url, lineage))
    if scheme in {"postgresql", "postgres"}:
        return SqlStore(_postgres(url, lineage))
    raise SettingsError("this is no address that a registry can be kept at", hint=_SUPPORTED, where=_WHERE)


def file_of(url: str) -> Path | None:
    """Return the file that the store is kept in; None where it is kept elsewhere."""
    scheme, _, path = url.partition("://")
    return Path("/" + unquote(path).lstrip("/")) if scheme == "sqlite" else None


def _sqlite(url: str, lineage: "Lineage") -> "Database":
    from reconciler.registry.sqlite_file import SqliteFile

    path, file = url.removeprefix("sqlite://"), file_of(url)
    if file is None or not path.startswith("/") or not path.strip("/") or {"?", "#"} & set(path):
        raise SettingsError("the address does not hold an absolute path", hint=_SUPPORTED, where=_WHERE)
    return SqliteFile(file, lineage)


def _postgres(url: str, lineage: "Lineage") -> "Database":
    try:
        from reconciler.registry.postgres import PostgresDatabase
    except ImportError as error:
        hint = "install reconciler[postgres], which brings psycopg"
        raise SettingsError("a registry in PostgreSQL needs a library that is not here", hint=hint) from error
    return PostgresDatabase(url, lineage)
