"""A gate before a server: it lets everything through, until the moment that a test has chosen."""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

_BLOCK = 1 << 16  # bytes


@dataclass
class Trap:
    """What happens, once, at a request that holds `pattern`: before it goes on, after some of it, or at its answer."""

    pattern: bytes
    act: Callable[[], None]
    nth: int = 1  # at the how-manieth such request
    after: int = 0  # bytes of the request that still go through
    answered: bool = False  # wait until the server begins to answer


class Gate:
    """Forwards connections to a server; a connection at which a trap went off is closed."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url if "://" in url else f"http://{url}")
        self._target = (str(parts.hostname), int(parts.port or 80))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.url = f"http://{self.address}"
        self._traps: list[Trap] = []
        self._open: list[socket.socket] = []
        self._went_off = threading.Event()

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        for connection in (self._listener, *self._open):
            _close(connection)

    def at(
        self, pattern: str, act: Callable[[], None], *, nth: int = 1, after: int = 0, answered: bool = False
    ) -> None:
        """Have something happen, once, at a request that holds `pattern`."""
        self._went_off.clear()
        self._traps.append(Trap(pattern.encode(), act, nth, after, answered))

    @property
    def went_off(self) -> bool:
        """Tell whether the last trap found its request within ten seconds, and is done."""
        return self._went_off.wait(10)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target)
        except OSError:
            return _close(client)
        self._open.append(server)
        for side in (client, server):
            side.setsockopt(
                socket.IPPROTO_TCP, socket.TCP_NODELAY, 1
            )  # else each request waits 40 ms for the other's word
        waiting: list[Trap] = []
        threading.Thread(target=self._answers, args=(client, server, waiting), daemon=True).start()
        with suppress(OSError):
            while data := client.recv(_BLOCK):
                trap = self._sprung(data)
                if trap is None:
                    server.sendall(data)
                elif trap.answered:
                    waiting.append(trap)
                    server.sendall(data)
                else:
                    if trap.after:
                        self._let_pass(data, client, server, trap.after)
                    self._go_off(trap)
                    break
        _close(server, client)
        return None

    def _let_pass(self, data: bytes, client: socket.socket, server: socket.socket, left: int) -> None:
        while data and left > 0:
            server.sendall(data[:left])
            left -= len(data)
            data = client.recv(_BLOCK) if left > 0 else b""

    def _answers(self, client: socket.socket, server: socket.socket, waiting: list[Trap]) -> None:
        with suppress(OSError):
            while data := server.recv(_BLOCK):
                if waiting:
                    self._go_off(waiting.pop())
                    break
                client.sendall(data)
        _close(client, server)

    def _sprung(self, data: bytes) -> Trap | None:
        for trap in self._traps:
            if trap.pattern in data:
                trap.nth -= 1
                if trap.nth == 0:
                    return trap
        return None

    def _go_off(self, trap: Trap) -> None:
        trap.act()
        self._went_off.set()


def _close(*connections: socket.socket) -> None:
    for connection in connections:
        with suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)
        connection.close()
