"""Flags and environment become one frozen Settings; nothing else reads the environment for them."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.errors import SettingsError

OLLAMA_PORT = 11434


@dataclass(frozen=True, slots=True)
class Settings:
    """What every command needs to know."""

    log_level: str
    log_format: str
    registry_url: str
    cache: Path  # safe to delete
    color: bool  # for results on stdout
    live: bool  # whether stderr is a terminal that can show bars
    environ: Mapping[str, str]

    @classmethod
    def read(cls, log_level: str, log_format: str, registry_url: str | None, *, color: bool) -> "Settings":
        """Return the settings of this process."""
        environ = dict(os.environ)
        return cls(
            log_level,
            log_format,
            registry_url or default_registry(environ),
            cache=_folder(environ, "XDG_CACHE_HOME", ".cache"),
            color=color and sys.stdout.isatty() and environ.get("TERM") != "dumb",
            live=sys.stderr.isatty() and log_format == "text" and environ.get("TERM") != "dumb",
            environ=environ,
        )


def default_registry(environ: Mapping[str, str]) -> str:
    """Return the URL of the registry that is used when none is named."""
    return f"sqlite:///{_folder(environ, 'XDG_STATE_HOME', '.local/state') / 'registry.db'}"


def ollama_url(text: str) -> str:
    """Return the address that `$OLLAMA_HOST` means, in every form that Ollama takes; raises SettingsError.

    host, host:port, :port, http(s)://host[:port][/path]; a scheme brings its own port, 0.0.0.0 is this machine.
    """
    bare = text.strip().strip("\"'")
    has_scheme = "://" in bare
    try:
        parts = urlsplit(bare if has_scheme else f"http://{bare}")
        port = parts.port
    except ValueError as error:
        raise SettingsError("$OLLAMA_HOST is not an address", hint="host, host:port or a URL") from error
    if parts.scheme not in {"http", "https"}:
        raise SettingsError("$OLLAMA_HOST is neither http nor https")
    host = parts.hostname or "127.0.0.1"
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    standard = {"http": 80, "https": 443}[parts.scheme] if has_scheme else OLLAMA_PORT
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port or standard}{parts.path.rstrip('/')}"


def _folder(environ: Mapping[str, str], variable: str, fallback: str) -> Path:
    base = environ.get(variable)
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / fallback
    return root / "reconciler"
