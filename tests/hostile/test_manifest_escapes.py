"""Manifests from strangers that reach for what is not theirs: other files, other services, other headers, secrets."""

import os
from pathlib import Path

import pytest

from reconciler.core.diagnostics import Diagnostic
from reconciler.errors import ManifestError
from reconciler.manifest.load import load
from reconciler.manifest.patterns import matching

SECRET = "s3cret"


def findings(folder: Path, kind: str, spec: str, name: str = "m") -> list[tuple[str, str]]:
    """Return (code, everything that is said) of what is found in one document."""
    text = f"apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{name: {name}}}\nspec: {spec}\n"
    (folder / "a.yaml").write_text(text)
    try:
        load([folder])
    except ManifestError as error:
        return [(item.code, str(item)) for item in error.diagnostics if isinstance(item, Diagnostic)]
    return []


NAMES = {
    "a repo above": ("Model", "{source: {huggingface: {repo: ../../x}}}"),
    "a repo that goes up": ("Model", "{source: {huggingface: {repo: a/..}}}"),
    "a repo that stays": ("Model", "{source: {huggingface: {repo: a/.}}}"),
    "a repo with a query": ("Model", "{source: {huggingface: {repo: 'a/b?x=1'}}}"),
    "a repo with a fragment": ("Model", "{source: {huggingface: {repo: 'a/b#x'}}}"),
    "a repo with a user": ("Model", "{source: {huggingface: {repo: 'user@evil.example/b'}}}"),
    "a repo with a line end": ("Model", '{source: {huggingface: {repo: "a/b\\n"}}}'),
    "a repo with an escape": ("Model", "{source: {huggingface: {repo: 'a/%2e%2e'}}}"),
    "a repo of three parts": ("Model", "{source: {huggingface: {repo: a/b/c}}}"),
    "a revision above": ("Model", "{source: {huggingface: {repo: a/b, revision: '..'}}}"),
    "a revision far above": ("Model", "{source: {huggingface: {repo: a/b, revision: '../../x'}}}"),
    "a revision in the middle": ("Model", "{source: {huggingface: {repo: a/b, revision: 'x/../y'}}}"),
    "a revision that stays": ("Model", "{source: {huggingface: {repo: a/b, revision: '.'}}}"),
    "a revision with a line end": ("Model", '{source: {huggingface: {repo: a/b, revision: "x\\n"}}}'),
    "a revision with a header": ("Model", '{source: {huggingface: {repo: a/b, revision: "x\\r\\nX-Y: z"}}}'),
    "a revision of half a character": ("Model", '{source: {huggingface: {repo: a/b, revision: "\\ud800"}}}'),
    "a hub with a user": ("Model", "{source: {ollama: 'user:pw@evil.example/a/b'}}"),
    "a hub with a path": ("Model", "{source: {ollama: 'evil.example/x/y/z/b'}}"),
    "a hub above": ("Model", "{source: {ollama: '../a/b'}}"),
    "a namespace above": ("Model", "{source: {ollama: 'hub.example/../b'}}"),
    "a model above": ("Model", "{source: {ollama: 'hub.example/a/..'}}"),
    "a tag above": ("Model", "{source: {ollama: 'a:..'}}"),
    "a tag with a query": ("Model", "{source: {ollama: 'a:b?c'}}"),
    "a name with a line end": ("Model", '{source: {ollama: "a\\n"}}'),
    "a base above": ("FineTune", "{base: '../b', system: x}"),
    "a url with a user": ("Host", f"{{url: 'http://user:{SECRET}@h'}}"),
    "a url that only seems to have none": ("Host", f"{{url: 'http://user:{SECRET}@ho\u2100st'}}"),
    "a url with a bracket": ("Host", f"{{url: 'http://user:{SECRET}@[h'}}"),
    "a url of a file": ("Host", "{url: 'file:///etc/passwd'}"),
    "a url with a header": ("Host", '{url: "http://h\\r\\nX-Y: z"}'),
    "a header with a line end": ("Host", '{url: "http://h", auth: {headerEnv: {"X-Y\\n": A}}}'),
    "a header inside a header": ("Host", '{url: "http://h", auth: {headerEnv: {"X-Y: a\\r\\nX-Z": A}}}'),
    "a variable with a line end": ("Host", '{url: "http://h", auth: {bearerTokenEnv: "A\\n"}}'),
    "a secret instead of a variable": ("Host", f"{{url: 'http://h', auth: {{bearerTokenEnv: 'Bearer {SECRET}'}}}}"),
    "the hub's token": ("Host", "{url: 'http://evil.example', auth: {bearerTokenEnv: HF_TOKEN}}"),
    "the hub's token in a header": ("Host", "{url: 'http://evil.example', auth: {headerEnv: {X-Key: HF_TOKEN}}}"),
    "the hub's token by its old name": ("Host", "{url: 'http://e', auth: {bearerTokenEnv: HUGGING_FACE_HUB_TOKEN}}"),
}


@pytest.mark.parametrize(("kind", "spec"), NAMES.values(), ids=NAMES)
def test_a_name_that_reaches_elsewhere_is_refused_and_no_secret_repeated(tmp_path: Path, kind: str, spec: str) -> None:
    found = findings(tmp_path, kind, spec)
    assert len(found) == 1
    assert SECRET not in found[0][1]


