"""`doctor` finds each thing that is wrong, says how to mend it, goes on after it, and changes nothing."""

import json

import pytest

from tests.cli.findings import one
from tests.fakes.oci_server import OciServer
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import host as declare_host
from tests.manifests import model, write


def pulled(folder, hub):
    """Declare a model from a plain registry."""
    source = f"{{ollama: {{name: '{hub}/a/b', insecure: true}}}}"
    write(folder, "m", f"kind: Model\nmetadata: {{name: m}}\nspec: {{source: {source}}}\n")


def test_where_nothing_is_wrong_it_says_so_and_changes_nothing(reconciler, doctor, folder, host, registry_file):
    model(folder)
    for words in (("apply", "--auto-approve"), ("lock",)):
        assert reconciler(*words).status == 0
    before = registry_file.read_bytes(), sorted(folder.parent.rglob("*"))
    host.seen.clear()
    assert doctor() == (0, [])
    assert "Nothing is wrong." in reconciler("doctor").out
    assert (registry_file.read_bytes(), sorted(folder.parent.rglob("*"))) == before
    assert set(host.calls()) <= {"version", "tags", "has_blob"}


def test_without_manifests_the_host_of_the_environment_is_looked_at(doctor, host, bare, monkeypatch):
    assert doctor() == (0, [])
    assert host.calls() == ["version", "version", "tags"]
    monkeypatch.setenv("OLLAMA_HOST", "ftp://u:s3cret@x")
    status, found = doctor()
    assert status == 1
    one(found, "error", "$OLLAMA_HOST", "neither http nor https", "")


def test_it_goes_on_after_each_failure(doctor, folder, registry_file, monkeypatch):
    registry_file.write_bytes(b"no database at all, but long enough to be read as one" * 100)
    for name, port in (("a", 7), ("b", 9)):
        declare_host(folder, name, f"http://127.0.0.1:{port}")
    pulled(folder, "127.0.0.1:9")
    monkeypatch.setenv("RECONCILER_SECRETS", "x")
    status, found = doctor()
    assert status == 1
    assert [(item["area"], item["about"]) for item in found] == [
        ("hosts", "a"),
        ("hosts", "b"),
        ("hubs", "http://127.0.0.1:9"),
        ("secrets", "RECONCILER_SECRETS"),
        ("registry", str(registry_file)),
    ]
    one(found, "error", str(registry_file), "not a database", "restore it")
    assert all(item["hint"] for item in found)


def test_manifests_that_are_wrong_are_told_with_their_place(doctor, folder):
    (folder / "m.yaml").write_text("apiVersion: reconciler/v1\nkind: Modell\n")
    status, found = doctor()
    assert status == 1
    one(found, "error", "manifests/m.yaml:2:7", "Modell", "Model")
    assert doctor("nowhere")[1][0]["about"] == "nowhere"


HOSTS = [
    ({"status": 403}, "HTTP 403 without a word", "send `Host: localhost`"),
    ({"status": 401, "body": '{"error":"who?"}'}, "who?", "declare spec.auth"),
    ({"status": 502, "body": "<html>"}, "web page", "a proxy in front of the host cannot reach it"),
    ({"status": 200, "body": "hello"}, "not JSON", "is that Ollama"),
    ({"status": 301, "headers": {"Location": "https://x/"}}, "HTTP 301", "final address"),
]


@pytest.mark.parametrize(("fault", "message", "hint"), HOSTS)
def test_a_host_that_does_not_let_us_in_is_told_with_what_helps(doctor, bare, host, fault, message, hint):
    host.fail("version", times=99, **fault)
    status, found = doctor()
    assert status == 1
    one(found, "error", "default", message, hint)


def test_a_host_that_speaks_no_tls_is_told(doctor, folder, host):
    declare_host(folder, "gpu", host.url.replace("http://", "https://"))
    one(doctor()[1], "error", "gpu", "TLS failed", "check the certificate, or http against https")


