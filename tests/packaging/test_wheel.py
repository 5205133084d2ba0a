"""The wheel works elsewhere: built from this tree, installed in an empty environment, run from another folder.

Only our wheel is installed there, so that neither network nor minutes are needed; what it depends on is lent by
the environment that runs the tests, and `test_the_wheel_names_what_it_needs` checks that nothing else is borrowed.
"""

import ast
import json
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = {  # where a module is not named like its package
    "yaml": {"pyyaml"},
    "opentelemetry": {"opentelemetry_sdk", "opentelemetry_exporter_otlp_proto_http"},
}
MANIFEST = """\
apiVersion: reconciler/v1
kind: Model
metadata: {name: small}
spec: {source: {gguf: ./model.gguf}}
"""


def _imported(source: str) -> set[str]:
    """Return the top-level names that a module imports, wherever in it."""
    nodes = list(ast.walk(ast.parse(source)))
    whole = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    parts = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom) and node.level == 0}
    return {name.partition(".")[0] for name in whole | parts}


def _run(*command: str | Path, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    home = {"HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_CACHE_HOME": str(folder), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, cwd=folder, env={**home, **environment}, check=False, capture_output=True, text=True)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, REPOSITORY]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def elsewhere(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the command of an environment that has the wheel and nothing of this tree."""
    root = tmp_path_factory.mktemp("elsewhere") / "environment"
    venv.create(root, symlinks=True)
    pip = [sys.executable, "-m", "pip", "--python", str(root / "bin" / "python")]
    done = subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    packages = next(root.glob("lib/python*/site-packages"))
    (packages / "lent.pth").write_text(
        sysconfig.get_path("purelib") + "\n"
    )  # read after our own, and not for .pth files
    return root / "bin" / "reconciler"


def test_the_wheel_holds_the_package_its_schemas_and_nothing_else(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    packed = {path.relative_to(REPOSITORY / "schemas").as_posix() for path in (REPOSITORY / "schemas").rglob("*.json")}

    assert {name.removeprefix("reconciler/_schemas/") for name in names if "/_schemas/" in name} == packed
    assert {name.split("/")[0].split("-")[0] for name in names} == {"reconciler"}
    assert {"reconciler/py.typed", "reconciler/report/html/page.css", "reconciler/report/html/page.js"} <= names
    assert not [name for name in names if name.endswith(".pyc")]


def test_the_wheel_names_what_it_needs(wheel: Path) -> None:
    """The third-party packages that the code imports are the dependencies, no more and no less."""
    with zipfile.ZipFile(wheel) as archive:
        metadata = next(name for name in archive.namelist() if name.endswith("/METADATA"))
        requires = message_from_bytes(archive.read(metadata)).get_all("Requires-Dist") or []
        sources = [archive.read(name).decode() for name in archive.namelist() if name.endswith(".py")]
    needed = {re.split(r"[^\w-]", line)[0].lower().replace("-", "_") for line in requires}
    imported = {name for source in sources for name in _imported(source)} - sys.stdlib_module_names - {"reconciler"}

    assert "click" in imported
    assert {package for name in imported for package in PACKAGES.get(name, {name})} == needed


def test_it_runs_from_the_wheel_and_not_from_this_tree(elsewhere: Path, tmp_path: Path) -> None:
    code = "import reconciler; print(reconciler.__file__)"
    done = _run(elsewhere.parent / "python", "-c", code, folder=tmp_path)
    assert Path(done.stdout.strip()).is_relative_to(elsewhere.parent.parent), done.stderr


def test_it_tells_its_version(elsewhere: Path, tmp_path: Path) -> None:
    import reconciler

    assert _run(elsewhere, "--version", folder=tmp_path).stdout == f"reconciler {reconciler.__version__}\n"


def test_it_prints_a_schema(elsewhere: Path, tmp_path: Path) -> None:
    done = _run(elsewhere, "schema", "Model", folder=tmp_path)
    assert json.loads(done.stdout)["$schema"] == "https://json-schema.org/draft/2020-12/schema", done.stderr


def test_it_validates_by_the_schemas_inside(elsewhere: Path, tmp_path: Path) -> None:
    (tmp_path / "model.yaml").write_text(MANIFEST.replace("source", "sauce"))
    done = _run(elsewhere, "validate", "model.yaml", folder=tmp_path)
    assert done.returncode == 1
    assert "model.yaml:4:" in done.stderr


def test_it_plans_and_reports(elsewhere: Path, tmp_path: Path) -> None:
    from tests.fakes.ollama_server import FakeOllama
    from tests.parts.gguf import tiny_model

    tiny_model(tmp_path / "model.gguf")
    (tmp_path / "model.yaml").write_text(MANIFEST)
    with FakeOllama() as server:
        done = _run(elsewhere, "plan", "--detailed-exitcode", "model.yaml", folder=tmp_path, OLLAMA_HOST=server.url)
        page = _run(elsewhere, "report", "--html", "-", "model.yaml", folder=tmp_path, OLLAMA_HOST=server.url)

    assert done.returncode == 2, done.stderr
    assert "Plan: 1 to create." in done.stdout
    assert "Plan: 1 to create." in page.stdout, page.stderr
