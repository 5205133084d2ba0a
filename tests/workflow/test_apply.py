"""Apply: exactly the plan, verified and recorded; what fails leaves the old model and takes only its builds along."""

import pytest

from reconciler.core.names import ModelName
from reconciler.core.outcome import Status
from reconciler.core.steps import STAGING_NAMESPACE
from reconciler.errors import RegistryUnavailable, StalePlan
from tests.manifests import model, tune


def _status(result) -> dict[str, Status]:
    return {str(outcome.address): outcome.status for outcome in result.outcomes}


def _shown(site, name: str) -> dict[str, object]:
    (host,) = site.world().hosts.values()
    return dict(host.show(ModelName.parse(name)))


def _staged(server) -> list[str]:
    return [name for name in server.store.manifests if STAGING_NAMESPACE in name]


def test_bases_come_before_their_builds_and_nothing_temporary_stays(site):
    tune(site.folder, "a-top", "m-build")
    tune(site.folder, "m-build", "z-base")
    model(site.folder, "z-base")
    result = site.apply()
    assert result.good
    made = [facts["model"] for name, facts in site.ear.events if name == "change_applied"]
    assert made == ["z-base:latest", "m-build:latest", "a-top:latest"]
    assert _staged(site.servers["a"]) == []
    assert site.in_sync()


def test_a_failed_change_takes_only_what_is_built_on_it(site):
    model(site.folder, "bad")
    model(site.folder, "good", seed=1)
    tune(site.folder, "on-bad", "bad")
    tune(site.folder, "on-on-bad", "on-bad")
    tune(site.folder, "on-good", "good")
    site.servers["a"].fail("create", error="disk trouble")
    result = site.apply()
    assert _status(result) == {
        "a/bad:latest": Status.FAILED,
        "a/on-bad:latest": Status.SKIPPED,
        "a/on-on-bad:latest": Status.SKIPPED,
        "a/good:latest": Status.APPLIED,
        "a/on-good:latest": Status.APPLIED,
    }
    assert "disk trouble" in next(item.message for item in result.outcomes if item.status is Status.FAILED)
    assert site.apply().good
    assert site.in_sync()


FAULTS = [
    ("create", {"error": "no space left on device"}),
    ("create", {"end": "quiet"}),
    ("create", {"end": "cut", "times": 9}),
    ("create", {"status": 500, "body": '{"error":"broken"}'}),
    ("create", {"end": "cut", "after": True, "times": 9}),
    ("copy", {"status": 500, "body": "oops"}),
    ("upload", {"status": 500, "body": '{"error":"write: no space left on device"}'}),
    ("tags", {"status": 503, "times": 9}),
]


@pytest.mark.parametrize(("call", "fault"), FAULTS, ids=str)
def test_after_any_fault_the_old_model_still_answers_and_the_next_apply_converges(site, call, fault):
    model(site.folder, "m", more="system: old")
    assert site.apply().good
    model(site.folder, "m", seed=1, more="system: new")
    plan = site.plan()
    site.servers["a"].fail(call, **fault)
    result = site.apply(plan)
    assert _status(result) == {"a/m:latest": Status.FAILED}
    assert result.outcomes[0].message
    site.servers["a"]._faults.clear()
    assert _shown(site, "m")["system"] == "old"
    assert _staged(site.servers["a"]) == []
    assert site.apply().good
    assert _shown(site, "m")["system"] == "new"
    assert site.in_sync()


def test_a_model_that_changed_after_the_plan_is_left_alone(site):
    model(site.folder, "m", more="system: old")
    site.apply()
    model(site.folder, "m", more="system: new")
    plan = site.plan()
    _someone_writes(site, "m", "theirs")
    result = site.apply(plan)
    assert _status(result) == {"a/m:latest": Status.REFUSED}
    assert "plan again" in result.outcomes[0].hint
    assert result.outcomes[0].passing
    assert _shown(site, "m")["system"] == "theirs"


def test_a_plan_made_before_another_apply_is_stale(site):
    model(site.folder, "m")
    plan = site.plan()
    site.apply()
    with pytest.raises(StalePlan):
        site.apply(plan)


def test_drift_is_shown_field_by_field_and_repaired(site):
    model(site.folder, "m", more="system: ours")
    site.apply()
    _someone_writes(site, "m", "theirs")
    (change,) = site.plan().pending
    assert [(item.path, item.before, item.after) for item in change.drift] == [("system", "theirs", "ours")]
    assert site.apply().good
    assert _shown(site, "m")["system"] == "ours"
    assert site.in_sync()


