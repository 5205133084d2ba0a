"""What a host can't make or run, and what may not work: judged by what was seen, without a byte of the weights."""

from dataclasses import replace

import pytest

from reconciler.core.facts import facts
from reconciler.core.found import Found, Variant
from reconciler.core.names import ModelName
from reconciler.core.resource import ModelTest
from reconciler.core.state import Desired
from reconciler.core.steps import Create
from reconciler.core.suitability import Seen, doubts, objections
from reconciler.errors import HostTooOld, Unusable
from tests.core.builders import address, desired, digest

OLD, NEW = "0.9.3", "0.33.0"
NAMED = Found("m.gguf", "gguf", (), variants=(Variant("m.gguf", 0),))
GGUF = replace(NAMED, architecture="llama", context_length=4096)
EMBEDS = replace(GGUF, architecture="bert", embeds=True)
EYES = replace(NAMED, holds="projector", architecture="clip")
CONFIG = Found("hub/m:1", "ollama", (), architecture="llama")
DIMENSIONS = ModelTest(dimensions=384)
PROMPT = ModelTest(prompt="2+2=", expect="4")


def made(test: ModelTest | None = None, **fields: object) -> Desired:
    """Return an entry that is made by a create with these fields."""
    create = Create(ModelName.parse("staging"), **fields)
    return replace(desired("m"), steps=(create,), test=test)


def told(entry: Desired, version: str = OLD, **seen: object) -> list[str]:
    return [error.message for error in objections(entry, version, Seen(**seen))]


def test_what_is_sound_is_neither_refused_nor_doubted() -> None:
    entry = made(test=PROMPT, quantize=None, template="x", parameters=facts({"num_ctx": 4096}))
    seen = Seen(weights=GGUF, projectors=(EYES,))
    assert list(objections(entry, OLD, seen)) == []
    assert doubts(entry, OLD, seen) == ()
    assert doubts(desired("m"), OLD, Seen()) == ()
    assert doubts(replace(entry, steps=()), OLD, seen) == ()


NEEDS = "is of the architecture {0}: that needs {1}, and the host has {2}"
ARCHITECTURES = {
    # of the header: what old hosts can't run is refused, what newer ones may not know is doubted
    ("qwen3vl", OLD): ("refused", "Ollama 0.12.7 or newer"),
    ("qwen3vl", "0.12.6"): ("refused", "Ollama 0.12.7 or newer"),
    ("qwen3vl", NEW): ("", ""),
    ("smollm3", OLD): ("refused", "an Ollama newer than 0.9.3 (0.30.0 at the latest)"),
    ("smollm3", "0.20.0"): ("doubted", "an Ollama newer than 0.9.3 (0.30.0 at the latest)"),
    ("smollm3", NEW): ("", ""),
    ("zzz", OLD): ("refused", "an Ollama newer than 0.9.3 (if any knows it)"),
    ("zzz", NEW): ("doubted", "an Ollama newer than 0.9.3 (if any knows it)"),
}


@pytest.mark.parametrize(("case", "expected"), ARCHITECTURES.items())
def test_the_architecture_of_a_file_against_the_version_of_its_host(
    case: tuple[str, str], expected: tuple[str, str]
) -> None:
    (architecture, version), (fate, needs) = case, expected
    seen = Seen(weights=replace(GGUF, architecture=architecture))
    errors = list(objections(made(), version, seen))
    message = f"m.gguf {NEEDS.format(architecture, needs, version)}"
    assert [error.message for error in errors] == [message] * (fate == "refused")
    assert all(isinstance(error, HostTooOld) and error.hint.startswith("upgrade the host") for error in errors)
    if fate != "refused":
        assert doubts(made(template="x"), version, seen) == (message,) * (fate == "doubted")


@pytest.mark.parametrize(
    ("architecture", "version", "fate"),
    [
        ("gptoss", OLD, "refused"),
        ("smollm3", OLD, "refused"),
        ("clip", OLD, "doubted"),  # hosts have named a model after its projector
        ("gptoss", NEW, ""),
        ("", OLD, ""),
    ],
)
def test_the_family_in_a_config_is_believed_where_it_is_a_known_architecture(
    architecture: str, version: str, fate: str
) -> None:
    seen, entry = Seen(pulled=replace(CONFIG, architecture=architecture)), desired("m")
    assert bool(list(objections(entry, version, seen))) is (fate == "refused")
    if fate != "refused":
        assert bool(doubts(entry, version, seen)) is (fate == "doubted")


def test_a_config_that_asks_for_a_newer_host_is_refused_by_an_older_one() -> None:
    asking = replace(CONFIG, requires="0.14.0")
    assert told(desired("m"), pulled=asking) == ["hub/m:1 asks for Ollama 0.14.0, and the host has 0.9.3"]
    assert told(desired("m"), NEW, pulled=asking) == []


WRONG = {
    "no tokenizer": (replace(GGUF, tokenizer=False), "m.gguf has no tokenizer, and no server could run it"),
    "an adapter": (replace(GGUF, holds="adapter"), "m.gguf is no model but one of the kind adapter"),
    "a projector": (EYES, "m.gguf is a projector (clip): it belongs to a model and is none"),
    "a vocabulary": (replace(GGUF, holds="vocabulary"), "m.gguf has no weights: it is a vocabulary only"),
}


@pytest.mark.parametrize(("found", "message"), WRONG.values(), ids=WRONG)
def test_a_file_that_is_no_model_is_refused_whatever_the_host(found: Found, message: str) -> None:
    for version in (OLD, NEW):
        (error,) = objections(made(), version, Seen(weights=found))
        assert (type(error), error.message, bool(error.hint)) == (Unusable, message, True)


