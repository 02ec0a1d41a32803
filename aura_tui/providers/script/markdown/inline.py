"""Gathers the text of one line or paragraph from pieces of Markdown or HTML."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.providers.script.markdown import dialects, html

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

    from aura_tui.providers.script.markdown.html import Tag


class Picture(NamedTuple):
    """A picture in the text."""

    source: str
    alt: str
    linked: bool  # it is inside a link


@dataclass(slots=True)
class Inline:
    """A text without markup, with the line breaks of the source."""

    text: str = ""
    linked: int = 0  # characters of text inside links
    struck: int = 0  # characters of text that is struck out, and not in ``text``
    bold: bool = False  # all of it is bold, or an emphasized question
    box: str = ""  # the sign of a task's checkbox
    formula: bool = False  # a formula on a line of its own
    images: list[Picture] = field(default_factory=list)


_BOLD = re.compile(r"(\*\*|__)(?=\S)[^*_\n]{2,70}\1:?|([*_])(?=\S)[^*_\n]{2,70}\?\2")
_REFERENCE = re.compile(r"\[?\d{1,3}\]?")
# Characters of private use: each stands for one piece of code while marks are removed.
_FIRST_PRIVATE, _MAX_VERBATIM = 0xE000, 6400
_PRIVATE = re.compile("[\ue000-\uf8ff]")


def read(token: Token) -> Inline:
    """The text of an ``inline`` token."""
    children = token.children or []
    inline = Gather().markdown(children).end()
    inline.bold = _BOLD.fullmatch(token.content.strip()) is not None
    inline.box = str(token.meta.get("box", ""))
    inline.formula = [child.type for child in children[:1]] == ["math_inline_double"] and (
        "".join(child.content for child in children[1:]).strip() in ("", ".", ",", ";")
    )
    return inline


class Gather:
    """Add pieces in order, then take the result with :meth:`end`, which starts the next one."""

    def __init__(self) -> None:
        self._inline = Inline()
        self._parts: list[str] = []
        self._verbatim: list[str] = []
        self._links: list[int] = []  # where each open link starts in the parts
        self._struck = 0
        self._code = 0  # open <code> and the like
        self._hidden: list[str] = []  # open elements whose text isn't shown
        self._scripts: list[tuple[str, int]] = []  # open <sup> and <sub>, and where they start

    def text(self, text: str) -> None:
        """Add text."""
        if self._code and text.strip():
            self.verbatim(text)
        else:
            self._add(text)

    def _add(self, text: str) -> None:
        if self._struck or self._hidden:
            self._inline.struck += len(text) if self._struck else 0
            return
        self._parts.append(text if text.isascii() else _PRIVATE.sub("", text))
        self._inline.linked += len(text) if self._links else 0

    def verbatim(self, text: str) -> None:
        """Add code, a formula, or an escaped sign, in which no mark has a meaning."""
        before = len(self._parts)
        self._add(text)
        if len(self._parts) > before and len(self._verbatim) < _MAX_VERBATIM:
            self._parts[-1] = chr(_FIRST_PRIVATE + len(self._verbatim))
            self._verbatim.append(text)

    def has_text(self) -> bool:
        """Whether a text or a picture was added since the last :meth:`end`."""
        return bool(self._inline.images) or any(not part.isspace() for part in self._parts)

    def image(self, source: str, alt: str) -> None:
        """Add a picture."""
        if not (self._struck or self._hidden):
            self._inline.images.append(Picture(source, alt, linked=bool(self._links)))

    def markdown(self, children: Sequence[Token]) -> Gather:
        """Add the children of an ``inline`` token."""
        for child in children:
            match child.type:
                case "text":
                    self.text(child.content)
                case "text_special" | "code_inline" | "math_inline" | "math_inline_double":
                    self.verbatim(child.content)
                case "softbreak" | "hardbreak":
                    self.text("\n")
                case "html_inline":
                    if (tag := html.tag(child.content)) is not None:
                        self.tag(tag)
                case "link_open":
                    self._links.append(len(self._parts))
                case "link_close":
                    self._end_link()
                case "s_open" | "s_close":
                    self._struck += 1 if child.type == "s_open" else -1
                case "image":
                    alt = "".join(c.content for c in child.children or [])
                    self.image(
                        str(child.attrs.get("src", "")), alt or str(child.attrs.get("title", ""))
                    )
                case _:
                    pass
        return self

    def tag(self, tag: Tag) -> None:
        """Add an HTML tag of a line."""
        name = tag.name
        if name in html.HIDDEN:
            if tag.closes and name in self._hidden:
                self._hidden.remove(name)
            elif not tag.closes and not tag.attributes.endswith("/"):
                self._hidden.append(name)
        elif name in html.STRUCK:
            self._struck = max(0, self._struck + (-1 if tag.closes else 1))
        elif name in html.CODE:
            self._code = max(0, self._code + (-1 if tag.closes else 1))
        elif name == "br":
            self.text("\n")
        elif name == "img" and not tag.closes:
            self.image(tag.get("src"), tag.get("alt") or tag.get("title"))
        elif name == "a" and tag.closes:
            self._end_link()
        elif name == "a" and tag.get("href"):
            self._links.append(len(self._parts))
        elif name in ("sup", "sub"):
            self._script(tag)

    def _script(self, tag: Tag) -> None:
        if not tag.closes:
            self._scripts.append((tag.name, len(self._parts)))
        elif self._scripts and self._scripts[-1][0] == tag.name:
            _, start = self._scripts.pop()
            inner, before = (
                "".join(self._parts[start:]),
                "".join(self._parts[max(0, start - 3) : start]),
            )
            if _PRIVATE.search(inner):
                return
            made = dialects.lowered(inner) if tag.name == "sub" else dialects.raised(before, inner)
            self._parts[start:] = [made]

    def _end_link(self) -> None:
        if not self._links:
            return
        start = self._links.pop()
        text = "".join(self._parts[start:])
        before = self._parts[start - 1][-1:] if start else ""
        # A number right after a word or a full stop is a reference, also where it is a link.
        if before and not before.isspace() and before not in "([#" and _REFERENCE.fullmatch(text):
            del self._parts[start:]
            self._inline.linked -= len(text)

    def end(self) -> Inline:
        """The gathered text."""
        inline = self._inline
        text, embedded = dialects.embedded_pictures("".join(self._parts))
        inline.images += [Picture(source, "", linked=False) for source in embedded]
        text = dialects.plain(text)
        if self._verbatim:
            text = _PRIVATE.sub(lambda m: self._verbatim[ord(m[0]) - _FIRST_PRIVATE], text)
        inline.text = text
        self._inline, self._parts, self._verbatim = Inline(), [], []
        self._links, self._scripts = [], []
        return inline
