"""Preflight: what can't work is refused at plan time, with what it would take, and nothing moves."""

import json
from dataclasses import replace

import pytest

from reconciler.core.change import Action, Reason
from reconciler.core.decide import Policy
from reconciler.core.digest import Digest
from reconciler.core.names import HostName, ModelName
from reconciler.core.plan import Plan
from reconciler.errors import UnsafePlan
from reconciler.workflow.propose import propose
from reconciler.workflow.selection import Selection
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import model, tune, write
from tests.parts.safetensors import CONFIG, put, tiny_llama
from tests.sources.gguf_files import LLAMA, gguf, number
from tests.workflow.conftest import Site
from tests.workflow.upstream import Upstream, change

WRITING = ("upload", "create", "pull", "copy", "delete")


def declare(site: Site, *fields: str) -> None:
    """Declare a model from a file, and a build on it; `fields` are laid over both."""
    model(site.folder, "m", more="\n".join(fields))
    tune(site.folder, "n", "m", more="\n".join(("system: s", *fields)))


@pytest.mark.parametrize("field", ["renderer: qwen3-coder", "parser: qwen3-coder"])
def test_what_an_old_host_would_drop_is_refused_with_the_version_that_it_needs(site: Site, field: str) -> None:
    declare(site)
    assert site.apply().good
    site.servers["a"].seen.clear()
    declare(site, field)
    plan = site.plan()
    told = "`renderer` and `parser` need Ollama 0.12.0, and the host has 0.9.3"
    found = [(change.action, change.reasons, change.note) for change in plan.changes]
    assert found == [(Action.REFUSE, (Reason.HOST_TOO_OLD,), told)] * 2
    assert all(change.hint.startswith("upgrade the host") and change.location for change in plan.changes)
    assert not plan.complete
    assert not site.apply(plan).good
    assert site.servers["a"].calls(*WRITING) == []


@pytest.mark.parametrize("version", ["0.12.0", "0.0.0"])
def test_newer_hosts_and_builds_without_a_version_are_asked_and_what_they_made_is_read_back(
    site: Site, version: str
) -> None:
    with FakeOllama(version) as server:
        site.servers["a"] = server
        declare(site, "renderer: qwen3-coder", "parser: qwen3")
        result = site.apply()
        if version == "0.0.0":
            assert "renderer" in str(result.outcomes)
            assert server.store.listed() == []
            return
        assert result.good
        assert site.in_sync()
        assert [server.store.show(name)["modelfile"].count("RENDERER qwen3-coder") for name in ("m", "n")] == [1, 1]


def test_what_is_in_place_is_not_refused_by_a_host_that_got_older(site: Site) -> None:
    with FakeOllama("0.12.0") as server:
        site.servers["a"] = server
        declare(site, "renderer: qwen3-coder")
        assert site.apply().good
        server.version_text = "0.9.3"
        assert site.in_sync()


def planned(site: Site, budget: int, target: str) -> Plan:
    """Return a plan for one model on a host that may hold so many bytes."""
    declared = site.manifests
    hosts = tuple(replace(spec, storage_budget=budget) for spec in declared.hosts)
    selection = Selection(frozenset({ModelName.parse(target)}))
    return propose(replace(declared, hosts=hosts), site.world(), selection, Policy())


def test_a_plan_for_one_model_counts_all_that_its_host_holds_and_what_that_makes_anew(site: Site) -> None:
    with FakeOllama("0.30.0") as server:
        site.servers["a"] = server
        declare(site)
        assert site.apply().good
        sizes = {str(live.address.model): live.size for live in site.world().hosts[HostName("a")].models()}
        model(site.folder, "other", seed=2)
        file = (site.folder / "other.gguf").stat().st_size
        enough = max(sizes.values()) + 2 * file  # m and n share their weights
        assert planned(site, enough, "other").violations == ()
        assert planned(site, enough, "other").total.disk == 2 * file
        (violation,) = planned(site, enough - 1, "other").violations
        assert violation.check == "storage-budget"
        server.seen.clear()
        with pytest.raises(UnsafePlan, match="its storageBudget is 0"):
            site.apply(planned(site, 0, "other"))
        assert server.calls(*WRITING) == []


def test_what_only_newer_hosts_convert_is_refused_by_older_ones(site: Site) -> None:
    config = {**CONFIG, "architectures": ["Qwen3NextForCausalLM"]}
    put(site.folder / "next", {**tiny_llama(), "config.json": json.dumps(config).encode()})
    put(site.folder / "llama", tiny_llama())
    for word in ("next", "llama"):
        write(
            site.folder, word, f"kind: Model\nmetadata: {{name: {word}}}\nspec: {{source: {{safetensors: ./{word}}}}}\n"
        )
    told = {str(change.address.model): (change.action, change.note) for change in site.plan().changes}
    assert told == {
        "llama:latest": (Action.CREATE, ""),
        "next:latest": (Action.REFUSE, "next needs Ollama 0.33, and the host has 0.9.3"),
    }


SMALL = gguf(*LLAMA, number("llama.context_length", 64))
EMBEDS = gguf(*LLAMA, number("llama.pooling_type", 1))
MORE = "was trained on 64 tokens"


def looks(upstream: Upstream) -> int:
    """Return how often the hub was asked for a part of the weights since."""
    return len([path for path in upstream.asked() if path.endswith(str(Digest.of(SMALL)))])


def test_the_weights_on_a_hub_are_looked_into_once_and_only_where_something_hangs_on_it(upstream: Upstream) -> None:
    upstream.publish(weights=SMALL)
    upstream.declare("plain")
    assert change(upstream.site.plan(), "plain").warnings == ()
    assert looks(upstream) == 0
    upstream.declare("m", more="parameters: {num_ctx: 4096}")
    tune(upstream.site.folder, "n", "plain", "parameters: {num_ctx: 65}")
    plan = upstream.site.plan()
    assert change(plan).warnings == (f"num_ctx is 4096, and {upstream.name()} {MORE}",)
    assert change(plan, "n").warnings == (f"num_ctx is 65, and {upstream.name()} {MORE}",)
    assert looks(upstream) == 1
    assert upstream.site.plan() == plan
    assert looks(upstream) == 1


def test_a_prompt_for_a_model_of_a_hub_that_only_embeds_is_refused(upstream: Upstream) -> None:
    upstream.publish(weights=EMBEDS)
    upstream.declare(more="test: {prompt: a, expect: b}")
    found = change(upstream.site.plan())
    assert found.note == f"{upstream.name()} makes embeddings and answers no prompt, which its test asks for"
    upstream.declare(more="test: {embedding: {dimensions: 4}}")
    assert change(upstream.site.plan()).action is Action.CREATE


def test_weights_on_a_hub_that_can_not_be_read_refuse_nothing(upstream: Upstream) -> None:
    upstream.publish(weights="no GGUF")
    upstream.declare(more="test: {prompt: a, expect: b}\nparameters: {num_ctx: 4096}")
    found = change(upstream.site.plan())
    assert (found.action, found.warnings) == (Action.CREATE, ())
