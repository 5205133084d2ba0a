"""Downloads through the hub's real client: verified, resumed by another process, and the token kept at home."""

import os
import random
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.steps import Blob
from reconciler.errors import AccessDenied, NotFound, ResolutionError, SourceUnavailable
from reconciler.sources import Context, load
from tests.fakes.hf_server import Fault, HubServer
from tests.sources.references import ref

REPO, FILE = "org/tiny-GGUF", "q/tiny-Q4_0.gguf"
PIECE = 10 << 20  # bytes that the client reads before it writes any
CONTENT = random.Random(1).randbytes(2 * PIECE + 5_000_000)
DIGEST = Digest.of(CONTENT)


@pytest.fixture
def blob(hub: HubServer, hub_context: Context) -> Blob:
    hub.commit(REPO, {FILE: CONTENT})
    [(name, found)] = load("huggingface", hub_context).resolve(ref("huggingface", repo=REPO)).files
    assert name == "tiny-Q4_0.gguf"
    return found


def fetched(context: Context, blob: Blob) -> Path:
    return load("huggingface", context).fetch(blob, lambda *_: None)


def refused(context: Context, blob: Blob) -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        fetched(context, blob)
    return caught.value


def from_cdn(hub: HubServer) -> list[str]:
    return [request.range for request in hub.requests if request.server == "cdn"]


def part(context: Context) -> Path:
    return context.downloads / f"{DIGEST.hex}.part"


def test_a_file_is_downloaded_verified_and_reported(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    reports: list[tuple[str, int, int]] = []

    path = load("huggingface", hub_context).fetch(blob, lambda *report: reports.append(report))

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


@contextmanager
def child(hub: HubServer, context: Context, blob: Blob, *shell: str) -> Iterator["subprocess.Popen[str]"]:
    place = [value for _, value in blob.locator]
    command = [
        *shell,
        sys.executable,
        "-m",
        "tests.sources.download_child",
        hub.url,
        str(context.downloads),
        blob.digest.hex,
    ]
    environ = {**os.environ, "HF_HUB_DOWNLOAD_TIMEOUT": "1"}
    with subprocess.Popen(
        [*command, str(blob.size), *place], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        yield process


def test_a_download_that_was_killed_goes_on_where_it_stopped(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    hub.fail(Fault(delay=0.003))
    with child(hub, hub_context, blob) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"downloading {PIECE} {len(CONTENT)}\n"
        process.kill()
    kept = part(hub_context).stat().st_size
    assert 0 < kept < len(CONTENT)

    with child(hub, hub_context, blob) as process:
        out, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert f"checking {kept} {len(CONTENT)}" in out
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


def test_a_stalled_download_goes_on_by_itself(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    hub.fail(Fault(stall_after=PIECE + 70_000))
    with child(hub, hub_context, blob) as process:
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert from_cdn(hub) == ["", f"bytes={PIECE}-"]


def test_a_connection_that_breaks_is_taken_up_again(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    hub.fail(Fault(cut_after=PIECE + 70_000))

    assert fetched(hub_context, blob).read_bytes() == CONTENT
    assert from_cdn(hub) == ["", f"bytes={PIECE}-"]


def test_a_storage_that_is_down_for_a_moment_is_asked_again_at_a_new_address(
    hub: HubServer, hub_context: Context, blob: Blob
) -> None:
    hub.fail(Fault(cut_after=PIECE + 70_000))
    hub.fail(Fault(status=503))

    assert fetched(hub_context, blob).read_bytes() == CONTENT
    assert from_cdn(hub) == ["", f"bytes={PIECE}-", f"bytes={PIECE}-"]
    assert [request.method for request in hub.requests if "/resolve/" in request.path] == ["HEAD", "HEAD"]


def test_a_server_that_begins_again_instead_of_going_on_does_no_harm(
    hub: HubServer, hub_context: Context, blob: Blob
) -> None:
    hub_context.downloads.mkdir()
    part(hub_context).write_bytes(CONTENT[:70_000])
    hub.fail(Fault(ignore_range=True))

    assert fetched(hub_context, blob).read_bytes() == CONTENT
    assert from_cdn(hub) == ["bytes=70000-"]


@pytest.mark.parametrize("there", [b"x" * 70_000, CONTENT + b"more"], ids=["other bytes", "too many"])
def test_a_spoilt_partial_file_never_becomes_a_model(hub_context: Context, blob: Blob, there: bytes) -> None:
    hub_context.downloads.mkdir()
    part(hub_context).write_bytes(there)
    if len(there) < len(CONTENT):
        assert "what arrived is not" in refused(hub_context, blob).message

    assert fetched(hub_context, blob).read_bytes() == CONTENT


def test_one_flipped_byte_is_found_and_nothing_of_it_is_kept(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    hub.fail(Fault(flip_at=1_000_000))

    error = refused(hub_context, blob)

    assert type(error) is SourceUnavailable
    assert error.message.startswith(f"what arrived is not {DIGEST.short}")
    assert [path.suffix for path in hub_context.downloads.iterdir()] == [".lock"]
    assert fetched(hub_context, blob).read_bytes() == CONTENT


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


def test_trouble_that_lasts_is_told_without_the_signed_address(
    hub: HubServer, hub_context: Context, blob: Blob
) -> None:
    hub.fail(Fault(times=99, status=403))

    error = refused(hub_context, blob)

    assert type(error) is SourceUnavailable
    assert str(error) == "the hub's storage answered with 403 (try again later)"
    assert len(from_cdn(hub)) == 3


def test_a_hub_that_hangs_up_is_asked_three_times(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    hub.fail(Fault("hub", method="HEAD", times=99, drop=True))

    error = refused(hub_context, blob)

    assert type(error) is SourceUnavailable
    assert str(error).startswith("the download broke off: RemoteProtocolError (run again")
    assert len([request for request in hub.requests if request.method == "HEAD"]) == 3


def test_a_file_that_is_another_size_than_the_hub_said_is_refused(hub_context: Context, blob: Blob) -> None:
    for wrong in (1, -1):
        assert type(refused(hub_context, replace(blob, size=blob.size + wrong))) is SourceUnavailable


def test_two_threads_share_one_download(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    with ThreadPoolExecutor(2) as pool:
        paths = set(pool.map(lambda _: fetched(hub_context, blob), range(2)))

    assert paths == {hub_context.downloads / DIGEST.hex}
    assert from_cdn(hub) == [""]


def test_a_folder_that_cannot_be_written_is_named(hub_context: Context, blob: Blob) -> None:
    hub_context.downloads.write_text("a file where the folder should be")

    assert str(hub_context.downloads) in refused(hub_context, blob).message


def test_a_disk_that_takes_no_more_is_named_and_keeps_what_it_has(
    hub: HubServer, hub_context: Context, blob: Blob
) -> None:
    with child(hub, hub_context, blob, "sh", "-c", 'ulimit -f 24000; exec "$@"', "sh") as process:
        _, err = process.communicate(timeout=60)

    assert f"ResolutionError: {hub_context.downloads}: File too large (is the disk full?)" in err
    assert part(hub_context).stat().st_size >= PIECE
    assert fetched(hub_context, blob).read_bytes() == CONTENT


def test_a_download_larger_than_the_disk_is_refused_before_it_begins(
    hub: HubServer, hub_context: Context, blob: Blob
) -> None:
    error = refused(hub_context, replace(blob, size=1 << 60))

    assert "are free in" in error.message
    assert from_cdn(hub) == []
