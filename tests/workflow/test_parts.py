"""Split GGUFs in whole runs: each part fetched once, merged for hosts that can't, and nothing of it left behind."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.lock import Lock
from reconciler.core.outcome import Status
from reconciler.core.parts import merging
from reconciler.report.json_plan import plan_json
from reconciler.report.plan_file import check, opened, sealed
from tests.fakes.http_faults import Fault
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import write
from tests.parts.gguf import in_parts, tiny_model
from tests.workflow.conftest import Site
from tests.workflow.upstream import Upstream, change

SPEC = "kind: Model\nmetadata: {{name: m}}\nspec:\n  source: {{{source}}}\n{more}"


@pytest.fixture
def parts(tmp_path: Path) -> list[Path]:
    tiny_model(tmp_path / "m-F16.gguf")
    return in_parts(tmp_path / "m-F16.gguf", 4)


def whole(parts: list[Path]) -> bytes:
    return (parts[0].parent / "m-F16.gguf").read_bytes()


def declare(upstream: Upstream, parts: list[Path], more: str = "") -> None:
    upstream.hf.commit("org/m", {part.name: part.read_bytes() for part in parts})
    write(upstream.site.folder, "m", SPEC.format(source="huggingface: {repo: org/m}", more=more))


def downloaded(upstream: Upstream) -> list[str]:
    found = [request for request in upstream.hf.requests if request.server == "cdn" and request.method == "GET"]
    return [request.path[1:65] for request in found if not request.range or request.range.endswith("-")]


def kept(site: Site) -> list[str]:
    folder = site.folder.parent / "downloads"
    return [path.name for path in folder.iterdir() if path.suffix != ".lock"] if folder.exists() else []


def weights(server: FakeOllama) -> set[bytes]:
    return {content for content in server.store.blobs.values() if content.startswith(b"GGUF")}


def test_what_is_fetched_once_is_merged_for_an_old_host_and_passed_on_to_a_new_one(
    upstream_of_two: Upstream, parts: list[Path]
) -> None:
    site = upstream_of_two.site
    site.servers["b"].version_text = "0.30.1"
    site.servers["b"].store.version = (0, 30, 1)
    declare(upstream_of_two, parts)
    plan = site.plan()
    assert [merging(item.steps).here for item in plan.changes] == [True, False]  # type: ignore[union-attr]

    assert site.apply(plan).good

    assert weights(site.servers["a"]) == {whole(parts)}
    assert {part.read_bytes() for part in parts} < weights(site.servers["b"])
    names = [sorted(seen.body["files"]) for seen in site.servers["b"].seen if seen.call == "create"]
    assert names == [[f"m-F16-0000{n}-of-00003.gguf" for n in (1, 2, 3)]]
    assert sorted(downloaded(upstream_of_two)) == sorted(Digest.of(part.read_bytes()).hex for part in parts)
    assert kept(site) == []
    assert site.in_sync()


def test_a_saved_plan_holds_whatever_was_merged_meanwhile(upstream: Upstream, parts: list[Path]) -> None:
    declare(upstream, parts)
    before = upstream.site.plan()
    saved = opened(sealed(before, {}), "plan.json")
    upstream.site.servers["a"].fail("create", error="disk trouble")
    assert not upstream.site.apply(before).good

    now = upstream.site.plan()

    assert now.fingerprint == before.fingerprint
    assert (before.total.transfer, now.total.transfer) == (sum(part.stat().st_size for part in parts), 0)
    saved.plan.update(serial=now.serial, lineage=now.lineage)
    check(saved, now)
    assert '"here": true' in plan_json(now)


def test_a_failed_creation_moves_nothing_again(upstream: Upstream, parts: list[Path]) -> None:
    declare(upstream, parts)
    upstream.site.servers["a"].fail("create", error="disk trouble")
    [failed] = upstream.site.apply().outcomes
    assert failed.status is Status.FAILED
    upstream.hf.requests.clear()

    [done] = upstream.site.apply().outcomes

    assert (done.status, done.moved, downloaded(upstream)) == (Status.APPLIED, 0, [])
    assert upstream.site.in_sync()


def test_a_host_that_loses_the_blob_gets_it_once_more(upstream: Upstream, parts: list[Path]) -> None:
    declare(upstream, parts)
    server = upstream.site.servers["a"]
    server.fail("create", restart=True)

    [done] = upstream.site.apply().outcomes

    assert (done.status, done.moved) == (Status.APPLIED, 2 * len(whole(parts)))
    assert upstream.site.in_sync()


BROKEN: dict[str, tuple[Callable[[dict[str, bytes]], object], str]] = {
    "cut off": (lambda files: files.update({"m-F16-00002-of-00003.gguf": b"GGUF"}), "is truncated"),
    "none of it": (lambda files: files.update({"m-F16-00002-of-00003.gguf": b"<html>"}), "is not a GGUF"),
    "one twice": (
        lambda files: files.update({"m-F16-00002-of-00003.gguf": files["m-F16-00001-of-00003.gguf"]}),
        "is to be part 2 of 3, and is part 1 of 3 by its header",
    ),
    "one missing": (lambda files: files.pop("m-F16-00003-of-00003.gguf"), "has 2 of 3 parts of m-F16.gguf"),
}


@pytest.mark.parametrize(("spoil", "words"), BROKEN.values(), ids=BROKEN)
def test_parts_that_are_no_set_are_refused_before_a_byte_moves(
    upstream: Upstream, parts: list[Path], spoil: Callable[[dict[str, bytes]], object], words: str
) -> None:
    declare(upstream, parts)
    files = {part.name: part.read_bytes() for part in parts}
    spoil(files)
    upstream.hf.commit("org/m", files)

    plan = upstream.site.plan()

    assert words in change(plan).note
    assert (change(plan).steps, plan.complete) == ((), False)
    assert set(upstream.calls()) <= {"version", "tags", "has_blob"}


def test_a_part_that_arrives_damaged_is_told_and_what_is_right_is_kept(upstream: Upstream, parts: list[Path]) -> None:
    declare(upstream, parts)
    plan = upstream.site.plan()
    upstream.hf.fail(Fault(flip_at=2000, download=True, times=99))

    [failed] = upstream.site.apply(plan).outcomes

    assert failed.status is Status.FAILED
    assert not weights(upstream.site.servers["a"])
    upstream.hf.state.faults.waiting.clear()
    assert upstream.site.apply().good


def test_what_is_locked_is_made_of_the_locked_parts(upstream: Upstream, parts: list[Path]) -> None:
    declare(upstream, parts)
    upstream.lock()
    assert upstream.site.locking.lock != Lock()
    old = whole(parts)
    tiny_model(parts[0].parent / "m-F16.gguf", seed=1)
    declare(upstream, in_parts(parts[0].parent / "m-F16.gguf", 4))

    plan = upstream.site.plan()

    assert [item.outdated for item in plan.changes] == [True]
    assert upstream.site.apply(plan).good
    assert weights(upstream.site.servers["a"]) == {old}
