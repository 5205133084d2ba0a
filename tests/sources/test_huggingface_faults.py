"""Downloads while something fails: what passes is lived through, what lasts is said, and nothing wrong is kept."""

from dataclasses import replace

import pytest

from reconciler.core.steps import Blob
from reconciler.errors import SourceUnavailable
from reconciler.sources import Context
from tests.fakes.hf_server import Fault, HubServer
from tests.sources.downloads import CONTENT, CUT, DIGEST, child, fetched, from_cdn, part, refused


def test_a_stalled_download_goes_on_by_itself(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    hub.fail(Fault(stall_after=CUT))
    with child(hub, hub_context, blob) as process:
        _, err = process.communicate(timeout=60)

    assert (process.returncode, err) == (0, "")
    assert from_cdn(hub) == ["", f"bytes={CUT}-"]


def test_a_connection_that_breaks_is_taken_up_again(hub: HubServer, hub_context: Context, blob: Blob) -> None:
    hub.fail(Fault(cut_after=CUT))

    assert fetched(hub_context, blob).read_bytes() == CONTENT
    assert from_cdn(hub) == ["", f"bytes={CUT}-"]


def test_a_storage_that_is_down_for_a_moment_is_asked_again_at_a_new_address(
    hub: HubServer, hub_context: Context, blob: Blob
) -> None:
    hub.fail(Fault(cut_after=CUT))
    hub.fail(Fault(status=503))

    assert fetched(hub_context, blob).read_bytes() == CONTENT
    assert from_cdn(hub) == ["", f"bytes={CUT}-", f"bytes={CUT}-"]
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
    assert str(error).startswith(f"{hub.url}: the download broke off: the connection broke: ProtocolError (run again")
    assert len([request for request in hub.requests if request.method == "HEAD"]) == 3 * 2  # a new connection each time


def test_a_file_that_is_another_size_than_the_hub_said_is_refused(hub_context: Context, blob: Blob) -> None:
    for wrong in (1, -1):
        assert type(refused(hub_context, replace(blob, size=blob.size + wrong))) is SourceUnavailable


def test_a_folder_that_cannot_be_written_is_named(hub_context: Context, blob: Blob) -> None:
    hub_context.downloads.write_text("a file where the folder should be")

    error = refused(hub_context, blob)
    assert str(hub_context.downloads) in error.message
    assert error.hint.startswith("make it a folder that you can write")


def test_a_disk_that_takes_no_more_is_named_and_keeps_what_it_has(
    hub: HubServer, hub_context: Context, blob: Blob
) -> None:
    with child(hub, hub_context, blob, "sh", "-c", 'ulimit -f 24000; exec "$@"', "sh") as process:
        _, err = process.communicate(timeout=60)

    assert f"ResolutionError: {hub_context.downloads}: File too large (is the disk full?)" in err
    assert part(hub_context).stat().st_size >= CUT
    assert fetched(hub_context, blob).read_bytes() == CONTENT


def test_a_download_larger_than_the_disk_is_refused_before_it_begins(
    hub: HubServer, hub_context: Context, blob: Blob
) -> None:
    error = refused(hub_context, replace(blob, size=1 << 60))

    assert "are free in" in error.message
    assert from_cdn(hub) == []
