"""The closing sentences of a plan: short, however long the plan is, and honest about what is not known."""

from dataclasses import replace

import pytest

from reconciler.core.change import Action, Reason
from reconciler.report.sentences import plan_sentences
from tests.report.builders import change, kept, plan, silent


def told(made, about, **more):
    return [sentence for sentence in plan_sentences(made, **more) if about in sentence]


@pytest.mark.parametrize(("count", "end"), [(1, "m0"), (5, "m4"), (6, "m4:latest and 1 more"), (300, "and 295 more")])
def test_what_is_kept_is_named_up_to_five(count, end):
    (sentence,) = told(plan(*(kept(f"m{number}") for number in range(count))), "kept")
    assert sentence.startswith("No longer declared, and kept: default/m0:latest")
    assert sentence.removesuffix(".").removesuffix(":latest").endswith(end)
    assert sentence.count("default/") == min(count, 5)


def test_silent_hosts_are_counted_and_named_up_to_five():
    (sentence,) = told(plan(hosts=(), unobserved=[silent(f"h{number}") for number in range(7)]), "incomplete")
    assert sentence == "This plan is incomplete: nothing is known about 7 hosts (h0, h1, h2, h3, h4 and 2 more)."


STRANGER = change("m", Action.REFUSE, Reason.UNMANAGED, before=None, note="exists and is not ours")


def test_models_that_can_not_be_made_are_counted_apart_from_those_that_were_not_found():
    changes = (change("a", Action.REFUSE, Reason.UNRESOLVED), change("b", Action.REFUSE, Reason.HOST_TOO_OLD))
    (sentence,) = told(plan(*changes), "incomplete")
    both = "1 model could not be resolved; 1 model can't be made by hosts this old"
    assert sentence == f"This plan is incomplete: {both}."


URL = "sqlite:////state/registry.db"


def test_a_registry_that_is_not_there_is_named_where_that_is_why_models_are_not_ours():
    made = replace(plan(STRANGER), lineage="")
    assert told(made, "registry", registry=URL) == [
        "The registry sqlite:////state/registry.db does not exist yet, so nothing on these hosts is ours."
    ]
    (sentence,) = told(made, "registry", registry="postgresql://ann:secret@db/records")
    assert "secret" not in sentence


@pytest.mark.parametrize(
    "made",
    [
        plan(STRANGER),
        replace(plan(), lineage=""),
        replace(plan(change("m", Action.REFUSE, Reason.UNRESOLVED)), lineage=""),
    ],
)
def test_a_registry_is_not_spoken_of_otherwise(made):
    assert told(made, "registry", registry=URL) == []
