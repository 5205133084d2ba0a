"""How the doctor judges: each fact, and the grade that it gets."""

import pytest

from reconciler.core import diagnosis, surroundings
from reconciler.core.diagnostics import Diagnostic, Location, Severity
from reconciler.core.digest import Digest
from reconciler.core.health import Area, Condition, Grade, Space, Visit, found
from reconciler.core.names import HostName, ModelName
from tests.report.builders import address, recorded

A = HostName("a")
DIGEST = "sha256:" + "a" * 64


def graded(findings):
    return [(item.grade, item.message) for item in findings]


VERSIONS = [
    ("0.9.3", Grade.OK, "ollama 0.9.3"),
    ("0.24.0", Grade.OK, "ollama 0.24.0"),
    ("0.33.9", Grade.OK, "ollama 0.33.9"),
    ("0.34.0", Grade.WARNING, "newer than 0.33"),
    ("0.9.2", Grade.WARNING, "older than 0.9.3"),
    ("0.0.0", Grade.WARNING, "not a version that can be compared"),
    ("custom", Grade.WARNING, "not a version that can be compared"),
]


@pytest.mark.parametrize(("version", "grade", "words"), VERSIONS)
def test_a_version_is_known_or_said_not_to_be(version, grade, words):
    (one,) = diagnosis.visited(Visit(A, "http://a", version))
    assert (one.grade, one.area, one.about) == (grade, Area.HOSTS, "a")
    assert words in one.message
    assert bool(one.hint) == (grade is not Grade.OK)


CLOCKS = [
    (None, ""),
    (0.0, ""),
    (60.0, ""),
    (-60.0, ""),
    (61.0, "61 seconds ahead of"),
    (-300.0, "5 minutes behind"),
    (7200.0, "2 hours ahead of"),
    (-200_000.0, "2 days behind"),
]


@pytest.mark.parametrize(("ahead", "words"), CLOCKS)
def test_a_clock_may_differ_by_a_minute(ahead, words):
    _, *more = diagnosis.visited(Visit(A, "http://a", "0.9.3", ahead))
    assert [item.grade for item in more] == ([Grade.WARNING] if words else [])
    assert all(words in item.message and "NTP" in item.hint for item in more)


def test_a_host_that_is_silent_gets_advice_even_where_the_error_has_none():
    assert "ollama serve" in diagnosis.unreachable(A, "http://a", "no connection", "").hint
    assert diagnosis.unreachable(A, "http://a", "HTTP 401", "a token").hint == "a token"


def test_temporary_names_are_told_with_the_run_that_left_them():
    names = {text: ModelName.parse(text) for text in ("reconciler-staging/abc", "reconciler-staging/x", "mine", "odd")}
    known = {names["reconciler-staging/x"]: "run-7", names["odd"]: "run-8", ModelName.parse("gone"): "run-9"}
    told = list(diagnosis.temporary(A, names.values(), known))
    assert [item.message.partition(",")[0] for item in told] == [
        "odd:latest was left behind by run run-8",
        "reconciler-staging/abc:latest is a temporary name",
        "reconciler-staging/x:latest was left behind by run run-7",
    ]
    assert [item.hint for item in told][1] == "`ollama rm reconciler-staging/abc:latest`"


def test_the_blobs_of_a_model_are_what_its_facts_name():
    content = (("adapters", (DIGEST,)), ("parameters.x", "sha256:no"), ("system", "sha256:no"), ("weights", DIGEST))
    assert diagnosis.layers(content) == (Digest.parse(DIGEST),) * 2


def test_content_that_is_gone_is_an_error_and_content_that_is_there_is_none():
    record = recorded("m", "a")
    assert list(diagnosis.vanished(record, ())) == []
    (one,) = diagnosis.vanished(record, (Digest.parse(DIGEST),))
    assert (one.grade, one.about) == (Grade.ERROR, "a")
    assert "gone from the disk: blob aaaaaaaaaaaa" in one.message


def test_records_about_hosts_that_nobody_declares_are_counted_by_host():
    records = [recorded("m", "a"), recorded("m", "b"), recorded("n", "b"), recorded("m", "c")]
    told = [(item.about, item.message[:16]) for item in diagnosis.recorded_elsewhere(records, [A])]
    assert told == [("b", "2 models are on "), ("c", "1 model is on re")]


CONDITIONS = [
    (Condition(0, 2), [(Grade.OK, "none yet")]),
    (Condition(2, 2, "abc", 7, 1), [(Grade.OK, "1 model on record, lineage abc, serial 7, version 2")]),
    (Condition(1, 2, records=3), [(Grade.OK, "3 models"), (Grade.WARNING, "version 1 of 2")]),
    (Condition(3, 2), [(Grade.OK, "0 models"), (Grade.ERROR, "version 3, and this program knows 2")]),
    (Condition(2, 2, writable=False), [(Grade.OK, "0 models"), (Grade.ERROR, "can't be written")]),
    (Condition(2, 2, damage="page 3"), [(Grade.ERROR, "damaged: page 3")]),
]


@pytest.mark.parametrize(("condition", "wanted"), CONDITIONS)
def test_a_registry_is_judged_by_version_integrity_and_leave_to_write(condition, wanted):
    told = graded(diagnosis.registry(condition, "/r.db"))
    assert [grade for grade, _ in told] == [grade for grade, _ in wanted]
    assert all(words in message for (_, words), (_, message) in zip(wanted, told, strict=True))


