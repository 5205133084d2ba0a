"""A Modelfile that we write makes, by Ollama's own command line, the model that we make."""

import os
import subprocess

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.core.modelfile import modelfile
from reconciler.core.resource import Overlay
from reconciler.errors import Unusable
from tests.manifests import tune, write
from tests.parts.gguf import tiny_model, tiny_projector
from tests.parts.ollama import find_server
from tests.parts.safetensors import put, tiny_llama

pytestmark = pytest.mark.ollama
MORE = """\
system: |
  You are "brief".
  Never say \"\"\" aloud, please.
template: "{{ .System }}\\n\\"{{ .Prompt }}\\" "
parameters: {num_ctx: 64, stop: ["<|im_end|>", " \\"quoted\\" "], temperature: 0.5}
license: ["MIT", "  indented\\nand long"]
examples:
  - {user: "Where is it?", assistant: "There.\\nOr there."}"""
TEXTS = st.text(alphabet="ab \"'\n\r\t#\\é😀\u0301\xa0", max_size=12).filter(str.strip)


def create(server, name, text, folder):
    """Make a model with Ollama's own command line."""
    files = find_server()
    (folder / "Modelfile").write_bytes(text.encode())
    libraries = {"LD_LIBRARY_PATH": str(files.libraries)} if files.libraries else {}
    made = subprocess.run(
        [files.binary, "create", name, "-f", "Modelfile"],
        cwd=folder,
        env={**os.environ, **libraries, "OLLAMA_HOST": server.url},
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr


def test_a_modelfile_makes_what_apply_makes(yard, ollama, tmp_path):
    yard.model("base")
    tune(yard.folder, yard.name("bot"), yard.name("base"), more=MORE)
    yard.apply()
    told = yard.reconciler("export", "--modelfile", yard.name("bot"))
    assert told.status == 0, told.err
    create(ollama, yard.name("theirs"), told.out, tmp_path)
    assert yard.digests()["theirs"] == yard.digests()["bot"]


def test_a_model_from_a_file_is_written_with_its_place(yard, ollama, tmp_path):
    yard.model("base", more="system: Hello.")
    yard.apply()
    told = yard.reconciler("export", "--modelfile", yard.name("base"))
    create(ollama, yard.name("theirs"), told.out, tmp_path)
    shown, ours = (yard.hands.show(yard.name(word)) for word in ("theirs", "base"))
    assert (shown["system"], shown["modelfile"].count("\nFROM ")) == (ours["system"], 1)
    assert yard.reconciler("export", "--modelfile", yard.name("bsae")).status == 64


def test_a_projector_and_a_folder_of_safetensors_are_written_with_their_places(yard, ollama, tmp_path):
    tiny_model(yard.folder / "m.gguf", seed=12)
    tiny_projector(yard.folder / "eyes.gguf", seed=12)
    put(yard.folder / "tiny", tiny_llama(seed=12))
    sources = {"eyes": "{gguf: {path: m.gguf, mmproj: eyes.gguf}}", "tensors": "{safetensors: ./tiny}"}
    for word, source in sources.items():
        text = f"kind: Model\nmetadata: {{name: {yard.name(word)}}}\nspec: {{source: {source}}}\n"
        write(yard.folder, word, text)
    yard.apply()
    for word in sources:
        told = yard.reconciler("export", "--modelfile", yard.name(word))
        create(ollama, yard.name("theirs"), told.out, tmp_path)
        shown, ours = (yard.hands.show(yard.name(name)) for name in ("theirs", word))
        assert shown["capabilities"] == ours["capabilities"]
        assert shown["modelfile"].count("\nFROM ") == ours["modelfile"].count("\nFROM ")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=TEXTS)
def test_every_text_that_we_write_is_read_back_as_it_is(yard, ollama, tmp_path_factory, text):
    if "base" not in yard.listed():
        yard.by_hand("base")
    try:
        written = modelfile((yard.name("base"),), (), Overlay(system=text, messages=(("user", text),)))
    except Unusable:
        return
    create(ollama, yard.name("text"), written, tmp_path_factory.mktemp("text"))
    shown = yard.hands.show(yard.name("text"))
    assert (shown["system"], shown["messages"][0]["content"]) == (text, text)
