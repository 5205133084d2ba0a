"""Hosts and hubs that answer at length: what is read of it, and what is printed, has its bounds."""

import gzip
import json
import threading
from collections.abc import Callable
from functools import partial
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.transport import BODY_LIMIT
from tests.commands import Result
from tests.fakes.http_faults import Faults, FaultyHandler
from tests.fakes.ollama_server import FakeOllama
from tests.hostile.bounded import bounded
from tests.manifests import model, tune

DIGEST = "a" * 64
ASK = """
import sys
from reconciler.errors import TransportError
from reconciler.transport import Http
try:
    print(len(Http().request("GET", sys.argv[1]).json()))
except TransportError as error:
    print(error)
"""


@pytest.mark.parametrize(
    "fields",
    [
        {"system": "x" * 3_000_000},
        {"system": "a\nb\n" * 300_000},
        {"template": "".join(f"{number}\n" for number in range(300_000))},
        {"messages": [{"role": "user", "content": str(number)} for number in range(50_000)]},
        {"license": "x" * 3_000_000},
        {"parameters": "x " + "y" * 1_000_000},
        {"parameters": "\n".join(f"p{number} 1" for number in range(20_000))},
    ],
    ids=lambda fields: f"{next(iter(fields))} {str(fields)[10:30]}",
)
def test_what_a_host_shows_is_told_in_short(
    reconciler: Callable[..., Result], folder: Path, host: FakeOllama, fields: dict[str, object]
) -> None:
    model(folder)
    lines = "".join(f"  {number} b\n" for number in range(20_000))
    tune(folder, "bot", "tiny", f"system: |\n{lines}")
    assert reconciler("apply", "--auto-approve").status == 0
    listed = [{**item, "digest": DIGEST} if item["name"] == "bot:latest" else item for item in host.store.listed()]
    host.fail("tags", times=99, status=200, body=json.dumps({"models": listed}))
    shown = {"modelfile": f"FROM /x/blobs/sha256-{DIGEST}\n", **fields}
    host.fail("show", times=99, status=200, body=json.dumps(shown))
    result = reconciler("plan")
    assert "drifted" in result.out
    assert len(result.out + result.err) < 200_000


class _Compressed(FaultyHandler):
    def __init__(self, body: bytes, *args: object) -> None:
        self.body, self.faults = body, Faults()
        super().__init__(*args)  # type: ignore[arg-type]  # what the server gives

    def respond(self) -> None:
        self.send(200, self.body, {"Content-Encoding": "gzip", "Content-Type": "application/json"})


def asked(folder: Path, content: bytes) -> str:
    """Return what asking for this content, compressed, comes to within the bounds."""
    body = gzip.compress(content, compresslevel=1)
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Compressed, body)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        ended = bounded("-c", ASK, f"http://127.0.0.1:{server.server_address[1]}", cwd=folder)
        server.shutdown()
        thread.join()
    assert not ended.traceback, ended.err[-2000:]
    return ended.out


def test_a_compressed_answer_is_no_larger_than_any_other(tmp_path: Path) -> None:
    """A megabyte on the wire would be a gigabyte in memory."""
    assert "the answer is larger than" in asked(tmp_path, b"\0" * (1 << 30))


def test_the_largest_answer_that_is_read_fits_into_memory(tmp_path: Path) -> None:
    """Nothing takes more room as data than as text than empty lists do."""
    count = BODY_LIMIT // 3 - 1
    assert asked(tmp_path, b"[" + b"[]," * count + b"0]") == f"{count + 1}\n"
