"""Escape codes, line ends and bidi overrides through every text from outside: none of them reaches a terminal."""

import json
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import ReconcilerError
from reconciler.report.terminal import error_text
from tests.commands import Result
from tests.fakes.hf_server import Fault, HubServer
from tests.fakes.oci_server import OciServer
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import model, tune, write

EVIL = "\x1b[31m\x1b]0;owned\x07\x9b2J\r\u202egpj.exe\u2066\u200b\ud800\x00\x85\u2028::error::"
FORGED = "\n::error::forged"  # a line of its own would be a command to some CI systems
COMMANDS = ("plan", "status", "doctor")
DIGEST = "a" * 64


def clean(*results: Result) -> None:
    for text in (part for result in results for part in (result.out, result.err)):
        assert [
            mark for mark in text if unicodedata.category(mark) in {"Cc", "Cf", "Cs", "Zl", "Zp"} and mark != "\n"
        ] == []
        assert not [line for line in text.splitlines() if line.startswith("::")]
        assert "Traceback" not in text


def shown(reconciler: Callable[..., Result]) -> list[Result]:
    """Run everything that shows what is outside."""
    found = [reconciler(command, *words) for command in COMMANDS for words in ((), ("--format", "json"))]
    found += [
        reconciler("--log-level", "debug", "--log-format", log, "apply", "--auto-approve") for log in ("text", "json")
    ]
    words = (("list",), ("list", "--format", "json"), ("history",), ("history", "--format", "json"), ("show", "tiny"))
    return found + [reconciler("registry", *each) for each in words]


def answer(host: FakeOllama, call: str, value: object) -> None:
    host.fail(call, times=999, status=200, body=json.dumps(value))


def entry(name: str) -> dict[str, object]:
    return {"name": name, "digest": DIGEST, "size": 1}


def shows(**fields: object) -> Callable[[FakeOllama], None]:
    return lambda host: answer(host, "show", {"modelfile": f"FROM /x/blobs/sha256-{DIGEST}\n", **fields})


def errs(call: str, status: int = 500) -> Callable[[FakeOllama], None]:
    body = json.dumps({"error": EVIL + FORGED}, ensure_ascii=False).encode("utf-8", "replace")
    return lambda host: host.fail(call, times=999, status=status, body=body)


HOSTS: dict[str, Callable[[FakeOllama], None]] = {
    "names of models": lambda host: answer(host, "tags", {"models": [entry(EVIL), entry(f"a{FORGED}"), entry("b")]}),
    "the version": lambda host: answer(host, "version", {"version": EVIL + FORGED}),
    "the system prompt": shows(system=EVIL + FORGED),
    "the system prompt, long": shows(system=f"{EVIL}{FORGED}\n" * 100),
    "the template": shows(template=EVIL + FORGED),
    "the licence": shows(license=EVIL + FORGED),
    "the messages": shows(messages=[{"role": EVIL, "content": EVIL + FORGED}]),
    "the names of parameters": shows(parameters=f"{EVIL.replace(chr(10), '')} 1"),
    "the values of parameters": shows(parameters='temperature "' + EVIL.encode("unicode_escape").decode() + '"'),
    "errors of tags": errs("tags"),
    "errors of version": errs("version", 401),
    "errors of show": errs("show"),
    "errors of upload": errs("upload", 400),
    "errors of create": errs("create", 404),
    "errors of has_blob": errs("has_blob"),
    "errors inside a stream": lambda host: host.fail("create", times=999, error=EVIL + FORGED),
    "plain bytes": lambda host: host.fail("tags", times=999, status=500, body=b"\x1b[2J\xff\xfe\n::error::x"),
}


