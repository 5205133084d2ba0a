"""Recipes as users run them: their own commands, in a shell, in a folder of manifests, on a real Ollama."""

import os
import shlex
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY
from tests.manifests import model
from tests.parts.ollama import RealOllama

RECIPES = REPOSITORY / "manifests" / "recipes"


class Site:
    """A checkout with manifests, and a PATH with `reconciler` and what a test adds to it."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder, self.commands = folder, folder.parent / "bin"
        self.commands.mkdir()
        self.environ = {**environ, "PATH": f"{self.commands}:{os.environ['PATH']}"}
        self.command("reconciler", f'exec {shlex.quote(sys.executable)} -m reconciler "$@"')

    def command(self, name: str, script: str, interpreter: str = "/bin/sh") -> None:
        """Put a command on the PATH."""
        path = self.commands / name
        path.write_text(f"#!{interpreter}\n{script}\n")
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def run(self, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run a command in the checkout."""
        return subprocess.run(
            words, cwd=self.folder, env={**self.environ, **environ}, check=False, capture_output=True, text=True
        )

    def bash(self, script: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """Run a script as GitHub and GitLab do."""
        return self.run("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", script, **environ)


@pytest.fixture
def name(unique: str) -> str:
    """Return the name of the model that is declared."""
    return f"{unique}-recipe"


@pytest.fixture
def site(ollama: RealOllama, tmp_path: Path, name: str) -> Iterator[Site]:
    """Give a checkout with one model that is locked and not there yet."""
    folder = tmp_path / "checkout"
    (folder / "manifests").mkdir(parents=True)
    model(folder / "manifests", name, seed=77)
    kept = {key: os.environ[key] for key in ("HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME")}
    made = Site(folder, {**kept, "PYTHONPATH": str(REPOSITORY), "OLLAMA_HOST": ollama.url})
    assert made.run("reconciler", "lock").returncode == 0
    yield made
    made.run("curl", "-sX", "DELETE", f"{ollama.url}/api/delete", "-d", f'{{"model": "{name}"}}')
