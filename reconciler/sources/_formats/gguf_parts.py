"""The parts of a split GGUF by their headers: whether they are those of one model, and what that is."""

from collections.abc import Sequence
from dataclasses import replace

from reconciler.core.facts import Fact
from reconciler.errors import Unusable
from reconciler.sources._formats.gguf_header import Header

_ANEW = "download or split it anew, all parts together"


def joined(parts: Sequence[tuple[str, Header]]) -> Header:
    """Return the header of what named parts make together, which are in order; raises Unusable for any others.

    A server takes whatever it is given, and has a model that fails on its first use.
    """
    first = parts[0][1]
    for number, (name, header) in enumerate(parts):
        if (header.part, header.parts) != (number, len(parts)):
            said = f"part {header.part + 1} of {header.parts}" if header.parts else "no part of anything"
            message = f"{name} is to be part {number + 1} of {len(parts)}, and is {said} by its header"
            raise Unusable(message, hint=_ANEW)
        if header.alignment != first.alignment:
            raise Unusable(f"{name} is aligned in another way than {parts[0][0]}", hint=_ANEW)
        if header.all_tensors != first.all_tensors:
            raise Unusable(f"{name} is a part of something else than {parts[0][0]}", hint=_ANEW)
    tensors = sum(header.tensors for _, header in parts)
    if tensors != first.all_tensors:
        message = f"the parts of {parts[0][0]} have {tensors} tensors together, and should have {first.all_tensors}"
        raise Unusable(message, hint=_ANEW)
    if first.kind != "model":
        raise Unusable(f"{parts[0][0]} is a part of one of the kind {first.kind}, and only models can be in parts")
    return replace(first, tensors=tensors, parts=0, parameters=sum(header.parameters for _, header in parts))


def kept_header(header: Header) -> Fact:
    """Return what a cache keeps of a header."""
    texts = (header.architecture, header.kind, header.quantization, header.license, header.base)
    counts = (header.tensors, header.parts, header.part, header.all_tensors, header.parameters, header.context_length)
    return (texts, (*counts, header.alignment), (header.has_tokenizer, header.chat_template, header.embeds))


def known_header(kept: Fact) -> Header | None:
    """Return the header that a cache kept, or None for anything else."""
    match kept:
        case (
            (str(architecture), str(kind), str(quantization), str(licence), str(base)),
            (int(tensors), int(parts), int(part), int(all_tensors), int(parameters), int(context), int(align)),
            (bool(tokenizer), bool(template), bool(embeds)),
        ):
            told = (architecture, kind, tensors, parts, tokenizer, parameters, context, quantization, licence, base)
            return Header(*told, template, embeds, part, all_tensors, align)
        case _:
            return None
