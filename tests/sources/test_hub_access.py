"""Being let in: what a hub is sent when it asks for more, and that no login of ours ever goes anywhere else."""

import json
import traceback
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.core.digest import Digest
from reconciler.core.routes import Route
from reconciler.core.steps import Blob
from reconciler.errors import AccessDenied, NotFound, ResolutionError, SourceUnavailable
from reconciler.ports import Source
from reconciler.sources import Context, load
from tests.fakes.http_faults import Fault
from tests.fakes.oci_server import MEMBER, TOKEN, OciServer, basic
from tests.sources.downloads import brought
from tests.sources.references import ref
from tests.sources.test_ollama import manifest

LOGIN = "reader:s3cret"
CONTENT = b"weights"


@pytest.fixture
def other() -> Iterator[OciServer]:
    """Give a second server, of another origin: whatever it is sent is on record."""
    with OciServer() as server:
        yield server


@pytest.fixture
def guarded(oci: OciServer, tmp_path: Path) -> OciServer:
    """Return a hub with one model, that wants a login."""
    oci.login = LOGIN
    oci.manifests["team/m:tag"] = manifest()
    for content in (CONTENT, b"config"):
        path = tmp_path / Digest.of(content).hex
        path.write_bytes(content)
        oci.blobs[str(Digest.of(content))] = path
    return oci


def source_for(context: Context, oci: OciServer, login: str = LOGIN) -> Source:
    auths = {"auths": {oci.address: {"auth": basic(login).removeprefix("Basic ")}}}
    return load("ollama", replace(context, environ={"DOCKER_AUTH_CONFIG": json.dumps(auths)}))


def question(oci: OciServer, name: str = "team/m:tag", **options: str):
    return ref("ollama", name=f"{oci.address}/{name}", insecure=True, **options)


def blob_of(oci: OciServer) -> Blob:
    where = (("name", f"{oci.address}/team/m:tag"), ("insecure", "true"))
    return Blob(Digest.of(CONTENT), len(CONTENT), "ollama", where)


def refused(source: Source, oci: OciServer) -> ResolutionError:
    with pytest.raises(ResolutionError) as caught:
        source.resolve(question(oci))
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value)
    assert not [word for word in ("s3cret", basic(LOGIN), MEMBER, TOKEN) if word in shown]
    return caught.value


def sent(oci: OciServer) -> list[str]:
    return [request.authorization for request in oci.requests]


def test_a_login_is_sent_when_the_hub_asks_for_it_and_known_from_then_on(context: Context, guarded: OciServer) -> None:
    source = source_for(context, guarded)
    source.resolve(question(guarded))
    source.offers(blob_of(guarded))

    assert sent(guarded) == ["", basic(LOGIN), basic(LOGIN)]


def test_a_hub_that_asks_for_nothing_is_sent_nothing_and_no_login_is_read(
    context: Context, guarded: OciServer, tmp_path: Path
) -> None:
    guarded.login = ""
    (tmp_path / "config.json").write_text("broken, and nobody minds")
    source = load("ollama", replace(context, environ={"DOCKER_CONFIG": str(tmp_path)}))

    source.resolve(question(guarded))
    brought(source, blob_of(guarded), lambda *_: None)

    assert sent(guarded) == ["", ""]


def test_a_login_becomes_a_token_where_the_hub_gives_tokens(context: Context, guarded: OciServer) -> None:
    guarded.realm = f"{guarded.url}/token"
    source = source_for(context, guarded)

    pull = source.resolve(question(guarded)).pull

    assert pull is not None
    assert sent(guarded) == ["", "", f"Bearer {TOKEN}", basic(LOGIN), f"Bearer {MEMBER}"]
    assert {
        request.path.partition("?")[0] for request in guarded.requests if request.authorization == basic(LOGIN)
    } == {"/token"}
    before = len(guarded.requests)
    assert source.route(question(guarded), pull) is Route.INSTALL
    assert len(guarded.requests) == before


def test_the_login_stays_at_home_where_anybody_gets_a_token(context: Context, guarded: OciServer) -> None:
    guarded.login, guarded.realm, guarded.location = "", f"{guarded.url}/token", True
    source = source_for(context, guarded)

    pull = source.resolve(question(guarded)).pull

    assert pull is not None
    assert basic(LOGIN) not in sent(guarded)
    assert source.route(question(guarded), pull) is Route.RELAY  # a host would follow the Location without the token


def test_a_token_that_has_run_out_is_asked_for_anew(context: Context, guarded: OciServer) -> None:
    guarded.realm = f"{guarded.url}/token"
    source = source_for(context, guarded)
    source.resolve(question(guarded))
    challenge = f'Bearer realm="{guarded.realm}",scope="repository:team/m:pull"'
    guarded.faults.add(Fault("oci", path="/blobs/", status=401, headers={"WWW-Authenticate": challenge}))

    assert brought(source, blob_of(guarded), lambda *_: None).read_bytes() == CONTENT


