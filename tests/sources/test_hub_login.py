"""Logins: where they are looked for, which hub each is for, and that none of them shows in a message."""

import base64
import json
import traceback
from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.errors import AccessDenied
from reconciler.sources._hub.login import Login, Logins

SECRET = "pa:ss wörd"
ENCODED = base64.b64encode(f"me:{SECRET}".encode()).decode()
HUB = "https://hub.example"


def auths(*keys: str, entry: object = None) -> str:
    return json.dumps({"auths": {key: entry or {"auth": ENCODED} for key in keys}})


def found(text: str, hub: str = HUB) -> Login | None:
    return Logins({"DOCKER_AUTH_CONFIG": text}).find(hub)


def refused(environ: Mapping[str, str], hub: str = HUB) -> AccessDenied:
    """Return the refusal, after a look for anything of the login in what a log or a crash report could show."""
    with pytest.raises(AccessDenied) as caught:
        Logins(environ).find(hub)
    shown = "".join(traceback.format_exception(caught.value)) + repr(caught.value) + str(caught.value)
    assert not [part for part in (SECRET, ENCODED, "s3cret") if part in shown]
    assert caught.value.__cause__ is None or isinstance(caught.value.__cause__, OSError)
    return caught.value


KEYS = {
    "host": ("hub.example", HUB, True),
    "host, other spelling": ("HUB.Example", HUB, True),
    "host and port": ("hub.example:5000", "https://hub.example:5000", True),
    "the port that goes without saying": ("hub.example:443", HUB, True),
    "scheme": ("https://hub.example", HUB, True),
    "scheme and path of the API": ("https://hub.example/v2/", HUB, True),
    "another host": ("other.example", HUB, False),
    "the end of the name": ("example", HUB, False),
    "the name as user": ("hub.example@evil.example", HUB, False),
    "another port": ("hub.example:5000", HUB, False),
    "port missing": ("hub.example", "https://hub.example:5000", False),
    "another scheme": ("http://hub.example", HUB, False),
    "one namespace only": ("hub.example/team", HUB, False),
    "loopback": ("127.0.0.1:5000", "http://127.0.0.1:5000", True),
    "loopback by name": ("localhost:5000", "http://localhost:5000", True),
    "https meant": ("https://127.0.0.1:5000", "http://127.0.0.1:5000", False),
    "plain http on purpose": ("http://hub.example", "http://hub.example", True),
    "no key at all": ("", HUB, False),
    "no address": ("https://[", HUB, False),
    "no port": ("hub.example:x", HUB, False),
}


@pytest.mark.parametrize(("key", "hub", "fits"), KEYS.values(), ids=KEYS)
def test_a_login_is_for_the_origin_that_its_key_names(key: str, hub: str, fits: bool) -> None:
    assert (found(auths(key), hub) is not None) is fits


@pytest.mark.parametrize("hub", ["http://hub.example", "http://127.evil.example", "http://localhost.evil.example"])
def test_a_login_does_not_travel_in_the_open_unless_its_key_says_so(hub: str) -> None:
    host = hub.removeprefix("http://")

    error = refused({"DOCKER_AUTH_CONFIG": auths(host)}, hub)

    assert f"{hub} in DOCKER_AUTH_CONFIG is not sent over plain http" in error.message
    assert found(auths(host, hub), hub) is not None


@pytest.mark.parametrize("entry", [{"auth": ENCODED}, {"username": "me", "password": SECRET}])
def test_user_and_password_stand_together_or_apart(entry: object) -> None:
    assert found(auths("hub.example", entry=entry)) == Login("DOCKER_AUTH_CONFIG", f"Basic {ENCODED}")


def test_a_login_does_not_show_itself() -> None:
    assert repr(found(auths("hub.example"))) == "Login(place='DOCKER_AUTH_CONFIG')"


