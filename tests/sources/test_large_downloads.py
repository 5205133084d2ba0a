"""Large downloads, from either kind of hub: over several connections, in pieces that nobody asks for twice."""

import random
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event, get_ident

import pytest

from reconciler.core.digest import Digest
from reconciler.core.steps import Blob
from reconciler.errors import Interrupted, SourceUnavailable
from reconciler.sources import Context
from reconciler.sources import load as load_source
from reconciler.sources._files.pieces import PIECE, PieceList
from tests.fakes.hf_server import HubServer
from tests.fakes.http_faults import Fault, Faults
from tests.fakes.oci_server import OciServer
from tests.sources.downloads import brought
from tests.sources.references import ref

COUNT = 4
CONTENT = random.Random(3).randbytes((COUNT - 1) * PIECE + 100_000)
DIGEST = Digest.of(CONTENT)
SPANS = [f"bytes={n * PIECE}-{(n + 1) * PIECE - 1}" for n in range(COUNT - 1)] + [f"bytes={(COUNT - 1) * PIECE}-"]


@dataclass
class Large:
    """A large blob on a hub."""

    context: Context
    blob: Blob
    faults: Faults
    server: str  # what the faults call whoever gives the bytes

    def fails(self, **fault: object) -> None:
        self.faults.add(Fault(self.server, **fault))  # type: ignore[arg-type]

    def spans(self) -> list[str]:
        return [request.range for request in self.faults.requests if request.server == self.server]

    def bring(self, progress: Callable[[str, int, int], None] = lambda *_: None) -> bytes:
        return brought(load_source(self.blob.source, self.context), self.blob, progress).read_bytes()

    @property
    def part(self) -> Path:
        return self.context.downloads / f"{DIGEST.hex}.part"

    @property
    def listed(self) -> PieceList:
        return PieceList(self.part.with_suffix(".pieces"))

    def left(self) -> set[str]:
        return {path.suffix for path in self.context.downloads.iterdir()}


@pytest.fixture
def on_registry(context: Context, oci: OciServer, tmp_path: Path) -> Large:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    oci.blobs[str(DIGEST)] = path
    where = (("name", f"{oci.address}/team/m:tag"), ("insecure", "true"))
    return Large(context, Blob(DIGEST, len(CONTENT), "ollama", where), oci.faults, "oci")


@pytest.fixture
def on_hub(hub_context: Context, hub: HubServer) -> Large:
    hub.commit("org/large", {"m-Q4_0.gguf": CONTENT})
    [(_, blob)] = load_source("huggingface", hub_context).resolve(ref("huggingface", repo="org/large")).files
    hub.requests.clear()
    return Large(hub_context, blob, hub.state.faults, "cdn")


@pytest.fixture(params=["on_registry", "on_hub"])
def large(request: pytest.FixtureRequest) -> Large:
    found: Large = request.getfixturevalue(request.param)
    return found


def test_every_piece_is_asked_for_once_and_nothing_but_the_file_is_left(large: Large) -> None:
    assert large.bring() == CONTENT
    assert sorted(large.spans()) == sorted(SPANS)
    assert large.left() == {"", ".lock"}


def test_the_hub_is_asked_once_where_the_bytes_are(on_hub: Large) -> None:
    on_hub.bring()
    assert [request.method for request in on_hub.faults.requests if request.server == "hub"] == ["HEAD"]


def test_pieces_come_at_the_same_time(large: Large) -> None:
    seen, several = set[int](), Event()

    def meet(*_: object) -> None:
        seen.add(get_ident())
        if len(seen) > 1:
            several.set()
        assert several.wait(10), "one connection alone"

    assert large.bring(meet) == CONTENT


def test_a_connection_that_breaks_costs_no_piece_that_is_there(large: Large) -> None:
    large.fails(cut_after=500_000)
    assert large.bring() == CONTENT
    starts = [int(span.removeprefix("bytes=").partition("-")[0]) for span in large.spans()]
    assert len([start for start in starts if start % PIECE == 500_000]) == 1
    assert len(set(starts)) == len(starts)


