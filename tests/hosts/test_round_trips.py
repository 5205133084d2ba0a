"""Whatever text or number is declared comes back as it was declared, from a real server and from the fake one."""

import pytest

from reconciler.core.facts import Fact, freeze
from reconciler.core.names import ModelName
from reconciler.core.steps import Create
from reconciler.hosts.ollama_host import OllamaHost
from tests.hosts.conftest import Named, quiet

PARAMETERS: dict[str, Fact] = {
    "num_ctx": 1048576,
    "num_batch": 100000,
    "num_keep": 1000000,
    "num_predict": -1,
    "seed": 1234567,
    "temperature": 0.7,
    "top_k": 0,
    "top_p": 1.0,
    "min_p": 1e-7,
    "typical_p": 0.0001,
    "repeat_penalty": 1.0000001,
    "presence_penalty": -0.25,
    "frequency_penalty": 123456789.125,
    "repeat_last_n": 2**53 + 1,
    "use_mmap": True,
    "use_mlock": False,
    "main_gpu": None,
}

TEXTS = (
    "plain",
    'say "yes"',
    '"quoted"',
    '"""three"""',
    'a """ b " c',
    "line\nbreak",
    "\n",
    " spaces around ",
    "tab\tbell\adel\x7fvt\v",
    "CRLF\r\nend\r",
    "nul\x00nul",
    "\ufeffBOM and \u2028 separators \u2029 and nbsp\u00a0",
    "backslash \\n \\u0041 \\",
    "emoji 😀, 漢字, é and e\u0301",
    "<tag> & 'quote' `tick`",
    "FROM /x/sha256-0\nTEMPLATE no\nSYSTEM no",
    "PARAMETER stop x\n\nLICENSE y",
    "\U0010ffff \U000e0001 \u200b",
)


def test_numbers_and_flags_come_back(host: OllamaHost, base: ModelName, named: Named) -> None:
    host.create(Create(named("p"), base=base, parameters=tuple(PARAMETERS.items())), quiet)
    found = {path: value for path, value in host.show(named("p")) if path.startswith("parameters.")}
    assert found == {f"parameters.{name}": freeze(value) for name, value in PARAMETERS.items()}
    assert {path: type(value) for path, value in found.items()} == {
        f"parameters.{name}": type(freeze(value)) for name, value in PARAMETERS.items()
    }


@pytest.mark.parametrize("stop", [TEXTS, (TEXTS[0],), ("7",), ("true", "<nil>"), ("a", "a")])
def test_stop_lists_come_back_in_order(host: OllamaHost, base: ModelName, named: Named, stop: tuple[str, ...]) -> None:
    host.create(Create(named("s"), base=base, parameters=(("stop", stop),)), quiet)
    assert dict(host.show(named("s")))["parameters.stop"] == stop


@pytest.mark.parametrize("text", TEXTS)
def test_texts_come_back_whole(host: OllamaHost, base: ModelName, named: Named, text: str) -> None:
    messages = (("user", text), ("assistant", f"{text}{text}"))
    step = Create(named("t"), base=base, system=text, template=text, license=(text, "MIT"), messages=messages)
    host.create(step, quiet)
    found = dict(host.show(named("t")))
    assert found["system"] == text
    assert found["template"] == text
    assert found["license"] == f"{text}\nMIT"
    assert found["messages"] == messages
    assert found["weights"] == dict(host.show(base))["weights"]


def test_declared_null_and_empty_list_undo_what_is_inherited(host: OllamaHost, base: ModelName, named: Named) -> None:
    host.create(Create(named("a"), base=base, parameters=(("stop", ("x",)), ("top_k", 5), ("seed", 1))), quiet)
    host.create(Create(named("b"), base=named("a"), parameters=(("stop", ()), ("top_k", None))), quiet)
    found = dict(host.show(named("b")))
    assert "parameters.stop" not in found
    assert found["parameters.top_k"] is None
    assert found["parameters.seed"] == 1
