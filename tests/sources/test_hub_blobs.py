"""Layers fetched from a hub: verified, resumed, tried again; and which hubs a host could fetch them from without us."""

import random
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.names import ModelName
from reconciler.core.routes import Route
from reconciler.core.steps import Blob, Pull
from reconciler.errors import NotFound, ResolutionError, SourceUnavailable, Unusable
from reconciler.sources import Context, load
from tests.fakes.http_faults import Fault
from tests.fakes.oci_server import OciServer
from tests.sources.downloads import brought
from tests.sources.references import ref

CONTENT = random.Random(7).randbytes(3_000_000)
DIGEST = Digest.of(CONTENT)
CUT = 1_000_000


@pytest.fixture
def blob(oci: OciServer, tmp_path: Path) -> Blob:
    path = tmp_path / "content"
    path.write_bytes(CONTENT)
    oci.blobs[str(DIGEST)] = path
    where = (("name", f"{oci.address}/team/m:tag"), ("insecure", "true"))
    return Blob(DIGEST, len(CONTENT), "ollama", where)


def fetched(context: Context, blob: Blob) -> bytes:
    return brought(load("ollama", context), blob, lambda *_: None).read_bytes()


def refused(context: Context, blob: Blob) -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        fetched(context, blob)
    return caught.value


def ranges(oci: OciServer) -> list[str]:
    return [request.range for request in oci.requests]


def part(context: Context) -> Path:
    return context.downloads / f"{DIGEST.hex}.part"


def test_a_blob_is_fetched_once_reported_and_released(context: Context, oci: OciServer, blob: Blob) -> None:
    source, reports = load("ollama", context), list[tuple[str, int, int]]()

    path = brought(source, blob, lambda *report: reports.append(report))

    assert (path, path.read_bytes()) == (context.downloads / DIGEST.hex, CONTENT)
    assert len(reports) > 2  # as it comes, never whole in memory
    assert reports[-1] == ("downloading", len(CONTENT), len(CONTENT))
    assert [request.path for request in oci.requests] == [f"/v2/team/m/blobs/{DIGEST}"]
    assert brought(source, blob, lambda *_: None) == path
    assert len(oci.requests) == 1
    source.release(blob)
    source.release(blob)
    assert not path.exists()


def test_a_download_goes_on_where_another_process_stopped(context: Context, oci: OciServer, blob: Blob) -> None:
    context.downloads.mkdir()
    part(context).write_bytes(CONTENT[:CUT])

    assert fetched(context, blob) == CONTENT
    assert ranges(oci) == [f"bytes={CUT}-"]


def test_what_has_arrived_whole_is_not_asked_for_again(context: Context, oci: OciServer, blob: Blob) -> None:
    context.downloads.mkdir()
    part(context).write_bytes(CONTENT)

    assert fetched(context, blob) == CONTENT
    assert ranges(oci) == []


def test_a_connection_that_breaks_is_taken_up_again(context: Context, oci: OciServer, blob: Blob) -> None:
    oci.faults.add(Fault("oci", cut_after=CUT))
    oci.faults.add(Fault("oci", drop=True))

    assert fetched(context, blob) == CONTENT
    assert ranges(oci)[0] == ""
    assert set(ranges(oci)[1:]) == {f"bytes={CUT}-"}


def test_a_hub_that_falls_silent_is_asked_again(context: Context, oci: OciServer, blob: Blob) -> None:
    from reconciler.transport import Http

    oci.faults.add(Fault("oci", stall_after=CUT))

    assert fetched(replace(context, http=Http(stall_timeout=0.3)), blob) == CONTENT
    assert ranges(oci) == ["", f"bytes={CUT}-"]


def test_a_hub_that_begins_again_instead_of_going_on_does_no_harm(context: Context, oci: OciServer, blob: Blob) -> None:
    context.downloads.mkdir()
    part(context).write_bytes(CONTENT[:CUT])
    oci.faults.add(Fault("oci", ignore_range=True))

    assert fetched(context, blob) == CONTENT
    assert ranges(oci) == [f"bytes={CUT}-"]


def test_one_flipped_byte_is_found_and_nothing_of_it_is_kept(context: Context, oci: OciServer, blob: Blob) -> None:
    oci.faults.add(Fault("oci", flip_at=CUT))

    error = refused(context, blob)

    assert type(error) is SourceUnavailable
    assert error.message.startswith(f"what arrived is not {DIGEST.short}")
    assert [path.suffix for path in context.downloads.iterdir()] == [".lock"]
    assert fetched(context, blob) == CONTENT


def test_a_hub_that_gives_more_or_less_than_was_pinned_is_not_believed(
    context: Context, oci: OciServer, blob: Blob
) -> None:
    arrived: list[int] = []
    with pytest.raises(SourceUnavailable, match="what arrived is not"):
        brought(load("ollama", context), replace(blob, size=CUT), lambda _, done, __: arrived.append(done))
    assert CUT < arrived[-1] < len(CONTENT)  # it was not even read to its end
    assert len(oci.requests) == 1
    assert "sent less than it said" in refused(context, replace(blob, size=len(CONTENT) + 1)).message