@pytest.mark.parametrize("attack", HOSTS.values(), ids=HOSTS)
@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_nothing_of_a_host_steers_a_terminal(
    reconciler: Callable[..., Result],
    folder: Path,
    host: FakeOllama,
    attack: Callable[[FakeOllama], None],
    applied: bool,
) -> None:
    model(folder)
    tune(folder, "bot", "tiny")
    if applied:
        assert reconciler("apply", "--auto-approve").status == 0
        host.store.manifests.clear() if "tags" in str(attack) else tune(folder, "bot", "tiny", "system: Other.")
    attack(host)
    clean(*shown(reconciler))


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_a_drifted_model_of_hostile_texts_steers_no_terminal(
    reconciler: Callable[..., Result], folder: Path, host: FakeOllama, applied: bool
) -> None:
    model(folder)
    tune(folder, "bot", "tiny")
    if applied:
        assert reconciler("apply", "--auto-approve").status == 0
    listed = [{**item, "digest": DIGEST} for item in host.store.listed()] or [entry("tiny"), entry("bot")]
    answer(host, "tags", {"models": listed})
    texts = {"system": EVIL + FORGED, "template": EVIL, "license": EVIL, "messages": [{"role": EVIL, "content": EVIL}]}
    shows(**texts, parameters=f'x "{EVIL}"')(host)
    results = shown(reconciler)
    clean(*results)
    assert "owned" in results[0].out or not applied


def test_nothing_of_a_hub_steers_a_terminal(
    reconciler: Callable[..., Result], folder: Path, host: FakeOllama, hub: HubServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    hub.commit("org/m", {"m-Q4_0.gguf": b"one"})
    write(folder, "m", "kind: Model\nmetadata: {name: tiny}\nspec: {source: {huggingface: {repo: org/m}}}\n")
    file = {"type": "file", "size": 3, "lfs": {"oid": DIGEST}}
    names = [f"{EVIL}{FORGED}.gguf", f"{FORGED}.gguf", "\u202e.gguf", "a.gguf", "b.gguf"]
    for path, status, body in (
        ("/tree/", 200, json.dumps([{**file, "path": name} for name in names])),
        ("/tree/", 200, json.dumps([{**file, "path": name} for name in names[:3]])),
        ("/revision/", 200, json.dumps({"sha": EVIL})),
        ("/revision/", 500, EVIL + FORGED),
        ("/revision/", 403, EVIL + FORGED),
    ):
        hub.state.faults.waiting.clear()
        hub.fail(Fault("hub", path=path, times=99, status=status, body=body.encode("utf-8", "replace")))
        clean(*shown(reconciler))


def test_nothing_of_a_registry_steers_a_terminal(
    reconciler: Callable[..., Result], folder: Path, host: FakeOllama
) -> None:
    with OciServer() as oci:
        source = f"{{ollama: {{name: '{oci.address}/a/b', insecure: true}}}}"
        write(folder, "m", f"kind: Model\nmetadata: {{name: tiny}}\nspec: {{source: {source}}}\n")
        layer = {"mediaType": EVIL, "digest": EVIL, "size": 1}
        for status, body in (
            (200, json.dumps({"mediaType": EVIL + FORGED})),
            (200, json.dumps({"config": layer, "layers": [layer]})),
            (400, EVIL + FORGED),
            (500, EVIL + FORGED),
        ):
            oci.faults.waiting.clear()
            oci.answer(status, body.encode("utf-8", "replace"))
            clean(*shown(reconciler))


@pytest.mark.parametrize("name", ["\x1b[31m.yaml", "a\n::error::.yaml", "\u202e.yaml", "\udcff.yaml"], ids=ascii)
def test_no_name_of_a_manifest_steers_a_terminal(reconciler: Callable[..., Result], folder: Path, name: str) -> None:
    (folder / name).write_text("apiVersion: x\nkind: y\n")
    clean(reconciler("validate"), reconciler("plan"))


def test_no_manifest_steers_a_terminal(reconciler: Callable[..., Result], folder: Path) -> None:
    evil = json.dumps(EVIL + FORGED)
    (folder / "a.yaml").write_text(f"{evil}: 1\napiVersion: {evil}\nkind: {evil}\nmetadata: {{name: {evil}}}\n")
    write(folder, "b", f"kind: Host\nmetadata: {{name: h}}\nspec: {{url: 'http://h', {evil}: {evil}}}\n")
    write(folder, "c", f"kind: FineTune\nmetadata: {{name: c}}\nspec: {{base: b, examplesFrom: [{evil}]}}\n")
    clean(reconciler("validate"))


def test_an_error_takes_a_line_for_itself_and_one_for_its_hint() -> None:
    text = error_text(ReconcilerError(f"a{FORGED}", hint=f"b{FORGED}", where=f"c{FORGED}"))
    assert len(text.splitlines()) == 2
