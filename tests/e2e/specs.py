"""Generated manifests: models from tiny GGUFs and builds on them, with the texts and numbers that servers reformat.

A site is a tuple of entries. Names in it are short words; a prefix makes them unique on the server. Texts are
written to YAML as escapes, numbers as they are, so that what is declared is exactly what was drawn.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.conftest import REPOSITORY
from tests.parts.gguf import CHATML, tiny_adapter, tiny_model

GGUFS = ("plain.gguf", "other.gguf", "chatml.gguf")
ADAPTER = "lora.gguf"
NAMES = ("one", "two", "three")

_FRAGMENTS = (
    *(
        '"',
        '"""',
        "'",
        "`",
        "\\",
        "\\n",
        "\n",
        "\r\n",
        "\r",
        "\t",
        " ",
        "\x00",
        "\x07",
        "\x7f",
        "\x85",
        "\u00a0",
        "\u2028",
    ),
    *("\ufeff", "\ufffd", "\u200b", "e\u0301", "é", "漢", "😀", "\U0010ffff", "<b>&amp;</b>", "%s", "#", "no", "1:30"),
    *("FROM /x/sha256-0\n", "ADAPTER /y\n", "\nTEMPLATE z\n", "SYSTEM s", "\nPARAMETER stop a\n", "LICENSE l", "word"),
)
_ACTIONS = (
    *("{{ .Prompt }}", "{{ .System }}", "{{- .Response -}}", "{{/* FROM /x */}}", "{{ if .System }}s{{ end }}"),
    *("{{ range .Messages }}<|{{ .Role }}|>{{ .Content }}{{ end }}", '{{ "\\"" }}', '{{ `"""` }}'),
)
_SCHEMA = json.loads((REPOSITORY / "schemas" / "parts.schema.json").read_text(encoding="utf-8"))
_KNOWN = _SCHEMA["$defs"]["parameters"]["properties"]
_WHOLE = (0, 1, -1, 4096, 99_999, 100_000, 10**6, 1_048_576, -(10**6), 2**31 - 1, 2**53 - 1, 1 - 2**53)
_PARTS = (
    0.1,
    1.0,
    -0.0,
    0.7,
    1e-4,
    1e-5,
    1e-7,
    1e6,
    123456.789,
    1e20,
    1e21,
    5e-324,
    1.7e308,
    0.30000000000000004,
    1,
    0,
)


