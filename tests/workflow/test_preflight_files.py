"""Preflight of what is imported: files that hosts take and break on later are refused by their headers alone."""

import pytest

from reconciler.core.change import Action
from tests.fakes.http_faults import Fault
from tests.fakes.ollama_server import FakeOllama
from tests.manifests import write
from tests.sources.gguf_files import ARCHITECTURE, LLAMA, TOKENIZER, TOKENS, gguf, number, text
from tests.workflow.conftest import Site
from tests.workflow.upstream import Upstream, change

ADAPTER = gguf(ARCHITECTURE, text("general.type", "adapter"))
F32, F16, Q4_K_M, BF16 = (number("general.file_type", kind) for kind in (0, 1, 15, 32))
WRONG = {
    "an adapter": (ADAPTER, "m-Q4_0.gguf is no model but one of the kind adapter"),
    "a projector": (gguf(text("general.architecture", "clip")), "m-Q4_0.gguf is a projector (clip)"),
    "a vocabulary": (gguf(*LLAMA, tensors=(), data=0), "m-Q4_0.gguf has no weights"),
    "no tokenizer": (gguf(ARCHITECTURE), "m-Q4_0.gguf has no tokenizer"),
    "no tokens": (gguf(ARCHITECTURE, TOKENIZER), "m-Q4_0.gguf has no tokenizer"),
    "tokens of no tokenizer": (gguf(ARCHITECTURE, TOKENS), "m-Q4_0.gguf has no tokenizer"),
    "truncated": (gguf(*LLAMA)[:-1], "m-Q4_0.gguf is truncated"),
    "a part": (gguf(*LLAMA, number("split.count", 3, kind=2, format="H")), "m-Q4_0.gguf is one of 3 parts"),
    "something else": (b"<html>", "m-Q4_0.gguf is not a GGUF file"),
}


def resolved(upstream: Upstream) -> list[str]:
    return [path for path in upstream.asked() if "/resolve/" in path]


def refused(upstream: Upstream) -> str:
    """Return why the one model is refused; nothing may have reached the host."""
    plan = upstream.site.plan()
    found = change(plan)
    assert (found.action, plan.complete, found.steps) == (Action.REFUSE, False, ())
    assert found.hint
    assert set(upstream.calls()) <= {"version", "tags", "has_blob"}
    return found.note


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_a_file_that_no_host_could_use_is_refused_by_its_header(
    upstream: Upstream, content: bytes, message: str
) -> None:
    upstream.hf.commit("org/m", {"m-Q4_0.gguf": content})
    upstream.declare_file()
    assert refused(upstream).startswith(message)


def test_a_model_where_an_adapter_belongs_is_refused(upstream: Upstream) -> None:
    upstream.commit()
    spec = "{base: b, adapter: {huggingface: {repo: org/m, quantization: Q4_0}}}"
    write(upstream.site.folder, "b", "kind: Model\nmetadata: {name: b}\nspec: {source: {ollama: nowhere}}\n")
    upstream.publish()
    upstream.declare("b")
    write(upstream.site.folder, "m", f"kind: FineTune\nmetadata: {{name: m}}\nspec: {spec}\n")
    assert refused(upstream) == "org/m@main Q4_0 is no adapter but one of the kind model"


def test_an_adapter_where_it_belongs_is_none_of_our_concern(upstream: Upstream) -> None:
    upstream.hf.commit("org/m", {"m-Q4_0.gguf": ADAPTER})
    upstream.publish()
    upstream.declare("b")
    spec = "{base: b, adapter: {huggingface: {repo: org/m, quantization: Q4_0}}}"
    write(upstream.site.folder, "m", f"kind: FineTune\nmetadata: {{name: m}}\nspec: {spec}\n")
    assert [item.action for item in upstream.site.plan().changes] == [Action.CREATE] * 2


