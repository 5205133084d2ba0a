"""How the demo looks: titles and commands stand out, output is as the commands write it."""

import os
import sys
from dataclasses import dataclass

BOLD, GREEN, RED, DIM, CYAN = "1", "32", "31", "2", "36"


@dataclass(frozen=True, slots=True)
class Teller:
    """Writes to stdout, in colour where somebody watches."""

    colour: bool

    def title(self, text: str) -> None:
        """Write what the next step is about."""
        self._write(f"\n{self._in(BOLD, text)}\n")

    def command(self, line: str) -> None:
        """Write a command before it runs."""
        self._write(self._in(CYAN, f"$ {line}") + "\n")

    def request(self, line: str) -> None:
        """Write a request that somebody else sends."""
        self._write(self._in(CYAN, f"> {line}") + "\n")

    def output(self, text: str) -> None:
        """Write what a command wrote."""
        self._write(text)

    def fact(self, claim: str) -> None:
        """Write a fact that was just found true."""
        self._write(f"{self._in(GREEN, '✓')} {self._in(DIM, claim)}\n")

    def end(self, text: str) -> None:
        """Write the last line of a story that went well."""
        self._write(f"\n{self._in(GREEN, text)}\n")

    def failure(self, text: str) -> None:
        """Write the last line of one that did not."""
        self._write(f"\n{self._in(RED, text)}\n")

    def _in(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.colour else text

    def _write(self, text: str) -> None:
        sys.stdout.write(text)
        sys.stdout.flush()


say = Teller(colour=sys.stdout.isatty() and "NO_COLOR" not in os.environ)
