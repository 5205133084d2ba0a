"""`check` on this machine: files and folders, told by their headers."""

import json

import pytest

from tests.cli.checks import CONFIG, declared, safetensors
from tests.parts.gguf import tiny_adapter, tiny_projector
from tests.parts.safetensors import put, tiny_llama
from tests.sources.gguf_files import LLAMA, gguf, number, text


def test_a_local_model_is_declared_beside_its_manifest(ask, folder, reconciler, model):
    (folder / "My Model.Q8_0.gguf").write_bytes(model)
    status, told = ask("manifests/My Model.Q8_0.gguf")
    assert (status, told["verdict"]) == (0, "works")
    assert 'gguf: "./My Model.Q8_0.gguf"' in declared(reconciler, told)
    assert "name: my-model:q8_0" in told["manifest"]


def test_a_local_model_is_declared_with_the_projector_beside_it(ask, folder, reconciler, model):
    (folder / "m.gguf").write_bytes(model)
    tiny_projector(folder / "mmproj.gguf")
    status, told = ask("./manifests")
    assert (status, told["verdict"]) == (0, "works_with")
    assert "to leave the projector out: no `mmproj:`" in told["advice"]
    assert "mmproj: ./mmproj.gguf" in declared(reconciler, told)


def test_a_local_adapter_belongs_to_a_fine_tune(ask, folder, reconciler):
    tiny_adapter(folder / "lora.gguf")
    status, told = ask("manifests/lora.gguf")
    assert (status, told["verdict"], told["holds"]) == (0, "works_with", "adapter")
    assert "belongs under `adapter`" in told["message"]
    assert "kind: FineTune" in declared(reconciler, told)


LOCAL = {
    "projector": (tiny_projector, "is a projector (clip)"),
    "part": (lambda path: path.write_bytes(gguf(*LLAMA, number("split.count", 3))), "is one of 3 parts"),
    "vocabulary": (lambda path: path.write_bytes(gguf(*LLAMA, tensors=(), data=0)), "is a vocabulary only"),
    "imatrix": (lambda path: path.write_bytes(gguf(*LLAMA, text("general.type", "imatrix"))), "of the type 'imatrix'"),
    "no tokenizer": (lambda path: path.write_bytes(gguf(LLAMA[0])), "has no tokenizer"),
    "cut": (lambda path: path.write_bytes(gguf(*LLAMA)[:-1]), "is truncated"),
    "zip": (lambda path: path.write_bytes(b"PK\3\4 a zip"), "is not a GGUF file"),
}


@pytest.mark.parametrize(("write", "words"), LOCAL.values(), ids=LOCAL)
def test_a_local_file_that_no_host_could_use_is_refused_by_name(ask, folder, write, words):
    write(folder / "x.gguf")
    status, told = ask("manifests/x.gguf")
    assert status == 1
    assert words in told["message"]
    assert told["advice"]


def test_a_local_pickle_is_never_opened(ask, folder):
    (folder / "model.pt").write_bytes(gguf(*LLAMA))  # what it holds would give it away
    status, told = ask("manifests/model.pt")
    assert (status, told["format"]) == (1, "pickle")
    assert "never opened" in told["advice"][0]


def test_local_folders_are_told_by_what_is_in_them(ask, folder, model, reconciler):
    (folder / "a.Q8_0.gguf").write_bytes(model)
    (folder / "b.Q4_K_M.gguf").write_bytes(model)
    status, told = ask("./manifests")
    assert (status, [item["recommended"] for item in told["variants"]]) == (0, [False, True])
    assert "gguf: ./b.Q4_K_M.gguf" in declared(reconciler, told)

    other = folder / "converted"
    other.mkdir()
    (other / "config.json").write_text(json.dumps(CONFIG))
    (other / "tokenizer.json").write_text("{}")
    for number_ in (1, 2):
        (other / f"model-0000{number_}-of-00002.safetensors").write_bytes(safetensors(10, 10))
    status, told = ask(other)
    assert (status, told["verdict"], told["parameters"]) == (0, "works_with", 200)
    assert "safetensors: ./converted" in declared(reconciler, told)
    assert "name: converted\n" in told["manifest"]


@pytest.mark.parametrize(
    "source", ["llama3", "org/repo", "hf:repo", "hf:../x", "hf:a/b@", "ollama:", "", "hf:a/b@../c"]
)
def test_what_may_mean_two_things_is_wrong_usage(reconciler, folder, source):
    result = reconciler("check", source)
    assert (result.status, result.out) == (64, "")
    assert "hf:ORG/REPO[@REVISION], ollama:NAME, ./FILE.gguf or ./FOLDER" in result.err


def test_a_path_where_nothing_is_is_an_error(reconciler, folder):
    result = reconciler("check", "./nothing.gguf")
    assert (result.status, result.out) == (1, "")
    assert "there is no file or folder" in result.err


def test_what_a_plan_would_refuse_of_a_folder_is_told_by_check(ask, folder):
    put(folder / "parts", {n: c for n, c in tiny_llama(parts=2).items() if "00002-of" not in n})
    config = json.dumps({**CONFIG, "architectures": ["BertModel"]}).encode()
    put(folder / "bert", {**tiny_llama(), "config.json": config})
    for word, told in {
        "parts": "model-00002-of-00002.safetensors is missing",
        "bert": "modules.json is missing",
    }.items():
        status, found = ask(f"./manifests/{word}")
        assert (status, found["message"]) == (1, f"{word} is not complete: {told}")
