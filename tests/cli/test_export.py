"""`export` of a host: what is written declares what is there, and a plan finds it in sync."""

import json
from urllib.request import Request, urlopen

import pytest

from tests.fakes.ollama_server import FakeOllama
from tests.manifests import model, tune, write
from tests.parts.gguf import tiny_adapter, tiny_model, tiny_projector


def make(host: FakeOllama, name: str, **fields: object) -> None:
    """Make a model by hand."""
    body = json.dumps({"model": name, "stream": False, **fields}).encode()
    with urlopen(Request(f"{host.url}/api/create", body)) as answer:
        assert json.load(answer)["status"] == "success"


@pytest.fixture
def exported(reconciler, folder, host, refusals):
    """Return a function that exports into a fresh folder, and gives the text; the hub that is asked is out of reach."""

    def export(*words, status=0):
        done = reconciler("export", "--out", folder.parent / "out", *words)
        assert done.status == status, done.err
        refusals.clear()
        return (folder.parent / "out" / "models.yaml").read_text()

    return export


@pytest.fixture
def elsewhere(reconciler, folder, refusals):
    """Return a function that exports to stdout where nothing is on record."""

    def export(*words):
        done = reconciler("--registry", f"sqlite:///{folder.parent}/empty.db", "export", *words)
        refusals.clear()
        return done

    return export


@pytest.fixture
def fresh(reconciler, folder, refusals):
    """Return a function that runs a command on what was exported, with an empty registry."""

    def run(command, *words):
        out = folder.parent / "out"
        where = ("--manifests", out) if command == "adopt" else (out,)
        done = reconciler("--registry", f"sqlite:///{folder.parent}/fresh.db", command, *words, *where)
        refusals.clear()
        return done

    return run


def test_builds_adapters_projectors_and_messages_are_in_sync_at_once(reconciler, folder, host, exported, fresh):
    model(folder, more="parameters: {num_ctx: 512, stop: [a, b]}\nlicense: MIT\nsystem: Be brief.")
    tiny_projector(folder / "eyes.gguf")
    tiny_adapter(folder / "lora.gguf")
    source = "source: {gguf: {path: tiny.gguf, mmproj: eyes.gguf}}\n  adapter: {gguf: lora.gguf}"
    write(folder, "eyes", f"kind: Model\nmetadata: {{name: eyes}}\nspec:\n  {source}\n")
    tune(folder, "bot", "tiny", 'system: |\n  Two\n  lines\nlicense: More\nmessages: [{role: system, content: "x"}]')
    tune(folder, "lora", "bot", "adapter: {gguf: lora.gguf}\nparameters: {seed: 1}")
    assert reconciler("apply", "--auto-approve").status == 0
    before = dict(host.store.manifests)
    text = exported()
    assert text.count("kind: FineTune") == 2
    assert "system: |\n    Two\n    lines\n" in text
    assert host.store.manifests == before
    assert reconciler("validate", folder.parent / "out").status == 0
    assert fresh("adopt").status == 0
    assert fresh("plan", "--detailed-exitcode").status == 0


def test_a_model_that_is_deleted_comes_back_where_its_blob_is_left_and_not_elsewhere(
    reconciler, folder, host, exported, fresh
):
    model(folder, name="one", more="system: One")
    tiny_model(folder / "one.gguf")
    model(folder, name="two", more="system: Two")
    model(folder, name="alone", seed=9)
    assert reconciler("apply", "--auto-approve").status == 0
    exported()
    fresh("adopt")
    for name in ("one", "alone"):
        host.store.drop_unused(host.store.manifests.pop(host.store.existing(name)))
    planned = fresh("plan")
    assert "+ one:latest" in planned.out
    assert "the host does not hold the blob" in planned.out
    assert fresh("apply", "--auto-approve", "--target", "one").status == 0
    assert host.store.show("one")["system"] == "One"
    assert fresh("plan", "--detailed-exitcode", "--target", "one").status == 0


def test_names_select_and_a_base_that_is_not_selected_stays_on_the_host(reconciler, folder, host, exported, refusals):
    model(folder)
    tune(folder, "bot", "tiny")
    reconciler("apply", "--auto-approve")
    text = exported("BOT")
    assert (text.count("kind:"), "base: tiny:latest" in text) == (1, True)
    wrong = reconciler("export", "bto")
    assert (wrong.status, wrong.out) == (64, "")
    assert "did you mean bot:latest?" in wrong.err


def test_what_no_manifest_can_say_is_told_and_the_rest_is_written(reconciler, folder, host, elsewhere):
    model(folder)
    reconciler("apply", "--auto-approve")
    digest = str(tiny_model(folder.parent / "same.gguf"))
    make(host, "odd", **{"from": "tiny:latest"}, parameters={"mirostat": 2})
    make(host, "two", files={"m.gguf": digest}, messages=[{"role": "alien", "content": "x"}])
    done = elsewhere()
    assert done.status == 4
    assert "warning: not declared: odd:latest: unknown key 'mirostat'" in done.err
    assert "warning: not declared: two:latest: 'role' must be system or user or assistant" in done.err
    assert "# kind: FineTune" in done.out
    (folder.parent / "new").mkdir()
    (folder.parent / "new" / "models.yaml").write_text(done.out)
    assert reconciler("validate", folder.parent / "new").status == 0


