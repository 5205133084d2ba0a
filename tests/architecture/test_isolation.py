"""The tests themselves: alone on this machine, and without the settings of whoever runs them."""

import os
import socket
from pathlib import Path

import pytest

ELSEWHERE = ("192.0.2.1", 80)  # an address that is reserved for examples


def test_no_connection_leaves_this_machine(refusals: list[str]) -> None:
    with socket.socket() as client, pytest.raises(ConnectionRefusedError, match="loopback only"):
        client.connect(ELSEWHERE)
    assert refusals == [ELSEWHERE[0]]
    refusals.clear()


def test_a_test_has_a_home_of_its_own_and_no_tokens(tmp_path: Path) -> None:
    assert os.environ["HOME"].startswith(str(tmp_path.parent))
    assert not [name for name in os.environ if name.startswith(("HF_", "OLLAMA_")) or name.lower().endswith("_proxy")]
