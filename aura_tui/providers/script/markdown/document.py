"""Turns a brief's text into a document: sections of blocks, in plain text without Markdown.

Works on any text: plain prose, notes, CommonMark and its dialects, HTML, a README with badges. What
is not content (front matter, badges, footnotes, tables of contents, lists of links) is left out,
and named with its lines. Downloads nothing; a picture counts only if its file exists.
"""

from __future__ import annotations

import re
import textwrap
from typing import TYPE_CHECKING

from aura_tui.model.script import LeftOut
from aura_tui.model.text.sanitize import clean
from aura_tui.providers.script.markdown import html as markup
from aura_tui.providers.script.markdown import inline as inlines
from aura_tui.providers.script.markdown import tex
from aura_tui.providers.script.markdown.blocks import (
    NOWHERE,
    Block,
    Bullets,
    Code,
    Document,
    Formula,
    Image,
    Lines,
    Missing,
    Paragraph,
    Quote,
    Section,
    Table,
    Unseen,
)
from aura_tui.providers.script.markdown.dialects import NOT_CONTENT
from aura_tui.providers.script.markdown.list_items import (
    Item,
    ends_marked,
    fold_children,
    point,
    tick,
)
from aura_tui.providers.script.markdown.parser import parse_tokens
from aura_tui.providers.script.markdown.picture_files import local_picture, out_of_place, why_unseen
from aura_tui.providers.script.markdown.preprocess import prepare
from aura_tui.providers.script.markdown.tables import NO, YES
from aura_tui.providers.script.prose import cut, spoken_form, with_stop

if TYPE_CHECKING:
    from collections.abc import Sequence

    from markdown_it.token import Token

    from aura_tui.providers.script.markdown.inline import Inline, Picture

MAX_CHARS = 250_000  # about 4 hours of speech: more than any video needs, and still parsed fast
_DIAGRAMS = frozenset({"mermaid", "plantuml", "puml", "dot", "graphviz", "d2", "wavedrom"})
_MATHS = frozenset({"math", "latex", "tex", "katex"})


def parse(text: str, *, folder: str = "", local_pictures: bool = True) -> Document:
    """Parse any text; never raises. Takes time proportional to its length.

    ``folder``: where relative paths of pictures start ("": nowhere). ``local_pictures=False``:
    ignore files of this machine, whatever paths the text contains.
    """
    prepared = prepare(clean(text[:MAX_CHARS], MAX_CHARS))
    builder = _Builder(spoken_form(prepared.title)[:200], prepared.lines, folder, local_pictures)
    builder.walk(parse_tokens(prepared.markdown))
    document = builder.document()
    if len(text) > MAX_CHARS:
        first, last = prepared.lines[-1], prepared.lines[-1] + text[MAX_CHARS:].count("\n")
        why = f"the text has more than {MAX_CHARS:,} characters"
        document.dropped.append(LeftOut(first=first, last=last, what="the rest", why=why))
    return document


# HTML elements that end a paragraph where they start and end.
_PARAGRAPHS = frozenset(
    {"p", "div", "center", "section", "article", "main", "header", "footer", "aside", "nav",
     "figure", "figcaption", "details", "summary", "address", "form", "fieldset", "legend",
     "caption", "hr", "body", "html", "hgroup", "label", "button"}
)  # fmt: skip
_HTML_LISTS = frozenset({"ul", "ol", "dl", "menu"})


