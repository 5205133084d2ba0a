"""Manifests that many tests need, as text."""

from pathlib import Path

from tests.parts.gguf import tiny_model


def model(folder: Path, name: str = "tiny", seed: int = 0, more: str = "") -> None:
    """Declare a model from a GGUF file of its own; `more` is YAML under `spec`."""
    file = f"{name.replace(':', '-')}.gguf"
    tiny_model(folder / file, seed=seed)
    write(
        folder, name, f"kind: Model\nmetadata: {{name: '{name}'}}\nspec:\n  source: {{gguf: ./{file}}}\n{_under(more)}"
    )


def tune(folder: Path, name: str, base: str, more: str = "system: Be brief.") -> None:
    """Declare a build on a base."""
    write(folder, name, f"kind: FineTune\nmetadata: {{name: '{name}'}}\nspec:\n  base: '{base}'\n{_under(more)}")


def host(folder: Path, name: str, url: str, more: str = "") -> None:
    """Declare a host."""
    write(folder, f"host-{name}", f"kind: Host\nmetadata: {{name: {name}}}\nspec:\n  url: {url}\n{_under(more)}")


def write(folder: Path, name: str, text: str) -> None:
    """Write one manifest."""
    (folder / f"{name.replace(':', '-')}.yaml").write_text(f"apiVersion: reconciler/v1\n{text}")


def _under(more: str) -> str:
    return "".join(f"  {line}\n" for line in more.splitlines())
