"""`check` on a Hugging Face hub: the answer before anything is downloaded."""

import json

import pytest

from tests.cli.checks import CONFIG, declared, safetensors
from tests.fakes.hf_server import Fault
from tests.parts.gguf import in_parts, tiny_adapter, tiny_model
from tests.sources.gguf_files import LLAMA, gguf

REPO = "org/Tiny-1B-GGUF"


@pytest.fixture
def hub(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    return hub


def test_a_repo_of_gguf_works_and_the_best_quantisation_is_recommended(ask, hub, model, reconciler):
    names = ("Tiny-1B-Q8_0.gguf", "Tiny-1B-Q4_K_M.gguf", "Tiny-1B-Q2_K.gguf")
    hub.commit(REPO, {**dict.fromkeys(names, model), "README.md": b"x"})
    hub.describe(REPO, cardData={"license": "apache-2.0"}, gguf={"total": 1_000_000_000})

    status, told = ask(f"hf:{REPO}")

    assert (status, told["verdict"], told["advice"]) == (0, "works", [])
    assert told["source"] == f"hf:{REPO}@main"
    assert (told["architecture"], told["context_length"], told["parameters"]) == ("llama", 64, 11_360)
    assert told["license"] == "apache-2.0"
    assert [item["file"] for item in told["variants"] if item["recommended"]] == ["Tiny-1B-Q4_K_M.gguf"]
    assert "quantization: Q4_K_M" in declared(reconciler, told)
    assert "name: tiny-1b:q4_k_m" in told["manifest"]


def test_another_revision_goes_into_the_manifest(ask, hub, model, reconciler):
    hub.commit(REPO, {"Tiny-Q8_0.gguf": model}, branch="v1")
    status, told = ask(f"huggingface:{REPO}@v1")
    assert status == 0
    assert "revision: v1" in declared(reconciler, told)


def test_two_files_of_one_quantisation_are_told_apart_by_name(ask, hub, model, reconciler):
    hub.commit(REPO, {"a-Q4_K_M.gguf": model, "b-Q4_K_M.gguf": model})
    assert "file: a-Q4_K_M.gguf" in declared(reconciler, ask(f"hf:{REPO}")[1])


def test_the_header_of_a_large_file_costs_less_than_a_megabyte(ask, hub, tmp_path):
    large, blocks = tmp_path / "large.gguf", 11_200_000
    head = gguf(*LLAMA, tensors=(("t", (32, blocks), 2, 0),), data=0)
    with large.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + 18 * blocks)
    assert large.stat().st_size > 200_000_000
    hub.commit(REPO, {"large-Q4_0.gguf": large})
    hub.requests.clear()

    status, told = ask(f"hf:{REPO}")

    assert (status, told["parameters"]) == (0, 32 * blocks)
    assert hub.sent < 1_000_000
    content = [request for request in hub.requests if request.server == "cdn"]
    assert [request.range for request in content] == ["bytes=0-262143"]
    assert len(hub.requests) <= 5


def test_a_hub_that_ignores_ranges_is_hung_up_on(ask, hub, tmp_path):
    head = gguf(*LLAMA, tensors=(("t", (32, 2_000_000), 2, 0),), data=0)
    large = tmp_path / "large.gguf"
    with large.open("wb") as file:
        file.write(head)
        file.truncate(len(head) + 36_000_000)
    hub.commit(REPO, {"large-Q4_0.gguf": large})
    hub.fail(Fault(ignore_range=True, times=9))
    status, told = ask(f"hf:{REPO}")
    assert (status, told["architecture"]) == (0, "llama")
    assert hub.sent < 20_000_000


def test_a_truncated_upload_is_found_before_anybody_downloads_it(ask, hub, model):
    hub.commit(REPO, {"m-Q8_0.gguf": model[:-64]})
    status, told = ask(f"hf:{REPO}")
    assert (status, told["verdict"]) == (1, "does_not_work")
    assert "is truncated" in told["message"]
    assert "manifest" not in told


