"""Secrets of hosts: which environment variables they need, and whether a variable may go to an address.

Manifests may come from a stranger, who could name any variable beside any address. So whoever
runs us can bind each secret to the origin that it is for: RECONCILER_SECRETS holds pairs
`NAME=ORIGIN`, separated by spaces, and where it is set no other variable is sent anywhere.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

from reconciler.core.resource import HostSpec
from reconciler.core.state import Unobserved
from reconciler.transport import origin

BINDINGS = "RECONCILER_SECRETS"
_PORTS = {"http": 80, "https": 443}


def secrets_of(spec: HostSpec) -> tuple[str, ...]:
    """Return the environment variables that hold a host's secrets, sorted."""
    bearer = (spec.bearer_token_env,) if spec.bearer_token_env else ()
    return tuple(sorted({*bearer, *(variable for _, variable in spec.header_env)}))


def withheld(spec: HostSpec, environ: Mapping[str, str]) -> Unobserved | None:
    """Return why a host can't be asked, or None where every secret that it needs is there and may go there."""
    missing = [variable for variable in secrets_of(spec) if not environ.get(variable)]
    if missing:
        verb, it = ("is", "it") if len(missing) == 1 else ("are", "them")
        message = f"its token is not in the environment: {' and '.join(missing)} {verb} not set"
        return Unobserved(spec.name, spec.url, message, f"set {it}, or change spec.auth")
    strange = [variable for variable in secrets_of(spec) if not _may_go(variable, spec.url, environ)]
    if strange:
        message = f"{' and '.join(strange)} may not be sent to {origin(spec.url)}"
        return Unobserved(spec.name, spec.url, message, f"{BINDINGS} says where each secret may go: NAME=ORIGIN …")
    return None


def headers_of(spec: HostSpec, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the headers that carry a host's secrets."""
    headers = {header: environ[variable] for header, variable in spec.header_env}
    if spec.bearer_token_env:
        headers["Authorization"] = f"Bearer {environ[spec.bearer_token_env]}"
    return headers


def _may_go(variable: str, url: str, environ: Mapping[str, str]) -> bool:
    if BINDINGS not in environ:
        return True
    pairs = (pair.partition("=") for pair in environ[BINDINGS].split())
    return any(name == variable and place_of(target) == place_of(url) for name, _, target in pairs)


def place_of(url: str) -> tuple[str, str | None, int | None]:
    """Return what makes an origin, however it is spelled; of what is none, at least the host is missing."""
    try:
        parts = urlsplit(url)
        return parts.scheme, parts.hostname, parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        return "", None, None
