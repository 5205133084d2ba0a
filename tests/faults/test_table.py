"""Every fault of the table: it is seen as it should be, the old model answers, and the next apply converges."""

import re

import pytest

from tests.faults.places import Parts
from tests.faults.table import TABLE, observe
from tests.parts.missing import without


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    with Parts(tmp_path_factory.mktemp("parts")) as made:
        yield made


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_the_old_model_answers_and_the_next_apply_converges(row, tmp_path, parts):
    if lacking := row.missing:
        without(lacking)
    seen, answered, then = observe(row, tmp_path, parts)
    assert re.search(row.seen, seen), seen
    assert answered == row.answers, (seen, answered)
    assert then == "in sync"