@pytest.mark.parametrize(
    ("status", "kind", "words", "times"),
    [(404, NotFound, "a layer of .* is not on", 1), (500, SourceUnavailable, "answered .* with 500", 3)],
)
def test_what_passes_is_tried_again_and_what_does_not_is_not(
    context: Context, oci: OciServer, blob: Blob, status: int, kind: type[ResolutionError], words: str, times: int
) -> None:
    oci.answer(status, b"")

    with pytest.raises(kind, match=words):
        fetched(context, blob)
    assert len(oci.requests) == times


def test_two_threads_share_one_download(context: Context, oci: OciServer, blob: Blob) -> None:
    with ThreadPoolExecutor(2) as pool:
        assert set(pool.map(lambda _: fetched(context, blob), range(2))) == {CONTENT}
    assert len(oci.requests) == 1


@pytest.mark.parametrize(("status", "offered"), [(0, True), (206, True), (416, True), (404, False)])
def test_a_hub_offers_what_it_would_give(
    context: Context, oci: OciServer, blob: Blob, status: int, offered: bool
) -> None:
    if status:
        oci.answer(status)

    assert load("ollama", context).offers(blob) is offered
    assert ranges(oci) == ["bytes=0-0"]


def test_a_hub_that_knows_no_ranges_offers_as_well(context: Context, oci: OciServer, blob: Blob) -> None:
    oci.faults.add(Fault("oci", ignore_range=True, delay=5))  # seconds before each piece: nobody waits for them

    assert load("ollama", context).offers(blob)


def test_what_is_downloaded_is_offered_whatever_became_of_the_hub(context: Context, oci: OciServer, blob: Blob) -> None:
    fetched(context, blob)
    oci.answer(500)

    assert load("ollama", context).offers(blob)


def test_a_hub_in_trouble_offers_neither_yes_nor_no(context: Context, oci: OciServer, blob: Blob) -> None:
    oci.answer(500)
    with pytest.raises(SourceUnavailable):
        load("ollama", context).offers(blob)
    nobody = (("name", "127.0.0.1:1/team/m:tag"), ("insecure", "true"))
    with pytest.raises(SourceUnavailable, match="no connection"):
        load("ollama", context).offers(replace(blob, locator=nobody))


ROUTES = {
    "content, and nothing about its place": ({}, Route.RELAY),
    "content, and its place": ({"location": True}, Route.PULL),
    "another machine": ({"storage": "http://localhost:1"}, Route.PULL),
    "another port of the same machine": ({"storage": "http://127.0.0.1:1"}, Route.RELAY),
    "another machine, for ever": ({"storage": "http://localhost:1", "moved": 308}, Route.RELAY),
    "another machine, in a way that Ollama does not take": (
        {"storage": "http://localhost:1", "moved": 302},
        Route.RELAY,
    ),
}


def pull_of(oci: OciServer, blob: Blob, model: str = "m") -> Pull:
    name = ModelName.parse(f"{oci.address}/team/{model}:tag")
    return Pull(name, True, Digest.of(b""), ((Digest.of(b"large"), 1 << 40), (DIGEST, blob.size)))


@pytest.mark.parametrize(("hub", "route"), ROUTES.values(), ids=ROUTES)
def test_a_hub_is_relayed_where_ollama_could_not_fetch_from_it(
    context: Context, oci: OciServer, blob: Blob, hub: dict[str, object], route: Route
) -> None:
    for name, value in hub.items():
        setattr(oci, name, value)
    pull = pull_of(oci, blob)

    assert load("ollama", context).route(ref("ollama", name=str(pull.name), insecure=True), pull) is route
    assert [request.path for request in oci.requests] == [f"/v2/team/m/blobs/{DIGEST}"]


def test_a_hub_is_asked_once_whatever_models_it_has_and_however_many_ask(
    context: Context, oci: OciServer, blob: Blob
) -> None:
    source = load("ollama", context)
    pulls = [pull_of(oci, blob, model) for model in "abcd"]

    with ThreadPoolExecutor(4) as pool:
        routes = set(pool.map(lambda pull: source.route(ref("ollama", name=str(pull.name)), pull), pulls))

    assert routes == {Route.RELAY}
    assert len(oci.requests) == 1


@pytest.mark.parametrize("name", ["llama3.2:1b", "hf.co/org/repo:Q4_K_M", "HuggingFace.co/org/repo:latest"])
def test_hubs_that_were_made_for_hosts_are_not_asked(context: Context, refusals: list[str], name: str) -> None:
    source, pull = load("ollama", context), Pull(ModelName.parse(name), False, DIGEST, ((DIGEST, 1),))

    assert source.route(ref("ollama", name=name), pull) is Route.PULL
    assert source.route(ref("ollama", name=name, relay="never"), pull) is Route.PULL
    assert source.route(ref("ollama", name=name, relay="always"), pull) is Route.RELAY
    assert refusals == []


@pytest.mark.parametrize(
    ("status", "kind"), [(404, NotFound), (500, SourceUnavailable), (307, SourceUnavailable), (412, Unusable)]
)
def test_trouble_on_the_way_to_a_route_is_said(
    context: Context, oci: OciServer, blob: Blob, status: int, kind: type[ResolutionError]
) -> None:
    oci.answer(status)
    pull = pull_of(oci, blob)

    with pytest.raises(kind):
        load("ollama", context).route(ref("ollama", name=str(pull.name)), pull)