@pytest.mark.parametrize("realm", ["", "/token"], ids=["by password", "by token"])
def test_a_login_that_is_not_accepted_is_named_by_its_place(context: Context, guarded: OciServer, realm: str) -> None:
    guarded.realm = realm and guarded.url + realm

    error = refused(source_for(context, guarded, "reader:s3cret, once"), guarded)

    assert type(error) is AccessDenied
    assert "team/m:tag for the login in DOCKER_AUTH_CONFIG" in error.message


def test_a_login_is_not_sent_to_a_token_endpoint_of_another_origin(
    context: Context, guarded: OciServer, other: OciServer
) -> None:
    guarded.realm = f"{other.url}/token"

    error = refused(source_for(context, guarded), guarded)

    assert type(error) is AccessDenied
    assert "has its tokens given elsewhere, where the login for it in DOCKER_AUTH_CONFIG is not sent" in error.message
    assert (other.requests, sent(guarded)) == ([], [""])


@pytest.mark.parametrize("realm", ["https://{0}/token", "http://{0}.evil.example/token", "//", "http://["])
def test_what_only_looks_like_the_origin_of_the_hub_is_another(
    context: Context, guarded: OciServer, realm: str
) -> None:
    guarded.realm = realm.format(guarded.address)

    assert "has its tokens given elsewhere" in refused(source_for(context, guarded), guarded).message
    assert sent(guarded) == [""]


def test_a_login_does_not_follow_a_redirect_to_another_origin(
    context: Context, guarded: OciServer, other: OciServer
) -> None:
    guarded.storage, other.blobs = other.url, guarded.blobs
    source = source_for(context, guarded)

    assert source.offers(blob_of(guarded))
    assert brought(source, blob_of(guarded), lambda *_: None).read_bytes() == CONTENT

    assert [request.path for request in other.requests] == [f"/storage/{Digest.of(CONTENT)}"] * 2
    assert sent(other) == ["", ""]
    assert basic(LOGIN) in sent(guarded)


def test_a_token_endpoint_that_sends_on_does_not_pass_the_login_on(
    context: Context, guarded: OciServer, other: OciServer
) -> None:
    guarded.realm = f"{guarded.url}/token"
    guarded.faults.add(Fault("oci", path="/token", times=9, status=307, headers={"Location": f"{other.url}/token?x"}))

    refused(source_for(context, guarded), guarded)

    assert other.requests
    assert set(sent(other)) == {""}


def test_a_challenge_of_the_storage_is_none_of_the_hub(context: Context, guarded: OciServer, other: OciServer) -> None:
    guarded.login, guarded.storage, other.blobs = "", other.url, guarded.blobs
    other.faults.add(Fault("oci", times=9, status=401, headers={"WWW-Authenticate": 'Basic realm="x"'}))

    with pytest.raises(SourceUnavailable, match=r"the storage of .* answered with 401"):
        source_for(context, guarded).offers(blob_of(guarded))

    assert basic(LOGIN) not in sent(guarded) + sent(other)


@pytest.mark.parametrize("challenge", ["", "Digest realm=x", "Negotiate", "Bearer", 'Bearer service="x"'])
def test_a_challenge_that_we_cannot_answer_ends_in_a_refusal(
    context: Context, guarded: OciServer, challenge: str
) -> None:
    guarded.answer(401, b"", WWW_Authenticate=challenge)

    assert type(refused(source_for(context, guarded), guarded)) is AccessDenied
    assert basic(LOGIN) not in sent(guarded)


def test_the_challenge_that_we_can_answer_is_found_among_others(context: Context, guarded: OciServer) -> None:
    guarded.faults.add(
        Fault(
            "oci", status=401, headers={"WWW-Authenticate": 'Digest realm="d", BASIC realm="x", Bearer-ish realm="y"'}
        )
    )

    source_for(context, guarded).resolve(question(guarded))

    assert sent(guarded) == ["", basic(LOGIN)]


def test_a_token_endpoint_is_asked_as_its_hub_spells_it(context: Context, guarded: OciServer) -> None:
    guarded.login = ""
    guarded.realm = f"{guarded.url}/token?via=hub"
    challenge = f'BEARER Realm="{guarded.realm}", Scope="all", Basic realm="x"'
    guarded.faults.add(Fault("oci", status=401, headers={"WWW-Authenticate": challenge}))

    source_for(context, guarded).resolve(question(guarded))

    assert guarded.requests[1].path == "/token?via=hub&scope=all"


def test_a_token_endpoint_in_trouble_may_be_asked_again_later(context: Context, guarded: OciServer) -> None:
    guarded.realm = f"{guarded.url}/token"
    guarded.faults.add(Fault("oci", path="/token", times=9, status=500))

    assert type(refused(source_for(context, guarded), guarded)) is SourceUnavailable


def test_what_is_not_there_is_not_found_with_a_login_too(context: Context, guarded: OciServer) -> None:
    with pytest.raises(NotFound, match="is not on"):
        source_for(context, guarded).resolve(question(guarded, "team/none:tag"))
