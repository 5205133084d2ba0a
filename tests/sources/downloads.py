"""What the tests of downloads share: one file on the fake hub, and ways to fetch it."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.core.steps import Blob
from reconciler.errors import ResolutionError
from reconciler.ports import Progress, Source
from reconciler.sources import Context, load
from tests.fakes.hf_server import HubServer

REPO, FILE = "org/tiny-GGUF", "q/tiny-Q4_0.gguf"
CUT = 10_555_760  # bytes into the file
CONTENT = random.Random(1).randbytes(25_000_000)
DIGEST = Digest.of(CONTENT)


def brought(source: Source, blob: Blob, progress: Progress) -> Path:
    """Return where the content lies that a source brought."""
    arrival = Arrival(blob.size)
    source.fetch(blob, arrival, progress)
    return arrival.path


def fetched(context: Context, blob: Blob) -> Path:
    return brought(load("huggingface", context), blob, lambda *_: None)


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
