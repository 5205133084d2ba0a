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
