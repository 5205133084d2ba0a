"""Telling systemd how a service gets on: datagrams to the socket that `NOTIFY_SOCKET` names, as by sd_notify(3)."""

import socket
from contextlib import suppress

SOCKET = "NOTIFY_SOCKET"  # the variable; without it nobody is told


def notify(address: str, state: str) -> None:
    """Tell whoever listens at this address, as `READY=1`; nobody where it is empty, and nobody who can't be told."""
    if not address:
        return
    place = f"\0{address[1:]}" if address.startswith("@") else address  # an abstract name of Linux
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as service:
        service.setblocking(False)  # never to be held up by it
        service.sendto(state.encode(), place)
