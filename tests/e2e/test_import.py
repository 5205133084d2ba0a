"""A Modelfile that is imported makes what Ollama's own command line makes of it."""

import pytest

from tests.e2e.test_modelfile import create
from tests.parts.gguf import tiny_adapter, tiny_model

pytestmark = pytest.mark.ollama

WHOLE = '''\
# for support
from ./m.gguf
ADAPTER ./lora.gguf
PARAMETER num_ctx 64
PARAMETER temperature 0.5
PARAMETER temperature 0.7
PARAMETER stop "<|im_end|>"
PARAMETER stop  and more
TEMPLATE """{{ .System }}
"{{ .Prompt }}" """
SYSTEM You are "brief".
SYSTEM """You are briefer.

  # no comment
"""
LICENSE MIT
LICENSE "and more"
MESSAGE user Where is it?
MESSAGE assistant """There.
Or there."""
'''


def test_it_makes_the_same_model(yard, ollama, reconciler):
    tiny_model(yard.folder / "m.gguf", seed=91)
    tiny_adapter(yard.folder / "lora.gguf", seed=91)
    create(ollama, yard.name("theirs"), WHOLE, yard.folder)
    out = yard.folder / "bot.yaml"
    done = reconciler(
        "import", "--from", "modelfile", "--name", yard.name("ours"), yard.folder / "Modelfile", "--out", out
    )
    assert (done.status, done.err) == (0, "")
    yard.apply()
    ours, theirs = (yard.hands.stored(yard.name(word)) for word in ("ours", "theirs"))
    assert ours == theirs


def test_a_build_on_another_model_makes_the_same_and_what_ollama_shows_of_it_too(yard, ollama, reconciler, tmp_path):
    yard.by_hand("base", seed=92)
    text = f'FROM {yard.name("base")}\nSYSTEM """Two\nlines"""\nPARAMETER stop a\nLICENSE MIT\n'
    create(ollama, yard.name("theirs"), text, tmp_path)
    (tmp_path / "Shown").write_text(yard.hands.show(yard.name("theirs"))["modelfile"])
    for word, file in (("ours", "Modelfile"), ("shown", "Shown")):
        out = yard.folder / f"{word}.yaml"
        done = reconciler("import", "--from", "modelfile", "--name", yard.name(word), tmp_path / file, "--out", out)
        assert (done.status, done.err) == (0, "")
    built = (yard.folder / "ours.yaml").read_text()
    (yard.folder / "ours.yaml").write_text(built[built.rindex("---\n") :])  # the base comes from no hub
    yard.apply()
    found = {word: yard.hands.stored(yard.name(word)) for word in ("ours", "shown", "theirs")}
    assert found["ours"] == found["theirs"]
    assert found["shown"].pop("template") == [b"{{ .Prompt }}"]  # which the server shows where there is none
    assert found["shown"] == found["theirs"]
