"""`lock`: what references mean is written down, stays, and moves when somebody says so."""

import json
import shutil

import jsonschema
import pytest

from reconciler.manifest.schema import published
from tests.cli.locking import LOCK, far, held, pulled, spoil
from tests.fakes.oci_server import OciServer
from tests.manifests import model, tune, write
from tests.parts.gguf import tiny_model


@pytest.fixture
def oci():
    """Give a registry that has nothing."""
    with OciServer() as server:
        yield server


@pytest.fixture
def upstream(folder, hub, oci, monkeypatch):
    """Declare a model of every source type, one of them in a folder below, and return their names in the lock."""
    monkeypatch.setenv("HF_ENDPOINT", hub.url)
    (folder / "sub").mkdir()
    model(folder / "sub", "near")
    return ["gguf ./sub/near.gguf", far(folder, hub), pulled(folder, oci)]


def test_every_reference_is_pinned_and_the_same_text_is_written_again(reconciler, folder, upstream, hub, oci):
    result = reconciler("lock")
    assert (result.status, result.err) == (0, "")
    assert list(held(folder)) == upstream
    jsonschema.Draft202012Validator(json.loads(published("lock"))).validate(json.loads((folder / LOCK).read_text()))
    first = (folder / LOCK).read_bytes()
    (folder / LOCK).unlink()
    assert reconciler("lock").status == 0
    assert (folder / LOCK).read_bytes() == first


def test_a_line_tells_what_each_reference_means(reconciler, folder, upstream):
    near, distant, hubs = upstream
    lines = reconciler("lock").out.splitlines()
    commit, digest = held(folder)[distant]["commit"], held(folder)[hubs]["digest"]
    assert lines[0].split() == ["+", *near.split(), held(folder)[near]["sha256"][:12], "24.7", "kB"]
    assert lines[1].split() == ["+", *distant.split(), commit[:7], "3", "B"]
    assert lines[2].split() == ["+", *hubs.split(), digest[7:19], "13", "B"]
    assert lines[3:] == ["manifests/reconciler.lock: 3 added, 0 kept."]
    assert reconciler("lock").out == "manifests/reconciler.lock: nothing to change, 3 references locked.\n"


def test_what_is_locked_is_not_asked_for_again_and_stays(reconciler, folder, upstream, hub, oci):
    reconciler("lock")
    before = (folder / LOCK).read_bytes()
    far(folder, hub, b"two")
    pulled(folder, oci, version=2)
    asked = len(hub.requests), len(oci.requests)
    assert reconciler("lock").status == 0
    assert (folder / LOCK).read_bytes() == before
    assert (len(hub.requests), len(oci.requests)) == asked


def test_an_upgrade_moves_what_is_named_and_nothing_else(reconciler, folder, upstream, hub, oci):
    _, distant, hubs = upstream
    reconciler("lock")
    before = held(folder)
    far(folder, hub, b"two")
    pulled(folder, oci, version=2)
    result = reconciler("lock", "--upgrade", "far")
    after = held(folder)
    moved = f"{before[distant]['commit'][:7]} → {after[distant]['commit'][:7]}"
    assert result.out.splitlines()[0] == f"  ~ {distant}  {moved}  3 B"
    assert result.out.splitlines()[1] == "manifests/reconciler.lock: 1 moved, 2 kept."
    assert {name for name in after if after[name] != before[name]} == {distant}
    assert "1 moved, 2 kept" in reconciler("lock", "--upgrade").out
    assert held(folder)[hubs] != before[hubs]


def test_what_is_new_is_added_and_what_nothing_refers_to_is_dropped(reconciler, folder, upstream):
    reconciler("lock")
    before = held(folder)
    (folder / "far.yaml").unlink()
    model(folder, "new")
    result = reconciler("lock")
    assert "- huggingface org/repo@main Q8_0" in result.out
    assert "1 added, 1 removed, 2 kept" in result.out
    assert set(held(folder)) ^ set(before) == {upstream[1], "gguf ./new.gguf"}


def test_a_single_file_adds_to_the_lock_beside_it_and_drops_nothing(reconciler, folder, upstream):
    reconciler("lock")
    model(folder, "new")
    (folder / "far.yaml").unlink()
    assert "1 added, 3 kept" in reconciler("lock", "manifests/new.yaml").out
    assert reconciler("lock", "--check", "manifests/new.yaml").status == 0
    assert reconciler("lock", "--check").status == 2


def test_two_models_that_refer_to_the_same_share_an_entry(reconciler, folder, upstream, hub):
    write(
        folder,
        "twin",
        "kind: Model\nmetadata: {name: twin}\n"
        "spec: {source: {huggingface: {repo: org/repo, quantization: Q8_0}}, system: Be brief.}\n",
    )
    assert "3 added" in reconciler("lock").out
    far(folder, hub, b"two")
    assert "1 moved" in reconciler("lock", "--upgrade", "twin").out


def test_an_adapter_is_locked_with_the_build_that_it_is_for(reconciler, folder, upstream):
    tiny_model(folder / "lora.gguf", seed=3)
    tune(folder, "bot", "far", "adapter: {gguf: ./lora.gguf}")
    reconciler("lock")
    tiny_model(folder / "lora.gguf", seed=4)
    assert "~ gguf ./lora.gguf" in reconciler("lock", "--upgrade", "bot").out


