"""A story's steps: each is really done, shown as it is done, and held to what it promised."""

import json
import shlex
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.demo.stage import Stage
from tests.demo.terminal import say

_ENDINGS = (signal.SIGINT, signal.SIGTERM)

Models = dict[str, tuple[str, str]]


class Surprise(Exception):
    """A step did not do what the story says."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What there was to see around one command."""

    stage: Stage
    before: Models  # on the server, before the command
    after: Models
    output: str


Facts = Iterable[tuple[str, bool]]
"""Sentences about the real server, each with whether it is true."""


def nothing(seen: Seen) -> Facts:
    """Claim nothing."""
    return ()


@dataclass(frozen=True, slots=True)
class Command:
    """A command as somebody would type it, how it must exit, what it must say, and what must then be true."""

    title: str
    line: str
    status: int = 0
    says: tuple[str, ...] = ()
    facts: Callable[[Seen], Facts] = nothing

    def play(self, stage: Stage) -> int:
        """Do it and return how many facts held; raises Surprise at the first that did not."""
        say.title(self.title)
        say.command(self.line)
        before = stage.server.models()
        status, output = _run(self.line, stage)
        if status != self.status:
            raise Surprise(f"`{self.line}` exited with {status}, not with {self.status}")
        for text in self.says:
            if text not in output:
                raise Surprise(f"`{self.line}` did not say {text!r}")
        held = 0
        for claim, true in self.facts(Seen(stage, before, stage.server.models(), output)):
            if not true:
                raise Surprise(f"it is not true that {claim}")
            say.fact(claim)
            held += 1
        return held


@dataclass(frozen=True, slots=True)
class Meddling:
    """A request that somebody else sends to the server, without us."""

    title: str
    path: str
    body: dict[str, object]

    def play(self, stage: Stage) -> int:
        """Send it; there is no fact to hold yet, so this returns 0."""
        say.title(self.title)
        say.request(f"POST {stage.server.url}{self.path} {json.dumps(self.body)}")
        stage.server.call("POST", self.path, **self.body)
        return 0


@dataclass(frozen=True, slots=True)
class Publication:
    """Another version of the tiny model, which a colleague pushes under the tag that it always has."""

    title: str
    fields: dict[str, object]

    def play(self, stage: Stage) -> int:
        """Push it; there is no fact to hold yet, so this returns 0."""
        say.title(self.title)
        say.request(f"ollama push {stage.environment['REGISTRY']}/demo/tiny:v1  {json.dumps(self.fields)}")
        stage.publish(**self.fields)
        return 0


Step = Command | Meddling | Publication


def _run(line: str, stage: Stage) -> tuple[int, str]:
    """Run a command with its output shown as it comes; returns its exit status and what it wrote to stdout."""
    environment = dict(stage.environment)
    words = shlex.split(line)
    while "=" in words[0]:  # NAME=value or NAME=$OTHER before a command, as in a shell
        name, _, value = words.pop(0).partition("=")
        environment[name] = environment.get(value.removeprefix("$"), value)
    program, *arguments = words
    command = [sys.executable, "-m", "reconciler"] if program == "reconciler" else [program]
    process, lines = None, []
    try:
        with _unbroken():
            process = subprocess.Popen(
                [*command, *arguments],
                cwd=stage.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                encoding="utf-8",
            )
        with process:
            for text in process.stdout or ():
                say.output(text)
                lines.append(text)
    except BaseException:  # Ctrl-C: the command must not outlive the servers that it talks to
        if process is not None:
            process.terminate()
            process.wait()
        raise
    return process.returncode, "".join(lines)


@contextmanager
def _unbroken() -> Iterator[None]:
    """Let Ctrl-C and a kill wait for the end of the block: a process that has just begun must not get lost."""
    came: list[int] = []
    before = {number: signal.signal(number, lambda seen, _: came.append(seen)) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if came:
        signal.raise_signal(came[0])