def _numbers(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return all that a parameter may be, the numbers that servers reformat more often than others."""
    least, most = schema.get("minimum"), schema.get("maximum")
    whole = schema["type"] == "integer"
    odd = [
        number
        for number in (_WHOLE if whole else _PARTS)
        if (least is None or number >= least) and (most is None or number <= most)
    ]
    if whole:
        return st.sampled_from(odd) | st.integers(least, most)
    return st.sampled_from(odd) | st.floats(least, most, allow_nan=False, allow_infinity=False)


@dataclass(frozen=True)
class Entry:
    """One document: `spec` is what stands under it, but for the source of a model and the base of a build."""

    name: str
    on: str  # the file of a Model, the base of a FineTune
    spec: Mapping[str, Any]

    @property
    def is_model(self) -> bool:
        """Tell a Model from a FineTune."""
        return self.on in GGUFS


Site = tuple[Entry, ...]

TEXTS = st.lists(
    st.sampled_from(_FRAGMENTS) | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=5),
    min_size=1,
    max_size=6,
).map("".join)
TEMPLATES = st.lists(
    st.sampled_from(_ACTIONS) | st.sampled_from([text for text in _FRAGMENTS if "{" not in text]),
    min_size=1,
    max_size=6,
).map("".join)
PARAMETERS = st.fixed_dictionaries(
    {},
    optional={
        **{name: _numbers(known) for name, known in _KNOWN.items() if known["type"] in ("integer", "number")},
        "use_mmap": st.booleans(),
        "stop": TEXTS
        | st.lists(TEXTS, max_size=4)
        | st.sampled_from([["7"], ["true", "<nil>"], ["a", "a"], ["b", "a"]]),
    },
)
_LAID_OVER: dict[str, st.SearchStrategy[Any]] = {
    "system": TEXTS,
    "template": TEMPLATES,
    "license": TEXTS | st.lists(TEXTS, min_size=1, max_size=3),
    "parameters": PARAMETERS,
}
_MODELS = st.fixed_dictionaries({}, optional={**_LAID_OVER, "quantize": st.sampled_from(["q8_0", "F16", "q4_K_M"])})
_TUNES = st.fixed_dictionaries(
    {},
    optional={
        **_LAID_OVER,
        "examples": st.lists(st.fixed_dictionaries({"user": TEXTS, "assistant": TEXTS}), min_size=1, max_size=3),
        "examplesIn": st.sampled_from(["messages", "system"]),
        "adapter": st.just({"gguf": f"./{ADAPTER}"}),
    },
)


@st.composite
def sites(draw: st.DrawFn) -> Site:
    """Draw a model and up to three builds, each on the model or on another build."""
    found = [Entry("base", draw(st.sampled_from(GGUFS)), draw(_MODELS))]
    for name in NAMES[: draw(st.integers(1, len(NAMES)))]:
        found.append(Entry(name, draw(st.sampled_from([entry.name for entry in found])), draw(_TUNES)))
    return tuple(found)


def put_files(folder: Path) -> None:
    """Put the GGUFs that sites are made of into a folder of manifests."""
    tiny_model(folder / GGUFS[0], seed=31)
    tiny_model(folder / GGUFS[1], seed=32)
    tiny_model(folder / GGUFS[2], seed=33, chat_template=CHATML)
    tiny_adapter(folder / ADAPTER, seed=34)


def manifests(site: Site, prefix: str) -> list[dict[str, Any]]:
    """Return the documents of a site."""
    return [_document(entry, prefix) for entry in site]


def _document(entry: Entry, prefix: str) -> dict[str, Any]:
    on = {"source": {"gguf": f"./{entry.on}"}} if entry.is_model else {"base": f"{prefix}-{entry.on}"}
    return {
        "apiVersion": "reconciler/v1",
        "kind": "Model" if entry.is_model else "FineTune",
        "metadata": {"name": f"{prefix}-{entry.name}"},
        "spec": {**on, **entry.spec},
    }


def text_of(documents: Iterable[object], chance: Random | None = None) -> str:
    """Return documents as YAML; with chance, in another order and with numbers spelled another way."""
    found = list(documents)
    if chance is not None:
        chance.shuffle(found)
    return "".join(f"---\n{_yaml(document, chance)}\n" for document in found)


def _yaml(value: object, chance: Random | None) -> str:
    match value:
        case dict():
            pairs = list(value.items())
            if chance is not None:
                chance.shuffle(pairs)
            return "{" + ", ".join(f"{_quoted(key)}: {_yaml(item, chance)}" for key, item in pairs) + "}"
        case list():
            return "[" + ", ".join(_yaml(item, chance) for item in value) + "]"
        case str():
            return _quoted(value)
        case bool():
            return "true" if value else "false"
        case _:
            return _number(value) if chance is None else chance.choice(_spellings(value))


def _number(value: object) -> str:
    return repr(value)


def _spellings(value: Any) -> list[str]:
    """Return ways to write a number that all mean the same float."""
    found = [repr(value), repr(float(value)), f"{float(value):.17e}"]
    return [*found, str(int(value))] if float(value).is_integer() else found


def _quoted(text: str) -> str:
    """Return a double-quoted scalar in ASCII."""
    return '"' + "".join(_escaped(char) for char in text) + '"'


def _escaped(char: str) -> str:
    code = ord(char)
    if char in '"\\':
        return f"\\{char}"
    if 0x20 <= code < 0x7F:
        return char
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
