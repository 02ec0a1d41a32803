"""Turns a brief's text into a document: sections of blocks, in plain text without Markdown.

Works on any text: plain prose, notes, CommonMark with tables, a README with badges. Drops what is
not content: front matter, HTML, badges, footnotes, tables of contents, lists of links. Downloads
nothing; a picture counts only if it is the absolute path of an existing file.
"""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model.text.sanitize import clean
from aura_tui.providers.script.markdown import tex
from aura_tui.providers.script.markdown.blocks import (
    Block,
    Bullets,
    Code,
    Document,
    Formula,
    Image,
    Paragraph,
    Quote,
    Section,
    Table,
)
from aura_tui.providers.script.markdown.list_items import Item, fold_children
from aura_tui.providers.script.markdown.parser import parse_tokens
from aura_tui.providers.script.markdown.picture_files import local_picture, out_of_place, why_unseen
from aura_tui.providers.script.markdown.preprocess import unwrapped
from aura_tui.providers.script.markdown.tables import NO, YES
from aura_tui.providers.script.prose import spoken_form

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

MAX_CHARS = 250_000  # about 4 hours of speech: more than any video needs, and still parsed fast
_NOT_SHOWN = frozenset({"mermaid", "plantuml", "dot", "graphviz", "latex"})


def parse(text: str, *, local_pictures: bool = True) -> Document:
    """Parse any text; never raises. Takes time proportional to its length.

    ``local_pictures=False``: ignore files of this machine, whatever paths the text contains.
    """
    named, text = unwrapped(clean(text[:MAX_CHARS], MAX_CHARS))
    builder = _Builder(_heading_text(named), local_pictures)
    builder.walk(parse_tokens(tex.read(text)))
    return builder.document()


@dataclass(slots=True)
class _Inline:
    text: str = ""  # with the line breaks of the source
    linked: int = 0  # characters of text inside links
    bold: bool = False  # all of it is bold, or an emphasized question
    ticked: bool = False  # a task that is done
    formula: bool = False  # a formula on a line of its own
    images: list[_Named] = field(default_factory=list)


class _Named(NamedTuple):
    """A picture in the text."""

    source: str
    alt: str
    linked: bool  # it is inside a link


