"""The Modelfile that a resource equals, for people who know Ollama and for a way out of this tool. Pure.

The grammar is that of Ollama's own parser, as its command line was seen to read it: a value goes on to the end of the
line, or, once it begins with a quote, to the first end of a line at which it ends with that quote. Nothing is escaped,
and what can't be printed (an ideographic space, the joiner within an emoji) is dropped without a word.
"""

from collections.abc import Iterator, Sequence

from reconciler.core.facts import Fact
from reconciler.core.resource import Overlay
from reconciler.errors import Unusable

_QUOTES = ('"""', '"')
SPACE = " \t\n\r"  # what is dropped around a value, and kept within
_ENDS = "\n\r"  # of a line


def modelfile(start: Sequence[str], adapters: Sequence[str], overlay: Overlay, notes: Sequence[str] = ()) -> str:
    """Return the text of a Modelfile; `start`, with a projector behind the model, and `adapters` are names or paths.

    Raises Unusable.
    """
    lines = [*(f"# {note}" for note in notes), *(f"FROM {place}" for place in start)]
    lines += [*(f"ADAPTER {adapter}" for adapter in adapters)]
    lines += [line for name, value in overlay.parameters for line in _parameter(name, value)]
    lines += [_command(name, text) for name, text in _texts(overlay)]
    lines += [_command(f"MESSAGE {role}", content) for role, content in overlay.messages]
    return "\n".join(lines) + "\n"


def _texts(overlay: Overlay) -> Iterator[tuple[str, str]]:
    if overlay.template is not None:
        yield "TEMPLATE", overlay.template
    if overlay.system is not None:
        yield "SYSTEM", overlay.system
    if overlay.renderer is not None:
        yield "RENDERER", overlay.renderer
    if overlay.parser is not None:
        yield "PARSER", overlay.parser
    for text in overlay.license:
        yield "LICENSE", text


def _parameter(name: str, value: Fact) -> Iterator[str]:
    if value in {None, ()}:  # without a line, what is inherited stays
        raise Unusable(f"no Modelfile can hold parameters.{name}: {'null' if value is None else '[]'}")
    for item in value if isinstance(value, tuple) else (value,):
        text = str(item).lower() if isinstance(item, bool) else str(item)
        yield _command(f"PARAMETER {name}", text)


def _command(name: str, text: str) -> str:
    dropped = next((char for char in text if not char.isprintable() and char not in SPACE), None)
    if dropped is not None:
        raise Unusable(f"no Modelfile can hold {name}: U+{ord(dropped):04X} is dropped by Ollama's command line")
    quoted = _quoted(text)
    if quoted is None:
        raise Unusable(f"no Modelfile can hold {name}: a line ends with the quotes that would have to stand around it")
    return f"{name} {quoted}"


def _quoted(text: str) -> str | None:
    """Return a text as a value, in the fewest quotes with which it is read back as it is; None where there are none."""
    if text and not text.startswith('"') and text == text.strip(SPACE) and not set(text) & set(_ENDS):
        return text
    return next((f"{quote}{text}{quote}" for quote in _QUOTES if _holds(text, quote)), None)


def _holds(text: str, quote: str) -> bool:
    """Tell whether these quotes end at the end of the text and not before, at the end of one of its lines."""
    begun = f"{quote}{text}"
    ends = (index for index, char in enumerate(begun) if char in _ENDS)
    return not any(_closed(begun[:end].strip(SPACE)) for end in ends) and unquoted(f"{begun}{quote}") == text


def _closed(value: str) -> bool:
    return unquoted(value) is not None


def unquoted(value: str) -> str | None:
    """Return a value without the quotes around it; None where they are not closed."""
    quote = next((quote for quote in _QUOTES if value.startswith(quote)), "")
    closed = len(value) >= 2 * len(quote) and value.endswith(quote)
    return value[len(quote) : len(value) - len(quote)] if closed else None
