"""`make parts` brings what is missing, once, whole or not at all, and says what it could not have."""

import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.parts.install import Part, ensure


@dataclass
class Shop:
    """Brings a part of one file, and counts how often; or fails after it wrote something."""

    trouble: Exception | None = None
    brought: list[Path] = field(default_factory=list)

    def bring(self, target: Path, work: Path) -> None:
        self.brought.append(target)
        (target / "program").write_text("whole")
        if self.trouble:
            raise self.trouble


def _part(shop: Shop, pins: Path, here: str = "") -> Part:
    return Part("thing", "1 MB", pins, lambda: here, shop.bring, "its tests are skipped")


@pytest.fixture
def pins(tmp_path: Path) -> Path:
    path = tmp_path / "pins.txt"
    path.write_text("thing==1")
    return path


def test_a_part_is_brought_once(tmp_path: Path, pins: Path) -> None:
    shop = Shop()
    first, second = (ensure(_part(shop, pins), tmp_path / "parts") for _ in range(2))

    assert (first, second) == ("now in .parts/thing", "in .parts/thing")
    assert len(shop.brought) == 1
    assert (tmp_path / "parts" / "thing" / "program").read_text() == "whole"


def test_new_pins_bring_it_anew(tmp_path: Path, pins: Path) -> None:
    shop = Shop()
    ensure(_part(shop, pins), tmp_path)
    pins.write_text("thing==2")
    ensure(_part(shop, pins), tmp_path)
    assert len(shop.brought) == 2


def test_what_the_machine_has_is_used(tmp_path: Path, pins: Path) -> None:
    shop = Shop()
    assert ensure(_part(shop, pins, here="/usr/bin/thing"), tmp_path) == "/usr/bin/thing"
    assert shop.brought == []


@pytest.mark.parametrize(
    ("trouble", "reason"),
    [
        (RuntimeError("it needs libsomething"), "it needs libsomething"),
        (FileNotFoundError("no apt-get"), "no apt-get"),
        (
            subprocess.CalledProcessError(100, ["/usr/bin/apt-get"], stderr="a\nE: no network"),
            "apt-get failed (E: no network)",
        ),
        (subprocess.CalledProcessError(1, ["python"], stderr=None), "python failed"),
    ],
    ids=["a library", "no program", "apt", "pip"],
)
def test_a_part_that_cannot_be_had_leaves_nothing_and_is_tried_again(
    trouble: Exception, reason: str, tmp_path: Path, pins: Path
) -> None:
    parts = tmp_path / "parts"
    assert ensure(_part(Shop(trouble), pins), parts) == f"not to be had: {reason}; its tests are skipped"
    assert list(parts.iterdir()) == []
    assert ensure(_part(Shop(), pins), parts) == "now in .parts/thing"
