"""Snapshots: what `status --snapshot` saw near the hosts is what `plan --live` plans from, and no host is asked."""

import json
import re
from datetime import UTC, datetime, timedelta

import click
import pytest
from jsonschema import Draft202012Validator

from reconciler.cli.question import Question
from reconciler.cli.settings import Settings
from reconciler.cli.snapshots import Live, propose, save
from reconciler.cli.wiring import open_store
from reconciler.errors import StalePlan
from tests.conftest import REPOSITORY
from tests.manifests import host as declare_host
from tests.manifests import model, tune, write

FILE = "snapshot.json"
AS_OF = re.compile(r"From a snapshot taken [^\n]*\n")


@pytest.fixture
def fleet(reconciler, folder, host):
    """Apply two models and a build, and leave one of every doubt: drift, a stranger, something missing and new."""
    for seed, name in enumerate(("base", "drifted", "stranger", "lost")):
        model(folder, name, seed=seed)
    tune(folder, "bot", "base")
    assert reconciler("apply", "--auto-approve").status == 0
    assert reconciler("forget", "stranger").status == 0
    held = host.store.manifests
    names = {name[2]: name for name in held}
    held[names["drifted"]] = held[names["stranger"]]
    del held[names["lost"]]
    model(folder, "new", seed=7)
    return folder


@pytest.fixture
def taken(reconciler, fleet, host, tmp_path):
    """Take a snapshot, and return its path."""
    assert reconciler("status", "--snapshot", FILE).status == 0
    host.seen.clear()
    return fleet.parent / FILE


def untold(text):
    """Return a report without what it says of the snapshot."""
    return AS_OF.sub("", text)


def changed(path, change):
    """Change what is in a snapshot."""
    held = json.loads(path.read_text())
    change(held)
    path.write_text(json.dumps(held, indent=2))


def aged(**ago):
    """Return a change that makes a snapshot so much older."""
    at = (datetime.now(UTC) - timedelta(**ago)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return lambda held: held["hosts"][0].update(taken_at=at)


@pytest.mark.parametrize("command", ["plan", "status"])
def test_what_is_told_from_a_snapshot_is_what_the_hosts_tell_and_they_are_not_asked(
    reconciler, taken, host, command, monkeypatch
):
    asked = reconciler(command)
    host.seen.clear()
    monkeypatch.setenv("OLLAMA_HOST", "")
    told = reconciler(command, "--live", FILE)
    assert (told.status, untold(told.out)) == (asked.status, asked.out)
    assert told.out != asked.out
    assert host.seen == []


def test_a_plan_for_machines_says_what_it_was_made_from(reconciler, taken):
    asked, told = (json.loads(reconciler("plan", *words, "--format", "json").out) for words in ([], ["--live", FILE]))
    schema = json.loads((REPOSITORY / "schemas" / "report.schema.json").read_text(encoding="utf-8"))
    Draft202012Validator(schema).validate(told)
    snapshot = told.pop("snapshot")
    assert told == asked
    assert (snapshot["own_records"], 0 <= snapshot["age"] < 60) == (True, True)
    status = json.loads(reconciler("status", "--live", FILE, "--format", "json").out)
    Draft202012Validator(schema).validate(status)
    assert status["snapshot"]["taken_at"] == snapshot["taken_at"]


def test_the_schema_of_snapshots_is_published_and_fits(reconciler, taken):
    published = json.loads(reconciler("schema", "snapshot").out)
    Draft202012Validator(published).validate(json.loads(taken.read_text()))


def test_a_machine_without_a_registry_has_that_of_the_snapshot(reconciler, taken, monkeypatch, tmp_path):
    asked = reconciler("plan")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "nowhere"))
    assert untold(reconciler("plan", "--live", FILE).out) == asked.out
    assert not (tmp_path / "nowhere").exists()


def test_a_registry_that_is_named_wins_and_that_is_said(reconciler, taken, tmp_path):
    told = reconciler("--registry", f"sqlite:///{tmp_path}/other.db", "plan", "--live", FILE)
    assert told.status == 3
    assert "! base:latest" not in told.out  # it is there exactly as declared
    assert "! bot:latest" not in told.out
    assert "! drifted:latest" in told.out
    assert "Its records were left aside for those of the registry that was named.\n" in told.out


def test_its_age_is_told(reconciler, taken):
    changed(taken, aged(hours=3, minutes=5))
    assert "From a snapshot taken 3 hours ago (20" in reconciler("plan", "--live", FILE).out


@pytest.mark.parametrize(
    ("ago", "limit", "why"),
    [
        ({"hours": 25}, "24h", "the snapshot is 25 hours old, and may be 24 hours (--max-age)"),
        ({"minutes": 91}, "90m", "the snapshot is 91 minutes old, and may be 90 minutes (--max-age)"),
        ({"seconds": 9}, "5s", "the snapshot is 9 seconds old, and may be 5 seconds (--max-age)"),
        ({"days": -1}, "7d", "which is yet to come"),
    ],
)
def test_one_that_is_too_old_is_refused(reconciler, taken, ago, limit, why):
    changed(taken, aged(**ago))
    refused = reconciler("plan", "--live", FILE, "--max-age", limit)
    assert (refused.status, refused.out, why in refused.err) == (3, "", True), refused.err
    assert reconciler("plan", "--live", FILE, "--max-age", "8d").status == (3 if "days" in ago else 0)


