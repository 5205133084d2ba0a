"""HTML as values: whatever is not `Html` already becomes text that can only be read. Pure."""

from collections.abc import Iterable
from html import escape

from reconciler.core.frozen import dataclass
from reconciler.report.text import safe

_ALONE = frozenset({"input", "link", "meta"})  # elements without content and without an end


@dataclass(frozen=True, slots=True)
class Html:
    """What may stand in a page as it is."""

    text: str


Child = Html | str
Attribute = str | int | bool
NOTHING = Html("")


def tag(name: str, /, *children: Child, **attributes: Attribute) -> Html:
    """Return an element with these children, or nothing but its start where it has no end.

    Of an attribute's name the underscore at its end is dropped, and the others become dashes. True gives an attribute
    without a value; False and an empty text give none.
    """
    start = f"<{name}{''.join(_attribute(key, value) for key, value in attributes.items())}>"
    return Html(start if name in _ALONE else f"{start}{joined(children).text}</{name}>")


def joined(children: Iterable[Child], between: str = "") -> Html:
    """Return the children one after another; every text among them is made safe and escaped."""
    return Html(between.join(child.text if isinstance(child, Html) else _escaped(child) for child in children))


def name(text: str, *, class_: str = "") -> Html:
    """Return a text from outside by itself, so that its direction changes nothing around it."""
    return tag("bdi", text, class_=class_)


def unseen(text: str) -> Html:
    """Return a text for those who hear the page."""
    return tag("span", text, class_="unseen")


def _attribute(key: str, value: Attribute) -> str:
    if value is False or value == "":
        return ""
    shown = key.removesuffix("_").replace("_", "-")
    return f" {shown}" if value is True else f' {shown}="{_escaped(str(value))}"'


def _escaped(text: str) -> str:
    """Return ASCII, so that a page says the same wherever it is kept and however it is served."""
    return escape(safe(text)).encode("ascii", "xmlcharrefreplace").decode("ascii")
