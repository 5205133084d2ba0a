"""What a Modelfile says of a declared model; that Ollama reads it so is proved in tests/e2e/test_modelfile.py."""

import pytest

from reconciler.core.modelfile import modelfile
from reconciler.core.resource import Overlay
from reconciler.errors import Unusable


def line(text: str) -> str:
    """Return how a system prompt stands in a Modelfile."""
    return modelfile(("base",), (), Overlay(system=text)).removeprefix("FROM base\nSYSTEM ").removesuffix("\n")


def test_everything_that_is_declared_is_in_it():
    overlay = Overlay(
        system="Be brief.",
        template="{{ .Prompt }}",
        parameters=(("num_ctx", 64), ("stop", ("a", "b c")), ("temperature", 0.5), ("use_mmap", True)),
        messages=(("user", "Hi"), ("assistant", "Hello\nthere")),
        license=("MIT", "and more"),
        renderer="qwen3-coder",
        parser="qwen3",
    )
    assert modelfile(("./m.gguf", "./p.gguf"), ("./lora.gguf",), overlay, ("from somewhere",)).splitlines() == [
        "# from somewhere",
        "FROM ./m.gguf",
        "FROM ./p.gguf",
        "ADAPTER ./lora.gguf",
        "PARAMETER num_ctx 64",
        "PARAMETER stop a",
        "PARAMETER stop b c",
        "PARAMETER temperature 0.5",
        "PARAMETER use_mmap true",
        "TEMPLATE {{ .Prompt }}",
        "SYSTEM Be brief.",
        "RENDERER qwen3-coder",
        "PARSER qwen3",
        "LICENSE MIT",
        "LICENSE and more",
        "MESSAGE user Hi",
        'MESSAGE assistant """Hello',
        'there"""',
    ]


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("plain", "plain"),
        ('say "hi"', 'say "hi"'),
        ('"quoted"', '""""quoted""""'),
        (" space ", '""" space """'),
        ("two\nlines", '"""two\nlines"""'),
        ('ends with "', 'ends with "'),
        ('two\n"lines"', '"""two\n"lines""""'),
        ("", '""""""'),
    ],
)
def test_a_text_has_the_quotes_that_bring_it_back(text, written):
    assert line(text) == written


def test_a_text_whose_lines_end_with_all_kinds_of_quotes_can_not_be_written():
    with pytest.raises(Unusable, match="SYSTEM"):
        line('docstring """\nmore')


def test_a_text_with_what_would_be_dropped_can_not_be_written():
    with pytest.raises(Unusable, match=r"SYSTEM: U\+3000"):
        line("全角\u3000空白")


@pytest.mark.parametrize(("name", "value", "told"), [("num_ctx", None, "null"), ("stop", (), r"\[\]")])
def test_a_parameter_that_takes_away_what_is_inherited_can_not_be_written(name, value, told):
    with pytest.raises(Unusable, match=rf"parameters\.{name}: {told}"):
        modelfile(("base",), (), Overlay(parameters=((name, value),)))


def test_nothing_declared_is_one_line():
    assert modelfile(("base",), (), Overlay()) == "FROM base\n"
