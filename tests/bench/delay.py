"""A server far away: `python -m tests.bench.delay HOST:PORT SECONDS` takes connections to it on loopback.

Each direction is late by so many seconds and as wide as ever; a new connection costs a round trip first, as a
real one does.
"""

import asyncio
import os
import sys
from asyncio import Queue, StreamReader, StreamWriter

from tests.bench.programs import serve

_BLOCK = 1 << 18  # bytes


class Distance:
    """The way to one server and back."""

    def __init__(self, server: str, seconds: float) -> None:
        self._place, self._seconds = server.split(":"), seconds

    async def connect(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry one connection."""
        greeted = asyncio.get_running_loop().time() + 2 * self._seconds
        far_reader, far_writer = await asyncio.open_connection(*self._place)
        await asyncio.gather(self._carry(reader, far_writer, greeted), self._carry(far_reader, writer, greeted))

    async def _carry(self, reader: StreamReader, writer: StreamWriter, greeted: float) -> None:
        under_way: Queue[tuple[float, bytes]] = Queue()
        arriving = asyncio.create_task(self._arrive(under_way, writer))
        clock = asyncio.get_running_loop().time
        block = b"begin"
        while block:
            block = await _read(reader)
            under_way.put_nowait((max(clock(), greeted) + self._seconds, block))
        await arriving

    async def _arrive(self, under_way: "Queue[tuple[float, bytes]]", writer: StreamWriter) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            due, block = await under_way.get()
            await asyncio.sleep(due - clock())
            if not block or writer.is_closing():
                return writer.close()
            writer.write(block)


async def _read(reader: StreamReader) -> bytes:
    """Return what came, nothing once the other side has hung up."""
    try:
        return await reader.read(_BLOCK)
    except ConnectionError:
        return b""


async def main(server: str, seconds: str) -> None:
    """Serve until standard input ends."""
    listening = await asyncio.start_server(Distance(server, float(seconds)).connect, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    await asyncio.to_thread(serve, f"127.0.0.1:{port}")
    os._exit(0)  # nobody waits for what is still under way


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
