"""`diff`: what upstream changed since a model was locked or applied, told from small layers alone."""

import json
from collections.abc import Iterator

import pytest

from tests.fakes.hf_server import HubServer
from tests.fakes.oci_models import publish
from tests.fakes.oci_server import OciServer
from tests.manifests import host as declare_host
from tests.manifests import model, tune, write
from tests.parts.gguf import tiny_adapter, tiny_model

WEIGHTS = b"GGUF" + bytes(4096)
OLD = (
    ("model", WEIGHTS),
    ("template", b"{{ .System }}\n{{ .Prompt }}\n"),
    ("params", b'{"num_ctx": 4096, "stop": ["</s>"]}'),
    ("license", b"MIT\n"),
)
NEW = (
    ("model", WEIGHTS),
    ("template", b"{{ if .System }}{{ .System }}\n{{ end }}{{ .Prompt }}\n"),
    ("params", b'{"num_ctx": 8192, "stop": ["</s>"]}'),
    ("system", b"Be kind."),
    ("license", b"MIT\n"),
)


@pytest.fixture
def oci() -> Iterator[OciServer]:
    with OciServer() as server:
        server.location = True  # so that hosts can pull from it
        yield server


@pytest.fixture
def chat(folder, oci):
    """Declare a model of the registry, with a build on it, and return a function that publishes another version."""

    def version(*layers, **config):
        return publish(oci, folder.parent, "team/chat:tag", *layers, **config).removeprefix("sha256:")[:12]

    source = f"{{name: '{oci.address}/team/chat:tag', insecure: true}}"
    write(folder, "chat", f"kind: Model\nmetadata: {{name: chat}}\nspec: {{source: {{ollama: {source}}}}}\n")
    tune(folder, "bot", "chat")
    return version


def test_what_is_locked_is_compared_with_what_upstream_offers_layer_by_layer(reconciler, folder, chat, oci):
    old = chat(*OLD)
    reconciler("lock")
    new = chat(*NEW, renderer="qwen3")
    oci.requests.clear()
    result = reconciler("diff", "CHAT")  # no host is there to be asked
    assert result.status == 0
    head, *lines = result.out.splitlines()
    assert head.startswith(f"^ chat:latest  ollama {oci.address}/team/chat:tag  locked {old}, upstream now {new}  ")
    assert head.endswith(" to fetch")
    assert lines == [
        "      weights             the same",
        "      parameters.num_ctx  4096 → 8192",
        "      renderer            (none) → 'qwen3'",
        "      system              (none) → 'Be kind.'",
        "      template",
        "        @@ -1,3 +1,3 @@",
        "        -{{ .System }}",
        "        -{{ .Prompt }}",
        "        +{{ if .System }}{{ .System }}",
        "        +{{ end }}{{ .Prompt }}",
        "         ",
        "      rebuilds: bot:latest",
        "      hint: `reconciler lock --upgrade chat:latest`",
    ]
    assert not [request for request in oci.requests if request.path.endswith(_digest(WEIGHTS))]


def test_machines_get_the_same(reconciler, folder, chat):
    chat(*OLD)
    reconciler("lock")
    chat(("model", WEIGHTS + b"!"), *OLD[1:])
    report = json.loads(reconciler("diff", "chat", "--format", "json").out)
    (found,) = report["models"]
    assert (report["new"], report["complete"], found["standing"], found["locked"]) == (True, True, "outdated", True)
    assert found["news"] == [{"path": "weights", "before": _digest(WEIGHTS), "after": _digest(WEIGHTS + b"!")}]
    assert (found["transfer"], found["rebuilds"], found["hosts"]) == (4101, ["bot:latest"], ["default"])


def test_what_is_followed_is_compared_with_what_was_applied(reconciler, folder, chat, host):
    old = chat(*OLD)
    assert reconciler("apply", "--auto-approve").status == 0
    new = chat(*NEW)
    host.seen.clear()
    result = reconciler("diff", "chat", "--detailed-exitcode")
    assert (result.status, host.calls()) == (2, [])
    assert f"  applied {old}, upstream now {new}  " in result.out
    assert "      parameters.num_ctx  4096 → 8192\n" in result.out
    assert "rebuilds: bot:latest" in result.out
    assert "--upgrade" not in result.out


def test_nothing_new_is_one_sentence_and_no_change(reconciler, folder, chat, host):
    pin = chat(*OLD)
    reconciler("apply", "--auto-approve")
    result = reconciler("diff", "chat", "--detailed-exitcode")
    assert (result.status, result.out) == (0, f"Nothing new: chat:latest is what upstream offers ({pin}).\n")
    reconciler("lock")
    assert reconciler("diff", "chat").out == f"Nothing new: chat:latest is what upstream offers ({pin}, locked).\n"


