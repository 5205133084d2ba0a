"""The floor of a no-op plan: one list of models and a HEAD of each hub manifest, in a bare process.

`python floor.py CONNECTIONS OLLAMA-URL REGISTRY NAME…`: nothing is read, compared or shown, so nothing can be faster.
"""

import http.client
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import local
from urllib.parse import urlsplit

_here = local()


def _head(registry: str, name: str) -> None:
    if not hasattr(_here, "connection"):
        _here.connection = http.client.HTTPConnection(registry)
    repo, _, tag = name.partition("/")[2].partition(":")
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    _here.connection.request("HEAD", f"/v2/{repo}/manifests/{tag}", headers=accept)
    answer = _here.connection.getresponse()
    answer.read()
    assert answer.status == http.HTTPStatus.OK, answer.status


def main(connections: str, url: str, registry: str, *names: str) -> None:
    """Send the requests."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc)
    connection.request("GET", "/api/tags")
    connection.getresponse().read()
    with ThreadPoolExecutor(int(connections)) as pool:
        list(pool.map(lambda name: _head(registry, name), names))


if __name__ == "__main__":
    main(*sys.argv[1:])
