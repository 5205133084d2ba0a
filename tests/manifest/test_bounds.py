"""Files and folders: what is searched, what is refused for its place, and what for its size."""

import os
from pathlib import Path

import pytest

from reconciler.core.diagnostics import Diagnostic
from reconciler.errors import ManifestError
from reconciler.manifest.examples import MAX_EXAMPLES
from reconciler.manifest.files import MAX_BYTES, read_text
from reconciler.manifest.load import load
from reconciler.manifest.schema import _quick

HEAD = "apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"


def manifest(name: str, spec: str = "{source: {ollama: a}}", kind: str = "Model") -> str:
    return HEAD.format(kind=kind, name=name, spec=spec)


def findings(*paths: Path) -> list[tuple[str, str]]:
    """Return (code, location) of everything that is found; a manifest without findings is a failure."""
    with pytest.raises(ManifestError) as caught:
        load(paths)
    found = [item for item in caught.value.diagnostics if isinstance(item, Diagnostic)]
    return [(item.code, str(item.location)) for item in found]


def test_folders_are_searched_and_what_is_hidden_is_left_out(tmp_path: Path) -> None:
    for name in ("b.yaml", "a.yml", "sub/c.yaml", ".hidden.yaml", ".git/d.yaml", "note.txt", "e.yaml.bak"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(manifest(file.name.split(".")[0] or "hidden"))
    assert [item.name.model for item in load([tmp_path]).manifests.resources] == ["a", "b", "c"]


def test_a_file_that_is_reached_twice_is_read_once(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(manifest("a"))
    (tmp_path / "link.yaml").symlink_to(file)
    assert len(load([tmp_path, file, tmp_path / "link.yaml"]).manifests.resources) == 1


def test_a_named_file_may_have_any_name_and_be_hidden(tmp_path: Path) -> None:
    file = tmp_path / ".models"
    file.write_text(manifest("a"))
    assert len(load([file]).manifests.resources) == 1


def test_a_byte_order_mark_and_windows_line_ends_are_fine(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_bytes(b"\xef\xbb\xbf" + manifest("a").replace("\n", "\r\n").encode())
    assert load([file]).manifests.resources[0].location.column == 18


def test_every_path_gets_its_own_finding(tmp_path: Path) -> None:
    empty, missing, bad = tmp_path / "empty", tmp_path / "missing", tmp_path / "bad.yaml"
    empty.mkdir()
    bad.write_text("a: b: c")
    found = findings(missing, bad, empty)
    assert found == [("yaml-syntax", f"{bad}:1:5"), ("no-manifests", str(empty)), ("no-such-path", str(missing))]


def test_what_cannot_be_read_is_a_finding(tmp_path: Path) -> None:
    dangling, pipe = tmp_path / "dangling.yaml", tmp_path / "pipe.yaml"
    dangling.symlink_to(tmp_path / "nowhere")
    os.mkfifo(pipe)
    assert findings(tmp_path) == [("unreadable", str(dangling)), ("unreadable", str(pipe))]


def test_a_file_without_permission_is_a_finding(tmp_path: Path) -> None:
    """A file of another process's memory stands in for it: root may open everything, but not read this."""
    tmp_path.joinpath("a.yaml").symlink_to("/proc/self/mem")
    assert findings(tmp_path / "a.yaml") == [("unreadable", str(tmp_path / "a.yaml"))]


def test_a_file_may_have_so_many_bytes_and_not_one_more(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    text = manifest("a")
    file.write_text(text + "#" * (MAX_BYTES - len(text)))
    assert len(load([file]).manifests.resources) == 1
    file.write_text(text + "#" * (MAX_BYTES - len(text) + 1))
    assert findings(file) == [("too-large", str(file))]


def test_there_may_be_so_many_examples_and_not_one_more(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(manifest("a", "{base: b, examplesFrom: [x.jsonl]}", "FineTune"))
    line = '{"user": "a", "assistant": "b"}\n'
    (tmp_path / "x.jsonl").write_text(line * MAX_EXAMPLES)
    assert len(load([tmp_path]).manifests.resources[0].overlay.messages) == 2 * MAX_EXAMPLES
    (tmp_path / "x.jsonl").write_text(line * (MAX_EXAMPLES + 1))
    assert findings(tmp_path)[0][0] == "too-many-examples"


@pytest.mark.parametrize(
    "spec",
    [
        "{source: {gguf: ../secret.gguf}}",
        "{source: {gguf: {path: sub/../../secret.gguf}}}",
        "{source: {gguf: OUTSIDE/secret.gguf}}",
        "{source: {gguf: file-link.gguf}}",
        "{source: {gguf: folder-link/secret.gguf}}",
        "{source: {ollama: b}, templateFile: file-link.gguf}",
    ],
)
def test_no_file_is_taken_from_outside_the_folder(tmp_path: Path, spec: str) -> None:
    folder = tmp_path / "folder"
    (folder / "sub").mkdir(parents=True)
    (tmp_path / "secret.gguf").write_text("secret")
    (folder / "file-link.gguf").symlink_to(tmp_path / "secret.gguf")
    (folder / "folder-link").symlink_to(tmp_path)
    (folder / "a.yaml").write_text(manifest("a", spec.replace("OUTSIDE", str(tmp_path))))
    assert [code for code, _ in findings(folder)] == ["invalid-local-file"]


@pytest.mark.parametrize("pattern", ["link.jsonl", "folder-link/*.jsonl", "sub/../../*.jsonl", "OUTSIDE/*.jsonl"])
def test_no_examples_are_taken_from_outside_the_folder(tmp_path: Path, pattern: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (tmp_path / "x.jsonl").write_text('{"user": "a", "assistant": "b"}')
    (folder / "link.jsonl").symlink_to(tmp_path / "x.jsonl")
    (folder / "folder-link").symlink_to(tmp_path)
    spec = f"{{base: b, examplesFrom: ['{pattern.replace('OUTSIDE', str(tmp_path))}']}}"
    (folder / "a.yaml").write_text(manifest("a", spec, "FineTune"))
    assert next(code for code, _ in findings(folder)) == "invalid-local-file"


def test_links_and_absolute_paths_that_stay_inside_are_fine(tmp_path: Path) -> None:
    (tmp_path / "real.gguf").write_text("x")
    (tmp_path / "link.gguf").symlink_to("real.gguf")
    (tmp_path / "loop.gguf").symlink_to("loop.gguf")
    (tmp_path / "a.yaml").write_text(manifest("a", f"{{source: {{gguf: {tmp_path}/link.gguf}}}}"))
    (source,) = load([tmp_path]).manifests.resources[0].sources
    assert dict(source.options)["path"] == str(tmp_path.resolve() / "real.gguf")


def test_a_thousand_documents_need_one_validator(tmp_path: Path) -> None:
    _quick.cache_clear()
    (tmp_path / "a.yaml").write_text("---\n".join(manifest(f"m{index}") for index in range(1000)))
    assert len(load([tmp_path]).manifests.resources) == 1000
    assert _quick.cache_info().misses == 1


def test_text_counts_as_often_as_it_is_named(tmp_path: Path) -> None:
    (tmp_path / "t.tmpl").write_text("x" * 4_000_000)
    spec = "{source: {ollama: b}, templateFile: t.tmpl}"
    (tmp_path / "a.yaml").write_text("---\n".join(manifest(f"m{number}", spec) for number in range(30)))
    assert findings(tmp_path) == [("too-much-text", f"{tmp_path}/a.yaml:{5 * 17 - 2}:18")]


def test_an_alias_repeats_no_text_without_end(tmp_path: Path) -> None:
    pairs = ", ".join(["{user: *a, assistant: *a}"] * 100)
    spec = f"{{base: b, system: &a {'x' * 100_000}, examples: [{pairs}]}}"
    (tmp_path / "a.yaml").write_text(manifest("a", spec, "FineTune") + "---\n" + manifest("unread", "{}"))
    assert [code for code, _ in findings(tmp_path)] == ["too-many-nodes"]


def test_after_many_bad_lines_the_rest_is_not_read(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(manifest("a", "{base: b, examplesFrom: [x.jsonl]}", "FineTune"))
    (tmp_path / "x.jsonl").write_text("{}\n" * 1000)
    codes = [code for code, _ in findings(tmp_path)]
    assert codes == ["too-many-examples", *["invalid-example"] * 20]


def test_there_may_be_so_many_models_on_hosts(tmp_path: Path) -> None:
    host = "{url: 'http://h%d'}"
    (tmp_path / "h.yaml").write_text("---\n".join(manifest(f"h{n}", host % n, "Host") for n in range(1000)))
    (tmp_path / "m.yaml").write_text("---\n".join(manifest(f"m{n}") for n in range(501)))
    assert [code for code, _ in findings(tmp_path)] == ["too-many-models"]


def test_only_the_first_hosts_are_named(tmp_path: Path) -> None:
    hosts = "---\n".join(manifest(f"h{number:02}", f"{{url: 'http://h{number}'}}", "Host") for number in range(12))
    models = [manifest("b", "{source: {ollama: b}, hosts: {matchLabels: {a: c}}}")]
    models.append(manifest("t", "{base: b, system: x}", "FineTune"))
    (tmp_path / "a.yaml").write_text("---\n".join((hosts, *models)))
    told = [str(item) for item in load([tmp_path]).warnings if item.code == "base-not-everywhere"]
    assert "for h00, h01, h02, h03, h04, h05, h06, h07, h08, h09 and 2 more, where" in told[0]


def test_a_file_that_is_longer_than_it_says_is_read_to_its_end() -> None:
    """As a file that just grew, and those of the kernel, which say nothing."""
    kernel = Path("/proc/version")
    assert kernel.stat().st_size == 0
    assert read_text(kernel, "version") == kernel.read_text()
