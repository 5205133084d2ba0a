"""A page as a browser would take it, by the parser of the standard library."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

ALONE = {"input", "link", "meta"}


@dataclass
class Element:
    """One element."""

    tag: str
    attributes: dict[str, str | None]
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self):
        return "".join(child if isinstance(child, str) else child.text for child in self.children)

    @property
    def all(self):
        """Yield the elements in it, in the order of the page."""
        for child in self.children:
            if isinstance(child, Element):
                yield child
                yield from child.all

    def find(self, tag, **attributes):
        """Return the elements in it with this tag and these attributes; underscores at an end are dropped."""
        wanted = {key.removesuffix("_"): value for key, value in attributes.items()}
        return [item for item in self.all if item.tag == tag and wanted.items() <= item.attributes.items()]

    @property
    def kinds(self):
        """Return which elements with which attributes there are."""
        return {(item.tag, *sorted(item.attributes)) for item in self.all}


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs), f"an attribute twice in {tag}"
        made = Element(tag, dict(attrs))
        self.open[-1].children.append(made)
        if tag not in ALONE:
            self.open.append(made)

    def handle_endtag(self, tag):
        assert self.open.pop().tag == tag

    def handle_data(self, data):
        self.open[-1].children.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")


def read(page):
    """Return the root of a page; every element that is begun is ended, in order."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    assert len(reader.open) == 1
    return reader.root
