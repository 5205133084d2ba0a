"""What is installed to test and build is pinned: exact versions, hashes, and no place named where it comes from."""

import re
import tomllib
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PINNED = sorted((REPOSITORY / ".ci").glob("*.txt"))
MACHINES = r'(?: ; platform_machine in "[\w ]+")?'  # for which there are wheels
REQUIREMENT = re.compile(rf"(?P<name>[a-z0-9][a-z0-9._-]*)==[\w.]+{MACHINES}(?: \\\n    --hash=sha256:[0-9a-f]{{64}})+")


def _names(lines: list[str]) -> set[str]:
    """Return the normalised names of packages in lines such as `Name[extra]>=1.0`."""
    names = (re.match(r"[\w.-]+", line) for line in lines if line and not line.startswith("#"))
    return {re.sub(r"[-_.]+", "-", name[0]).lower() for name in names if name}


@pytest.mark.parametrize("path", PINNED, ids=lambda path: path.name)
def test_every_line_is_a_pinned_requirement_with_hashes(path: Path) -> None:
    """No index, no option and no path of a machine can be in a file of which nothing else is left."""
    text = re.sub(r"^ *#.*\n", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert REQUIREMENT.search(text)
    assert REQUIREMENT.sub("", text).strip() == ""


def test_what_the_project_asks_for_is_locked() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    asked = _names([*project["dependencies"], *(REPOSITORY / ".ci" / "requirements.in").read_text().splitlines()])
    locked = {match["name"] for match in REQUIREMENT.finditer((REPOSITORY / ".ci" / "requirements.txt").read_text())}
    assert asked - {re.sub(r"[-_.]+", "-", name).lower() for name in locked} == set(), "run `make lock`"