def test_a_host_that_it_lacks_or_that_is_another_server_now_is_not_observed(reconciler, taken, folder):
    declare_host(folder, "default", "http://another.example:11434")
    declare_host(folder, "gpu-9", "http://gpu-9.example:11434")
    told = reconciler("plan", "--live", FILE)
    assert told.status == 1
    assert "! it is not in the snapshot" in told.out
    assert "! in the snapshot this name is another server's, http://127.0.0.1:" in told.out
    assert "nothing is known about 2 hosts (default, gpu-9)" in told.out


def test_a_host_that_was_silent_when_it_was_taken_stays_unknown(reconciler, folder, host):
    model(folder)
    declare_host(folder, "up", host.url)
    declare_host(folder, "down", "http://127.0.0.1:9")
    assert reconciler("status", "--snapshot", FILE).status == 1
    told = reconciler("plan", "--live", FILE)
    assert told.status == 1
    assert "! it was not observed when the snapshot was taken: no connection" in told.out
    assert "+ tiny:latest" in told.out


def test_bytes_that_the_host_may_have_are_told_as_the_most_that_they_can_be(reconciler, taken, folder, host):
    model(folder, "later", seed=9)  # nobody asked for its blob when the snapshot was taken
    told = reconciler("plan", "--live", FILE, "--target", "later")
    assert re.search(
        r"later.gguf \(\w+\)  at most (\S+ kB)\n(.*\n)+.* At most \1 to move, disk at most \+\1\.", told.out
    )
    found = json.loads(reconciler("plan", "--live", FILE, "--target", "later", "--format", "json").out)
    assert (found["at_most"], found["changes"][0]["at_most"]) == (True, True)


@pytest.mark.parametrize(
    "words",
    [
        ["plan", "--live", FILE, "--out", "p.json"],
        ["status", "--live", FILE, "--snapshot", "other.json"],
        ["status", "--live", FILE, "--metrics-file", "m.prom"],
        ["plan", "--max-age", "24h"],
        ["plan", "--live", FILE, "--max-age", "yesterday"],
    ],
)
def test_what_makes_no_sense_is_wrong_usage(reconciler, taken, words):
    result = reconciler(*words)
    assert (result.status, "Usage:" in result.err) == (64, True)


def test_it_cannot_be_applied(reconciler, taken, host):
    result = reconciler("apply", FILE)
    assert (result.status, "this is no saved plan" in result.err) == (1, True)
    assert host.seen == []


def test_one_that_cannot_be_read_or_written_is_said_to_be(reconciler, taken, host):
    assert reconciler("plan", "--live", "nosuch.json").status == 1
    result = reconciler("status", "--snapshot", "nosuch/s.json")
    assert (result.status, "--snapshot: there is no such folder" in result.err, host.seen) == (1, True, [])


def test_every_finding_about_one_comes_at_once(reconciler, taken):
    changed(taken, lambda held: held["hosts"][0]["models"][0].update(digest="x", sise=1))
    changed(taken, lambda held: held["registry"].update(serial=-1))
    told = reconciler("plan", "--live", FILE, "--format", "json")
    codes = [item["code"] for item in json.loads(told.out)["findings"]]
    assert (told.status, sorted(codes)) == (1, ["unknown-key", "wrong-value", "wrong-value"])
    assert "did you mean 'size'?" in told.err


def test_somebody_who_applies_meanwhile_makes_it_refused(reconciler, folder, host):
    model(folder)
    with click.Context(click.Command("status")):
        settings = Settings.read("info", "text", None, color=False)
        store = open_store(settings)
        proposal = propose(Question(), settings, Live())
        assert reconciler("apply", "--auto-approve").status == 0
        with pytest.raises(StalePlan, match="somebody applied in the meantime"):
            save(folder.parent / FILE, proposal, store)
    assert not (folder.parent / FILE).exists()


def test_it_holds_no_secret_and_everybody_may_read_it(reconciler, folder, host, monkeypatch):
    monkeypatch.setenv("SITE_TOKEN", "s3cr3t-value")
    write(
        folder,
        "h",
        f"kind: Host\nmetadata: {{name: h}}\nspec: {{url: '{host.url}', auth: {{bearerTokenEnv: SITE_TOKEN}}}}\n",
    )
    model(folder)
    assert reconciler("apply", "--auto-approve").status == 0
    assert reconciler("status", "--snapshot", FILE).status == 0
    text = (folder.parent / FILE).read_text()
    assert "s3cr3t" not in text
    assert "TOKEN" not in text
    monkeypatch.delenv("SITE_TOKEN")  # CI has none, and needs none
    assert reconciler("plan", "--live", FILE).status == 0
