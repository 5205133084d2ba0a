"""`make demo`: the whole story, on real servers, in a temporary folder that is gone afterwards."""

import signal
import sys
import time

from tests.demo.stage import FILE, stage
from tests.demo.step import Surprise
from tests.demo.story import story
from tests.demo.terminal import say
from tests.parts.ollama import MISSING, find_server

INTERRUPTED = 130


def main() -> int:
    """Play the story; returns 0 if every step did what it says, 1 if one did not, 130 after Ctrl-C."""
    signal.signal(signal.SIGTERM, lambda *_: signal.raise_signal(signal.SIGINT))
    missing = MISSING if find_server() is None else "" if FILE.is_file() else f"no {FILE.name} in .parts/models"
    if missing:
        say.failure(f"The demo needs its parts: {missing}. `make parts` says why.")
        return 1
    try:
        return _play()
    except (Surprise, OSError, LookupError) as surprise:
        say.failure(f"The story went wrong: {surprise if isinstance(surprise, Surprise) else repr(surprise)}.")
        return 1
    except KeyboardInterrupt:
        say.failure("Interrupted; everything that was started is stopped and removed.")
        return INTERRUPTED


def _play() -> int:
    start = time.monotonic()
    with stage() as here:
        version = here.server.version()
        say.title(f"A real Ollama {version} at {here.server.url}, with a store of its own.")
        if here.no_registry:
            say.output(f"There is no registry to pull from ({here.no_registry}), so that part is left out.\n")
        steps = story(with_registry=not here.no_registry)
        facts = sum(step.play(here) for step in steps)
    seconds = time.monotonic() - start
    update = "" if here.no_registry else "; an update held back, read and taken"
    say.end(
        f"Proven in {seconds:.0f} s on Ollama {version}: planned, applied, in sync; drift seen and repaired;"
        f" an edit applied{update}. {len(steps)} steps, {facts} facts checked on the server itself."
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
