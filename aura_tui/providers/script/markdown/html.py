"""Splits HTML into text and tags, however broken it is, in time proportional to its length."""

from __future__ import annotations

import re
from html import unescape
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator


class Tag(NamedTuple):
    """A start or end tag; ``name`` is in lower case."""

    name: str
    closes: bool
    attributes: str  # as written

    def get(self, name: str) -> str:
        """The value of an attribute, decoded; "" without one."""
        match = re.search(
            rf"(?<![\w-]){name}\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'>]+))",
            self.attributes,
            re.IGNORECASE,
        )
        return unescape(match[1] or match[2] or match[3] or "") if match else ""


class Piece(NamedTuple):
    """A text (decoded) or a tag, and how many lines stand before it."""

    content: str | Tag
    line: int


# No attribute's value has a "<" here: so the search from each "<" ends at the next one.
_TOKEN = re.compile(
    r"<!--.*?(?:-->|\Z)|<[!?][^<>]*>"
    r"|<(?P<close>/?)(?P<name>[A-Za-z][\w:.-]*)"
    r"(?P<attrs>(?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*+|[^<>]*)/?>"
    r"|(?P<text>[^<]+|<)",
    re.DOTALL,
)
# Elements whose content is never shown as text.
HIDDEN = frozenset(
    {"script", "style", "head", "template", "svg", "noscript", "iframe", "object", "canvas",
     "select", "audio", "video", "map"}
)  # fmt: skip
STRUCK = frozenset({"del", "s", "strike"})
CODE = frozenset({"code", "kbd", "samp", "tt", "var"})


def pieces(html: str) -> Iterator[Piece]:
    """The texts and tags of ``html`` in order, without its comments."""
    line = 0
    for match in _TOKEN.finditer(html):
        if match["name"]:
            tag = Tag(match["name"].lower(), bool(match["close"]), match["attrs"] or "")
            yield Piece(tag, line)
        elif match["text"]:
            yield Piece(unescape(match["text"]), line)
        line += match[0].count("\n")


def tag(text: str) -> Tag | None:
    """The tag that ``text`` is, or None."""
    content = next((piece.content for piece in pieces(text)), None)
    return content if isinstance(content, Tag) else None
