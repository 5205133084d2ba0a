"""The verdict on everything that people point at: what was found → what is said about it."""

from dataclasses import replace

import pytest

from reconciler.core.abilities import CONVERTED, PREFERRED
from reconciler.core.compatibility import Outcome, judge
from reconciler.core.found import Alternative, Format, Found, Variant

WORKS, WITH, NOT, UNKNOWN = Outcome.WORKS, Outcome.WORKS_WITH, Outcome.DOES_NOT, Outcome.UNKNOWN
WHOLE = Variant("m-Q4_K_M.gguf", 100, "Q4_K_M")
PART = Variant("m-Q8_0-00001-of-00003.gguf", 300, "Q8_0", 3)
BROKEN = replace(PART, obstacle="m-Q8_0-00002-of-00003.gguf is missing")
LARGE = Variant("m-F16.gguf", 10**11, "F16", 1, "over 50.0 GB")

GGUF = Found("hf:org/m@main", "huggingface", (("repo", "org/m"),), architecture="llama", variants=(WHOLE,))
TENSORS = replace(GGUF, format=Format.SAFETENSORS, architecture="LlamaForCausalLM", quantization="BF16", variants=())
HUB = Found("ollama:m", "ollama", (("name", "m:latest"),))

TABLE: dict[str, tuple[Found, Outcome, str, bool]] = {
    "GGUF": (GGUF, WORKS, "a manifest can declare it", True),
    "GGUF with a split one beside it": (replace(GGUF, variants=(PART, WHOLE)), WORKS, "a manifest can declare", True),
    "GGUF with projector": (
        replace(GGUF, projectors=("mmproj.gguf",)),
        WITH,
        "its projector mmproj.gguf, which is imported",
        True,
    ),
    "in parts": (replace(GGUF, variants=(PART,)), WORKS, "a manifest can declare", True),
    "not all parts": (replace(GGUF, variants=(BROKEN,)), NOT, "3 parts of a split GGUF: m-Q8_0-00002-of-00003", False),
    "GGUF for newer hosts": (
        replace(GGUF, architecture="gemma4"),
        WITH,
        "Ollama 0.20.0 or newer, for its architecture gemma4",
        True,
    ),
    "GGUF with projector for newer hosts": (
        replace(GGUF, architecture="lfm2", projectors=("mmproj.gguf",)),
        WITH,
        "(0.30.0 at the latest), for its architecture lfm2, and its projector mmproj.gguf",
        True,
    ),
    "nothing that can be taken": (replace(GGUF, variants=(LARGE,)), NOT, "can be taken: over 50.0 GB", False),
    "one not all there, one too large": (
        replace(GGUF, variants=(LARGE, BROKEN)),
        NOT,
        "can be taken: over 50.0 GB",
        False,
    ),
    "no variants": (replace(GGUF, variants=()), NOT, "none of its files can be taken: there is none", False),
    "adapter": (replace(GGUF, holds="adapter"), WITH, "its base model: it is a LoRA adapter for llama, and", True),
    "adapter of": (replace(GGUF, holds="adapter", trained_on="B"), WITH, "for llama (trained on B), and belongs", True),
    "projector": (replace(GGUF, holds="projector"), NOT, "m-Q4_K_M.gguf is a projector (llama)", False),
    "vocabulary": (replace(GGUF, holds="vocabulary"), NOT, "m-Q4_K_M.gguf has no weights", False),
    "imatrix": (replace(GGUF, holds="imatrix"), NOT, "a GGUF of the type 'imatrix', and no model", False),
    "no tokenizer": (replace(GGUF, tokenizer=False), NOT, "m-Q4_K_M.gguf has no tokenizer", False),
    "broken": (replace(GGUF, trouble=("m is truncated", "again")), NOT, "m is truncated", False),
    "gated": (replace(GGUF, denied=("m is gated", "ask")), UNKNOWN, "m is gated", False),
    "safetensors": (TENSORS, WITH, "conversion by Ollama itself (LlamaForCausalLM, Ollama 0.9.3 or newer)", True),
    "safetensors that newer hosts convert": (
        replace(TENSORS, architecture="Qwen3NextForCausalLM"),
        WITH,
        "conversion by Ollama itself (Qwen3NextForCausalLM, Ollama 0.33 or newer, by its source)",
        True,
    ),
    "safetensors of an unknown type": (replace(TENSORS, quantization=""), WITH, "conversion by Ollama", True),
    "another architecture": (
        replace(TENSORS, architecture="GPT2LMHeadModel"),
        NOT,
        "Model needs GGUF format: GPT2LMHeadModel in safetensors is not known to be converted",
        False,
    ),
    "no config": (replace(TENSORS, architecture=""), NOT, "Model needs GGUF format: there are safetensors, and", False),
    "GPTQ": (replace(TENSORS, quantization="I32"), NOT, "Model needs GGUF format: its tensors are I32", False),
    "no tokenizer beside": (replace(TENSORS, tokenizer=False), NOT, "there is no tokenizer.json or", False),
    "safetensors adapter": (
        replace(TENSORS, holds="adapter"),
        WITH,
        "a base of the kind llama or gemma2: it is a",
        True,
    ),
    "pickle": (replace(TENSORS, format=Format.PICKLE), NOT, "Model needs GGUF format: its weights are pickled", False),
    "nothing": (replace(TENSORS, format=Format.NONE), NOT, "Model needs GGUF format: there are no weights", False),
    "hub": (HUB, WORKS, "hosts pull it from the hub", True),
    "hub for newer hosts": (replace(HUB, requires="0.14.0"), WITH, "Ollama 0.14.0 or newer", True),
    "hub for an architecture of newer hosts": (
        replace(HUB, architecture="qwen3vl"),
        WITH,
        "Ollama 0.12.7 or newer, for its architecture qwen3vl",
        True,
    ),
    "hub whose config alone was read": (replace(HUB, architecture="clip", unread="silent"), WORKS, "hosts pull", True),
    "hub without GGUF": (replace(HUB, format=Format.SAFETENSORS), WITH, "a host that has the MLX runtime", True),
}


