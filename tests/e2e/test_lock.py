"""The lock on real servers: a tag moves, and nothing moves with it until somebody says so."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.hands import Hands
from tests.manifests import write
from tests.parts.ollama import RealOllama

pytestmark = [pytest.mark.ollama, pytest.mark.hub]

V1 = {"system": "Be brief.", "parameters": {"temperature": 0.2}, "license": "MIT\nOnly for tests."}
V2 = {
    "system": "Be kind.",
    "parameters": {"temperature": 0.2, "num_ctx": 64},
    "license": "MIT\nFor everybody.",
    "template": "{{ .System }}\n{{ .Prompt }}",
}


@pytest.fixture
def upstream(yard, registry):
    """Give the name of a model on a hub at its first version; it is declared as `m`, with a build on it, and locked."""
    name = f"{registry.hub}/team/{yard.prefix}:latest"
    _publish(yard, name, seed=71, **V1)
    _declare(yard, name)
    assert yard.reconciler("lock").status == 0
    return name


@pytest.fixture
def second(tmp_path: Path) -> Iterator[RealOllama]:
    """Give another real server, which holds nothing."""
    with RealOllama(tmp_path / "second") as server:
        yield server


def test_what_moves_upstream_is_outdated_and_stays(yard, upstream):
    yard.apply()
    before = yard.listed()
    _publish(yard, upstream, seed=71, **V2)

    plan = yard.reconciler("plan", "--detailed-exitcode")
    assert plan.status == 0, plan.out + plan.err
    assert "outdated" in plan.out
    assert f"lock --upgrade {yard.name('m')}" in plan.out
    assert "bot" in plan.out  # what would be rebuilt
    status = yard.reconciler("status")
    assert (status.status, "1 outdated" in status.out) == (0, True)
    yard.apply()
    assert yard.listed() == before


def test_an_upgrade_moves_the_one_that_is_named_and_what_stands_on_it(yard, upstream, registry):
    other = f"{registry.hub}/team/{yard.prefix}-other:latest"
    _publish(yard, other, seed=72)
    write(yard.folder, "o", _model(yard.name("o"), other))
    assert yard.reconciler("lock").status == 0
    yard.apply()
    before = yard.digests()
    _publish(yard, upstream, seed=73, **V2)
    _publish(yard, other, seed=74)

    assert yard.reconciler("lock", "--upgrade", yard.name("m")).status == 0

    assert yard.plan() == {"m": ("update", ["lock_moved"]), "bot": ("update", ["base_changed"])}
    yard.apply()
    after = yard.digests()
    assert after["m"] == _digest_on_hub(registry, upstream) != before["m"]
    assert after["bot"] != before["bot"]
    assert after["o"] == before["o"]
    assert yard.plan() == {}


@pytest.mark.parametrize("weights", [71, 79], ids=["same weights", "other weights"])
def test_a_fresh_server_gets_what_is_locked_to_the_last_byte(yard, upstream, second, monkeypatch, tmp_path, weights):
    yard.apply()
    first = yard.digests()["m"]
    _publish(yard, upstream, seed=weights, **V2)

    monkeypatch.setenv("OLLAMA_HOST", second.url)
    monkeypatch.setenv("RECONCILER_REGISTRY", f"sqlite:///{tmp_path}/second.db")
    yard.apply()

    there = Hands(second).listed()
    assert {yard.word(name) for name in there} == {"m", "bot"}  # and no temporary name
    assert there[f"{yard.name('m')}:latest"][0] == first
    assert yard.plan() == {}
    assert yard.reconciler("plan", "--detailed-exitcode").status == 0


def test_going_back_to_an_older_lock_installs_what_it_says(yard, upstream):
    lock = yard.folder / "reconciler.lock"
    old = lock.read_text()
    yard.apply()
    first = yard.digests()["m"]
    _publish(yard, upstream, seed=75, **V2)
    assert yard.reconciler("lock", "--upgrade").status == 0
    yard.apply()
    assert yard.digests()["m"] != first

    lock.write_text(old)

    assert yard.plan()["m"] == ("update", ["lock_moved"])
    yard.apply()
    assert yard.digests()["m"] == first
    assert yard.plan() == {}


def test_what_is_locked_and_gone_is_said_and_nothing_else_is_installed(
    yard, upstream, registry, second, monkeypatch, tmp_path
):
    _publish(yard, upstream, seed=76, **V2)
    for digest in _layers_in_lock(yard):
        registry.drop_blob(_repo(upstream), digest)

    monkeypatch.setenv("OLLAMA_HOST", second.url)
    monkeypatch.setenv("RECONCILER_REGISTRY", f"sqlite:///{tmp_path}/second.db")
    plan = yard.reconciler("plan")
    assert plan.status == 1
    assert "can't be had any more" in plan.out
    assert f"lock --upgrade {yard.name('m')}" in plan.out
    assert yard.reconciler("apply", "--auto-approve").status == 1
    assert Hands(second).listed() == {}


def test_the_host_itself_may_still_have_what_is_gone_upstream(yard, upstream, registry):
    yard.apply()
    first = yard.digests()["m"]
    yard.hands.copy(yard.name("m"), yard.name("kept"))
    _publish(yard, upstream, seed=77, **V2)
    for digest in _layers_in_lock(yard):
        registry.drop_blob(_repo(upstream), digest)
    yard.hands.delete(yard.name("m"))

    assert yard.plan()["m"] == ("create", ["missing"])
    yard.apply()
    assert yard.digests()["m"] == first


def test_diff_tells_exactly_what_was_changed(yard, upstream):
    yard.apply()
    _publish(yard, upstream, seed=71, **V2)

    told = yard.reconciler("diff", yard.name("m"), "--format", "json")
    assert told.status == 0, told.err
    text = yard.reconciler("diff", yard.name("m"))
    assert text.status == 0, text.err
    changed = {path for path in ("system", "template", "license", "parameters.num_ctx") if path in text.out}
    assert changed == {"system", "template", "license", "parameters.num_ctx"}
    assert "temperature" not in text.out
    assert re.search(r"weights +the same", text.out)
    assert "-Be brief." in text.out or "'Be brief.' → 'Be kind.'" in text.out
    assert yard.name("bot") in text.out


def test_a_revision_that_moves_is_outdated_and_a_fresh_server_gets_the_locked_file(
    yard, huggingface, second, monkeypatch, tmp_path
):
    first = _commit(yard, huggingface, seed=81)
    source = "source: {huggingface: {repo: org/tiny-GGUF, quantization: F16}}"
    write(yard.folder, "m", f"kind: Model\nmetadata: {{name: {yard.name('m')}}}\nspec:\n  {source}\n")
    assert yard.reconciler("lock").status == 0
    yard.apply()
    _commit(yard, huggingface, seed=82)

    plan = yard.reconciler("plan", "--detailed-exitcode")
    assert (plan.status, "outdated" in plan.out) == (0, True)

    monkeypatch.setenv("OLLAMA_HOST", second.url)
    monkeypatch.setenv("RECONCILER_REGISTRY", f"sqlite:///{tmp_path}/second.db")
    yard.apply()
    assert first.replace(":", "-") in Hands(second).show(yard.name("m"))["modelfile"]

    assert yard.reconciler("lock", "--upgrade", yard.name("m")).status == 0
    assert yard.plan() == {"m": ("update", ["lock_moved"])}


def test_without_a_lock_tags_are_followed_and_the_plan_says_so(yard, registry):
    name = f"{registry.hub}/team/{yard.prefix}:latest"
    _publish(yard, name, seed=78)
    _declare(yard, name)
    assert "No lock: 1 reference is followed" in yard.reconciler("plan").out
    locked = yard.reconciler("plan", "--locked")
    assert (locked.status, "not in the lock" in locked.out) == (3, True)


def _commit(yard, huggingface, seed):
    """Commit another file under the same name; return the digest of what is in it."""
    from tests.parts.gguf import tiny_model

    file = yard.folder.parent / f"tiny-{seed}.gguf"
    digest = str(tiny_model(file, seed=seed))
    huggingface.commit("org/tiny-GGUF", {"tiny-F16.gguf": file.read_bytes()})
    return digest


def _publish(yard, name, seed, **fields):
    """Put a model under a tag of the hub, as a colleague would, and leave nothing of it on the server."""
    yard.make(name, seed, **fields)
    yard.hands.publish(name)


def _declare(yard, name):
    write(yard.folder, "m", _model(yard.name("m"), name))
    write(
        yard.folder,
        "bot",
        f"kind: FineTune\nmetadata: {{name: {yard.name('bot')}}}\nspec: {{base: {yard.name('m')}, system: Hello.}}\n",
    )


def _model(name, reference):
    source = f"source: {{ollama: {{name: '{reference}', insecure: true}}}}"
    return f"kind: Model\nmetadata: {{name: {name}}}\nspec:\n  {source}\n"


def _repo(name):
    return name.split("/", 1)[1].rsplit(":", 1)[0]


def _digest_on_hub(registry, name):
    """Return the digest that a server older than 0.19 gives to what is under a tag; they write the manifest anew."""
    from reconciler.sources._hub.manifest import read

    return read(registry.manifest(_repo(name), "latest"), name).foretold[-1].hex


def _layers_in_lock(yard):
    [entry] = json.loads((yard.folder / "reconciler.lock").read_text())["references"].values()
    return [line.split()[1] for line in entry["layers"]]
