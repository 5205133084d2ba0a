"""A Hugging Face hub far away: `python -m tests.bench.hub FOLDER BYTES-PER-SECOND` serves what lies in the folder.

Each connection gets so many bytes per second and no more, however many there are. The content goes out by sendfile
in paced blocks, which costs next to no CPU. Says `{"url": …}` first, and then how much it has sent so far.
"""

import json
import sys
import time
from pathlib import Path

from tests.bench.programs import serve
from tests.fakes.hf_handlers import CdnHandler
from tests.fakes.hf_server import HubServer

_BLOCK = 4 << 20  # bytes


def paced(rate: float) -> type[CdnHandler]:
    """Return a handler of content that sends `rate` bytes per second."""

    class Paced(CdnHandler):
        def _send_content(self, path: Path, start: int, end: int) -> None:
            self.wfile.flush()
            begin, place = time.monotonic(), start
            with path.open("rb") as file:
                while place < end:
                    sent = self.connection.sendfile(file, place, min(_BLOCK, end - place))
                    place += sent
                    self.faults.sent += sent
                    time.sleep(max(0.0, begin + (place - start) / rate - time.monotonic()))

    return Paced


def main(folder: str, rate: str) -> None:
    """Serve until standard input ends."""
    with HubServer(Path(folder), content=paced(float(rate))) as hub:
        serve(json.dumps({"url": hub.url}), lambda: json.dumps({"sent": hub.sent, "requests": len(hub.requests)}))


if __name__ == "__main__":
    main(*sys.argv[1:])