def test_a_host_of_another_version_or_time_is_a_warning(doctor, bare, monkeypatch):
    with FakeOllama("0.99.0") as newest:
        monkeypatch.setenv("OLLAMA_HOST", newest.url)
        clock = ["Sun, 06 Nov 1994 08:49:37 GMT"]
        late = {"date_time_string": lambda self, timestamp=None: clock[0]}
        newest.RequestHandlerClass = type("Late", (newest.RequestHandlerClass,), late)
        status, found = doctor()
        assert status == 0
        one(found, "warning", "default", "newer than 0.33", "newer reconciler")
        one(found, "warning", "default", "days behind this machine's", "NTP")
        for nonsense in ("yesterday", "", "Sun, 99 Nov 1994 08:49:37 GMT"):
            clock[0] = nonsense
            assert len(doctor()[1]) == 1


def test_secrets_are_judged_and_never_shown(reconciler, doctor, folder, host, monkeypatch):
    declare_host(folder, "there", host.url, "auth: {bearerTokenEnv: GPU_TOKEN}")
    declare_host(folder, "absent", host.url, "auth: {headerEnv: {X-Key: NO_TOKEN}}")
    monkeypatch.setenv("GPU_TOKEN", "s3cret\n")
    one(doctor()[1], "error", "absent", "NO_TOKEN is not set", "set it")
    one(doctor()[1], "warning", "GPU_TOKEN", "white space", "set it again")
    monkeypatch.setenv("RECONCILER_SECRETS", "GPU_TOKEN=s3cret hf_s3cret")
    one(doctor()[1], "error", "there", "may not be sent", "RECONCILER_SECRETS")
    one(doctor()[1], "error", "RECONCILER_SECRETS", "what it says of GPU_TOKEN is no origin", "GPU_TOKEN=https")
    one(doctor()[1], "error", "RECONCILER_SECRETS", "entry 2 is not NAME=ORIGIN", "")
    assert "s3cret" not in reconciler("doctor").out