def test_the_environment_comes_before_the_file_and_the_named_folder_before_the_home(tmp_path: Path) -> None:
    for folder in (tmp_path / "named", tmp_path / "home" / ".docker"):
        folder.mkdir(parents=True)
        (folder / "config.json").write_text(auths("hub.example"))
    environ = {
        "DOCKER_AUTH_CONFIG": auths("hub.example"),
        "DOCKER_CONFIG": str(tmp_path / "named"),
        "HOME": str(tmp_path / "home"),
    }
    places = []
    for name in environ:
        login = Logins(environ).find(HUB)
        assert login is not None
        places.append(login.place)
        environ[name] = ""

    named, home = tmp_path / "named" / "config.json", tmp_path / "home" / ".docker" / "config.json"
    assert places == ["DOCKER_AUTH_CONFIG", str(named), str(home)]
    assert Logins(environ).find(HUB) is None


def test_no_file_is_no_login_and_no_error(tmp_path: Path) -> None:
    assert Logins({"DOCKER_CONFIG": str(tmp_path), "HOME": "/"}).find(HUB) is None


def test_a_login_that_the_environment_has_not_is_looked_for_in_the_file(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(auths("hub.example"))
    environ = {"DOCKER_AUTH_CONFIG": auths("other.example"), "DOCKER_CONFIG": str(tmp_path)}

    assert Logins(environ).find(HUB) is not None


@pytest.mark.parametrize(
    "text",
    [
        '{"auths": {"hub.example": {"auth": "s3cret',
        '["s3cret"]',
        '"s3cret"',
        "s3cret",
        "[" * 100_000,
        auths("hub.example", entry={"auth": "s3cret"}),
        auths("hub.example", entry={"auth": "s3cret ü"}),
        auths("hub.example", entry={"auth": base64.b64encode(b"s3cret").decode()}),
    ],
)
def test_what_is_broken_is_refused_without_a_word_of_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(text)

    for environ, place in (
        ({"DOCKER_AUTH_CONFIG": text}, "DOCKER_AUTH_CONFIG"),
        ({"DOCKER_CONFIG": str(tmp_path)}, ""),
    ):
        error = refused(environ)
        assert (place or str(tmp_path)) in error.message
        assert "can't be read" in error.message
        assert error.hint


def test_a_file_of_other_bytes_is_refused_without_a_word_of_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes(b'{"auths": "s3cret \xff"}')

    assert "is not a JSON object" in refused({"DOCKER_CONFIG": str(tmp_path)}).message


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    (tmp_path / "config.json").mkdir()

    assert f"{tmp_path / 'config.json'} can't be read" in refused({"DOCKER_CONFIG": str(tmp_path)}).message


ELSEWHERE = {
    "a store for all": {"credsStore": "desktop"},
    "a helper for this hub": {"credHelpers": {"hub.example": "ecr-login"}},
    "what a store leaves behind": {"auths": {"hub.example": {}}, "credsStore": "desktop"},
    "a token": {"auths": {"hub.example": {"identitytoken": "s3cret"}}},
}


@pytest.mark.parametrize("document", ELSEWHERE.values(), ids=ELSEWHERE)
def test_a_login_that_only_a_program_knows_is_said_to_be_so(document: dict[str, object], tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(document))
    logins = Logins({"DOCKER_CONFIG": str(tmp_path)})

    assert logins.find(HUB) is None
    advice = logins.advice(HUB)

    assert f"{tmp_path / 'config.json'} leaves the login to" in advice
    assert "DOCKER_AUTH_CONFIG" in advice
    assert "s3cret" not in advice


def test_where_there_is_no_login_it_is_said_how_to_give_one() -> None:
    for document in ({}, {"credHelpers": {"other.example": "x"}}, {"auths": []}, {"credHelpers": "x"}):
        logins = Logins({"DOCKER_AUTH_CONFIG": json.dumps(document)})
        assert logins.find("https://hub.example:5000") is None
        assert "`docker login hub.example:5000` or DOCKER_AUTH_CONFIG" in logins.advice("https://hub.example:5000")
