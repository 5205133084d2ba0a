"""Bases from a hub: what is pulled again is the same content; what moved upstream rebuilds what stands on it."""

import pytest

from tests.manifests import write

pytestmark = [pytest.mark.ollama, pytest.mark.hub]


@pytest.fixture
def upstream(yard, registry):
    """Give the name of a model on a hub; it is declared under that very name, and `bot` stands on it."""
    name = f"{registry.hub}/team/{yard.prefix}:v1"
    _publish(yard, name, seed=61)
    source = f"source: {{ollama: {{name: '{name}', insecure: true}}}}"
    write(yard.folder, "base", f"kind: Model\nmetadata: {{name: '{name}'}}\nspec:\n  {source}\n")
    write(
        yard.folder,
        "bot",
        f"kind: FineTune\nmetadata: {{name: {yard.name('bot')}}}\nspec: {{base: '{name}', system: Be brief.}}\n",
    )
    yard.apply()
    assert yard.plan() == {}
    yield name
    yard.hands.delete(name)


def test_a_base_that_is_pulled_again_rebuilds_nothing(yard, upstream):
    before = yard.hands.listed()
    yard.hands.pull(upstream)
    again = yard.hands.listed()
    assert again[upstream][0] == before[upstream][0]
    assert again[upstream][1] != before[upstream][1]  # the server wrote it anew
    assert yard.plan() == {}
    yard.apply()
    assert yard.hands.listed() == again


def test_a_base_that_moved_upstream_rebuilds_what_stands_on_it(yard, upstream):
    before = yard.digests()
    yard.hands.copy(upstream, yard.name("kept"))
    weights = _publish(yard, upstream, seed=62)
    yard.hands.copy(yard.name("kept"), upstream)  # on this server nothing has changed
    assert yard.plan() == {upstream: ("update", ["upstream_moved"]), "bot": ("update", ["base_changed"])}
    yard.apply()
    assert yard.digests()["bot"] != before["bot"]
    assert weights.replace(":", "-") in yard.hands.show(yard.name("bot"))["modelfile"]
    assert yard.plan() == {}


def test_the_same_pushed_again_moves_nothing(yard, upstream):
    yard.hands.copy(upstream, yard.name("kept"))
    yard.hands.publish(upstream)
    yard.hands.copy(yard.name("kept"), upstream)
    assert yard.plan() == {}


def _publish(yard, name, seed):
    """Put a model under a tag of the hub, as a colleague would; return the digest of its weights."""
    weights = yard.make(name, seed)
    yard.hands.publish(name)
    return weights
