"""`watch` under systemd: what it says to a real socket, and that nobody who can't be told holds it up."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from reconciler.cli.systemd import SOCKET, notify
from tests.cli.watched import Watched
from tests.manifests import model


@pytest.fixture(params=["path", "abstract"])
def systemd(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    """Give the socket that `$NOTIFY_SOCKET` names, as systemd has it."""
    with TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        name = f"{folder}/notify"  # in the shortest folder there is: the name of a socket has about 100 characters
        address = name if request.param == "path" else f"\0{name}"
        listening.bind(address)
        listening.settimeout(30)
        monkeypatch.setenv(SOCKET, address.replace("\0", "@"))
        yield listening


def heard(systemd: socket.socket, state: str) -> list[str]:
    """Return what is said up to this, which has to come."""
    told: list[str] = []
    while state not in told:
        told.append(systemd.recv(4096).decode())
    return told


def test_a_watch_says_when_it_is_up_that_it_gets_on_and_when_it_ends(folder, host, systemd):
    model(folder)
    with Watched("--auto-approve") as watch:
        before = heard(systemd, "READY=1")
        assert before == ["WATCHDOG=1", "READY=1"]
        watch.round()
        assert "WATCHDOG=1" in heard(systemd, "WATCHDOG=1")
        watch.signal(signal.SIGTERM)
        assert set(heard(systemd, "STOPPING=1")) <= {"READY=1", "WATCHDOG=1", "STOPPING=1"}
        assert watch.ended() == 0


def test_a_watch_that_cannot_begin_is_not_up(reconciler, folder, systemd):
    model(folder)
    assert reconciler("watch", "--host", "nosuch").status == 64
    notify(os.environ[SOCKET], "the end")
    assert "READY=1" not in heard(systemd, "the end")


def test_who_cannot_be_told_is_no_trouble(tmp_path: Path):
    for address in ("", "@nobody-listens", str(tmp_path / "nothing"), "x" * 200):
        notify(address, "READY=1")


def test_a_systemd_that_does_not_listen_holds_nobody_up(systemd):
    address = systemd.getsockname()
    address = address if isinstance(address, str) else address.decode()
    for _ in range(5_000):  # many more than a socket keeps
        notify(address.replace("\0", "@"), "WATCHDOG=1")
    assert systemd.recv(4096) == b"WATCHDOG=1"