def test_a_proxy_that_would_catch_this_machine_is_told(doctor, host, bare, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://user:s3cret@127.0.0.1:9")
    status, found = doctor()
    assert status == 1
    one(found, "warning", "default", "the proxy http://127.0.0.1:9 ", "NO_PROXY=localhost,127.0.0.1")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert doctor() == (0, [])


def test_a_token_that_hugging_face_does_not_take_is_an_error(reconciler, doctor, host, hub, bare, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    assert doctor() == (0, [])
    assert hub.state.faults.requests == []  # nothing names it
    monkeypatch.setenv("HF_TOKEN", "hf_s3cret")
    status, found = doctor()
    assert status == 1
    one(found, "error", hub.url, "does not accept the token in HF_TOKEN", "make a new one")
    hub.state.tokens.add("hf_s3cret")
    assert doctor() == (0, [])
    assert "the token in HF_TOKEN is of somebody" in reconciler("doctor").out
    monkeypatch.setenv("HF_TOKEN", "two words")
    one(doctor()[1], "error", hub.url, "not a token", "set it again")
    monkeypatch.setenv("HF_TOKEN", "hf_s3cret")
    monkeypatch.setenv("HF_ENDPOINT", "https://user:s3cret@hub.example")
    one(doctor()[1], "error", "https://hub.example", "must not carry a user", "HF_TOKEN")
    assert "s3cret" not in reconciler("doctor").out
    monkeypatch.setenv("HF_ENDPOINT", "hub.example")
    one(doctor()[1], "error", "what is no address", "HF_ENDPOINT is no address", "it begins with https://")


def test_a_repo_without_a_token_is_fine_and_the_endpoint_is_asked(reconciler, doctor, folder, host, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    write(folder, "m", "kind: Model\nmetadata: {name: m}\nspec: {source: {huggingface: {repo: org/m}}}\n")
    assert doctor() == (0, [])
    assert "HF_TOKEN is not set" in reconciler("doctor").out
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    one(doctor()[1], "error", "http://127.0.0.1:9", "no connection", "check the network")


def test_a_registry_that_wants_a_login_says_what_gives_one(reconciler, doctor, folder, host, monkeypatch):
    with OciServer() as oci:
        pulled(folder, oci.address)
        assert doctor() == (0, [])
        oci.login = "ann:s3cret"
        one(doctor()[1], "error", oci.url, "wants a login", f"docker login {oci.address}")
        monkeypatch.setenv("DOCKER_AUTH_CONFIG", json.dumps({"auths": {oci.address: {"auth": "YW5uOnMzY3JldA=="}}}))
        assert doctor() == (0, [])
        assert "there is one in DOCKER_AUTH_CONFIG" in reconciler("doctor").out
        oci.answer(503)
        one(doctor()[1], "error", oci.url, "answered with 503", "later")


def test_a_lock_that_disagrees_is_told(reconciler, doctor, folder, host):
    model(folder)
    assert doctor() == (0, [])
    assert reconciler("lock").status == 0
    model(folder, seed=1)
    one(doctor()[1], "error", "manifests/reconciler.lock:4:5", "another file since it was locked", "--upgrade")
    write(folder, "policy", "kind: Policy\nmetadata: {name: default}\nspec: {requireLock: true}\n")
    (folder / "reconciler.lock").unlink()
    one(doctor()[1], "error", "manifests/reconciler.lock", "the policy requires one", "`reconciler lock`")
    (folder / "reconciler.lock").write_text("{")
    one(doctor()[1], "error", "manifests/reconciler.lock:1:2", "", "")


def test_the_empty_403_of_a_real_host_is_explained(doctor, folder, ollama, monkeypatch):
    declare_host(folder, "far", "http://ollama.example.com")
    monkeypatch.setenv("HTTP_PROXY", ollama.url)  # asked under a name that is not its own, as behind a proxy
    status, found = doctor()
    assert status == 1
    one(found, "error", "far", "HTTP 403 without a word", "send `Host: localhost`")


@pytest.mark.parametrize("url", ["mysql://x", "sqlite://relative"])
def test_a_registry_that_is_no_address_hides_nothing_else(doctor, host, bare, monkeypatch, url):
    monkeypatch.setenv("RECONCILER_REGISTRY", url)
    status, found = doctor()
    assert status == 1
    one(found, "error", "--registry", "address", "postgresql://")
    assert len(host.calls()) == 3


def test_the_password_of_a_registry_is_never_shown(reconciler, host, bare, monkeypatch):
    monkeypatch.setenv("RECONCILER_REGISTRY", "postgresql://ann:s3cret@127.0.0.1:9/team")
    for words in ((), ("--format", "json")):
        told = reconciler("doctor", *words)
        assert (told.status, "s3cret" in told.out + told.err) == (1, False)
        assert "postgresql://127.0.0.1:9" in told.out


def test_a_folder_that_can_not_be_written_is_told(doctor, host, bare, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    status, found = doctor()
    assert status == 1
    one(found, "error", str(tmp_path / "file" / "reconciler" / "downloads"), "can't be written", "make it writable")


def test_optional_parts_are_told_where_we_are_installed(reconciler, host, bare, tmp_path, monkeypatch):
    about = tmp_path / "reconciler-9.dist-info"
    about.mkdir()
    needs = ("click>=8.1", "no-such-thing>=1 ; extra == 'cloud'", "click[x] ; extra == 'here'")
    (about / "METADATA").write_text("Name: reconciler\nVersion: 9\n" + "".join(f"Requires-Dist: {n}\n" for n in needs))
    monkeypatch.syspath_prepend(tmp_path)
    told = " ".join(reconciler("doctor").out.split())
    assert "✓ cloud not installed (it brings no-such-thing): `pip install 'reconciler[cloud]'`" in told
    assert "✓ here installed" in told


@pytest.mark.parametrize("body", ["<html>", "[]", '{"name": 1}'])
def test_a_mirror_need_not_know_whose_token_it_is(reconciler, host, bare, monkeypatch, body):
    with OciServer() as mirror:
        mirror.answer(200, body.encode())
        monkeypatch.setenv("HF_ENDPOINT", mirror.url)
        monkeypatch.setenv("HF_TOKEN", "hf_s3cret")
        assert "not known here" in reconciler("doctor").out
