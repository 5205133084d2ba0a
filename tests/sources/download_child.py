"""One download in a process of its own; its arguments are endpoint, folder, sha256, size, repo, commit and file.

Prints every report of progress, so that a test knows when to kill it.
"""

import os
import sys
from pathlib import Path

from reconciler.core.digest import Digest
from reconciler.core.steps import Blob
from reconciler.sources import Context, FileCache, load
from reconciler.transport import Http
from tests.sources.downloads import brought


def main(endpoint: str, folder: str, sha256: str, size: str, *place: str) -> None:
    locator = tuple(zip(("repo", "commit", "file"), place, strict=True))
    environ = {**os.environ, "HF_ENDPOINT": endpoint}
    context = Context(Http(), FileCache(Path(folder) / "answers"), Path(folder), environ)
    blob = Blob(Digest(sha256), int(size), "huggingface", locator)
    print(brought(load("huggingface", context), blob, lambda *report: print(*report, flush=True)))


if __name__ == "__main__":
    main(*sys.argv[1:])
