"""What people do today, at its best: one process that is there already, one connection, nothing between requests."""

import json
from collections.abc import Iterable
from http.client import HTTPConnection
from urllib.parse import urlsplit

Build = tuple[str, str, str]  # name, base, system prompt


def helm_loop(url: str, pulls: Iterable[str], builds: Iterable[Build]) -> None:
    """Pull each, create each: what the ollama-helm chart and most scripts do at every run; raises RuntimeError."""
    connection = HTTPConnection(urlsplit(url).netloc)
    for name in pulls:
        _asked(connection, "/api/pull", {"model": name, "insecure": True})
    for name, base, system in builds:
        _asked(connection, "/api/create", {"model": name, "from": base, "system": system})
    connection.close()


def pull_at_once(url: str, names: Iterable[str]) -> None:
    """Pull all at the same time, a connection each; raises RuntimeError."""
    connections = [(name, HTTPConnection(urlsplit(url).netloc)) for name in names]
    for name, connection in connections:
        connection.request("POST", "/api/pull", _body({"model": name, "insecure": True}))
    for _, connection in connections:
        _answered(connection)
        connection.close()


def _asked(connection: HTTPConnection, path: str, body: dict[str, object]) -> None:
    connection.request("POST", path, _body(body))
    _answered(connection)


def _answered(connection: HTTPConnection) -> None:
    answer = json.loads(connection.getresponse().read())
    if answer.get("status") != "success":
        raise RuntimeError(f"the server did not: {answer}")


def _body(fields: dict[str, object]) -> bytes:
    return json.dumps({**fields, "stream": False}).encode()