def test_references_that_cannot_be_resolved_are_all_told_and_nothing_is_written(reconciler, folder, upstream, oci):
    reconciler("lock")
    before = (folder / LOCK).read_bytes()
    pulled(folder, oci, "gone")
    oci.manifests.clear()
    write(folder, "z", "kind: Model\nmetadata: {name: z}\nspec: {source: {huggingface: {repo: org/none}}}\n")
    model(folder, "new")
    result = reconciler("lock", "--upgrade", "pulled")
    assert (result.status, result.out) == (1, "")
    assert [line.partition(": error:")[0] for line in result.err.splitlines() if "error:" in line] == [
        "manifests/gone.yaml:4:25",
        "manifests/pulled.yaml:4:25",
        "manifests/z.yaml:4:30",
    ]
    assert "3 errors" in result.err
    assert (folder / LOCK).read_bytes() == before


def test_a_local_file_that_changed_is_locked_anew_only_on_purpose(reconciler, folder, upstream):
    reconciler("lock")
    before = (folder / LOCK).read_bytes()
    tiny_model(folder / "sub" / "near.gguf", seed=1)
    result = reconciler("lock")
    assert result.status == 1
    assert "manifests/reconciler.lock:4:5: error: near.gguf is another file since it was locked" in result.err
    assert "`reconciler lock --upgrade near:latest`" in result.err
    assert (folder / LOCK).read_bytes() == before
    assert reconciler("lock", "--upgrade", "near").status == 0
    assert reconciler("lock", "--check").status == 0


def test_an_entry_that_was_changed_by_hand_is_named_and_mended_on_purpose(reconciler, folder, upstream):
    reconciler("lock")
    whole = (folder / LOCK).read_bytes()
    spoil(folder, upstream[2], digest=f"sha256:{'0' * 64}")
    result = reconciler("lock")
    assert (result.status, "is not what its hub manifest says" in result.err) == (1, True)
    assert reconciler("lock", "--upgrade", "pulled").status == 0
    assert (folder / LOCK).read_bytes() == whole


def test_a_clone_elsewhere_has_the_same_lock(reconciler, folder, upstream, monkeypatch, tmp_path):
    reconciler("lock")
    clone = tmp_path / "else" / "where"
    shutil.copytree(folder, clone / "manifests")
    monkeypatch.chdir(clone)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "another-cache"))
    assert reconciler("lock", "--check").status == 0
    assert reconciler("lock", clone / "manifests").out.endswith(": nothing to change, 3 references locked.\n")
    assert (clone / "manifests" / LOCK).read_bytes() == (folder / LOCK).read_bytes()


def test_where_there_is_nothing_to_lock_no_file_is_made_and_an_old_one_is_emptied(reconciler, folder, host):
    tune(folder, "bot", "elsewhere")
    assert reconciler("lock").out == "manifests/reconciler.lock: nothing to lock.\n"
    assert not (folder / LOCK).exists()
    assert reconciler("lock", "--check").status == 0
    model(folder)
    reconciler("lock")
    (folder / "tiny.yaml").unlink()
    assert "1 removed, 0 kept" in reconciler("lock").out
    assert held(folder) == {}


def test_each_folder_has_its_own_lock(reconciler, folder, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        model(tmp_path / name, name)
    assert reconciler("lock", "a", "b").out.count("1 added") == 2
    assert list(held(tmp_path / "a")) == ["gguf ./a.gguf"]
    assert list(held(tmp_path / "b")) == ["gguf ./b.gguf"]
    assert reconciler("lock", "--check", "b").status == 0


def test_a_folder_takes_over_what_another_one_has_locked(reconciler, folder, upstream, hub, tmp_path):
    other = tmp_path / "other"
    other.mkdir()
    reconciler("lock")
    far(folder, hub, b"two")
    write(
        other,
        "twin",
        "kind: Model\nmetadata: {name: twin}\nspec: {source: {huggingface: {repo: org/repo, quantization: Q8_0}}}\n",
    )
    assert reconciler("lock", "manifests", "other").status == 0
    assert held(other)[upstream[1]] == held(folder)[upstream[1]]
    assert reconciler("lock", "--upgrade", "--manifests", "other").status == 0
    result = reconciler("lock", "manifests", "other")
    assert (result.status, "is locked otherwise at manifests/reconciler.lock:" in result.err) == (1, True)


def test_json_tells_the_same(reconciler, folder, upstream, hub):
    reconciler("lock")
    before = held(folder)[upstream[1]]["commit"]
    far(folder, hub, b"three")
    (folder / "pulled.yaml").unlink()
    (lock,) = json.loads(reconciler("lock", "--upgrade", "--format", "json").out)["locks"]
    after = held(folder)[upstream[1]]["commit"]
    moved, removed = lock["changes"]
    assert (lock["lock"], lock["kept"]) == ("manifests/reconciler.lock", 1)
    assert moved == {
        "action": "move",
        "reference": upstream[1],
        "before": {"pin": before, "size": 3},
        "after": {"pin": after, "size": 5},
    }
    assert (removed["action"], removed["reference"], "after" in removed) == ("remove", upstream[2], False)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--check", "--upgrade"], "nothing to --upgrade"),
        (["--upgrade", "nera"], "did you mean near:latest?"),
        (["--upgrade", "manifests"], "given with --manifests"),
        (["--upgrade", "a/b/c/d"], "not a model's name"),
        (["--upgrade", "bot"], "bot:latest refers to nothing itself: name its base far:latest"),
    ],
)
def test_wrong_usage_says_what_is_right(reconciler, folder, upstream, words, told):
    tune(folder, "bot", "far")
    result = reconciler("lock", *words)
    assert (result.status, result.out, told in result.err) == (64, "", True)
    assert not (folder / LOCK).exists()