@pytest.fixture
def parts(tmp_path):
    tiny_model(tmp_path / "big-Q8_0.gguf")
    return {part.name: part.read_bytes() for part in in_parts(tmp_path / "big-Q8_0.gguf", 5)}


def test_a_split_model_works_and_its_parts_are_counted(ask, hub, parts):
    hub.commit(REPO, parts)
    status, told = ask(f"hf:{REPO}")
    assert (status, told["verdict"], told["size"]) == (0, "works", sum(map(len, parts.values())))
    [variant] = told["variants"]
    assert (variant["file"], variant["parts"], variant["recommended"]) == ("big-Q8_0-00001-of-00003.gguf", 3, True)
    assert "quantization: Q8_0" in told["manifest"]


def test_a_split_model_without_one_of_its_parts_does_not_work(ask, hub, parts, model):
    del parts["big-Q8_0-00002-of-00003.gguf"]
    hub.commit(REPO, parts)
    hub.commit("other/Tiny-1B-GGUF-whole", {"big-Q8_0.gguf": model})
    status, told = ask(f"hf:{REPO}")
    assert (status, told["verdict"]) == (1, "does_not_work")
    assert "has 3 parts, and big-Q8_0-00002-of-00003.gguf is missing" in told["message"]
    assert [item["repo"] for item in told["alternatives"]] == ["other/Tiny-1B-GGUF-whole"]


def test_a_whole_file_beside_parts_that_are_not_all_there_works(ask, hub, model):
    hub.commit(REPO, {"a-Q4_K_M-00001-of-00002.gguf": model, "a-Q2_K.gguf": model})
    status, told = ask(f"hf:{REPO}")
    assert status == 0
    assert [item["file"] for item in told["variants"] if item["recommended"]] == ["a-Q2_K.gguf"]


def test_a_projector_beside_the_model_is_paired_with_it(ask, hub, model, reconciler):
    hub.commit(REPO, {"m-Q8_0.gguf": model, "mmproj-f16.gguf": model})
    status, told = ask(f"hf:{REPO}")
    assert (status, told["verdict"], told["projectors"]) == (0, "works_with", ["mmproj-f16.gguf"])
    assert told["message"] == "its projector mmproj-f16.gguf, which is imported together with it"
    assert "to leave the projector out: `mmproj: none`" in told["advice"]
    assert "mmproj" not in declared(reconciler, told)


def test_of_several_projectors_the_manifest_names_one(ask, hub, model, reconciler):
    hub.commit(REPO, {"m-Q8_0.gguf": model, **dict.fromkeys(("mmproj-BF16.gguf", "mmproj-F16.gguf"), model)})
    status, told = ask(f"hf:{REPO}")
    assert (status, told["verdict"]) == (0, "works_with")
    assert "mmproj: mmproj-F16.gguf" in declared(reconciler, told)


def test_safetensors_that_ollama_converts_work_with_conversion(ask, hub, model, reconciler):
    files = {"config.json": json.dumps(CONFIG).encode(), "tokenizer.json": b"{}"}
    hub.commit("org/Tiny-1B", {**files, "model.safetensors": safetensors(300, 1000)})
    for repo, downloads in (("a/Tiny-1B-GGUF", 5), ("b/Tiny-1B-GGUF", 900), ("c/Tiny-1B-i1-GGUF", 1)):
        hub.commit(repo, {"m-Q8_0.gguf": model})
        tags = ["gguf", *(["base_model:quantized:org/Tiny-1B"] if repo[0] == "c" else [])]
        hub.describe(repo, downloads=downloads, tags=tags)

    status, told = ask("hf:org/Tiny-1B")

    assert (status, told["verdict"], told["format"]) == (0, "works_with", "safetensors")
    assert told["message"].startswith("conversion by Ollama itself (LlamaForCausalLM, Ollama 0.9.3 or newer)")
    assert (told["parameters"], told["context_length"], told["quantization"]) == (300_000, 2048, "BF16")
    assert [item["repo"] for item in told["alternatives"]] == ["c/Tiny-1B-i1-GGUF", "b/Tiny-1B-GGUF", "a/Tiny-1B-GGUF"]
    assert "format: safetensors" in declared(reconciler, told)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"config.json": b'{"architectures": ["GPT2LMHeadModel"]}', "model.safetensors": safetensors(2)}, "GPT2LMHead"),
        ({"pytorch_model.bin": b"never opened", "config.json": b"{}"}, "its weights are pickled"),
        ({"README.md": b"nothing"}, "there are no weights"),
        ({"unet/model.safetensors": safetensors(2)}, "no config.json"),
    ],
    ids=["another architecture", "pickles", "no weights", "a pipeline"],
)
def test_what_is_no_gguf_needs_gguf_and_what_would_work_is_found(ask, hub, model, files, words):
    hub.commit("org/Tiny-1B", files)
    hub.commit("b/Tiny-1B-GGUF", {"m-Q8_0.gguf": model})
    status, told = ask("hf:org/Tiny-1B")
    assert status == 1
    assert told["message"].startswith("Model needs GGUF format: ")
    assert words in told["message"]
    assert [item["repo"] for item in told["alternatives"]] == ["b/Tiny-1B-GGUF"]
    assert not [request for request in hub.requests if ".bin" in request.path]