class _Builder:
    """Walks the block tokens once. The outermost quote or list collects everything inside it."""

    def __init__(self, title: str, lines: Sequence[int], folder: str, local_pictures: bool) -> None:
        self._title = title
        self._source = lines
        self._folder = folder
        self._local_pictures = local_pictures
        self._unseen: dict[str, Unseen] = {}  # by address, so that each appears once
        self._dropped: list[LeftOut] = []
        self._sections = [Section("", 1)]
        self._above: dict[int, str] = {}
        self._numbers: set[tuple[int, ...]] = set()  # of numbered headings
        self._at = NOWHERE  # the lines of the block in hand
        self._quotes = self._lists = 0  # how many are open
        self._quote: list[str] | None = None
        self._quote_lines = self._list_lines = self._table_lines = NOWHERE
        self._after_quote: list[Block] = []  # code and tables of a quote follow it
        self._quote_item = False  # the next text of the quote is a list's item
        self._items: list[Item] | None = None
        self._ordered = False
        self._start = 1
        self._rows: list[list[str]] | None = None
        self._align: list[str] = []

    def walk(self, tokens: Sequence[Token]) -> None:
        heading = footnotes = 0
        boxes: list[int] = []  # the depths of quotes that are note boxes: their text is the text's
        i = 0
        while i < len(tokens):
            token = tokens[i]
            i += 1
            if token.map:
                self._at = self._lines(*token.map)
            if token.type in ("footnote_reference_open", "footnote_reference_close"):
                footnotes += 1 if token.type.endswith("open") else -1
                continue
            if footnotes:
                if token.map:
                    self._drop("a footnote", "footnotes are not told")
                continue
            match token.type:
                case "heading_open":
                    heading = int(token.tag[1])
                case "heading_close":
                    heading = 0
                case "blockquote_open":
                    if _is_box(tokens, i):
                        boxes.append(self._quotes + len(boxes))
                    else:
                        self._open_quote()
                case "blockquote_close":
                    if boxes and boxes[-1] == self._quotes + len(boxes) - 1:
                        boxes.pop()
                    else:
                        self._close_quote()
                case "bullet_list_open" | "ordered_list_open" | "dl_open":
                    ordered = token.type.startswith("ordered")
                    self._open_list(ordered, int(token.attrs.get("start", 1)) if ordered else 1)
                case "bullet_list_close" | "ordered_list_close" | "dl_close":
                    self._close_list()
                case "list_item_open":
                    self._open_item()
                case "dt_open":
                    self._open_item()
                    term = inlines.read(tokens[i])
                    term.text = f"{term.text.rstrip(' :')}:"
                    self._inline(term, 0)
                    i += 2
                case "table_open":
                    self._open_table()
                case "tr_open":
                    self._open_row()
                case "th_open" | "td_open":
                    style = str(token.attrs.get("style", ""))
                    self._open_cell(style.removeprefix("text-align:"))
                case "table_close":
                    self._close_table()
                case "fence" | "code_block":
                    self._fence(token)
                case "html_block":
                    html, self._at = token.content, self._lines(*token.map or (0, 1))
                    while i < len(tokens) and tokens[i].type == "html_block" and tokens[i].map:
                        start, end = tokens[i - 1].map, tokens[i].map
                        if start and end:
                            html += "\n" * (end[0] - start[1])
                            self._at = Lines(self._at.first, self._lines(*end).last)
                        html += tokens[i].content
                        i += 1
                    self._html(html, (token.map or [0])[0])
                case "math_block":
                    self._formula(token.content)
                case "box_fence":
                    title = re.search(r"\[(.*)\]|\"(.*)\"|^\W*[\w-]+[ \t]+([^{].*)", token.content)
                    if title:
                        said = title[1] or title[2] or title[3] or ""
                        self._inline(inlines.Inline(said), 0)
                case "inline" if token.content:
                    inline = inlines.read(token)
                    if boxes:
                        inline.text = _BOX_LABEL.sub(r"\1: ", _BOX.sub("", inline.text))
                    self._inline(inline, heading)
                case _:
                    pass

    def document(self) -> Document:
        sections = [s for s in self._sections if s.blocks or s.title]
        title = self._title
        if not any(s.title for s in sections):
            sections = _headings_of_plain_text(sections)
        if not title:
            first = next((i for i, s in enumerate(sections) if s.title), None)
            if first is not None and sections[first].level == 1:
                title = sections[first].title
        title_lines = NOWHERE
        for section in sections:
            if section.title == title:  # the title's own section is the introduction
                section.title = ""
                if not title_lines.first:
                    title_lines = section.lines
                elif not section.blocks:
                    self._drop("a heading", "it repeats the title", section.lines)
            if section.parent == title:
                section.parent = ""
        return Document(
            title,
            [s for s in sections if s.blocks or s.title],
            [*self._unseen.values()],
            self._dropped,
            title_lines,
        )

    def _lines(self, start: int, end: int) -> Lines:
        """The lines of the text for the half-open range of lines of the Markdown."""
        last = len(self._source) - 1
        return Lines(self._source[min(start, last)], self._source[min(max(start, end - 1), last)])

    def _drop(self, what: str, why: str, lines: Lines | None = None) -> None:
        first, last = lines or self._at
        before = self._dropped[-1] if self._dropped else None
        if before and (before.what, before.why) == (what, why) and before.last >= first - 2:
            first = self._dropped.pop().first
        self._dropped.append(LeftOut(first=first, last=last, what=what, why=why))

    # -- where blocks go -----------------------------------------------------------------------

    def _add(self, block: Block) -> None:
        """Add a block to the open list or quote, else to the section."""
        if self._quote is not None:
            self._after_quote.append(block)
        elif self._items:
            self._items[-1].blocks.append((len(self._items[-1].parts), block))
        else:
            self._sections[-1].blocks.append(block)

    def _open_quote(self) -> None:
        self._quotes += 1
        if self._quotes == 1 and self._items is None:
            self._quote, self._quote_lines = [], self._at

    def _close_quote(self) -> None:
        self._quotes = max(0, self._quotes - 1)
        if self._quotes == 0 and self._quote is not None:
            lines, self._quote = self._quote, None
            self._at = self._quote_lines
            self._end_quote(lines)
            blocks, self._after_quote = self._after_quote, []
            for block in blocks:
                self._add(block)

    def _open_list(self, ordered: bool, start: int = 1) -> None:
        self._lists += 1
        if self._lists == 1 and self._quote is None:
            self._items, self._ordered, self._start = [], ordered, start
            self._list_lines = self._at

    def _close_list(self) -> None:
        self._lists = max(0, self._lists - 1)
        if self._lists == 0 and self._items is not None:
            items, self._items = self._items, None
            self._at = self._list_lines
            self._end_list(items)

    def _open_item(self) -> None:
        if self._items is not None:
            self._items.append(Item(self._lists, self._at))
        elif self._quote is not None:
            self._quote_item = True

    def _open_table(self) -> None:
        self._rows, self._align, self._table_lines = [], [], self._at

    def _open_row(self) -> None:
        if self._rows is not None:
            self._rows.append([])

    def _open_cell(self, align: str = "") -> None:
        if self._rows:
            self._rows[-1].append("")  # an empty cell is a cell, too
            if len(self._rows) == 1:
                self._align.append(align if align in ("left", "center", "right") else "")

    # -- blocks --------------------------------------------------------------------------------

    def _inline(self, inline: Inline, heading: int) -> None:
        text = inline.text
        where = self._where(heading)
        for image in inline.images if where else ():
            self._miss(image, where)
        if inline.struck and not _says_something(text):
            self._drop("a struck-out text", "its author took it back")
            if not inline.images:
                return
        if self._rows is not None and self._rows and self._rows[-1]:
            cell = tick(text) or spoken_form(text)[:_CELL_CHARS]
            self._rows[-1][-1] = f"{self._rows[-1][-1]} {cell}".strip()
        elif self._quote is not None:
            text = with_stop(text) if heading else text
            self._quote.append(f"- {text}" if self._quote_item else text)
            self._quote_item = False
        elif self._items:
            item = self._items[-1]
            item.box = item.box or inline.box
            if _says_something(text):
                item.parts.append(with_stop(text) if heading else text)
                item.told_to = self._at.last
            item.linked += inline.linked
        elif heading:
            self._heading(self._numbered(_heading_text(text)), heading)
        elif inline.formula:
            self._add(Formula(text.rstrip(".,; "), lines=self._at))
        elif named := self._bold_heading(text, inline):
            self._heading(*named, bold=True)
        else:
            self._paragraph(text, inline)

    def _where(self, heading: int) -> str:
        """The place, if pictures can't be shown there; "" if they can."""
        if self._rows:
            return "in a table"
        if self._quote is not None:
            return "in a quote"
        if self._items:
            return "in a list"
        return "in a heading" if heading else ""

    def _miss(self, image: Picture, where: str = "") -> bool:
        """Record a picture that isn't shown, and why. False for a badge."""
        source, _, linked = image
        local = self._local_pictures
        if where and local:
            path = local_picture(source, self._folder)
            why = out_of_place(source, where, linked=linked, path=path)
        else:
            why = why_unseen(source, local=local, linked=linked)
        if why and source in self._unseen:
            self._drop("a picture", "it can't be shown")
        elif why:
            self._unseen[source] = Unseen(why, self._at.first)
        return bool(why)

    def _bold_heading(self, text: str, inline: Inline) -> tuple[str, int] | None:
        """(title, level) of a paragraph that is one bold line and serves as a heading.

        Right below the document's own heading it is a subtitle and stays a paragraph.
        """
        here = self._sections[-1]
        title = _heading_text(text.rstrip(": "))
        if not inline.bold or (not here.blocks and here.level == 1):
            return None
        if len(text) > 70 or len(title.split()) > 8 or text.rstrip()[-1:] in (".", "!", ","):
            return None
        return self._numbered(title), here.level if here.bold else min(here.level + 1, 6)

    def _numbered(self, title: str) -> str:
        """``title`` without its number, if it has one in a sequence of numbered headings.

        "3.2.0 (2026-11-02)" and "12. M\u00e4rz" are no numbered headings.
        """
        match = _NUMBER.match(title)
        if match is None:
            return title
        number = tuple(map(int, re.findall(r"\d+", match[0])))
        *above, last = number
        before = (*above, last - 1)
        follows = before in self._numbers or (
            last <= 1 and (not above or tuple(above) in self._numbers)
        )
        if not follows:
            return title
        self._numbers.add(number)
        return title[match.end() :]

    def _heading(self, title: str, level: int, *, bold: bool = False) -> None:
        if not title:
            self._drop("a heading", "it has no words")
            return
        parent = next((self._above[i] for i in range(level - 1, 0, -1) if i in self._above), "")
        self._above = {k: v for k, v in self._above.items() if k < level} | {level: title}
        self._sections.append(Section(title, level, parent, bold=bold, lines=self._at))

    def _paragraph(self, text: str, inline: Inline) -> None:
        for image in inline.images:
            path = local_picture(image.source, self._folder) if self._local_pictures else ""
            if path:
                self._add(Image(path, spoken_form(image.alt)[:200], lines=self._at))
            elif self._miss(image) and not _says_something(text):
                self._add(Missing("a picture", "", lines=self._at))
        lines = [line for line in text.split("\n") if not NOT_CONTENT.fullmatch(line.strip())]
        if not any(map(str.strip, lines)):
            if text.strip():
                self._drop("a definition", "it is no text")
            return
        text = "\n".join(lines)
        if bullets := self._typed_list(lines):
            self._add(bullets)
            return
        said = spoken_form(text)
        if not _says_something(said):
            return
        blocks = self._sections[-1].blocks
        author = _author(said)
        if author and blocks and isinstance(blocks[-1], Quote) and not blocks[-1].author:
            quote = blocks[-1]
            whole = Lines(quote.lines.first, self._at.last)
            blocks[-1] = Quote(quote.text, author, lines=whole)
            return
        ends = said[-1] in ".!?:"
        if inline.linked > 0.6 * len(said) and (len(said.split()) < 12 or not ends):
            self._drop("a row of links", "a video has nothing to click")
            return
        self._add(Paragraph(said, lines=self._at))

    def _typed_list(self, lines: list[str]) -> Bullets | None:
        """The list that a paragraph's lines are: each with a tick, a typed bullet, or a label."""
        lines = [line.strip() for line in lines if _says_something(line)]
        items: list[str] = []
        if all(map(_is_marked, lines)):
            items = [point(line) for line in lines]
        elif len(lines) > 1 and all(map(_TYPED_BULLET.match, lines)):
            items = [spoken_form(line[1:]) for line in lines]
        elif len(lines) > 1 and all(map(_LABELLED.fullmatch, lines)):
            items = [spoken_form(line) for line in lines]
        items = [item for item in items if _says_something(item)]
        if not items:
            return None
        return Bullets(tuple(items), ordered=False, lines=self._at)

    def _end_quote(self, lines: list[str]) -> None:
        items = [line for line in lines if line.startswith("- ")]
        if items and items != lines[1:][-1:]:  # a list; one item at the end is "- Author"
            lines = [line.removeprefix("- ") for line in lines]
        text = "\n".join(lines).strip()
        author = ""
        if "\n" in text:
            body, last = text.rsplit("\n", 1)
            author = _author(last)
            text = body if author else text
        elif match := re.search(r"\s[\u2014\u2013]\s?(\w[^.!?\u2014]{1,60})$", text):
            author, text = spoken_form(match[1]), text[: match.start()]
        text = spoken_form(text)
        if _says_something(text):
            self._add(Quote(text, author, lines=self._at))

    def _end_list(self, items: list[Item]) -> None:
        texts = [item for item in items if item.parts]
        has_blocks = any(item.blocks for item in items)
        if all(i.linked >= 0.8 * sum(map(len, i.parts)) for i in texts) and not has_blocks:
            if texts:
                self._drop("a list of links", "a video has nothing to click")
            return
        if has_blocks:
            self._steps(items)
            return
        points = fold_children(items)
        if len(points) == 1 and points[0].text[0] not in (YES, NO) and self._start == 1:
            self._add(Paragraph(points[0].text, lines=self._at))
        elif points:
            done = frozenset(i for i, item in enumerate(points) if item.done)
            self._add(
                Bullets(
                    tuple(item.text for item in points),
                    self._ordered,
                    done,
                    self._start,
                    frozenset(i for i, item in enumerate(points) if self._ordered and item.inner),
                    lines=self._at,
                    item_lines=tuple(item.lines for item in points),
                )
            )

    def _steps(self, items: list[Item]) -> None:
        """The steps of a tutorial: text and code alternate."""
        for item in items:
            blocks = [*item.blocks]
            for i, part in enumerate(item.parts):
                while blocks and blocks[0][0] <= i:
                    self._add(blocks.pop(0)[1])
                if _says_something(line := spoken_form(part)):
                    first = item.lines.first
                    last = blocks[0][1].lines.first - 1 if blocks else item.lines.last
                    self._add(Paragraph(line, lines=Lines(first, max(first, last))))
            for _, block in blocks:
                self._add(block)

    def _fence(self, token: Token) -> None:
        language = re.match(r"[\w+#.-]{1,30}", token.info.strip().lstrip("{."))
        name = language[0].lower() if language else ""
        self._code(token.content, name, indented=token.type == "code_block")

    def _code(self, content: str, name: str, *, indented: bool = False) -> None:
        code = textwrap.dedent(content.expandtabs(4)).strip("\n").rstrip()
        if not code.strip():
            return
        if name in _DIAGRAMS:
            self._add(Missing(f"a {name} diagram", "it can't be drawn", lines=self._at))
        elif name in _MATHS:
            self._formula(code)
        elif indented and _is_prose(code):  # an indented paragraph
            self._inline(inlines.Inline(code), 0)
        else:
            self._add(Code(code, name, lines=self._at))

    def _formula(self, content: str) -> None:
        content = content.strip()
        if not content:
            return
        made = tex.one_line(content) if len(content.split("\n")) <= _FORMULA_LINES else None
        if made is None:
            self._add(Code(content, "tex", lines=self._at))
        elif self._quote is not None:
            self._quote.append(made)
        elif self._items:
            self._items[-1].parts.append(made)
        else:
            self._add(Formula(made, lines=self._at))

    def _close_table(self) -> None:
        rows, self._rows = self._rows or [], None
        self._at = self._table_lines
        rows = [row for row in rows if any(map(_fills, row))]
        width = max(map(len, rows), default=0)
        if not rows:
            return
        if len(rows) == 1:  # only a header, or a table that places things side by side
            for cell in rows[0]:
                if _says_something(cell):
                    self._add(Paragraph(cell, lines=self._at))
            return
        if width == 1:
            head, *items = [row[0] for row in rows]
            if _says_something(head):
                self._add(Paragraph(f"{head.rstrip(' .:')}:", lines=self._at))
            self._add(Bullets(tuple(items), ordered=False, lines=self._at))
            return
        header, *body = [tuple([*row, *[""] * width][:width]) for row in rows]
        align = tuple([*self._align, *[""] * width][:width])
        self._add(Table(header, tuple(body), align if any(align) else (), lines=self._at))

    # -- HTML ----------------------------------------------------------------------------------

    def _html(self, html: str, start: int) -> None:
        """Read HTML like the Markdown that it stands for. ``start`` is its line, from 0."""
        whole = self._at
        gather = inlines.Gather()
        heading = lists = quotes = tables = 0
        in_term = False
        code: list[str] | None = None
        told_from = start

        def flush() -> None:
            nonlocal told_from
            inline = gather.end()
            if inline.text.strip() or inline.images:
                self._at = self._lines(told_from, line + 1)
                self._inline(inline, heading)
            told_from = line

        def end_term() -> None:
            nonlocal in_term
            if in_term:
                gather.text(":")
            in_term = False

        line = start
        for piece in markup.pieces(html):
            line = start + piece.line
            tag = piece.content
            if isinstance(tag, str):
                if code is not None:
                    code.append(tag)
                    continue
                if not tag.strip() and not gather.has_text():
                    told_from = line + tag.count("\n")
                gather.text(re.sub(r"[^\S\n]+", " ", tag))
                line += tag.count("\n")
                continue
            if code is not None and tag.name != "pre":
                continue
            match tag.name:
                case "pre" if not tag.closes:
                    flush()
                    code = []
                case "pre" if code is not None:
                    self._at = self._lines(told_from, line + 1)
                    self._code("".join(code), "")
                    code = None
                case "h1" | "h2" | "h3" | "h4" | "h5" | "h6":
                    flush()
                    heading = 0 if tag.closes else int(tag.name[1])
                case name if name in _HTML_LISTS:
                    flush()
                    self._at = self._lines(line, line + 1)
                    if not tag.closes:
                        lists += 1
                        number = tag.get("start")
                        first_number = int(number) if number.isdecimal() and len(number) < 9 else 1
                        self._open_list(name == "ol", first_number if name == "ol" else 1)
                    elif lists:
                        lists -= 1
                        self._list_lines = Lines(self._list_lines.first, self._at.last)
                        self._close_list()
                case "li" | "dt":
                    end_term()
                    flush()
                    if not tag.closes:
                        self._at = self._lines(line, line + 1)
                        self._open_item()
                        in_term = tag.name == "dt"
                case "table":
                    flush()
                    self._at = self._lines(line, line + 1)
                    tables = max(0, tables + (-1 if tag.closes else 1))
                    if tables == 1 and not tag.closes and self._rows is None:
                        self._open_table()
                    elif tag.closes and tables == 0 and self._rows is not None:
                        self._table_lines = Lines(self._table_lines.first, self._at.last)
                        self._close_table()
                case "tr":
                    flush()
                    if not tag.closes and tables == 1:
                        self._open_row()
                case "td" | "th":
                    flush()
                    if not tag.closes and tables == 1:
                        style = re.search(r"text-align:\s*(\w+)", tag.get("style"))
                        self._open_cell((tag.get("align") or (style[1] if style else "")).lower())
                case "blockquote":
                    flush()
                    self._at = self._lines(line, line + 1)
                    if not tag.closes:
                        quotes += 1
                        self._open_quote()
                    elif quotes:
                        quotes -= 1
                        self._quote_lines = Lines(self._quote_lines.first, self._at.last)
                        self._close_quote()
                case "dd":
                    end_term()
                    flush()
                case name if name in _PARAGRAPHS:
                    flush()
                case _:
                    gather.tag(tag)
        if code:
            self._at = self._lines(told_from, line + 1)
            self._code("".join(code), "")
        line += 1
        flush()
        if tables and self._rows is not None:
            self._table_lines = Lines(self._table_lines.first, whole.last)
            self._close_table()
        for _ in range(lists):
            self._list_lines = Lines(self._list_lines.first, whole.last)
            self._close_list()
        for _ in range(quotes):
            self._quote_lines = Lines(self._quote_lines.first, whole.last)
            self._close_quote()
        self._at = whole