@pytest.mark.parametrize(
    ("version", "kind", "bad"),
    [
        ("0.9.3", Q4_K_M, "Q4_K_M"),
        ("0.9.3", F32, "F32"),
        ("0.9.3", BF16, "BF16"),
        ("0.9.3", F16, ""),
        ("0.30.0", F32, ""),
        ("0.30.0", Q4_K_M, "Q4_K_M"),
    ],
)
def test_weights_that_the_host_can_not_quantise_are_refused(
    upstream: Upstream, version: str, kind: tuple[str, bytes], bad: str
) -> None:
    upstream.hf.commit("org/m", {"m-Q4_0.gguf": gguf(*LLAMA, kind)})
    upstream.declare_file(more="quantize: Q8_0")
    upstream.site.servers["a"].version_text = version
    # the name says Q4_0; what counts is what the header says
    if bad:
        assert refused(upstream) == f"m-Q4_0.gguf holds {bad}, which the host can't quantise"
    else:
        assert change(upstream.site.plan()).action is Action.CREATE


def test_local_files_are_judged_alike_and_all_are_told_at_once(site: Site) -> None:
    for name in ("m", "k"):
        (site.folder / f"{name}.gguf").write_bytes(gguf(*LLAMA, Q4_K_M))
        spec = f"{{source: {{gguf: ./{name}.gguf}}, quantize: Q8_0}}"
        write(site.folder, name, f"kind: Model\nmetadata: {{name: {name}}}\nspec: {spec}\n")
    notes = [item.note for item in site.plan().refused]
    assert notes == [f"{name}.gguf holds Q4_K_M, which the host can't quantise" for name in ("k", "m")]


def test_a_header_costs_one_request_once(upstream: Upstream) -> None:
    upstream.commit()
    upstream.declare_file()
    upstream.declare_file("n")
    assert len(upstream.site.plan().writes) == 2
    assert len(resolved(upstream)) == 1
    upstream.forget()
    assert len(upstream.site.plan().writes) == 2
    assert resolved(upstream) == []


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 403}, {"status": 404}, {"drop": True}])
def test_a_header_that_can_not_be_read_now_refuses_nothing(upstream: Upstream, fault: dict[str, int]) -> None:
    upstream.commit()
    upstream.declare_file()
    upstream.hf.fail(Fault("hub", path="/resolve/", times=99, **fault))  # type: ignore[arg-type]
    assert change(upstream.site.plan()).action is Action.CREATE


def test_a_hub_that_knows_no_ranges_is_read_all_the_same(upstream: Upstream) -> None:
    upstream.hf.commit("org/m", {"m-Q4_0.gguf": ADAPTER})
    upstream.declare_file()
    upstream.hf.fail(Fault(path="", times=99, ignore_range=True))
    assert "adapter" in refused(upstream)


@pytest.mark.parametrize(("version", "action"), [("0.9.3", Action.REFUSE), ("0.14.0", Action.CREATE)])
def test_a_hub_model_that_asks_for_a_newer_ollama_is_refused_with_the_version(
    upstream: Upstream, version: str, action: Action
) -> None:
    with FakeOllama(version) as server:
        upstream.site.servers["a"] = server
        upstream.publish(requires="0.14.0")
        upstream.declare()
        found = change(upstream.site.plan())
    assert found.action is action
    if action is Action.REFUSE:
        assert found.note == f"{upstream.name()} asks for Ollama 0.14.0, and the host has 0.9.3"


def test_a_config_that_can_not_be_read_refuses_nothing(upstream: Upstream) -> None:
    upstream.publish(requires="0.14.0")
    upstream.declare()
    upstream.fail(path="/blobs/", status=500)
    assert change(upstream.site.plan()).action is Action.CREATE


PROJECTOR = gguf(text("general.architecture", "clip"), text("general.type", "projector"))


def declare_tuned(upstream: Upstream, spec: str) -> None:
    upstream.declare_file("b")
    write(upstream.site.folder, "m", f"kind: FineTune\nmetadata: {{name: m}}\nspec: {spec}\n")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (gguf(*LLAMA), "mmproj-m.gguf is no projector, but a GGUF of the kind model (llama)"),
        (ADAPTER, "mmproj-m.gguf is no projector, but a GGUF of the kind adapter (llama)"),
        (PROJECTOR[:-1], "mmproj-m.gguf is truncated"),
        (b"<html>", "mmproj-m.gguf is not a GGUF file"),
        (PROJECTOR, ""),
    ],
    ids=["a model", "an adapter", "truncated", "something else", "a projector"],
)
def test_a_projector_by_its_name_has_to_be_one_by_its_header(upstream: Upstream, content: bytes, message: str) -> None:
    upstream.hf.commit("org/m", {"m-Q4_0.gguf": gguf(*LLAMA), "mmproj-m.gguf": content})
    upstream.declare_file()
    if message:
        assert refused(upstream).startswith(message)
    else:
        assert change(upstream.site.plan()).action is Action.CREATE
        assert len(resolved(upstream)) == 2


