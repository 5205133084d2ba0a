"""A door with TLS before a server that has none, with a certificate of an authority that nobody else knows."""

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Thread

import trustme


class Authority:
    """An authority; `file` holds the certificate by which others trust it."""

    def __init__(self, folder: Path) -> None:
        self._authority, self.file = trustme.CA(), folder / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.file))

    @contextmanager
    def door(self, url: str, name: str = "localhost") -> Iterator[str]:
        """Give the https address of a door to an http address, which shows a certificate for this name."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert(name).configure_cert(context)
        host, _, port = url.removeprefix("http://").rpartition(":")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            Thread(target=_opened, args=(listener, context, (host, int(port))), daemon=True).start()
            yield f"https://localhost:{listener.getsockname()[1]}"
            listener.shutdown(socket.SHUT_RDWR)


def _opened(listener: socket.socket, context: ssl.SSLContext, target: tuple[str, int]) -> None:
    with suppress(OSError):  # the end of the listener is the end
        while True:
            Thread(target=_through, args=(listener.accept()[0], context, target), daemon=True).start()


def _through(outside: socket.socket, context: ssl.SSLContext, target: tuple[str, int]) -> None:
    with (
        suppress(OSError),
        outside,
        context.wrap_socket(outside, server_side=True) as secured,
        socket.create_connection(target) as inside,
    ):
        Thread(target=_poured, args=(secured, inside), daemon=True).start()
        _poured(inside, secured)


def _poured(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
