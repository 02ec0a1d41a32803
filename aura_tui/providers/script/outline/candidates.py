"""Turns a document's blocks into lines that may be narrated, with the lines that each one needs.

A line that refers back ("However, it ...") needs the previous one; a lead-in needs what it
introduces.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aura_tui.model.script import LeftOut
from aura_tui.model.text.plural import counted
from aura_tui.providers.script import prose
from aura_tui.providers.script.markdown import tex
from aura_tui.providers.script.markdown.blocks import (
    Bullets,
    Code,
    Formula,
    Heading,
    Image,
    Lines,
    Missing,
    Paragraph,
    Quote,
    Table,
)
from aura_tui.providers.script.markdown.tables import NO, YES, parts
from aura_tui.providers.script.outline import table_sentences
from aura_tui.providers.script.outline.boilerplate import is_pointer
from aura_tui.providers.script.outline.outline_model import MAX_LINES, Draft, Line, Outline

if TYPE_CHECKING:
    from aura_tui.providers.script.markdown.blocks import Block, Document, Section

_MAX_QUOTE_CHARS = 320  # a longer quotation is narrated as text
_CODE_LINES = 14  # of code blocks that share a card
_NO_WORDS = "no words of the text introduce it"
_MIN_OPENING_S = 2.5
_MIN_SHOWN_S = 3.0  # less is too short to look at code or a table
_TWO_ROWS_S = 12.0
_LABEL_CHARS = 30  # a list item's first sentence up to this is a label: "Fast. It starts in 3 ms."
# Marks done items in a list with items that aren't.
_DONE = {
    "da": "f\u00e6rdig", "de": "erledigt", "es": "hecho", "fi": "valmis", "fr": "fait",
    "it": "fatto", "ja": "\u5b8c\u4e86", "nl": "gedaan", "pl": "zrobione", "pt": "feito",
    "ru": "\u0441\u0434\u0435\u043b\u0430\u043d\u043e", "sv": "klart", "tr": "tamam",
    "zh": "\u5b8c\u6210",
}  # fmt: skip
# How to say the languages of code that aren't said as they are written.
_CODE_NAMES = {
    "bash": "Shell", "c#": "C#", "c++": "C++", "console": "Shell", "cpp": "C++", "cs": "C#",
    "csharp": "C#", "css": "CSS", "csv": "CSV", "golang": "Go", "html": "HTML", "http": "HTTP",
    "ini": "INI", "js": "JavaScript", "javascript": "JavaScript", "json": "JSON",
    "jsonc": "JSON", "jsx": "JSX", "md": "Markdown", "objc": "Objective-C", "php": "PHP",
    "powershell": "PowerShell", "ps1": "PowerShell", "py": "Python", "pycon": "Python",
    "python3": "Python", "rb": "Ruby", "rs": "Rust", "sh": "Shell", "shell": "Shell",
    "shell-session": "Shell", "sql": "SQL", "tf": "Terraform", "toml": "TOML", "ts": "TypeScript",
    "tsx": "TSX", "typescript": "TypeScript", "vb": "Visual Basic", "xml": "XML", "yaml": "YAML",
    "yml": "YAML", "zsh": "Shell",
}  # fmt: skip
_NO_NAME = frozenset({"text", "txt", "plain", "plaintext", "none", "output", "log", "code"})


@dataclass(slots=True)
class Candidates:
    """All lines of a document, not yet ranked. ``openers`` are the lines that open a paragraph;
    ``factors`` (0-1) reduce the score of some lines, e.g. of those too short for what they show."""

    out: Outline
    openers: set[int]
    factors: dict[int, float]


def draft(document: Document, language: str, rate: float, pause_s: float) -> Candidates:
    """Collect the lines of ``document`` that may be narrated."""
    sections = document.sections
    builder = _Builder(Outline(sections, [], [], pause_s, language), language, rate)
    only_headings = not any(section.blocks for section in sections)
    for number, section in enumerate(sections):
        below = sections[number + 1 :][:1]
        if len(builder.out.lines) >= MAX_LINES:
            builder.leave_out(section, f"the text has more than {MAX_LINES:,} sentences")
        elif section.blocks:
            builder.section(number, section)
        elif only_headings or not below or below[0].level <= section.level:
            builder.heading(number, section)
    return Candidates(builder.out, builder.openers, builder.factors)


class _Builder:
    def __init__(self, out: Outline, language: str, rate: float) -> None:
        self.out = out
        self.openers: set[int] = set()
        self.factors: dict[int, float] = {}
        self._language = language
        self._rate = rate
        self._source = Lines(0, 0)  # of the block in hand
        self._titled: set[int] = set()  # sections whose title is narrated for want of other words

    def heading(self, number: int, section: Section) -> None:
        """Draft a section that is only a heading."""
        self._source = section.lines
        self.out.drafts.append(Draft(number, Heading(section.title, lines=self._source)))
        line = self._line(len(self.out.drafts) - 1, prose.with_stop(section.title))
        self.factors[line] = 0.5

    def leave_out(self, section: Section, why: str) -> None:
        """Report a whole section as left out."""
        ranges = [block.lines for block in section.blocks]
        first = section.lines.first or min((lines.first for lines in ranges), default=0)
        last = max([first, *(lines.last for lines in ranges)])
        self.out.left_out.append(LeftOut(first=first, last=last, what="a section", why=why))

    def section(self, number: int, section: Section) -> None:
        blocks = _joined([part for block in section.blocks for part in _parted(block)])
        start = len(self.out.drafts)
        taken: set[int] = set()
        before: Block | None = None
        for i, block in enumerate(blocks):
            self._source = block.lines
            if isinstance(block, Missing):
                self._missing(number, block)
            elif isinstance(block, Paragraph):
                if i not in taken:
                    has_next, after_code = i + 1 < len(blocks), isinstance(before, Code)
                    self._paragraph(number, block, has_next=has_next, after_code=after_code)
            else:
                after = blocks[i + 1] if i + 1 < len(blocks) else None
                if self._visible_block(number, section, block, before, after):
                    taken.add(i + 1)
            before = block
        for place in range(start, len(self.out.drafts)):
            self._extend_short_block(place, section)
        self._extend_short_opening(start)

    # -- kinds of blocks -----------------------------------------------------------------------

    def _paragraph(
        self, number: int, block: Paragraph, *, has_next: bool, after_code: bool = False
    ) -> None:
        found = [
            piece
            for sentence in self._sentences(block.text)
            for piece in prose.split_overlong(sentence)
            if any(c.isalnum() for c in piece)
        ]
        if found and prose.is_lead_in(found[-1]) and not has_next:
            found.pop()  # nothing follows the lead-in
            if not found:
                self._report(block.lines, "a lead-in", "nothing follows it")
        overlong = len(block.text) > prose.MAX_SENTENCE_CHARS and len(found) > 1
        if not found:
            return
        draft = self._text_draft(number)
        for k, text in enumerate(found):
            line = self._line(draft, text)
            if k == 0:
                self.openers.add(line)
                if after_code and text[:1].islower():
                    self.factors[line] = 0.0  # the rest of a sentence that started before the code
                if self._expects_next(line - 1, draft):
                    self.out.lines[line - 1].needs.append(line)
            if prose.refers_back(text) or (k and overlong and text[:1].islower()):
                self._require(line, line - 1)
            if text.endswith("?") and k + 1 < len(found):  # a question needs its answer
                self.out.lines[line].needs.append(line + 1)

    def _missing(self, number: int, block: Missing) -> None:
        """Report a block that can't be shown, and drop the words that introduce it."""
        drafts, lines = self.out.drafts, self.out.lines
        if drafts and drafts[-1].block is None and drafts[-1].section == number and lines:
            last = lines[-1]
            if drafts[-1].lines[-1:] == [len(lines) - 1] and prose.is_lead_in(last.text):
                self._drop_last()
                if not lines or lines[-1].source != last.source:
                    self._report(last.source, "a lead-in", "what it introduces can't be shown")
        if block.why:
            self._report(block.lines, block.what, block.why)

    def _report(self, lines: Lines, what: str, why: str) -> None:
        self.out.left_out.append(LeftOut(first=lines.first, last=lines.last, what=what, why=why))

    def _visible_block(
        self, number: int, section: Section, block: Block, before: Block | None, after: Block | None
    ) -> bool:
        """Draft a scene that shows ``block``. Returns whether it also used the next paragraph."""
        if isinstance(block, Quote) and len(block.text) > _MAX_QUOTE_CHARS:
            text = Paragraph(prose.with_stop(block.text), lines=block.lines)
            self._paragraph(number, text, has_next=False)
            return False
        draft = Draft(number, block)
        lead = self._take_lead_in(number, draft) if isinstance(before, Paragraph) else None
        self.out.drafts.append(draft)
        place = len(self.out.drafts) - 1
        if lead is not None:
            self.out.lines[lead].draft = place
            draft.lines.append(lead)
        match block:
            case Bullets():
                self._items(place, block, lead)
            case Table() if sentences := table_sentences.describe(block, self._language):
                self._rows(place, sentences, lead)
            case Formula() if tex.is_sayable(block.text):
                line = self._line(place, prose.with_stop(block.text))
                self._link(lead, [line])
            case Quote():
                sentences = self._sentences(prose.with_stop(block.text))
                author = [prose.with_stop(block.author)] if block.author else []
                lines = [self._line(place, text) for text in [*sentences, *author]]
                for line in lines[1:]:
                    self.out.lines[line].needs.append(line - 1)
                for line in lines[:-1]:  # a quotation is narrated whole
                    self.out.lines[line].needs.append(line + 1)
                self._link(lead, lines)
            case _ if lead is None:
                return self._without_lead_in(place, number, section, block, after)
            case _:
                pass
        return False

    def _take_lead_in(self, number: int, draft: Draft) -> int | None:
        """Take the line that introduces the block of ``draft`` out of the paragraph before; None:
        there is none."""
        drafts, lines, block = self.out.drafts, self.out.lines, draft.block
        if not drafts or drafts[-1].block is not None or drafts[-1].section != number:
            return None
        last = drafts[-1].lines[-1] if drafts[-1].lines else None
        if last is None or last != len(lines) - 1:
            return None
        if is_pointer(lines[last].text) and not prose.is_lead_in(lines[last].text):
            return None
        if not isinstance(block, Bullets | Quote) and prose.is_stub(lines[last].text):
            # "For example:" before code: use the sentence before it instead.
            draft.covers.append(lines[last].source)
            last = self._drop_last()
            if last is None:
                return None
        is_lead_in = prose.is_lead_in(lines[last].text)
        if not is_lead_in and isinstance(block, Bullets | Quote):
            return None
        drafts[-1].lines.pop()
        if not drafts[-1].lines:
            drafts.pop()
        lines[last].text = lines[last].text if is_lead_in else prose.with_stop(lines[last].text)
        return last

    def _drop_last(self) -> int | None:
        """Drop the last line. Returns the one before it, or None if that is in another draft."""
        drafts, lines = self.out.drafts, self.out.lines
        dropped = drafts[-1].lines.pop()
        lines.pop()
        self.openers.discard(dropped)
        self.factors.pop(dropped, None)
        for i in drafts[-1].lines:
            lines[i].needs = [j for j in lines[i].needs if j != dropped]
        if not drafts[-1].lines:
            drafts.pop()
            return None
        return drafts[-1].lines[-1]

    def _points(self, block: Bullets) -> list[str]:
        some = 0 < len(block.done) < len(block.items)
        done = _DONE.get(self._language.split("-")[0].lower(), "done")
        yes, no = table_sentences.yes_and_no(self._language)
        said: list[str] = []
        for i, item in enumerate(block.items):
            if item[0] in (YES, NO):
                bare = item[1:].strip()
                is_label = len(bare.split()) <= 5 and bare[-1:] not in (".", "!", "?")
                mark = yes if item[0] == YES else no
                item = f"{bare}: {mark}" if is_label else f"{prose.capitalize(mark)}: {bare}"
            elif some and i in block.done:
                item = f"{item.rstrip(' .')} ({done})"
            said.append(prose.with_stop(item))
        return said

    def _rows(self, place: int, sentences: list[str], lead: int | None) -> None:
        lines = [self._line(place, text) for text in sentences]
        for one, two in itertools.pairwise(lines):
            self.out.lines[two].needs.append(one)
        if sum(self.out.lines[i].seconds for i in lines[:2]) < _TWO_ROWS_S:
            self.out.lines[lines[0]].needs += lines[1:2]  # a single row isn't enough for a table
        self._link(lead, lines[:1])

    def _items(self, place: int, block: Bullets, lead: int | None) -> None:
        lines: list[int] = []
        for i, text in enumerate(self._points(block)):
            if i < len(block.item_lines):
                self._source = block.item_lines[i]
            sentences = [
                piece for part in self._sentences(text) for piece in prose.split_overlong(part)
            ]
            for k, sentence in enumerate(sentences):
                line = self._line(place, sentence, item=i)
                if k == 0:
                    lines.append(line)
                else:
                    self.out.lines[line].needs.append(line - 1)
                    self.factors[line] = 0.6
                if k == 1 and len(sentences[0]) < _LABEL_CHARS:
                    self.out.lines[line - 1].needs.append(line)
                    del self.factors[line]
        for one, two in itertools.pairwise(lines):
            self.out.lines[two].needs.append(one)
        self._link(lead, lines[:2])
        if len(lines) > 1:  # a single item isn't enough for a list
            self.out.lines[lines[0]].needs.append(lines[1])

    def _expects_next(self, line: int, draft: int) -> bool:
        """Whether ``line`` is a question or a lead-in of ``draft``: it needs the next line."""
        lines = self.out.lines
        if line < 0 or lines[line].draft != draft:
            return False
        return lines[line].text.endswith("?") or prose.is_lead_in(lines[line].text)

    def _require(self, line: int, other: int) -> None:
        """Make ``line`` need ``other`` if both are in the same section."""
        lines, drafts = self.out.lines, self.out.drafts
        if other >= 0 and drafts[lines[other].draft].section == drafts[lines[line].draft].section:
            lines[line].needs.append(other)

    def _extend_short_opening(self, start: int) -> None:
        """Make a section's very short first line need the second one."""
        lines = next((d.lines for d in self.out.drafts[start:] if d.block is None), [])
        if len(lines) > 1 and self.out.lines[lines[0]].seconds < _MIN_OPENING_S:
            self.out.lines[lines[0]].needs.append(lines[1])

    def _extend_short_block(self, place: int, section: Section) -> None:
        """Make a block with little narration, which would flash by, need a line next to it."""
        draft = self.out.drafts[place]
        if not isinstance(draft.block, Code | Formula | Table | Image) or not draft.lines:
            return
        if sum(self.out.lines[i].seconds for i in draft.lines) >= _MIN_SHOWN_S:
            return
        first = draft.lines[0]
        for near in (place - 1, place + 1):
            if not 0 <= near < len(self.out.drafts):
                continue
            other = self.out.drafts[near]
            if other.section == draft.section and other.block is None and other.lines:
                self.out.lines[first].needs.append(other.lines[-1 if near < place else 0])
                return
        if not isinstance(draft.block, Formula):
            self.factors[first] = 0.3

    def _link(self, lead: int | None, lines: list[int]) -> None:
        """Make the lead-in and ``lines`` need each other."""
        if lead is not None and lines:
            self.out.lines[lines[0]].needs.append(lead)
            self.out.lines[lead].needs += lines

    def _without_lead_in(
        self, place: int, number: int, section: Section, block: Block, after: Block | None
    ) -> bool:
        """Narrate a block without a lead-in by the sentence after it, a picture's caption, the
        language of code, or once the section's title. Returns whether it used the paragraph
        ``after``."""
        if isinstance(after, Paragraph):
            first, *rest = self._sentences(after.text) or [""]
            fits = len(first) <= prose.MAX_SENTENCE_CHARS and not first[:1].islower()
            if first and fits and not prose.is_lead_in(first):
                self._source = after.lines
                self.openers.add(self._line(place, first))
                if rest:
                    text = Paragraph(" ".join(rest), lines=after.lines)
                    self._paragraph(number, text, has_next=False)
                return True
        if words := getattr(block, "caption", "") or code_name(block):
            self._line(place, prose.with_stop(words))
        elif section.title and number not in self._titled:
            self._titled.add(number)
            line = self._line(place, prose.with_stop(section.title))
            if any(isinstance(b, Paragraph | Bullets | Quote) for b in section.blocks):
                self.factors[line] = 0.3
        else:
            self.out.drafts.pop()
            self._report(block.lines, described(block), _NO_WORDS)
        return False

    # -- lines ---------------------------------------------------------------------------------

    def _text_draft(self, number: int) -> int:
        drafts = self.out.drafts
        if not drafts or drafts[-1].section != number or drafts[-1].block is not None:
            drafts.append(Draft(number, None))
        return len(drafts) - 1

    def _sentences(self, text: str) -> list[str]:
        found = prose.sentences(text, self._language)
        return [sentence for sentence in found if any(c.isalnum() for c in sentence)]

    def _line(self, draft: int, text: str, item: int | None = None) -> int:
        text = text[: prose.MAX_SENTENCE_CHARS * 2]
        length = prose.seconds(text, self._rate)
        self.out.lines.append(Line(text, length, draft, item=item, source=self._source))
        index = len(self.out.lines) - 1
        self.out.drafts[draft].lines.append(index)
        return index