def test_what_stands_where_a_projector_belongs_is_refused_by_its_kind() -> None:
    assert told(made(), weights=GGUF, projectors=(EYES, GGUF)) == [
        "m.gguf is no projector, but a GGUF of the kind model (llama)"
    ]


@pytest.mark.parametrize(
    ("quantization", "version", "refused"),
    [("Q4_K_M", OLD, True), ("F32", OLD, True), ("F32", NEW, False), ("F16", OLD, False), ("", OLD, False)],
)
def test_weights_that_a_host_can_not_quantise(quantization: str, version: str, refused: bool) -> None:
    header = replace(GGUF, quantization=quantization)
    assert bool(told(made(quantize="Q8_0"), version, weights=header)) is refused
    assert told(made(), version, weights=header) == []


def laid_over(ground: str, own: str, *names: str) -> list[str]:
    """Return what is said of an adapter for `own` over a base of the architecture `ground`."""
    files = tuple((name, digest(name)) for name in names or ("lora.gguf",))
    entry = made(base=ModelName.parse("b"), adapters=files)
    entry = replace(entry, base=address("b"), provenance=(("adapter.architecture", own),) if own else ())
    return told(entry, ground=replace(CONFIG, architecture=ground))


def test_an_adapter_for_another_architecture_than_what_it_is_laid_over_is_refused_with_both_names() -> None:
    assert laid_over("llama", "qwen2") == ["lora.gguf is an adapter for qwen2, and its base b:latest is llama"]
    tensors = ("adapter_config.json", "adapter_model.safetensors")
    assert laid_over("phi3", "", *tensors) == [
        "adapter_config.json is an adapter for gemma2 or llama, and its base b:latest is phi3"
    ]
    assert laid_over("llama", "llama") + laid_over("llama", "") + laid_over("", "llama") == []
    assert laid_over("gemma2", "", *tensors) == []
    assert told(made(base=ModelName.parse("b")), ground=GGUF) == []
    own = replace(made(adapters=(("lora.gguf", digest("l")),)), provenance=(("adapter.architecture", "qwen2"),))
    for place in ("weights", "pulled"):
        found = GGUF if place == "weights" else CONFIG
        assert told(own, **{place: found}) == ["lora.gguf is an adapter for qwen2, and the model is llama"]
    assert told(own) == []
    assert told(desired("m"), ground=GGUF) == []
    assert told(replace(made(), steps=()), ground=GGUF) == []


@pytest.mark.parametrize("place", ["weights", "ground"])
def test_a_prompt_for_what_only_embeds_is_refused_and_an_embedding_of_what_was_not_made_for_it_doubted(
    place: str,
) -> None:
    assert told(made(test=PROMPT), **{place: EMBEDS}) == [
        "m.gguf makes embeddings and answers no prompt, which its test asks for"
    ]
    assert told(made(test=DIMENSIONS), **{place: EMBEDS}) + told(made(), **{place: EMBEDS}) == []
    assert doubts(made(test=DIMENSIONS, template="x"), OLD, Seen(**{place: GGUF})) == (
        "m.gguf was not made for embeddings, which its test asks for: it names no pooling",
    )
    assert doubts(made(test=DIMENSIONS), OLD, Seen(**{place: EMBEDS})) == ()
    assert doubts(made(test=DIMENSIONS), OLD, Seen(ground=CONFIG)) == ()
    assert len(doubts(replace(made(test=DIMENSIONS), steps=()), OLD, Seen(ground=GGUF))) == 1


@pytest.mark.parametrize(
    ("tokens", "trained", "doubted"), [(4097, 4096, True), (4096, 4096, False), (9000, 0, False), ("9000", 1, False)]
)
def test_more_context_than_a_model_was_trained_on_is_doubted(tokens: object, trained: int, doubted: bool) -> None:
    entry = made(parameters=facts({"num_ctx": tokens}), template="x")
    message = f"num_ctx is {tokens}, and m.gguf was trained on {trained} tokens"
    assert doubts(entry, OLD, Seen(weights=replace(GGUF, context_length=trained))) == (message,) * doubted


def test_a_model_to_chat_with_wants_a_template_from_somewhere() -> None:
    silent = Seen(weights=replace(GGUF, chat_template=False))
    assert doubts(made(), OLD, silent) == ("m.gguf brings no chat template: declare `template:` to chat with it",)
    assert doubts(made(template="{{ .Prompt }}"), OLD, silent) + doubts(made(renderer="x"), OLD, silent) == ()
    assert doubts(made(), OLD, Seen(ground=replace(GGUF, chat_template=False))) == ()


def test_a_host_that_converts_too_little_or_would_drop_something_is_too_old() -> None:
    tensors = replace(made(), provenance=(("class", "Qwen3NextForCausalLM"),))
    assert told(tensors) == ["ref needs Ollama 0.33, and the host has 0.9.3"]
    assert told(made(renderer="x")) == ["`renderer` and `parser` need Ollama 0.12.0, and the host has 0.9.3"]
    assert told(tensors, NEW) + told(made(parser="x"), NEW) == []


def test_doubts_are_sorted() -> None:
    entry = made(parameters=facts({"num_ctx": 9000}))
    several = doubts(entry, NEW, Seen(weights=replace(GGUF, architecture="zzz", chat_template=False)))
    assert several == tuple(sorted(several))
    assert len(several) == 3
