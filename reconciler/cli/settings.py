"""Flags and environment become one frozen Settings; nothing else reads the environment for them."""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from reconciler.cli import screen
from reconciler.core.frozen import dataclass
from reconciler.errors import SettingsError

if TYPE_CHECKING:
    from reconciler.recall.memory import Memory
    from reconciler.recall.tape import Tape

OLLAMA_PORT = 11434
_HOST_FORMS = "host, host:port, or a URL that begins with http:// or https://"
_BARE_IPV6 = re.compile(r"^[0-9A-Fa-f]*:[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?=/|$)")  # which Ollama takes without brackets
_EVERYWHERE = "0.0.0.0"  # noqa: S104 -- compared, never bound
_ADDRESS = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,199}")  # what Ollama takes for a hub, and can make a folder of
_PORT = re.compile(r"[0-9]{1,5}")
_PORTS = range(1, 1 << 16)
_LISTEN = "give an IPv4 address of this machine, or a name of it"
_LOOPBACK = re.compile(r"127(\.\d{1,3}){3}")


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
    registry_named: bool = False  # whether somebody said which registry; else it is the usual one
    listen: str = ""  # ADDRESS[:PORT] of this machine at which hosts can fetch from us; empty where none is declared
    columns: int = 0  # of the terminal that shows stdout; 0 where none does, and then nothing is folded
    memory: "Memory | None" = None  # what a plan may remember; absent for other commands
    tape: "Tape | None" = None  # of a plan that is to be remembered

    @classmethod
    def read(
        cls, log_level: str, log_format: str, registry_url: str | None, *, color: bool, listen: str | None = None
    ) -> "Settings":
        """Return the settings of this process; raises SettingsError for an address that we can't listen at."""
        environ = dict(os.environ)
        return cls(
            log_level,
            log_format,
            registry_url or default_registry(environ),
            cache=_folder(environ, "XDG_CACHE_HOME", ".cache"),
            color=color and screen.colours(environ, terminal=sys.stdout.isatty()),
            live=sys.stderr.isatty() and log_format == "text" and environ.get("TERM") != "dumb",
            environ=environ,
            registry_named=bool(registry_url),
            listen=listen_address(listen) if listen else "",
            columns=screen.columns(),
        )

    def callback(self, url: str) -> str:
        """Return the address at which the host at `url` can reach us: the declared one, or loopback if it is here."""
        return self.listen or ("127.0.0.1" if is_loopback(url) else "")


def default_registry(environ: Mapping[str, str]) -> str:
    """Return the URL of the registry that is used when none is named."""
    return f"sqlite:///{_folder(environ, 'XDG_STATE_HOME', '.local/state') / 'registry.db'}"


def ollama_url(text: str) -> str:
    """Return the address that `$OLLAMA_HOST` means, in every form that Ollama takes; raises SettingsError.

    host, host:port, :port, http(s)://host[:port][/path]; a scheme brings its own port, 0.0.0.0 is this machine.
    """
    scheme, has_scheme, bare = text.strip().strip("\"'").rpartition("://")
    address = _BARE_IPV6.sub(r"[\g<0>]", bare, count=1)
    try:
        parts = urlsplit(f"{scheme or 'http'}://{address}")
        port = parts.port
    except ValueError as error:
        raise SettingsError("$OLLAMA_HOST is not an address", hint=_HOST_FORMS) from error
    if parts.scheme not in {"http", "https"}:
        raise SettingsError("$OLLAMA_HOST is neither http nor https", hint=_HOST_FORMS)
    if parts.username is not None:
        hint = "declare a Host, and name the variable that holds the secret under spec.auth"
        raise SettingsError("$OLLAMA_HOST must not carry a user or password", hint=hint)
    host = parts.hostname or "127.0.0.1"
    host = {_EVERYWHERE: "127.0.0.1", "::": "::1"}.get(host, host)
    standard = {"http": 80, "https": 443}[parts.scheme] if has_scheme else OLLAMA_PORT
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{port or standard}{parts.path.rstrip('/')}"


def listen_address(text: str) -> str:
    """Return ADDRESS[:PORT] if hosts can fetch from us there; raises SettingsError for what can't work.

    It becomes a part of a model's name, so it is an IPv4 address or a name; and it must be this machine's.
    """
    address, colon, port = text.partition(":")
    if ":" in port:
        raise SettingsError("--listen can't be an IPv6 address: a model's name has no place for one", hint=_LISTEN)
    if not _ADDRESS.fullmatch(address) or (colon and not _PORT.fullmatch(port)) or int(port or 1) not in _PORTS:
        raise SettingsError("--listen is not ADDRESS or ADDRESS:PORT", hint=_LISTEN)
    if _resolved(address) == _EVERYWHERE:
        raise SettingsError(f"--listen is one address that hosts can reach, and {address} is none", hint=_LISTEN)
    return text


def _resolved(address: str) -> str:
    """Return the IPv4 address behind a name, once it has proved to be this machine's; raises SettingsError."""
    import socket

    try:
        with socket.socket(socket.AF_INET) as probe:
            probe.bind((address, 0))
            return str(probe.getsockname()[0])
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "no such name"
        raise SettingsError(f"--listen can't be {address}: {why.lower()}", hint=_LISTEN) from error


def is_loopback(url: str) -> bool:
    """Tell whether an address is this machine."""
    name = (urlsplit(url).hostname or "").lower()
    return name in {"localhost", "::1"} or name.endswith(".localhost") or bool(_LOOPBACK.fullmatch(name))


def _folder(environ: Mapping[str, str], variable: str, fallback: str) -> Path:
    base = environ.get(variable)
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / fallback
    return root / "reconciler"
