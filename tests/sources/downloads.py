"""What the tests of downloads share: one file on the fake hub, and ways to fetch it."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.steps import Blob
from reconciler.errors import ResolutionError
from reconciler.sources import Context, load
from tests.fakes.hf_server import HubServer

REPO, FILE = "org/tiny-GGUF", "q/tiny-Q4_0.gguf"
PIECE = 10 << 20  # bytes that the client reads before it writes any
CONTENT = random.Random(1).randbytes(2 * PIECE + 5_000_000)
DIGEST = Digest.of(CONTENT)


def fetched(context: Context, blob: Blob) -> Path:
    return load("huggingface", context).fetch(blob, lambda *_: None)


def refused(context: Context, blob: Blob) -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        fetched(context, blob)
    return caught.value


def from_cdn(hub: HubServer) -> list[str]:
    return [request.range for request in hub.requests if request.server == "cdn"]


def part(context: Context) -> Path:
    return context.downloads / f"{DIGEST.hex}.part"


@contextmanager
def child(hub: HubServer, context: Context, blob: Blob, *shell: str) -> Iterator["subprocess.Popen[str]"]:
    place = [value for _, value in blob.locator]
    command = [
        *shell,
        sys.executable,
        "-m",
        "tests.sources.download_child",
        hub.url,
        str(context.downloads),
        blob.digest.hex,
    ]
    environ = {**os.environ, "HF_HUB_DOWNLOAD_TIMEOUT": "1"}
    with subprocess.Popen(
        [*command, str(blob.size), *place], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        yield process
