"""What becomes of a test whose real part is not on this machine."""

import os
from typing import NoReturn

import pytest


def without(reason: str) -> NoReturn:
    """Skip where a part is missing; fail where all of them must be there."""
    if os.environ.get("CI") or os.environ.get("RECONCILER_REQUIRE_PARTS"):
        pytest.fail(f"{reason} (`make parts` says why)", pytrace=False)
    pytest.skip(reason)
