"""A fast command does not pay for slow libraries: what must not be imported by the time it ends."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fakes.ollama_server import FakeOllama
from tests.manifests import model, tune, write

SLOW = frozenset(
    {
        "huggingface_hub",
        "ollama",
        "rich",
        "structlog",
        "httpx",
        "httpx2",
        "sqlalchemy",
        "asyncio",
        "requests",
        "numpy",
        "opentelemetry",
        "prometheus_client",
        "psycopg",
        "socketserver",
    }
)
VALIDATOR = frozenset({"jsonschema"})
PATHS = frozenset({"pathlib", "urllib"})  # with shutil, a seventh of what the completion of a name takes
READING = VALIDATOR | {"jsonschema_rs", "yaml"}  # not for what was read before
COMMAND = "import sys; from reconciler.cli import main; sys.argv[0] = 'reconciler'; main()"
REPOSITORY = Path(__file__).resolve().parents[2]
REPORT = f"""
import atexit, sys
sys.path.insert(0, {str(REPOSITORY)!r})
atexit.register(lambda: print("loaded:", *{{name.partition(".")[0] for name in sys.modules}}, file=sys.stderr))
"""
MANIFEST = """\
apiVersion: reconciler/v1
kind: Model
metadata: {name: small}
spec: {source: {ollama: "smollm2:135m"}}
"""


def _loaded(code: str, *arguments: str, folder: Path) -> set[str]:
    """Run code in a fresh interpreter and return the top-level modules that it had loaded at its end."""
    answer = subprocess.run(
        [sys.executable, "-c", REPORT + code, *arguments], cwd=folder, check=False, capture_output=True, text=True
    )
    assert answer.returncode == 0, answer.stderr
    assert "loaded:" in answer.stderr
    return set(answer.stderr.rpartition("loaded:")[2].split())


@pytest.mark.parametrize(
    ("code", "arguments", "absent"),
    [
        ("import reconciler", (), SLOW | READING | {"click", "urllib3", "sqlite3"}),
        ("import reconciler.cli", (), SLOW | READING | PATHS | {"shutil"}),
        (COMMAND, ("--version",), SLOW | READING | PATHS),
        (COMMAND, ("--help",), SLOW | READING | PATHS),
        (COMMAND, ("validate", "small.yaml"), SLOW | VALIDATOR | {"sqlite3", "concurrent"}),
    ],
    ids=["import reconciler", "import reconciler.cli", "--version", "--help", "validate"],
)
def test_what_a_command_does_not_use_is_not_imported(
    code: str, arguments: tuple[str, ...], absent: frozenset[str], tmp_path: Path
) -> None:
    (tmp_path / "small.yaml").write_text(MANIFEST)
    assert _loaded(code, *arguments, folder=tmp_path) & absent == set()


def test_what_was_validated_before_is_not_read_again(tmp_path: Path) -> None:
    (tmp_path / "small.yaml").write_text(MANIFEST)
    assert _loaded(COMMAND, "validate", "small.yaml", folder=tmp_path) & READING == {"jsonschema_rs", "yaml"}
    assert _loaded(COMMAND, "validate", "small.yaml", folder=tmp_path) & READING == set()


@pytest.mark.parametrize(
    ("line", "needed"),
    [
        ("pl", set()),
        ("plan --out", {*PATHS}),
        ("plan --target s", {*PATHS, "yaml"}),
        ("forget s", {*PATHS, "sqlite3", "concurrent"}),
    ],
)
def test_completing_a_line_imports_only_what_that_takes(line, needed, tmp_path, monkeypatch) -> None:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests" / "small.yaml").write_text(MANIFEST)
    monkeypatch.setenv("_RECONCILER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", f"reconciler {line}")
    (tmp_path / "registry.db").touch()
    monkeypatch.setenv("RECONCILER_REGISTRY", f"sqlite://{tmp_path}/registry.db")
    slow = SLOW | VALIDATOR | PATHS | {"shutil", "urllib3", "ssl", "http", "yaml", "sqlite3", "concurrent"}
    assert _loaded(f"{COMMAND}; sys.exit('not reached')", folder=tmp_path) & slow == needed


def test_a_plan_that_finds_nothing_to_do_imports_nothing_slow(folder, reconciler, monkeypatch, hub) -> None:
    with FakeOllama() as host:
        monkeypatch.setenv("OLLAMA_HOST", host.url)
        monkeypatch.setenv("HF_ENDPOINT", hub.url)
        model(folder)
        hub.commit("org/repo", {"tiny-Q8_0.gguf": folder / "tiny.gguf"})
        source = "source: {huggingface: {repo: org/repo, quantization: Q8_0}}"
        write(folder, "far", f"kind: Model\nmetadata: {{name: far}}\nspec: {{{source}}}\n")
        tune(folder, "bot", "far")
        assert reconciler("apply", "--auto-approve").status == 0
        assert _loaded(COMMAND, "plan", "--detailed-exitcode", folder=folder.parent) & (SLOW | READING) == set()
        assert _loaded(COMMAND, "apply", "--auto-approve", folder=folder.parent) & (SLOW | READING) == set()
        for words in (["lock"], ["lock", "--check"], ["plan", "--detailed-exitcode", "--locked"]):
            assert _loaded(COMMAND, *words, folder=folder.parent) & (SLOW | READING) == set()


def test_a_check_imports_nothing_slow(folder, monkeypatch, hub) -> None:
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    model(folder)
    hub.commit("org/repo", {"tiny-Q8_0.gguf": folder / "tiny.gguf"})
    for source in ("hf:org/repo", "manifests/tiny.gguf"):
        assert _loaded(COMMAND, "check", source, folder=folder.parent) & (SLOW | {"yaml", "sqlite3"}) == set()
