"""Downloads from a hub: verified, resumed by another process, and the token kept at home."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from reconciler.core.steps import Blob
from reconciler.errors import AccessDenied, NotFound
from reconciler.sources import Context, load
from tests.fakes.hf_server import Fault, HubServer
from tests.sources.downloads import CONTENT, DIGEST, FILE, REPO, brought, child, fetched, from_cdn, part, refused


def test_a_file_is_downloaded_verified_and_reported(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    reports: list[tuple[str, int, int]] = []

    path = brought(load("huggingface", hub_context), blob, lambda *report: reports.append(report))

    assert path == hub_context.downloads / DIGEST.hex
    assert path.read_bytes() == CONTENT
    assert not part(hub_context).exists()
    assert [done for _, done, _ in reports] == sorted(done for _, done, _ in reports)
    assert reports[-1] == ("downloading", len(CONTENT), len(CONTENT))
    assert not [request.path for request in hub.requests if "agent-harnesses" in request.path]


def test_what_is_there_is_not_downloaded_again_until_it_is_released(
    hub: HubServer, hub_context: Context, blob: Blob
) -> None:
    fetched(hub_context, blob)
    path = fetched(hub_context, blob)
    assert len(from_cdn(hub)) == 1

    load("huggingface", hub_context).release(blob)

    assert not path.exists()
    assert fetched(hub_context, blob) == path
    assert len(from_cdn(hub)) == 2


def test_the_token_goes_to_the_hub_and_never_to_the_cdn(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    hub.gate(REPO, "member")
    before = len(hub.requests)

    fetched(replace(hub_context, environ={"HF_ENDPOINT": hub.url, "HF_TOKEN": "member"}), blob)

    sent = {(request.server, request.authorization) for request in hub.requests[before:]}
    assert sent == {("hub", "Bearer member"), ("cdn", "")}


def test_a_token_that_lies_in_the_home_is_not_used(
    hub: HubServer, hub_context: Context, blob: Blob, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_TOKEN", "not-for-this-context")

    fetched(hub_context, blob)

    assert {request.authorization for request in hub.requests} == {""}


def test_a_file_that_the_hub_gives_itself_is_fetched_with_the_token(hub: HubServer, hub_context: Context) -> None:
    commit = hub.commit(REPO, {FILE: CONTENT}, lfs=False)
    hub.gate(REPO, "member")
    found = Blob(DIGEST, len(CONTENT), "huggingface", (("repo", REPO), ("commit", commit), ("file", FILE)))

    fetched(replace(hub_context, environ={"HF_ENDPOINT": hub.url, "HF_TOKEN": "member"}), found)

    assert [request.authorization for request in hub.requests] == ["Bearer member", "Bearer member"]


def test_a_download_that_was_killed_goes_on_where_it_stopped(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    hub.fail(Fault(delay=0.003))
    with child(hub, hub_context, blob) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("downloading")
        process.kill()
    kept = part(hub_context).stat().st_size
    assert 0 < kept < len(CONTENT)

    with child(hub, hub_context, blob) as process:
        out, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert kept < int(out.split()[1]) < len(CONTENT)
    assert from_cdn(hub) == ["", f"bytes={kept}-"]
    assert (hub_context.downloads / DIGEST.hex).read_bytes() == CONTENT


def test_a_second_process_waits_for_the_first_and_downloads_nothing(
    hub: HubServer, hub_context: Context, blob: Blob
) -> None:
    hub.fail(Fault(delay=0.005))
    with child(hub, hub_context, blob) as first:
        assert first.stdout is not None
        assert first.stdout.readline().startswith("downloading")
        with child(hub, hub_context, blob) as second:
            for process in (first, second):
                out, err = process.communicate(timeout=60)
                assert (process.returncode, err) == (0, "")
                assert out.splitlines()[-1] == str(hub_context.downloads / DIGEST.hex)
    assert from_cdn(hub) == [""]


def test_two_threads_share_one_download(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    with ThreadPoolExecutor(2) as pool:
        paths = set(pool.map(lambda _: fetched(hub_context, blob), range(2)))

    assert paths == {hub_context.downloads / DIGEST.hex}
    assert from_cdn(hub) == [""]


def test_a_gate_that_closed_since_the_plan_is_said_as_such(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    hub.gate(REPO)

    error = refused(hub_context, blob)

    assert type(error) is AccessDenied
    assert f"{hub.url}/{REPO}" in error.hint


def test_a_file_that_is_gone_since_the_plan_is_not_found(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    *place, _ = blob.locator
    other = refused(hub_context, replace(blob, locator=(*place, ("file", "gone.gguf"))))
    hub.state.repos.clear()

    assert [type(other), type(refused(hub_context, blob))] == [NotFound, NotFound]
    assert "has no such file at" in other.message