@pytest.mark.parametrize(("found", "outcome", "words", "declarable"), TABLE.values(), ids=TABLE)
def test_the_verdict(found: Found, outcome: Outcome, words: str, declarable: bool) -> None:
    verdict = judge(found)
    assert (verdict.outcome, verdict.declarable) == (outcome, declarable)
    assert words in verdict.message
    assert verdict.good == (outcome in {WORKS, WITH})
    assert verdict.advice or outcome in {WORKS, WITH}  # whoever is refused learns what to do
    assert not [text for text in (verdict.message, *verdict.advice) if "{found" in text or "None" in text]


def test_advice_to_search_is_not_given_where_the_search_is_done() -> None:
    found = replace(TENSORS, format=Format.PICKLE)
    searched = replace(found, alternatives=(Alternative("org/m-GGUF", 1, derived=False),))
    assert judge(found).advice == (
        "pickles can run code and are never opened",
        "look for a repo of the same model with GGUF in its name",
    )
    assert judge(searched).advice == ("pickles can run code and are never opened",)


def test_what_one_should_know_beside_a_good_verdict_is_told() -> None:
    doubtful = replace(GGUF, unread="silent", access="gated", chat_template=False)
    told = judge(doubtful).advice
    assert [text.split(":")[0] for text in told] == [
        "its header could not be read, and only its listing was judged",
        "it is gated",
        "it brings no chat template",
    ]
    assert judge(replace(doubtful, holds="projector")).advice == ("name the model's own GGUF",)


def test_words_from_outside_are_never_a_pattern() -> None:
    assert judge(replace(GGUF, holds="{name}")).message.endswith("of the type '{name}', and no model")


PREFERENCES = {
    "the best bargain": (("Q8_0", "Q4_K_M", "Q2_K"), "Q4_K_M"),
    "the next one": (("Q8_0", "Q5_K_M", "F16"), "Q5_K_M"),
    "an unknown one only alone": (("ODD", "F32"), "F32"),
    "the smallest of unknown ones": (("ODDER", "ODD"), "ODDER"),
}


@pytest.mark.parametrize(("given", "chosen"), PREFERENCES.values(), ids=PREFERENCES)
def test_which_quantisation_is_recommended(given: tuple[str, ...], chosen: str) -> None:
    variants = tuple(Variant(f"m-{name}.gguf", size, name) for size, name in enumerate(given))
    found = replace(GGUF, variants=variants)
    assert found.chosen is not None
    assert found.chosen.quantization == chosen


def test_the_tables_hold_each_name_once() -> None:
    assert len(set(PREFERRED)) == len(PREFERRED)
    assert CONVERTED["LlamaForCausalLM"] == "0.9.3"
    assert "Qwen3ForCausalLM" not in CONVERTED