def test_another_host_is_declared_with_its_models_and_no_secret(reconciler, folder, host, monkeypatch, refusals):
    model(folder)
    reconciler("apply", "--auto-approve")
    monkeypatch.delenv("OLLAMA_HOST")
    told = reconciler("export", "--url", host.url).out
    refusals.clear()
    assert f"metadata:\n  name: 127.0.0.1\nspec:\n  url: {host.url}\n" in told
    with FakeOllama(token="s3cret") as other:
        spec = f"url: {other.url}\n  auth: {{bearerTokenEnv: GPU_TOKEN}}"
        write(folder, "gpu", f"kind: Host\nmetadata: {{name: gpu}}\nspec:\n  {spec}\n")
        assert "GPU_TOKEN" in reconciler("export", "--host", "gpu").err
        monkeypatch.setenv("GPU_TOKEN", "s3cret")
        empty = reconciler("export", "--host", "gpu")
        assert (empty.status, empty.out) == (1, "")
        assert "there are no models on host gpu" in empty.err


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["--host", "x", "--url", "http://a"], 64, "exclude each other"),
        (["--host", "nope"], 64, "no host is named 'nope'"),
        (["--url", "ftp://a"], 64, "begins with http"),
        (["--url", "http://u:s3cret@a"], 64, "must not carry a user"),
        (["--url", "http://127.0.0.1:1"], 1, "127.0.0.1:1"),
        (["--url", "http://[::1]:1"], 1, "[::1]:1"),
        (["--modelfile", "a", "b"], 64, "give no other names"),
        (["a/b/c/d"], 64, "is not a model's name"),
    ],
)
def test_what_cannot_be_is_told(reconciler, folder, host, words, status, message):
    model(folder)
    done = reconciler("export", *words)
    assert (done.status, done.out) == (status, "")
    assert message in done.err
    assert "s3cret" not in done.err


def test_nothing_is_written_over(reconciler, folder, host, exported):
    model(folder)
    reconciler("apply", "--auto-approve")
    exported()
    again = reconciler("export", "--out", folder.parent / "out")
    assert (again.status, "it is there already" in again.err) == (1, True)


def test_two_exports_of_one_host_are_the_same_text(reconciler, folder, host, refusals):
    model(folder, more="parameters: {num_ctx: 512, seed: 1, top_k: 3}")
    tune(folder, "bot", "tiny")
    reconciler("apply", "--auto-approve")
    assert len({reconciler("export").out for _ in range(3)}) == 1
    refusals.clear()


def test_a_model_that_the_host_cannot_show_is_told_and_a_base_of_that_kind_is_none(reconciler, folder, host, elsewhere):
    model(folder)
    tune(folder, "bot", "tiny")
    model(folder, name="broken", seed=4)
    reconciler("apply", "--auto-approve")
    manifest = json.loads(host.store.manifests[host.store.existing("broken")])
    host.store.blobs.pop(manifest["layers"][0]["digest"])
    done = elsewhere()
    assert done.status == 4
    assert "warning: not declared: broken:latest: the host can't show it: model 'broken:latest' not found" in done.err
    assert "# Not declared: broken:latest: the host can't show it" in done.out
    assert done.out.count("\nkind:") == 2


def test_where_no_hub_answers_that_is_said_and_all_is_declared(reconciler, folder, host, elsewhere):
    for seed in range(3):
        model(folder, name=f"m{seed}", seed=seed)
    reconciler("apply", "--auto-approve")
    done = elsewhere()
    assert done.out.count("Its hub could not be asked") == 3
    assert ": 3 models declared by blobs for want of it" in done.err


def test_a_host_that_we_manage_is_in_sync_with_what_is_exported_of_it(reconciler, folder, host, hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    tiny_model(folder / "hub-Q8_0.gguf", seed=5)
    hub.commit("team/hub", {"hub-Q8_0.gguf": folder / "hub-Q8_0.gguf"})
    source = "source: {huggingface: {repo: team/hub, quantization: Q8_0}}\n  parameters: {num_ctx: 256}"
    write(folder, "far", f"kind: Model\nmetadata: {{name: far}}\nspec:\n  {source}\n")
    model(folder, more="protect: true\ntemplate: '{{ .Prompt }}'")
    tune(folder, "bot", "tiny", "parameters: {seed: 1, stop: [a]}\nexamples: [{user: hi, assistant: ho}]")
    assert reconciler("apply", "--auto-approve").status == 0
    told = reconciler("export", "--out", folder.parent / "out")
    assert (told.status, told.err) == (0, "")
    assert "Wrote" in told.out
    assert "3 models, 3 as on our records." in told.out
    text = (folder.parent / "out" / "models.yaml").read_text()
    assert "huggingface:\n      quantization: Q8_0\n      repo: team/hub\n" in text
    assert f"It was made from {folder / 'tiny.gguf'}: put that beside this manifest" in text.replace("\n#", "")
    again = reconciler("plan", "--detailed-exitcode", folder.parent / "out")
    assert (again.status, again.out.splitlines()[0]) == (0, "No changes. 3 models in sync on 1 host.")


def test_a_model_that_is_not_as_on_our_records_is_declared_as_it_is(reconciler, folder, host, refusals):
    model(folder, more="parameters: {num_ctx: 512}")
    reconciler("apply", "--auto-approve")
    make(host, "tiny", **{"from": "tiny:latest"}, parameters={"num_ctx": 64})
    told = reconciler("export")
    refusals.clear()
    assert "num_ctx: 64" in told.out


def test_a_build_whose_base_is_gone_from_the_host_is_declared_without_it(reconciler, folder, host, refusals):
    model(folder)
    tune(folder, "bot", "tiny", "system: Be brief.")
    reconciler("apply", "--auto-approve")
    host.store.manifests.pop(host.store.existing("tiny"))
    told = reconciler("export")
    refusals.clear()
    assert ("base: tiny" in told.out, "kind: Model" in told.out, "blob: sha256:" in told.out) == (False, True, True)
