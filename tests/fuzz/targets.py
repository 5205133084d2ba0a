"""What is fuzzed, and what must hold whatever comes in: a refusal of ours or a sound answer, and nothing else."""

import json
import struct
import tempfile
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.errors import ManifestError, Unusable
from reconciler.manifest.load import load
from reconciler.report.terminal import diagnostics_text
from reconciler.sources._formats.gguf_header import read_header
from tests.sources.gguf_files import ARCHITECTURE, LLAMA, gguf, number, text, texts

ROUND = 200  # inputs
BY_CHANCE = settings(
    max_examples=ROUND,
    deadline=None,
    derandomize=False,
    database=None,
    phases=(Phase.generate, Phase.target, Phase.shrink),
    suppress_health_check=list(HealthCheck),
)

CASES = Path(__file__).parents[1] / "manifest" / "cases"

SEEDS = [file.read_bytes() for file in sorted(CASES.rglob("*.yaml")) if file.stat().st_size < 10_000]
WORDS = [
    b"&a ",
    b"*a",
    b"<<: ",
    b"!!python/object ",
    b"---\n",
    b"? ",
    b"| \n",
    b"\t",
    b"\x00",
    b"\xff",
    b"\xe2\x80\xae",
]
WORDS += [b"../", b"/dev/zero", b"**/", b"[" * 60, b"{a: " * 60, b"1e999", b'"\\ud800"', b"0x1", b"~", b"a" * 400, b"'"]

KEYS = ["apiVersion", "kind", "metadata", "name", "labels", "spec", "source", "base", "url", "auth", "bearerTokenEnv"]
KEYS += [
    "headerEnv",
    "tls",
    "caFile",
    "examples",
    "examplesFrom",
    "examplesIn",
    "parameters",
    "stop",
    "license",
    "system",
]
KEYS += ["hosts", "matchLabels", "ollama", "huggingface", "gguf", "repo", "revision", "path", "sha256", "templateFile"]
VALUES = [
    "reconciler/v1",
    "Model",
    "FineTune",
    "Host",
    "m",
    "a/b",
    "http://h",
    "TOKEN",
    "*.jsonl",
    "x.jsonl",
    "t.tmpl",
    "..",
]
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.sampled_from(VALUES)
DATA = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=4), inner),
    max_leaves=20,
)

GOOD = gguf(*LLAMA)
PIECES = [GOOD, GOOD[:24], b"GGUF", *(value for _, value in LLAMA), texts("k", "a", "b")[1]]
PIECES += [struct.pack("<Q", count) for count in (0, 1, 255, 1 << 16, 1 << 31, 1 << 60, (1 << 64) - 1)]
PIECES += [gguf(ARCHITECTURE, number("general.alignment", 0)), gguf(text("general.architecture", "clip"))]


def spoilt(seeds: list[bytes], pieces: list[bytes]) -> st.SearchStrategy[bytes]:
    """Return a seed in which, up to six times, a few bytes were replaced by a piece or by anything."""
    place, length = st.integers(0, max(map(len, seeds))), st.integers(0, 20)
    wounds = st.lists(st.tuples(place, length, st.sampled_from(pieces) | st.binary(max_size=12)), max_size=6)
    return st.tuples(st.sampled_from(seeds), wounds).map(lambda drawn: _spoil(*drawn))


def _spoil(seed: bytes, wounds: list[tuple[int, int, bytes]]) -> bytes:
    for place, length, piece in wounds:
        seed = seed[:place] + piece + seed[place + length :]
    return seed


@BY_CHANCE
@given(spoilt(SEEDS, WORDS) | DATA.map(lambda data: json.dumps(data).encode()))
def manifests(content: bytes) -> None:
    """Load one manifest beside a few files."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "a.yaml").write_bytes(content)
        Path(folder, "x.jsonl").write_bytes(b'{"user": "a", "assistant": "b"}\n' + content)
        Path(folder, "t.tmpl").write_bytes(content)
        Path(folder, "circle").symlink_to(".")
        try:
            found: tuple[object, ...] = load([Path(folder)]).warnings
        except ManifestError as error:
            found = error.diagnostics
            assert found
        shown = diagnostics_text(found, colour=False)
        assert all(mark.isprintable() or mark in "\n\xa0\u3000" for mark in shown), shown


@BY_CHANCE
@given(spoilt([GOOD, *PIECES], PIECES) | st.lists(st.sampled_from(PIECES) | st.binary(), max_size=8).map(b"".join))
def gguf_header(content: bytes) -> None:
    """Read one header."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(content)
        file.flush()
        try:
            header = read_header(Path(file.name))
        except Unusable:
            return
        assert header.architecture
        assert header.tensors >= 0


TARGETS: tuple[Callable[[], None], ...] = (manifests, gguf_header)