def _parted(block: Block) -> list[Block]:
    """A table with too many columns for one card in several parts; any other block as it is."""
    return [*parts(block)] if isinstance(block, Table) else [block]


def _joined(blocks: list[Block]) -> list[Block]:
    """``blocks``, with code that follows code in the same language, or in none, joined to it if
    both fit on a card: there are no words between them to narrate."""
    joined: list[Block] = []
    for block in blocks:
        last = joined[-1] if joined else None
        if (
            isinstance(block, Code)
            and isinstance(last, Code)
            and (block.language in ("", last.language) or code_name(block) == "")
            and last.code.count("\n") + block.code.count("\n") + 3 <= _CODE_LINES
        ):
            lines = Lines(last.lines.first, block.lines.last)
            joined[-1] = Code(f"{last.code}\n\n{block.code}", last.language, lines=lines)
        else:
            joined.append(block)
    return joined


def code_name(block: Block) -> str:
    """The name of the language that ``block`` is written in; "" if it is no code, or in none."""
    if not isinstance(block, Code) or not block.language or block.language in _NO_NAME:
        return ""
    return _CODE_NAMES.get(block.language, block.language.capitalize())


def described(block: Block | None) -> str:
    """What ``block`` is, in a report: "a table of 3 rows"."""
    match block:
        case Bullets(items):
            return f"a list of {counted(len(items), 'item')}"
        case Table(_, rows):
            return f"a table of {counted(len(rows), 'row')}"
        case Code(code):
            return f"code of {counted(code.count(chr(10)) + 1, 'line')}"
        case Quote():
            return "a quotation"
        case Formula():
            return "a formula"
        case Image():
            return "a picture"
        case Heading():
            return "a heading"
        case _:
            return "text"