@pytest.mark.parametrize(
    "spec",
    [
        "{source: {huggingface: {repo: a/b, revision: refs/pr/1}}}",
        "{source: {huggingface: {repo: a_/b.c-d, revision: v1.0+x}}}",
        "{source: {ollama: 'registry.example:5000/team/m:tag'}}",
    ],
)
def test_names_that_are_in_use_stay_allowed(tmp_path: Path, spec: str) -> None:
    assert findings(tmp_path, "Model", spec) == []


def test_the_variable_of_the_handbook_stays_allowed(tmp_path: Path) -> None:
    assert findings(tmp_path, "Host", "{url: 'http://h', auth: {bearerTokenEnv: GPU01_TOKEN}}") == []


SPECS = (
    ("Model", "{source: {ollama: b}, templateFile: NAME}"),
    ("Model", "{source: {gguf: NAME}}"),
    ("FineTune", "{base: b, adapter: {gguf: NAME}}"),
    ("FineTune", "{base: b, examplesFrom: [NAME]}"),
    ("Host", "{url: 'http://h', tls: {caFile: NAME}}"),
)


@pytest.mark.parametrize(("kind", "spec"), SPECS)
@pytest.mark.parametrize("name", ["pipe", "device", "zero", "folder", "dangling", "circle", "outside", "process"])
def test_only_a_file_in_the_folder_is_read(tmp_path: Path, kind: str, spec: str, name: str) -> None:
    folder = tmp_path / "manifests"
    folder.mkdir()
    (tmp_path / "secret").write_text(SECRET)
    os.mkfifo(folder / "pipe")
    (folder / "folder").mkdir()
    targets = {"device": "/dev/tty", "zero": "/dev/zero", "dangling": "nowhere", "circle": "circle"}
    targets |= {"outside": "../secret", "process": "/proc/self/environ"}
    for link, target in targets.items():
        (folder / link).symlink_to(target)
    found = findings(folder, kind, spec.replace("NAME", name))
    assert {code for code, _ in found} <= {"invalid-local-file", "no-such-examples"}
    assert found
    assert SECRET not in str(found)


def test_a_manifest_that_is_a_link_out_of_the_folder_is_not_read(tmp_path: Path) -> None:
    """What is wrong in it would be told word by word: its keys, and values that YAML reads in two ways."""
    folder = tmp_path / "manifests"
    folder.mkdir()
    (tmp_path / "kubeconfig").write_text(f"apiVersion: v1\n{SECRET}: yes\n")
    (folder / "a.yaml").symlink_to(tmp_path / "kubeconfig")
    with pytest.raises(ManifestError) as caught:
        load([folder])
    ((only,)) = caught.value.diagnostics
    assert isinstance(only, Diagnostic)
    assert (only.code, str(only.location)) == ("invalid-local-file", str(folder / "a.yaml"))
    with pytest.raises(ManifestError) as caught:
        load([folder / "a.yaml"])  # who names a file means it
    assert len(caught.value.diagnostics) > 1


def test_links_inside_the_folder_are_followed(tmp_path: Path) -> None:
    """As a volume of Kubernetes has them: each file a link to one in a folder that is exchanged as a whole."""
    (tmp_path / "..data").mkdir()
    text = "apiVersion: reconciler/v1\nkind: Model\nmetadata: {name: m}\nspec: {source: {ollama: b}}\n"
    (tmp_path / "..data" / "a.yaml").write_text(text)
    (tmp_path / "a.yaml").symlink_to("..data/a.yaml")
    assert len(load([tmp_path]).manifests.resources) == 1


def test_patterns_find_what_pathlib_finds(tmp_path: Path) -> None:
    for name in ("a.jsonl", "b.txt", "x/a.jsonl", "x/y/b.jsonl", "x/y/z/[c].jsonl", ".h/d.jsonl", "x/a.jsonl.d/e"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    (tmp_path / "link").symlink_to("x/y")
    patterns = ["*.jsonl", "**/*.jsonl", "x/*.jsonl", "x/**/[ab].jsonl", "*/*.jsonl", "link/*", "?/y/*", "**/y/**/*"]
    for pattern in (*patterns, "a.jsonl", "x/y/b.jsonl", "x/y/z/[[]c].jsonl", "none/*", "**/**/*.jsonl", "X/*"):
        theirs = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.glob(pattern) if not path.is_dir())
        assert matching(str(tmp_path.resolve()), pattern.split("/")) == theirs, pattern


def test_a_folder_that_is_gone_matches_nothing(tmp_path: Path) -> None:
    assert matching(str(tmp_path / "gone"), ["*"]) == []


@pytest.mark.parametrize("parts", [["*"] * 33, ["a" * 1025]], ids=["parts", "characters"])
def test_a_pattern_is_no_longer_than_any_needs_to_be(tmp_path: Path, parts: list[str]) -> None:
    with pytest.raises(ValueError, match="more than 32 parts, or 1024 characters"):
        matching(str(tmp_path), parts)
