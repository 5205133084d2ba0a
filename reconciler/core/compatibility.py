"""Whether a model would work on Ollama, judged by what was found without downloading it.

The judgement is one table: when this version learns a new trick (safetensors, projectors, split files), a row of
it changes. It is about what a manifest can declare today, and says what to do where none can.
"""

from collections.abc import Callable
from enum import StrEnum

from reconciler.core.abilities import CONVERTED, CONVERTED_TYPES, TRIED
from reconciler.core.architectures import needed
from reconciler.core.found import Format, Found
from reconciler.core.frozen import dataclass


class Outcome(StrEnum):
    """The answer to the question that is asked first."""

    WORKS = "works"
    WORKS_WITH = "works_with"  # something beside it, which the message names
    DOES_NOT = "does_not_work"
    UNKNOWN = "unknown"  # could not be found out


@dataclass(frozen=True, slots=True)
class Verdict:
    """The judgement."""

    outcome: Outcome
    message: str
    advice: tuple[str, ...] = ()  # what to do, the first first
    declarable: bool = False  # a manifest of this version can hold it

    @property
    def good(self) -> bool:
        """Tell whether Ollama can use it."""
        return self.outcome in {Outcome.WORKS, Outcome.WORKS_WITH}


@dataclass(frozen=True, slots=True)
class _Rule:
    """A row of the table; its texts name fields of what was found."""

    applies: Callable[[Found], bool]
    outcome: Outcome
    message: str
    advice: tuple[str, ...] = ()
    declarable: bool = False


_DO, _WITH, _NOT = Outcome.WORKS, Outcome.WORKS_WITH, Outcome.DOES_NOT
_NEEDS_GGUF = "Model needs GGUF format: "
_FIND_GGUF = "look for a repo of the same model with GGUF in its name"
_CONVERT = "convert it with llama.cpp's convert_hf_to_gguf.py and use `gguf:`"
_OWN_GGUF = "name the model's own GGUF"

_ALWAYS = (
    _Rule(lambda found: bool(found.denied[0]), Outcome.UNKNOWN, "{denied[0]}", ("{denied[1]}",)),
    _Rule(lambda found: bool(found.trouble[0]), _NOT, "{trouble[0]}", ("{trouble[1]}",)),
)
_HUB = (
    _Rule(
        lambda found: found.format is Format.SAFETENSORS,
        _WITH,
        "a host that has the MLX runtime, and Ollama 0.14 or newer: its weights are no GGUF",
        ("other hosts can't use it: choose a tag in GGUF format for them",),
        declarable=True,
    ),
    _Rule(lambda found: bool(found.requires), _WITH, "Ollama {requires} or newer", declarable=True),
    _Rule(
        lambda found: bool(needed(found.architecture)) and not found.unread,
        _WITH,
        "{needed}, for its architecture {architecture}",
        declarable=True,
    ),
    _Rule(lambda _: True, _DO, "hosts pull it from the hub", declarable=True),
)
_GGUF = (
    _Rule(
        lambda found: bool(found.variants) and all(item.parts > 1 and item.obstacle for item in found.variants),
        _NOT,
        "{name} is one of {parts} parts of a split GGUF: {obstacle}",
        ("put all parts together, named NAME-00001-of-0000N.gguf as they were, or choose a file that is whole",),
    ),
    _Rule(
        lambda found: found.holds == "projector",
        _NOT,
        "{name} is a projector ({architecture}): it belongs to a model and is none",
        (_OWN_GGUF,),
    ),
    _Rule(
        lambda found: found.holds == "vocabulary",
        _NOT,
        "{name} has no weights: it is a vocabulary only",
        ("name the GGUF with the weights",),
    ),
    _Rule(
        lambda found: found.holds not in {"model", "adapter"},
        _NOT,
        "{name} is a GGUF of the type {holds!r}, and no model",
        (_OWN_GGUF,),
    ),
    _Rule(
        lambda found: found.chosen is None,
        _NOT,
        "none of its files can be taken: {obstacle}",
        ("choose another repo of the same model",),
    ),
    _Rule(
        lambda found: found.holds == "adapter",
        _WITH,
        "its base model: it is a LoRA adapter for {architecture}{base}, and belongs under `adapter` of a FineTune",
        ("under `base`, name the model that it was trained on",),
        declarable=True,
    ),
    _Rule(
        lambda found: not found.tokenizer,
        _NOT,
        "{name} has no tokenizer, and no server could run it",
        ("convert it anew, with the tokenizer's files beside the weights",),
    ),
    _Rule(
        lambda found: bool(needed(found.architecture)),
        _WITH,
        "{needed}, for its architecture {architecture}{and_projector}",
        ("{without}",),
        declarable=True,
    ),
    _Rule(
        lambda found: bool(found.projectors),
        _WITH,
        "its projector {projector}, which is imported together with it",
        ("{without}",),
        declarable=True,
    ),
    _Rule(lambda _: True, _DO, "a manifest can declare it as it is", declarable=True),
)
_SAFETENSORS = (
    _Rule(
        lambda found: found.holds == "adapter",
        _WITH,
        "a base of the kind llama or gemma2: it is a LoRA adapter{base}, and belongs under `adapter` of a FineTune",
        ("under `base`, name the model that it was trained on",),
        declarable=True,
    ),
    _Rule(
        lambda found: not found.architecture,
        _NOT,
        _NEEDS_GGUF + "there are safetensors, and no config.json that names their architecture",
        (_FIND_GGUF,),
    ),
    _Rule(
        lambda found: found.architecture not in CONVERTED,
        _NOT,
        _NEEDS_GGUF + "{architecture} in safetensors is not known to be converted by any version of Ollama",
        (_FIND_GGUF, _CONVERT),
    ),
    _Rule(
        lambda found: bool(found.quantization) and found.quantization not in CONVERTED_TYPES,
        _NOT,
        _NEEDS_GGUF + "its tensors are {quantization}, a quantisation that Ollama does not convert",
        (_FIND_GGUF,),
    ),
    _Rule(
        lambda found: not found.tokenizer,
        _NOT,
        _NEEDS_GGUF + "there is no tokenizer.json or tokenizer.model beside the safetensors",
        (_FIND_GGUF,),
    ),
    _Rule(
        lambda _: True,
        _WITH,
        "conversion by Ollama itself ({architecture}, {since})",
        ("declare `quantize:` for a smaller model",),
        declarable=True,
    ),
)
_PICKLE = (
    _Rule(
        lambda _: True,
        _NOT,
        _NEEDS_GGUF + "its weights are pickled",
        ("pickles can run code and are never opened", _FIND_GGUF),
    ),
)
_NONE = (_Rule(lambda _: True, _NOT, _NEEDS_GGUF + "there are no weights at all", ("check the spelling",)),)

