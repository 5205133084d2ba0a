"""The worked examples: valid together, the one that needs no network applied, no word about what is not there."""

import json
import re
import shutil

import pytest

from reconciler.cli import COMMANDS
from tests.conftest import REPOSITORY
from tests.parts.gguf import tiny_model

EXAMPLES = REPOSITORY / "manifests"
FILES = sorted(path for path in EXAMPLES.rglob("*.yaml") if "recipes" not in path.parts)
KINDS = {"Model", "FineTune", "Host", "Policy"}


@pytest.fixture
def examples(folder):
    """Copy the examples to where `manifests/` is looked for."""
    shutil.copytree(EXAMPLES, folder, dirs_exist_ok=True)
    return folder


def test_all_of_them_are_valid_together(reconciler, examples):
    result = reconciler("validate", "--format", "json")
    assert (result.status, json.loads(result.out)["findings"]) == (0, [])


def test_there_is_one_of_every_kind():
    kinds = {kind for path in FILES for kind in re.findall("^kind: (.+)$", path.read_text(encoding="utf-8"), re.M)}
    assert kinds == KINDS


def test_the_one_with_a_file_beside_it_is_planned_applied_and_in_sync(reconciler, examples, host):
    planned = reconciler("plan", "manifests/gguf", "manifests/fleet/policy.yaml")
    assert (planned.status, planned.err) == (0, "")
    assert "+ tiny:latest  import  gguf tiny.gguf" in planned.out
    assert reconciler("apply", "--auto-approve", "manifests/gguf").status == 0
    assert reconciler("plan", "manifests/gguf").out == "No changes. 1 model in sync on 1 host.\n"


def test_the_file_beside_it_is_the_one_that_tests_make(tmp_path):
    tiny_model(tmp_path / "tiny.gguf")
    assert (EXAMPLES / "gguf" / "tiny.gguf").read_bytes() == (tmp_path / "tiny.gguf").read_bytes()


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_comments_speak_of_what_is_there(reconciler, path):
    comments = " ".join(re.findall("#(.*)$", path.read_text(encoding="utf-8"), re.M))
    known = " ".join(reconciler(name, "--help").out for name in COMMANDS)
    assert [flag for flag in re.findall("--[a-z-]+", comments) if flag not in known] == []
    assert not re.search(r"export|doctor", comments)