class _Builder:
    """Walks the block tokens once. The outermost quote or list collects everything inside it."""

    def __init__(self, title: str, local_pictures: bool) -> None:
        self._title = title
        self._local_pictures = local_pictures
        self._unseen: dict[str, str] = {}  # by address, so that each appears once
        self._html_title = ""
        self._sections = [Section("", 1)]
        self._above: dict[int, str] = {}
        self._quote: list[str] | None = None
        self._quote_item = False  # the next text of the quote is a list's item
        self._items: list[Item] | None = None
        self._ordered = False
        self._rows: list[list[str]] | None = None

    def walk(self, tokens: Sequence[Token]) -> None:
        quotes = lists = notes = 0
        heading = 0
        for token in tokens:
            notes += {"footnote_reference_open": 1, "footnote_reference_close": -1}.get(
                token.type, 0
            )
            if notes:  # footnotes are not content
                continue
            match token.type:
                case "heading_open":
                    heading = int(token.tag[1])
                case "heading_close":
                    heading = 0
                case "blockquote_open":
                    quotes += 1
                    if quotes == 1 and self._items is None:
                        self._quote = []
                case "blockquote_close":
                    quotes -= 1
                    if quotes == 0 and self._quote is not None:
                        self._end_quote(self._quote)
                        self._quote = None
                case "bullet_list_open" | "ordered_list_open":
                    lists += 1
                    if lists == 1 and self._quote is None:
                        self._items, self._ordered = [], token.type.startswith("ordered")
                case "bullet_list_close" | "ordered_list_close":
                    lists -= 1
                    if lists == 0 and self._items is not None:
                        items, self._items = self._items, None
                        self._end_list(items)
                case "list_item_open":
                    if self._items is not None:
                        self._items.append(Item(lists))
                    elif self._quote is not None:
                        self._quote_item = True
                case "table_open":
                    self._rows = []
                case "tr_open":
                    if self._rows is not None:
                        self._rows.append([])
                case "th_open" | "td_open":
                    if self._rows:
                        self._rows[-1].append("")  # an empty cell is a cell, too
                case "table_close":
                    self._end_table()
                case "fence" | "code_block":
                    self._code(token)
                case "html_block":
                    self._html(token.content)
                case "math_block":
                    self._formula(token.content)
                case "inline" if token.content:
                    self._inline(self._read(token), heading)
                case _:
                    pass

    def document(self) -> Document:
        sections = [s for s in self._sections if s.blocks or s.title]
        title = self._title or self._html_title
        if not any(s.title for s in sections):
            sections = _headings_of_plain_text(sections)
        if not title:
            first = next((i for i, s in enumerate(sections) if s.title), None)
            if first is not None and sections[first].level == 1:
                title = sections[first].title
        for section in sections:
            if section.title == title:  # the title's own section is the introduction
                section.title = ""
            if section.parent == title:
                section.parent = ""
        return Document(
            title, [s for s in sections if s.blocks or s.title], [*self._unseen.values()]
        )

    # -- blocks --------------------------------------------------------------------------------

    def _add(self, block: Block) -> None:
        self._sections[-1].blocks.append(block)

    def _inline(self, inline: _Inline, heading: int) -> None:
        text = inline.text
        where = self._where(heading)
        for image in inline.images if where else ():
            self._miss(image, where)
        if heading:
            self._heading(_heading_text(text), heading)
        elif self._rows is not None and self._rows:
            self._rows[-1][-1] = _tick(text) or spoken_form(text)[:200]
        elif self._quote is not None:
            self._quote.append(f"- {text}" if self._quote_item else text)
            self._quote_item = False
        elif self._items:
            item = self._items[-1]
            item.done = item.done or inline.ticked
            item.parts.append(text)
            item.linked += inline.linked
        elif inline.formula:
            self._add(Formula(text.rstrip(".,; ")))
        elif named := self._bold_heading(text, inline):
            self._heading(*named, bold=True)
        else:
            self._paragraph(text, inline)

    def _where(self, heading: int) -> str:
        """The place, if pictures can't be shown there; "" if they can."""
        if heading:
            return "in a heading"
        if self._rows:
            return "in a table"
        if self._quote is not None:
            return "in a quote"
        return "in a list" if self._items else ""

    def _miss(self, image: _Named, where: str = "") -> None:
        """Record a picture that isn't shown, and why."""
        source, _, linked = image
        local = self._local_pictures
        if where:
            why = out_of_place(source, where, local=local, linked=linked)
        else:
            why = why_unseen(source, local=local, linked=linked)
        if why:
            self._unseen.setdefault(source, why)

    def _bold_heading(self, text: str, inline: _Inline) -> tuple[str, int] | None:
        """(title, level) of a paragraph that is one bold line and serves as a heading.

        Right below the document's own heading it is a subtitle and stays a paragraph.
        """
        here = self._sections[-1]
        title = _heading_text(text.rstrip(": "))
        if not inline.bold or (not here.blocks and here.level == 1):
            return None
        if len(text) > 70 or len(title.split()) > 8 or text.rstrip()[-1:] in (".", "!", ","):
            return None
        return title, here.level if here.bold else min(here.level + 1, 6)

    def _heading(self, title: str, level: int, *, bold: bool = False) -> None:
        if not title:
            return
        parent = next((self._above[i] for i in range(level - 1, 0, -1) if i in self._above), "")
        self._above = {k: v for k, v in self._above.items() if k < level} | {level: title}
        self._sections.append(Section(title, level, parent, bold=bold))

    def _paragraph(self, text: str, inline: _Inline) -> None:
        for image in inline.images:
            if self._local_pictures and (path := local_picture(image.source)):
                self._add(Image(path, spoken_form(image.alt)[:200]))
            else:
                self._miss(image)
        line = spoken_form(text)
        if not _says_something(line):
            return
        blocks = self._sections[-1].blocks
        author = _author(line)
        if author and blocks and isinstance(blocks[-1], Quote) and not blocks[-1].author:
            blocks[-1] = Quote(blocks[-1].text, author)
            return
        ends = line[-1] in ".!?:"
        if inline.linked > 0.6 * len(line) and (len(line.split()) < 12 or not ends):
            return  # a row of links
        self._add(Paragraph(line))

    def _end_quote(self, lines: list[str]) -> None:
        items = [line for line in lines if line.startswith("- ")]
        if items and items != lines[1:][-1:]:  # a list; one item at the end is "- Author"
            lines = [line.removeprefix("- ") for line in lines]
        text = "\n".join(lines).strip()
        alert = re.match(r"\[!\w+\]\s*", text)
        if alert:  # GitHub's note boxes
            if body := spoken_form(text[alert.end() :]):
                self._add(Paragraph(body))
            return
        author = ""
        if "\n" in text:
            body, last = text.rsplit("\n", 1)
            author = _author(last)
            text = body if author else text
        elif match := re.search(r"\s[\u2014\u2013]\s?(\w[^.!?\u2014]{1,60})$", text):
            author, text = spoken_form(match[1]), text[: match.start()]
        text = spoken_form(text)
        if _says_something(text):
            self._add(Quote(text, author))

    def _end_list(self, items: list[Item]) -> None:
        if items and all(i.linked >= 0.8 * sum(map(len, i.parts)) for i in items if i.parts):
            return  # a table of contents, a list of links
        if any(item.code for item in items):  # the steps of a tutorial: text and code alternate
            for item in items:
                for part in item.parts:
                    if _says_something(line := spoken_form(part)):
                        self._add(Paragraph(line))
                for code in item.code:
                    self._add(code)
            return
        texts = fold_children(items)
        if len(texts) == 1:
            self._add(Paragraph(texts[0][0]))
        elif texts:
            done = frozenset(i for i, (_, done) in enumerate(texts) if done)
            self._add(Bullets(tuple(text for text, _ in texts), self._ordered, done))

    def _code(self, token: Token) -> None:
        language = re.match(r"[\w+#.-]{1,30}", token.info.strip().lstrip("{."))
        name = language[0].lower() if language else ""
        code = textwrap.dedent(token.content.expandtabs(4)).strip("\n").rstrip()
        if not code.strip() or name in _NOT_SHOWN or self._quote is not None:
            return
        if name == "math":
            self._formula(code)
        elif token.type == "code_block" and _is_prose(code):  # an indented paragraph
            self._paragraph(code, _Inline(code))
        elif self._items:
            self._items[-1].code.append(Code(code, name))
        else:
            self._add(Code(code, name))

    def _formula(self, code: str) -> None:
        code = code.strip()
        formula = tex.one_line(code)
        if self._items:
            if formula:
                self._items[-1].parts.append(formula)
            else:
                self._items[-1].code.append(Code(code, "tex"))
        elif self._quote is None:
            self._add(Formula(formula) if formula else Code(code, "tex"))
        elif formula:
            self._quote.append(formula)

    def _end_table(self) -> None:
        rows, self._rows = self._rows or [], None
        if len(rows) < 2 or len(rows[0]) < 2 or self._items is not None or self._quote is not None:
            return
        width = len(rows[0])
        body = [tuple([*row, *[""] * width][:width]) for row in rows[1:] if any(row)]
        if body:
            self._add(Table(tuple(rows[0]), tuple(body)))

    def _html(self, html: str) -> None:
        self._html_pictures(html[:20_000])
        match = re.search(r"<h1[^>]{0,300}>(.{1,2000}?)</h1>", html[:20_000], re.S | re.I)
        if match and not self._html_title:
            self._html_title = _heading_text(re.sub(r"<[^>]{0,2000}>", " ", match[1]))

    def _html_pictures(self, html: str) -> None:
        for match in _HTML_PICTURE.finditer(html):
            self._miss(_Named(match[1], "", linked=False), "in HTML")

    # -- inlines -------------------------------------------------------------------------------

    def _read(self, token: Token) -> _Inline:
        inline = _Inline(bold=_BOLD.fullmatch(token.content.strip()) is not None)
        children = token.children or []
        inline.ticked = bool(token.meta.get("done"))
        inline.formula = [child.type for child in children[:1]] == ["math_inline_double"] and (
            "".join(child.content for child in children[1:]).strip() in ("", ".", ",", ";")
        )
        self._flatten(children, inline)
        return inline

    def _flatten(self, children: list[Token], inline: _Inline) -> None:
        text: list[str] = []
        links = 0
        for child in children:
            match child.type:
                case "text" | "text_special" | "code_inline" | "math_inline" | "math_inline_double":
                    text.append(child.content)
                    inline.linked += len(child.content) if links else 0
                case "softbreak" | "hardbreak":
                    text.append("\n")
                case "html_inline" if child.content[:3].lower() == "<br":
                    text.append("\n")
                case "html_inline":
                    self._html_pictures(child.content)
                case "link_open":
                    links += 1
                case "link_close":
                    links -= 1
                case "image":
                    alt = "".join(c.content for c in child.children or [])
                    source = str(child.attrs.get("src", ""))
                    inline.images.append(_Named(source, alt, linked=links > 0))
                case _:
                    pass
        inline.text += "".join(text)


