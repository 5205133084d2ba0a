"""What tests of reading share."""

from pathlib import Path

import pytest

from tests.manifest.keeping import everything_read


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of which everything was read; the cache is beside it."""
    return everything_read(tmp_path)