_CELL_CHARS = 1000
_FORMULA_LINES = 50
_NUMBER = re.compile(r"(?:\d{1,3}\.)+(?:\d{1,3})?\s+(?=\S)|\d{1,3}\)\s+(?=\S)")
_BOX = re.compile(r"^\s*\[![\w-]{1,40}(?:\|[^\]\n]*)?\][+-]?[ \t]*\n?")
_LABEL = r"note|tip|hint|important|caution|warning|info|hinweis|achtung|remarque|nota"
_OLD_BOX = re.compile(rf"\s*(\*\*|__)(?:{_LABEL})\1[ \t]*\n", re.IGNORECASE)
_BOX_LABEL = re.compile(rf"^\s*({_LABEL})[ \t]*\n", re.IGNORECASE)
_TYPED_BULLET = re.compile(
    "[\u2022\u25e6\u2023\u25aa\u25ab\u25cf\u25cb\u00b7\u2043\u2013\u2014]\\s"
)
_LABELLED = re.compile(r"[^\s:][^:\n.!?]{0,39}:\s+\S.{0,119}")


def _is_box(tokens: Sequence[Token], i: int) -> bool:
    """Whether the quote before ``tokens[i]`` is a note box: "> [!NOTE]" or "> **Note**"."""
    return (
        i + 1 < len(tokens)
        and tokens[i].type == "paragraph_open"
        and any(form.match(tokens[i + 1].content) for form in (_BOX, _OLD_BOX))
    )


def _heading_text(text: str) -> str:
    text = spoken_form(text).strip(" #:*_")
    return cut(text, 200) if _says_something(text) else ""


def _is_marked(line: str) -> bool:
    said = point(line) if not line.isascii() or ":" in line else ""
    return said[:1] in (YES, NO) and said[:1] != "" and not ends_marked(line)


def _says_something(text: str) -> bool:
    return any(c.isalnum() for c in text)


def _fills(cell: str) -> bool:
    return _says_something(cell) or cell in (YES, NO)


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
            level = 1 if len(found) == 1 and i == 0 else 2
            found.append(Section(_heading_text(block.text), level, lines=block.lines))
        else:
            found[-1].blocks.append(block)
    return [s for s in found if s.blocks or s.title]