def test_of_a_build_what_it_stands_on_is_told(reconciler, folder, chat):
    chat(*OLD)
    reconciler("lock")
    chat(*NEW)
    first, second, *_ = reconciler("diff", "bot").out.splitlines()
    assert first == "bot:latest is built on chat:latest and brings nothing else."
    assert second.startswith("^ chat:latest  ")


def test_only_what_the_model_refers_to_is_asked_for(reconciler, folder, chat, oci):
    chat(*OLD)
    source = f"{{name: '{oci.address}/team/other:tag', insecure: true}}"
    write(folder, "other", f"kind: Model\nmetadata: {{name: other}}\nspec: {{source: {{ollama: {source}}}}}\n")
    assert reconciler("diff", "bot").status == 0
    assert [request.path for request in oci.requests] == ["/v2/team/chat/manifests/tag"]


def test_hosts_that_were_left_in_different_states_are_told_apart_and_others_once(reconciler, folder, chat, host):
    old = chat(*OLD)
    for name in ("a", "b", "c"):
        declare_host(folder, name, host.url)
    reconciler("apply", "--auto-approve", "--host", "a", "--host", "b")
    new = chat(*NEW)
    head, *_, last = reconciler("diff", "chat").out.splitlines()
    assert head.startswith("^ chat:latest on a, b  ")
    assert last == f"chat:latest on c: upstream offers {new}; what was there before is neither locked nor on record."
    assert old not in reconciler("diff", "chat", "--host", "c").out


def test_on_hugging_face_the_commit_and_the_file_are_told(reconciler, folder, tmp_path, monkeypatch):
    with HubServer(tmp_path / "hub") as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        file = tmp_path / "m.gguf"
        sides = []
        for seed in (0, 1):
            tiny_model(file, seed=seed)
            commit = hub.commit("org/repo", {"m.gguf": file.read_bytes()})
            sides.append((commit[:7], _digest(file.read_bytes())[7:19]))
            source = "{huggingface: {repo: org/repo, file: m.gguf}}"
            write(folder, "m", f"kind: Model\nmetadata: {{name: m}}\nspec: {{source: {source}}}\n")
            reconciler("lock")
        (old, before), (new, after) = sides
        head, *lines = reconciler("diff", "m").out.splitlines()
        assert f"  locked {old}, upstream now {new}  {file.stat().st_size / 1000:.1f} kB to fetch" in head
        assert lines[:2] == [f"      commit  {old} → {new}", f"      sha256  {before} → {after}"]


def test_a_file_and_an_adapter_on_this_machine_have_versions_too(reconciler, folder):
    model(folder)
    tiny_adapter(folder / "lora.gguf")
    tune(folder, "bot", "tiny", "adapter: {gguf: ./lora.gguf}")
    reconciler("lock")
    tiny_adapter(folder / "lora.gguf", seed=7)
    first, *_, last = reconciler("diff", "bot").out.splitlines()
    assert first.startswith("^ bot:latest  build from tiny:latest with the adapter lora.gguf  adapter locked ")
    assert last.startswith("Nothing new: tiny:latest is what upstream offers (")


def test_a_hub_that_can_not_say_is_an_error_with_the_reason(reconciler, folder, chat, oci):
    pin = chat(*OLD)
    unknown = reconciler("diff", "chat")
    reconciler("lock")
    oci.answer(503)
    locked = reconciler("diff", "chat", "--detailed-exitcode")
    assert (unknown.status, locked.status) == (0, 1)
    assert locked.out.startswith(f"chat:latest: upstream could not say what it offers instead of {pin}: ")
    (folder / "reconciler.lock").unlink()
    followed = reconciler("diff", "chat")
    assert (followed.status, "answered" in followed.out) == (1, True)


def test_a_name_that_is_not_declared_is_wrong_usage_with_what_is_close(reconciler, folder, chat):
    result = reconciler("diff", "chta")
    assert (result.status, result.out) == (64, "")
    assert "no resource is named chta:latest; did you mean chat:latest?" in result.err
    assert reconciler("diff", "a/b/c/d").status == 64
    assert "did you mean" not in reconciler("diff", "zzz").err


def test_a_model_that_is_for_no_host_says_so(reconciler, folder):
    model(folder, more="hosts: {matchLabels: {gpu: 'true'}}")
    result = reconciler("diff", "tiny")
    assert (result.status, "tiny:latest is for none of these hosts" in result.err) == (1, True)


def _digest(content: bytes) -> str:
    from tests.fakes._ollama_store import sha256

    return sha256(content)