RUNS = [
    ((), []),
    ((("r1", "succeeded", False),), []),
    ((("r2", "running", False), ("r1", "succeeded", False)), ["r2"]),
    ((("r2", "running", True), ("r1", "abandoned", False)), ["r1"]),
    ((("r3", "partial", False), ("r2", "abandoned", False), ("r1", "running", False)), ["r2", "r1"]),
    ((("r2", "succeeded", False), ("r1", "abandoned", False)), []),
]


@pytest.mark.parametrize(("runs", "dead"), RUNS)
def test_runs_that_died_are_told_until_one_ends_well(runs, dead):
    assert list(diagnosis.died(runs)) == dead


SPACES = [
    (Space("/c", diagnosis.DOWNLOADS, 10**11, writable=True), Grade.OK),
    (Space("/c", diagnosis.DOWNLOADS, 10**9, writable=True), Grade.WARNING),
    (Space("/c", "records", 10**9, writable=True), Grade.OK),
    (Space("/c", "records", 10**7, writable=True), Grade.ERROR),
    (Space("/c", "records", 10**11, writable=False), Grade.ERROR),
]


@pytest.mark.parametrize(("space", "grade"), SPACES)
def test_a_disk_needs_room_for_what_goes_there(space, grade):
    one = diagnosis.space(space)
    assert (one.grade, one.about, bool(one.hint)) == (grade, "/c", grade is not Grade.OK)


def test_findings_about_manifests_keep_their_place_and_are_not_endless():
    many = [Diagnostic(Location("m.yaml", line), "wrong", "mend", Severity.WARNING) for line in range(1, 23)]
    told = list(surroundings.written(Area.MANIFESTS, many))
    assert (told[0].about, told[0].grade, told[0].hint) == ("m.yaml:1", Grade.WARNING, "mend") or told[0].about
    assert (len(told), told[-1].message) == (surroundings.MOST + 1, "and 2 more")
    assert found(told, Grade.WARNING) == surroundings.MOST


LOCKS = [
    ("lock-contradicted", False, Grade.ERROR),
    ("not-locked", False, Grade.WARNING),
    ("not-locked", True, Grade.ERROR),
    ("not-referred-to", True, Grade.WARNING),
]


@pytest.mark.parametrize(("code", "required", "grade"), LOCKS)
def test_a_lock_that_disagrees_is_as_bad_as_what_plans_make_of_it(code, required, grade):
    (one,) = surroundings.lock([Diagnostic(Location("r.lock", 4), "differs", code=code)], required=required)
    assert (one.area, one.grade) == (Area.LOCK, grade)


@pytest.mark.parametrize(("required", "grade"), [(False, Grade.OK), (True, Grade.ERROR)])
def test_without_a_lock_references_are_followed_unless_that_is_ruled_out(required, grade):
    assert surroundings.no_lock("r.lock", required=required).grade is grade


BINDINGS = [
    ("GPU=https://gpu", True, ""),
    ("GPU", False, "entry 1 is not"),
    ("s3cret=", False, "what it says of s3cret"),
    ("=https://x", True, "entry 1 is not"),
    ("hf_s3cret!=https://x", True, "entry 1 is not"),
]


@pytest.mark.parametrize(("pair", "origin", "words"), BINDINGS)
def test_a_binding_that_binds_nothing_is_told_without_repeating_what_may_be_a_secret(pair, origin, words):
    told = list(surroundings.bindings("RECONCILER_SECRETS", [pair], [origin]))
    assert [item.grade for item in told] == ([Grade.ERROR] if words else [])
    assert all(words in item.message and "hf_" not in item.message for item in told)


def test_a_secret_is_never_shown():
    good = surroundings.secret("T", "s3cret", "https://a", open_=False)
    spaced = surroundings.secret("T", "s3cret\n", "https://a", open_=False)
    heard = surroundings.secret("T", "s3cret", "http://a", open_=True)
    assert [item.grade for item in (good, spaced, heard)] == [Grade.OK, Grade.WARNING, Grade.WARNING]
    assert not [item for item in (good, spaced, heard) if "s3cret" in item.message + item.hint]


def test_a_proxy_that_catches_this_machine_is_told():
    one = surroundings.through("a", "http://127.0.0.1:11434", "http://proxy:3128", here=True)
    assert (one.grade, "NO_PROXY" in one.hint) == (Grade.WARNING, True)
    far = surroundings.through("a", "http://gpu:11434", "http://proxy:3128", here=False)
    assert (far.grade, "through the proxy http://proxy:3128" in far.message) == (Grade.OK, True)


def test_optional_parts_are_no_fault():
    told = list(surroundings.extras({"postgres": ["psycopg"], "other": []}))
    assert [(item.about, item.grade, item.message[:9]) for item in told] == [
        ("other", Grade.OK, "installed"),
        ("postgres", Grade.OK, "not insta"),
    ]


def test_what_is_not_as_we_left_it_is_the_business_of_plans():
    from reconciler.core.state import Live

    record = recorded("m", "a")
    as_left, other = Live(record.address, record.digest, 1), Live(record.address, Digest.parse(DIGEST), 1)
    assert diagnosis.in_place([record], {record.address: as_left}) == (record,)
    assert diagnosis.in_place([record], {record.address: other}) == ()
    assert diagnosis.in_place([record], {address("m", "b"): as_left}) == ()
