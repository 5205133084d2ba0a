"""Logins for hubs: where Docker and CI systems keep them, and whether one may go to an address.

A login is for one origin, which the key that it stands under names. Credential helpers are programs, and
no program is run for a login; where there is nothing else, the advice names DOCKER_AUTH_CONFIG instead.
Nothing here ever puts what it read into a message, nor into the cause of an error.
"""

import base64
import ipaddress
import json
from collections.abc import Iterator, Mapping
from dataclasses import field
from pathlib import Path
from urllib.parse import urlsplit

from reconciler.core.frozen import dataclass
from reconciler.errors import AccessDenied

VARIABLE = "DOCKER_AUTH_CONFIG"
_PORTS = {"http": 80, "https": 443}
_WHOLE = {"", "/", "/v1", "/v1/", "/v2", "/v2/"}  # paths of a key that stand for all of a hub

Place = tuple[str, str | None, int | None]


@dataclass(frozen=True, slots=True)
class Login:
    """A user and a password that may be sent to one hub."""

    place: str  # where it was found, for people
    header: str = field(repr=False)  # the value of `Authorization`


class Logins:
    """What the environment and Docker's file hold; neither is looked at before a hub asks for a login."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ

    def find(self, hub: str) -> Login | None:
        """Return the login for the origin `hub`; raises AccessDenied where one is there and can't be used or sent."""
        for place, document in self._documents():
            for key, entry in _entries(document, hub):
                if header := _header(entry, hub, place):
                    _check_sent(key, hub, place)
                    return Login(place, header)
        return None

    def advice(self, hub: str) -> str:
        """Return what to do about a hub that wants a login for which `find` found none."""
        host = urlsplit(hub).netloc
        elsewhere = [place for place, document in self._documents() if _left_to_others(document, hub)]
        if elsewhere:
            what = f"{elsewhere[0]} leaves the login to a credential helper or token, which is not asked"
            return f"it may be private: {what}, so give user and password in {VARIABLE}"
        return f"it may not exist, or be private: `docker login {host}` or {VARIABLE} gives a login"

    def _documents(self) -> Iterator[tuple[str, Mapping[str, object]]]:
        if text := self._environ.get(VARIABLE, "").strip():
            yield VARIABLE, _document(text.encode("utf-8", "surrogateescape"), VARIABLE)
        folder = self._environ.get("DOCKER_CONFIG") or _under_home(self._environ.get("HOME"))
        if folder is None:
            return
        path = Path(folder) / "config.json"
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise AccessDenied(f"{path} can't be read: {error.strerror}", hint="check its permissions") from error
        yield str(path), _document(content, str(path))


def place_of(url: str) -> Place | None:
    """Return what makes an origin (scheme, host, port), however it is spelled; None for what is no address."""
    try:
        parts = urlsplit(url)
        return (parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)) if parts.hostname else None
    except ValueError:
        return None


def _under_home(home: str | None) -> str | None:
    return f"{home}/.docker" if home else None


def _document(content: bytes, place: str) -> Mapping[str, object]:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):  # its cause would carry the whole content
        document = None
    if not isinstance(document, dict):
        raise AccessDenied(f"the logins in {place} can't be read: it is not a JSON object", hint="write it again")
    return document


def _entries(document: Mapping[str, object], hub: str) -> list[tuple[str, object]]:
    """Return the entries for this hub, those whose key names a scheme first."""
    auths = document.get("auths")
    found = [pair for pair in auths.items() if _matches(pair[0], hub)] if isinstance(auths, dict) else []
    return sorted(found, key=lambda pair: "://" not in pair[0])


def _matches(key: str, hub: str) -> bool:
    """Tell whether a key is for this hub: `host`, `host:port`, or either with a scheme."""
    url = key if "://" in key else f"{urlsplit(hub).scheme}://{key}"
    place = place_of(url)
    return place is not None and place == place_of(hub) and urlsplit(url).path in _WHOLE


def _left_to_others(document: Mapping[str, object], hub: str) -> bool:
    helpers = document.get("credHelpers")
    named = isinstance(helpers, dict) and urlsplit(hub).netloc in helpers
    return named or bool(document.get("credsStore")) or bool(_entries(document, hub))


def _header(entry: object, hub: str, place: str) -> str:
    """Return the header that an entry makes, empty for one that leaves the login to somebody else."""
    match entry:
        case {"auth": str(auth)} if auth:
            login = _decoded(auth)
        case {"username": str(user), "password": str(password)} if user:
            login = f"{user}:{password}".encode("utf-8", "surrogatepass")
        case _:
            return ""
    if b":" not in login:
        hint = "`auth` is base64 of user:password; `docker login` writes it"
        raise AccessDenied(f"the login for {hub} in {place} can't be read", hint=hint)
    return f"Basic {base64.b64encode(login).decode()}"


def _decoded(auth: str) -> bytes:
    try:
        return base64.b64decode(auth, validate=True)
    except ValueError:  # its words may repeat a part
        return b""


def _check_sent(key: str, hub: str, place: str) -> None:
    """Raise AccessDenied where the login would travel in the open, and its key does not say that it may."""
    scheme, host, _ = place_of(hub) or ("", "", None)
    if scheme == "http" and not key.lower().startswith("http://") and not _is_loopback(host or ""):
        raise AccessDenied(
            f"the login for {hub} in {place} is not sent over plain http",
            hint=f"have the hub speak https, or allow it by the key {hub} there",
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