def pictures(text: str) -> tuple[str, ...]:
    """The absolute paths of existing pictures in ``text``, at most 200: a script depends on
    them."""
    sources = re.findall(r"!\[[^\]]{0,500}\]\(<?((?:/|file:///)[^)>\s]{1,1000})", text[:MAX_CHARS])
    return tuple(sorted({path for source in sources[:200] if (path := local_picture(source))}))


def _heading_text(text: str) -> str:
    text = spoken_form(text).strip(" #:*_")
    numbered = re.match(r"(?:\d{1,3}\.)+(?:\d{1,3})?\s+(?=\S)|\d{1,3}\)\s+(?=\S)", text)
    text = text[numbered.end() :] if numbered else text
    return text[:200] if _says_something(text) else ""


_HTML_PICTURE = re.compile(
    r"<img\b[^<>]{0,2000}?\bsrc\s{0,9}=\s{0,9}[\"']([^\"'<>]{1,1000})", re.IGNORECASE
)
_BOLD = re.compile(r"(\*\*|__)(?=\S)[^*_\n]{2,70}\1:?|([*_])(?=\S)[^*_\n]{2,70}\?\2")


_TICKS = re.compile("[\u2713\u2714\u2705\u2611]\ufe0f?|:white_check_mark:|:heavy_check_mark:")
_CROSSES = re.compile("[\u2717\u2718\u274c\u2716\u2715]\ufe0f?|:x:|:heavy_multiplication_x:")


