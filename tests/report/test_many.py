"""Reports of a large fleet in which everything is new take time as it has models, not by its square."""

from dataclasses import replace
from time import process_time

import pytest

from reconciler.core.change import Cost
from reconciler.report.html.page import page
from reconciler.report.json_report import plan_json
from reconciler.report.terminal import plan_text
from tests.report.builders import create, host, plan
from tests.report.page_cases import report

MADE = {
    "text": lambda made: plan_text(made, colour=False),
    "json": plan_json,
    "html": lambda made: page(report(made)),
}


def _all_new(hosts):
    titles = [f"gpu-{number:02}" for number in range(hosts)]
    made = plan(*(create(f"m{n}:7b", title) for title in titles for n in range(100)), hosts=map(host, titles))
    return replace(made, costs=tuple((change.address, Cost(1, 1)) for change in made.changes))


@pytest.mark.parametrize("make", MADE.values(), ids=MADE)
def test_four_times_the_hosts_take_about_four_times_as_long(make):
    few, many = (min(_seconds(make, _all_new(hosts)) for _ in range(2)) for hosts in (4, 16))
    assert many < 9 * few


def _seconds(make, made):
    start = process_time()
    make(made)
    return process_time() - start