def test_a_killed_download_goes_on_with_the_pieces_that_are_missing(large: Large) -> None:
    large.context.downloads.mkdir()
    with large.part.open("wb") as file:
        file.write(CONTENT[:PIECE])
        file.seek(2 * PIECE)
        file.write(CONTENT[2 * PIECE : 3 * PIECE + 70_000])
    large.listed.begin([(0, PIECE), (2, PIECE)])

    assert large.bring() == CONTENT
    assert sorted(large.spans()) == sorted([SPANS[1], SPANS[3]])
    assert large.left() == {"", ".lock"}


def test_what_is_interrupted_goes_on_with_the_bytes_that_are_missing(large: Large) -> None:
    def stop(_: str, done: int, __: int) -> None:
        if done > 2 * PIECE:
            raise Interrupted("enough")

    with pytest.raises(Interrupted):
        large.bring(stop)

    kept = dict(large.listed.read())
    assert sum(kept.values()) > 2 * PIECE
    for number, count in kept.items():
        assert large.part.read_bytes()[number * PIECE :][:count] == CONTENT[number * PIECE :][:count]
    asked = len(large.spans())
    assert large.bring() == CONTENT
    starts = {int(span.removeprefix("bytes=").partition("-")[0]) for span in large.spans()[asked:]}
    there = {number: count for number, count in kept.items() if number * PIECE + count < len(CONTENT) and count < PIECE}
    assert starts >= {number * PIECE + count for number, count in there.items()}
    assert not starts & {number * PIECE for number in kept}


def test_a_list_that_lies_spoils_nothing(large: Large) -> None:
    large.context.downloads.mkdir()
    large.part.write_bytes(bytes(len(CONTENT)))
    large.listed.begin([(number, min(PIECE, len(CONTENT) - number * PIECE)) for number in range(COUNT)])

    with pytest.raises(SourceUnavailable, match="what arrived is not"):
        large.bring()
    assert large.left() == {".lock"}
    assert large.bring() == CONTENT


@pytest.mark.parametrize("text", [f"-1 {PIECE}\n999999999 {PIECE}\n0 -1\n0 0\n0 {PIECE + 1}\n", "\n", "x\n", "0\n"])
def test_a_list_that_can_not_be_true_is_no_list(large: Large, text: str) -> None:
    large.context.downloads.mkdir()
    large.part.write_bytes(CONTENT[:PIECE])
    large.listed.begin([])
    with large.part.with_suffix(".pieces").open("a") as file:
        file.write(text)

    assert large.bring() == CONTENT
    assert sorted(large.spans()) == sorted(SPANS)


def test_a_hub_that_knows_no_ranges_is_heard_from_the_beginning(large: Large) -> None:
    large.fails(ignore_range=True, times=99)
    assert large.bring() == CONTENT
    assert large.left() == {"", ".lock"}


def test_a_hub_that_is_busy_is_asked_again_when_it_said(large: Large) -> None:
    large.fails(status=429, headers={"Retry-After": "1"})
    large.fails(status=503)
    assert large.bring() == CONTENT
    assert len(large.spans()) == COUNT + 2


def test_an_address_that_expires_again_and_again_is_asked_for_again(on_hub: Large) -> None:
    statuses = [200, 200, 403, 403, 403, 200, 403, 403]
    for status in statuses:  # a success in between, and it is not given up after three
        on_hub.fails(**({} if status == 200 else {"status": status}))
    assert on_hub.bring() == CONTENT


def test_one_flipped_byte_is_found_in_any_piece(large: Large) -> None:
    large.fails(flip_at=2 * PIECE + 7, times=99)
    with pytest.raises(SourceUnavailable, match="what arrived is not"):
        large.bring()
    assert large.left() == {".lock"}


def test_a_hub_that_gives_more_than_it_was_asked_for_is_cut_short(large: Large) -> None:
    shorter = replace(large.blob, size=len(CONTENT) - 1)
    with pytest.raises(SourceUnavailable, match="what arrived is not"):
        replace(large, blob=shorter).bring()


def test_the_token_stays_with_the_hub_whatever_piece_is_asked_for(on_hub: Large, hub: HubServer) -> None:
    hub.gate("org/large", "member")
    environ = {"HF_ENDPOINT": hub.url, "HF_TOKEN": "member"}
    replace(on_hub, context=replace(on_hub.context, environ=environ)).bring()
    assert {(item.server, item.authorization) for item in hub.requests} == {("hub", "Bearer member"), ("cdn", "")}