def test_a_gated_repo_says_what_is_missing_and_shows_what_is_public(ask, hub, model, monkeypatch, reconciler):
    hub.commit(REPO, {"m-Q8_0.gguf": model})
    hub.gate(REPO, "hf_right")
    status, told = ask(f"hf:{REPO}")
    assert (status, told["verdict"], told["access"]) == (1, "unknown", "gated")
    assert "HF_TOKEN" in told["advice"][0]
    assert told["variants"]

    monkeypatch.setenv("HF_TOKEN", "hf_right")
    status, told = ask(f"hf:{REPO}")
    assert (status, told["verdict"]) == (0, "works")
    assert "HF_TOKEN has to be set" in told["advice"][-1]
    assert not [request for request in hub.requests if request.server == "cdn" and request.authorization]
    assert "hf_right" not in reconciler("check", f"hf:{REPO}").out


def test_a_repo_that_is_not_there_is_an_error_with_names_that_are_close(reconciler, hub, model):
    hub.commit(REPO, {"m-Q8_0.gguf": model})
    result = reconciler("check", "hf:org/Tiny-1B-GGUFF")
    assert (result.status, result.out) == (1, "")
    assert f"did you mean hf:{REPO}?" in result.err


def test_an_adapter_of_a_repo_belongs_to_a_fine_tune(ask, hub, tmp_path, reconciler):
    tiny_adapter(tmp_path / "a.gguf")
    hub.commit(REPO, {"lora-F16.gguf": tmp_path / "a.gguf"})
    status, told = ask(f"hf:{REPO}")
    assert (status, told["holds"]) == (0, "adapter")
    assert f"huggingface:\n      repo: {REPO}\n" in declared(reconciler, told)


def test_safetensors_adapters_are_named_with_their_base(ask, hub, reconciler):
    about = json.dumps({"base_model_name_or_path": "org/Base"}).encode()
    hub.commit("org/lora", {"adapter_config.json": about, "adapter_model.safetensors": safetensors(4)})
    status, told = ask("hf:org/lora")
    assert (status, told["holds"]) == (0, "adapter")
    assert "it is a LoRA adapter (trained on org/Base), and belongs under `adapter`" in told["message"]
    assert "format: safetensors" in declared(reconciler, told)


def test_the_text_puts_the_verdict_first_and_marks_what_is_recommended(reconciler, hub, model):
    hub.commit(REPO, {"m-Q8_0.gguf": model, "m-Q4_K_M.gguf": model})
    result = reconciler("check", f"hf:{REPO}")
    lines = result.out.splitlines()
    assert (result.status, result.err) == (0, "")
    assert lines[0] == f"hf:{REPO}@main  works"
    assert f"  *  Q4_K_M        {len(model) / 1000:.1f} kB  m-Q4_K_M.gguf  recommended" in lines
    assert "In a manifest:" in lines
