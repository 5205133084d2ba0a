"""A YAML file that says that it is no manifest is left out, and is no manifest where it is all there is."""

from pathlib import Path

import pytest

from reconciler.core.diagnostics import Diagnostic
from reconciler.errors import ManifestError
from reconciler.manifest.load import load
from reconciler.manifest.rules import IGNORED

HOST = "apiVersion: reconciler/v1\nkind: Host\nmetadata: {name: a}\nspec: {url: 'http://a'}\n"


@pytest.mark.parametrize("end", ["\n", "\r\n", "  \n", "\n\n---\n"])
def test_a_file_that_says_so_in_its_first_line_is_left_out(tmp_path: Path, end: str) -> None:
    (tmp_path / "host.yaml").write_text(HOST)
    (tmp_path / "pod.yaml").write_bytes(f"{IGNORED}{end}kind: Pod\n".encode())
    assert [host.name for host in load([tmp_path]).manifests.hosts] == ["a"]
    assert codes(tmp_path / "pod.yaml") == ["no-manifests"]


@pytest.mark.parametrize("first", [f"\n{IGNORED}", f" {IGNORED}", f"{IGNORED}d", "# reconciler:ignore"])
def test_all_else_is_judged_as_a_manifest(tmp_path: Path, first: str) -> None:
    (tmp_path / "pod.yaml").write_text(f"{first}\nkind: Pod\n")
    assert "unknown-kind" in codes(tmp_path)


def codes(path: Path) -> list[str]:
    with pytest.raises(ManifestError) as caught:
        load([path])
    return [item.code for item in caught.value.diagnostics if isinstance(item, Diagnostic)]
