"""Markdown as a reader sees it: parsed by a real parser, with the tables and the strikethrough of GitHub."""

import re
from dataclasses import dataclass, field

from markdown_it import MarkdownIt

MARKS = frozenset({"text", "code_inline", "html_inline", "strong_open", "strong_close", "softbreak"})
TAGS = frozenset({"<br>", "<sub>", "</sub>"})
BLOCKS = frozenset({"paragraph", "inline", "bullet_list", "list_item", "blockquote", "html_block", "fence"})
TABLE = frozenset({"table", "thead", "tbody", "tr", "th", "td"})
FOUND_LATER = re.compile(r"[@#$]|://|www\.|:[a-z]\w*:|:[+-]1:|:100:", re.IGNORECASE)


@dataclass
class Page:
    """What is on a page."""

    text: str = ""  # all that can be read, without what is in a fence
    loose: list[str] = field(default_factory=list)  # each text that is not code
    tags: list[str] = field(default_factory=list)  # of blocks and within lines
    kinds: set[str] = field(default_factory=set)
    rows: list[list[str]] = field(default_factory=list)  # of all tables, without their heads
    fences: list[tuple[str, str]] = field(default_factory=list)  # language and content


def page(markdown):
    """Return what a parser finds."""
    found, in_body = Page(), False
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown):
        found.kinds.add(token.type.removesuffix("_open").removesuffix("_close"))
        in_body = {"tbody_open": True, "tbody_close": False}.get(token.type, in_body)
        if token.type == "html_block":
            found.tags += [line for line in token.content.splitlines() if line]
        elif token.type == "fence":
            found.fences.append((token.info, token.content))
        elif token.type == "tr_open" and in_body:
            found.rows.append([])
        elif token.type == "inline":
            words = _inline(token.children, found)
            if in_body:
                found.rows[-1].append(words)
    return found


def _inline(children, found):
    words = []
    for child in children:
        found.kinds.add(child.type)
        if child.type == "html_inline":
            found.tags.append(child.content)
        elif child.type == "text":
            found.loose.append(child.content)
        words.append(
            " " if child.type == "softbreak" else child.content if child.type in {"text", "code_inline"} else ""
        )
    found.text += "".join(words) + "\n"
    return "".join(words)


def assert_harmless(found, *, tags):
    """Fail for a mark, a tag, a link or a mention that is not of ours; `tags` are the lines of HTML that are."""
    assert found.kinds <= MARKS | BLOCKS | TABLE
    assert set(found.tags) <= TAGS | set(tags)
    assert [text for text in found.loose if FOUND_LATER.search(text)] == []
    assert {len(row) for row in found.rows} <= {5, 6}
