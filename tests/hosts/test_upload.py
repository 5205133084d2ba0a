"""The contract of the Host port about blobs: sent whole or while they arrive, and never kept in part."""

from pathlib import Path

import pytest

from reconciler.arrival import Arrival
from reconciler.core.digest import Digest
from reconciler.errors import HostRejected, SourceUnavailable
from reconciler.hosts.ollama_host import OllamaHost
from tests.hosts.conftest import File, quiet

Files = dict[str, File]


def test_blob_is_there_after_its_upload_and_progress_ends_with_its_size(
    host: OllamaHost, tmp_path: Path, unique: str
) -> None:
    content = unique.encode() * 100_000
    path, digest = tmp_path / "blob", Digest.of(content)
    path.write_bytes(content)
    assert not host.has_blob(digest)
    seen: list[tuple[str, int, int]] = []
    host.upload(digest, Arrival.of(path), lambda *now: seen.append(now))
    assert host.has_blob(digest)
    assert seen[-1] == ("uploading", len(content), len(content))
    assert [done for _, done, _ in seen] == sorted(done for _, done, _ in seen)


def test_a_blob_is_sent_while_it_arrives(host: OllamaHost, tmp_path: Path, unique: str) -> None:
    content = unique.encode() * 100_000
    path, digest, arrival = tmp_path / "blob", Digest.of(content), Arrival(len(content))
    path.write_bytes(content)

    def goes_on(_: str, done: int, __: int) -> None:
        arrival.reached(done + 100_000 if done + 100_000 < len(content) else len(content))
        if done == len(content) - 1:
            arrival.complete()

    arrival.lies_at(path)
    arrival.reached(1)
    host.upload(digest, arrival, goes_on)
    assert host.has_blob(digest)


def test_what_stops_the_content_ends_the_upload_and_leaves_nothing(
    host: OllamaHost, tmp_path: Path, unique: str
) -> None:
    content = unique.encode() * 100_000
    path, digest, arrival = tmp_path / "blob", Digest.of(content), Arrival(len(content))
    path.write_bytes(content)
    arrival.lies_at(path)
    arrival.reached(500_000)
    with pytest.raises(SourceUnavailable, match="gone"):
        host.upload(digest, arrival, lambda *_: arrival.fail(SourceUnavailable("the hub is gone")))
    assert not host.has_blob(digest)
    host.upload(digest, Arrival.of(path), quiet)
    assert host.has_blob(digest)


def test_uploading_what_is_there_is_no_error(host: OllamaHost, files: Files) -> None:
    for _ in range(2):
        host.upload(files["model"].digest, Arrival.of(files["model"].path), quiet)


def test_content_that_does_not_fit_its_digest_is_refused(host: OllamaHost, tmp_path: Path, unique: str) -> None:
    path, digest = tmp_path / "blob", Digest.of(f"{unique} right".encode())
    path.write_bytes(f"{unique} wrong".encode())
    with pytest.raises(HostRejected, match="does not fit") as caught:
        host.upload(digest, Arrival.of(path), quiet)
    assert caught.value.status == 400
    assert not host.has_blob(digest)