def _tick(cell: str) -> str:
    """The mark to draw for a cell that is a tick or a cross; "" for any other cell."""
    cell = cell.strip()
    return YES if _TICKS.fullmatch(cell) else NO if _CROSSES.fullmatch(cell) else ""


def _says_something(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _author(line: str) -> str:
    match = re.match(r"\s*(?:[\u2014\u2013\u2015]|--|-)\s*(\w.{1,79})$", line)
    return spoken_form(match[1]).rstrip(".") if match and len(match[1].split()) <= 10 else ""


def _is_prose(code: str) -> bool:
    """Whether an indented block is prose: words and full stops, without the signs of code."""
    letters = sum(c.isalpha() or c.isspace() for c in code)
    return letters > 0.93 * len(code) and re.search(r"\w{2}[.!?]\s*$", code) is not None


def _headings_of_plain_text(sections: list[Section]) -> list[Section]:
    """Find headings in a text without any: short lines without a full stop, before prose."""
    blocks = [b for s in sections for b in s.blocks]
    found = [Section("", 1)]
    for i, block in enumerate(blocks):
        follows = blocks[i + 1] if i + 1 < len(blocks) else None
        if (
            isinstance(block, Paragraph)
            and len(block.text) <= 70
            and len(block.text.split()) <= 10
            and (block.text[-1].isalnum() or (i == 0 and block.text[-1] in "?!"))
            and follows is not None
            and not (isinstance(follows, Paragraph) and len(follows.text) < len(block.text) * 2)
        ):
            found.append(Section(_heading_text(block.text), 1 if len(found) == 1 and i == 0 else 2))
        else:
            found[-1].blocks.append(block)
    return [s for s in found if s.blocks or s.title]