@pytest.mark.parametrize("source", ["huggingface", "ollama"])
def test_an_adapter_is_held_against_the_header_or_the_config_of_what_it_is_laid_over(
    upstream: Upstream, source: str
) -> None:
    other = gguf(text("general.architecture", "qwen2"), text("general.type", "adapter"))
    upstream.hf.commit("org/lora", {"lora.gguf": other})
    upstream.commit()
    declare_tuned(upstream, "{base: between, adapter: {huggingface: {repo: org/lora}}}")
    if source == "ollama":
        upstream.publish()
        upstream.declare("b")
    write(upstream.site.folder, "n", "kind: FineTune\nmetadata: {name: between}\nspec: {base: b, system: s}\n")
    plan = upstream.site.plan()
    assert change(plan).note == "lora.gguf is an adapter for qwen2, and its base between:latest is llama"
    assert {str(item.address.model): item.action for item in plan.changes if item.action is not Action.REFUSE} == {
        "b:latest": Action.CREATE,
        "between:latest": Action.CREATE,
    }


@pytest.mark.parametrize("version", ["0.9.3", "0.20.0", "0.30.0"])
def test_an_architecture_that_a_host_may_not_know_is_refused_by_an_old_one_and_told_of_a_newer_one(
    upstream: Upstream, version: str
) -> None:
    upstream.hf.commit("org/m", {"m-Q4_0.gguf": gguf(text("general.architecture", "smollm3"), TOKENIZER, TOKENS)})
    upstream.declare_file(more="template: x")
    upstream.site.servers["a"].version_text = version
    told = "m-Q4_0.gguf is of the architecture smollm3: that needs an Ollama newer than 0.9.3 (0.30.0 at the latest)"
    if version == "0.9.3":
        assert refused(upstream) == f"{told}, and the host has 0.9.3"
        return
    found = change(upstream.site.plan())
    assert (found.action, found.warnings) == (
        Action.CREATE,
        () if version == "0.30.0" else (f"{told}, and the host has 0.20.0",),
    )


def test_doubts_are_told_in_the_plan_and_in_the_log_and_change_nothing(upstream: Upstream) -> None:
    upstream.hf.commit("org/m", {"m-Q4_0.gguf": gguf(*LLAMA, number("llama.context_length", 64))})
    declare_tuned(upstream, "{base: b, parameters: {num_ctx: 4096}}")
    plan = upstream.site.plan()
    told = ("num_ctx is 4096, and m-Q4_0.gguf was trained on 64 tokens",)
    assert change(plan).warnings == told
    assert change(plan, "b").warnings == ("m-Q4_0.gguf brings no chat template: declare `template:` to chat with it",)
    assert len(resolved(upstream)) == 1  # both stand on one file
    assert upstream.site.apply(plan).good
    assert [facts["warning"] for name, facts in upstream.site.ear.events if name == "change_doubted"] == [
        *change(plan, "b").warnings,
        *told,
    ]
    upstream.forget()
    assert upstream.site.in_sync()
    assert resolved(upstream) == []
    assert not any(item.warnings for item in upstream.site.plan().changes)


def test_a_prompt_for_a_model_that_only_embeds_is_refused(upstream: Upstream) -> None:
    upstream.hf.commit("org/m", {"m-Q4_0.gguf": gguf(*LLAMA, number("llama.pooling_type", 1))})
    upstream.declare_file(more="test: {prompt: hello, expect: world}")
    assert refused(upstream) == "m-Q4_0.gguf makes embeddings and answers no prompt, which its test asks for"
