"""A real browser for tests: Chromium without a window, driven through a pair of pipes, with nothing in between."""

import fcntl
import json
import os
import select
import shutil
import subprocess
import time
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.parts.ollama import REPOSITORY

UNPACKED = REPOSITORY / ".parts" / "chromium"
PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
TIMEOUT = 60.0  # seconds for one answer
OPTIONS = (
    "--headless",
    "--no-sandbox",  # where tests run as root there is none
    "--disable-gpu",
    "--disable-quic",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_BY_CHROMIUM = (3, 4)  # the file descriptors that it reads and writes

Json = dict[str, Any]


def available() -> str | None:
    """Return why there can be no browser on this machine, or None where there can."""
    return None if find() else "no Chromium: run `make parts`, or install chromium with apt"


def find() -> list[str]:
    """Return the program that starts, of this machine or unpacked; nothing where there is none."""
    unpacked = UNPACKED / "usr" / "lib" / "chromium" / PROGRAMS[0]
    found = [program for name in PROGRAMS if (program := shutil.which(name))]
    return next(([program] for program in (*found, str(unpacked)) if starts(program)), [])


def starts(program: str) -> bool:
    """Tell whether a program is there and finds its libraries."""
    if not Path(program).is_file():
        return False
    return subprocess.run([program, "--version"], env=environment(), capture_output=True, check=False).returncode == 0


def environment() -> dict[str, str]:
    """Return what a browser gets to know: where unpacked libraries are, and no proxy."""
    libraries = UNPACKED / "usr" / "lib" / "x86_64-linux-gnu"
    kept = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    return {**kept, "LD_LIBRARY_PATH": f"{libraries}:{libraries}/pulseaudio"}


class Chromium:
    """One browser with a profile of its own."""

    def __init__(self, folder: Path) -> None:
        program = find()
        if not program:
            raise RuntimeError(available())
        self._command = [*program, *OPTIONS, f"--user-data-dir={folder}", "about:blank"]
        self._environment = {**environment(), "HOME": str(folder)}
        self._number = 0
        self._waiting = b""
        self.events: list[Json] = []

    def __enter__(self) -> Self:
        (theirs, self._out), (self._in, back) = os.pipe(), os.pipe()
        high = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (theirs, back)]
        nowhere = (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0)
        moved = [(os.POSIX_SPAWN_DUP2, end, place) for end, place in zip(high, _BY_CHROMIUM, strict=True)]
        self._process = os.posix_spawn(
            self._command[0], self._command, self._environment, file_actions=[nowhere, *moved], setpgroup=0
        )
        for end in (theirs, back, *high):
            os.close(end)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.call("Browser.close")
        os.waitpid(self._process, 0)
        os.close(self._out)
        os.close(self._in)

    def tab(self) -> "Tab":
        """Return a new tab."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        return Tab(self, session, target)

    def call(self, method: str, session: str = "", **parameters: object) -> Json:
        """Return what comes of a command; raises RuntimeError with what the browser says against it."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters, "sessionId": session}
        text = json.dumps({key: value for key, value in message.items() if value != ""})
        os.write(self._out, text.encode() + b"\0")
        for answer in self._messages():
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return dict(answer["result"])
            self.events.append(answer)
        raise RuntimeError(f"{method}: the browser is gone")

    def wait_for(self, method: str) -> None:
        """Wait for the next event of this name that nobody has seen."""
        if not any(event.get("method") == method for event in self.events):
            for event in self._messages():
                self.events.append(event)
                if event.get("method") == method:
                    return

    def _messages(self) -> Iterator[Json]:
        deadline = time.monotonic() + TIMEOUT
        while True:
            message, end, rest = self._waiting.partition(b"\0")
            if end:
                self._waiting = rest
                yield json.loads(message)
                continue
            if not select.select([self._in], [], [], max(0.0, deadline - time.monotonic()))[0]:
                raise RuntimeError("the browser does not answer")
            more = os.read(self._in, 1 << 20)
            if not more:
                return
            self._waiting += more


class Tab:
    """One page; `told` is what the browser complained about, `asked` each address that it wanted."""

    def __init__(self, browser: Chromium, session: str, target: str) -> None:
        self._browser, self._session, self._target = browser, session, target
        for domain in ("Page", "Runtime", "Log", "Network", "Accessibility"):
            self.call(f"{domain}.enable")

    def open(
        self, path: Path, *, width: int = 1280, height: int = 900, dark: bool = False, script: bool = True
    ) -> None:
        """Show a file in a window of this size."""
        self._browser.events.clear()
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", media="", features=[scheme])
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        self.call("Page.navigate", url=path.as_uri())
        self._browser.wait_for("Page.loadEventFired")

    @property
    def told(self) -> list[str]:
        """Return each complaint: an exception, a line on the console, a broken rule of the page's own policy."""
        names = {"Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"}
        return [json.dumps(event["params"]) for event in self._browser.events if event.get("method") in names]

    @property
    def asked(self) -> list[str]:
        """Return the address of each request."""
        events = [event for event in self._browser.events if event.get("method") == "Network.requestWillBeSent"]
        return [str(event["params"]["request"]["url"]) for event in events]

    def find(self, expression: str) -> Any:
        """Return the value of an expression in the page; raises RuntimeError where it throws."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in found:
            raise RuntimeError(json.dumps(found["exceptionDetails"]))
        return found["result"].get("value")

    def press(self, key: str, code: int) -> None:
        """Press a key that writes nothing, such as Tab (9) or Enter (13)."""
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code, **text)

    def write(self, text: str) -> None:
        """Write into what has the focus."""
        self.call("Input.insertText", text=text)

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Keep what can be seen, or the whole page, as a PNG."""
        path.write_bytes(b64decode(self.call("Page.captureScreenshot", captureBeyondViewport=whole)["data"]))

    def call(self, method: str, **parameters: object) -> Json:
        """Return what comes of a command of this tab."""
        return self._browser.call(method, self._session, **parameters)

    def close(self) -> None:
        """Close the tab."""
        self._browser.call("Target.closeTarget", targetId=self._target)