_BY_FORMAT = {Format.GGUF: _GGUF, Format.SAFETENSORS: _SAFETENSORS, Format.PICKLE: _PICKLE, Format.NONE: _NONE}


def judge(found: Found) -> Verdict:
    """Return the verdict of the first row that applies, with what is worth knowing beside it."""
    rules = (*_ALWAYS, *(_HUB if found.type == "ollama" else _BY_FORMAT[found.format]))
    rule = next(rule for rule in rules if rule.applies(found))
    words = _words(found)
    advice = [text.format(**words) for text in rule.advice]
    if found.alternatives:
        advice = [text for text in advice if text != _FIND_GGUF]
    remarks = _remarks(found) if rule.declarable else ()
    return Verdict(rule.outcome, rule.message.format(**words), (*filter(None, advice), *remarks), rule.declarable)


def no_projector(name: str, holds: str, architecture: str) -> tuple[str, str]:
    """Return message and hint for a GGUF that stands where a projector belongs."""
    message = f"{name} is no projector, but a GGUF of the kind {holds} ({architecture})"
    return message, "name the projector's own GGUF under `mmproj:`"


def _words(found: Found) -> dict[str, object]:
    """Return what a row may name."""
    since = CONVERTED.get(found.architecture, "")
    first = found.variants[0] if found.variants else None
    without = "no `mmproj:`" if found.type == "gguf" else "`mmproj: none`"
    return {
        **{name: getattr(found, name) for name in Found.__dataclass_fields__},
        "name": found.name,
        "projector": found.projector,
        "needed": needed(found.architecture),
        "and_projector": f", and its projector {found.projector}" if found.projectors else "",
        "without": f"to leave the projector out: {without}" if found.projectors else "",
        "parts": first.parts if first else 1,
        "obstacle": first.obstacle if first else "there is none",
        "base": f" (trained on {found.trained_on})" if found.trained_on else "",
        "since": f"Ollama {since} or newer" if since == TRIED else f"Ollama {since} or newer, by its source",
    }


def _remarks(found: Found) -> tuple[str, ...]:
    """Return what somebody should know who declares it."""
    told = (
        (bool(found.unread), f"its header could not be read, and only its listing was judged: {found.unread}"),
        (
            found.chosen is not None and found.chosen.parts > 1,
            "hosts before Ollama 0.30 get its parts merged, which for a while takes twice its size where it is applied",
        ),
        (bool(found.access), f"it is {found.access}: HF_TOKEN has to be set wherever it is planned or applied"),
        (not found.chat_template and found.holds == "model", "it brings no chat template: declare `template:` to chat"),
    )
    return tuple(text for applies, text in told if applies)