def test_a_blob_goes_to_each_host_once_however_many_models_share_it(two):
    model(two.folder, "one")
    (two.folder / "two.yaml").write_text((two.folder / "one.yaml").read_text().replace("name: 'one'", "name: 'two'"))
    assert two.apply().good
    for server in two.servers.values():
        assert len(server.calls("upload")) == 1
        assert len(server.calls("create")) == 2
    assert two.in_sync()


def test_one_host_that_fails_does_not_hold_up_the_other(two):
    model(two.folder, "m")
    plan = two.plan()
    two.servers["a"].fail("create", times=9, error="broken")
    assert _status(two.apply(plan)) == {"a/m:latest": Status.FAILED, "b/m:latest": Status.APPLIED}


def test_a_field_that_the_host_loses_is_no_success(site):
    model(site.folder, "m", more="system: wanted")
    plan = site.plan()
    site.servers["a"].store.unknown = frozenset({"system"})
    result = site.apply(plan)
    assert _status(result) == {"a/m:latest": Status.FAILED}
    assert "system" in result.outcomes[0].message
    assert site.servers["a"].store.manifests == {}


def test_every_outcome_is_on_record_with_its_run(site):
    model(site.folder, "m")
    tune(site.folder, "bot", "m")
    site.servers["a"].fail("create", error="broken")
    site.apply()
    (run,) = site.store.runs(5)
    assert (run.status, run.ended_at is not None) == ("failed", True)
    assert {str(event.outcome.address.model): event.outcome.status for event in site.store.events()} == {
        "m:latest": Status.FAILED,
        "bot:latest": Status.SKIPPED,
    }


def test_a_record_that_cannot_be_written_stops_the_run(site, tmp_path):
    model(site.folder, "m")
    plan = site.plan()
    (tmp_path / "registry.db").mkdir()
    with pytest.raises(RegistryUnavailable):
        site.apply(plan)
    assert not site.servers["a"].calls("create")


def _someone_writes(site, name: str, system: str) -> None:
    from reconciler.core.steps import Create

    (host,) = site.world().hosts.values()
    target = ModelName.parse(name)
    host.create(Create(target, base=target, system=system), lambda *_: None)


def test_a_base_that_changed_after_the_plan_is_not_built_on(site):
    model(site.folder, "base")
    site.apply()
    tune(site.folder, "bot", "base")
    plan = site.plan()
    _someone_writes(site, "base", "theirs")
    result = site.apply(plan)
    assert _status(result) == {"a/bot:latest": Status.REFUSED}
    assert "its base base:latest is" in result.outcomes[0].message
    assert site.apply().good
    assert site.in_sync()


def test_what_passes_is_tried_again_and_what_does_not_is_not(site):
    model(site.folder, "m")
    plan = site.plan()
    site.servers["a"].fail("create", times=2, status=503, body="busy")
    assert site.apply(plan).good
    model(site.folder, "m", seed=1)
    site.servers["a"].seen.clear()
    site.servers["a"].fail("create", times=1, error="unknown architecture")
    assert _status(site.apply()) == {"a/m:latest": Status.FAILED}
    assert site.servers["a"].calls("create") == ["create"]


@pytest.mark.parametrize(
    ("fault", "passing"), [({"status": 503, "body": "busy"}, True), ({"error": "unknown architecture"}, False)], ids=str
)
def test_an_outcome_says_whether_another_run_may_go_better(site, fault, passing):
    model(site.folder, "m")
    site.servers["a"].fail("create", times=9, **fault)
    (outcome,) = site.apply().outcomes
    assert (outcome.status, outcome.passing) == (Status.FAILED, passing)


def test_a_blob_that_a_restart_has_lost_is_uploaded_once_more(site):
    model(site.folder, "m")
    plan = site.plan()
    site.servers["a"].fail("create", restart=True)
    result = site.apply(plan)
    assert result.good
    assert site.servers["a"].calls("upload", "create") == ["upload", "create", "upload", "create"]
    assert result.outcomes[0].moved == 2 * (site.folder / "m.gguf").stat().st_size
    assert site.in_sync()


def test_a_wish_to_stop_skips_what_was_not_begun_and_says_so(site):
    model(site.folder, "m")
    plan = site.plan()
    site.stop.set()
    result = site.apply(plan)
    assert _status(result) == {"a/m:latest": Status.SKIPPED}
    assert "interrupted" in result.outcomes[0].message
    site.stop.clear()
    assert site.apply().good
