"""Turns a document's blocks into lines that may be narrated, with the lines that each one needs.

A line that refers back ("However, it ...") needs the previous one; a lead-in needs what it
introduces.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aura_tui.providers.script import prose
from aura_tui.providers.script.markdown import tex
from aura_tui.providers.script.markdown.blocks import (
    Bullets,
    Code,
    Formula,
    Image,
    Paragraph,
    Quote,
    Table,
)
from aura_tui.providers.script.outline import table_sentences
from aura_tui.providers.script.outline.boilerplate import is_pointer
from aura_tui.providers.script.outline.outline_model import MAX_LINES, Draft, Line, Outline

if TYPE_CHECKING:
    from aura_tui.providers.script.markdown.blocks import Block, Document, Section

_MAX_ITEMS = 12  # narrated items per list
_MAX_QUOTE_CHARS = 320  # a longer quotation is narrated as text
_MIN_OPENING_S = 2.5
_MIN_SHOWN_S = 3.0  # less is too short to look at code or a table
_TWO_ROWS_S = 12.0
_LABEL_CHARS = 30  # a list item's first sentence up to this is a label: "Fast. It starts in 3 ms."
# Marks done items in a list with items that aren't.
_DONE = {"de": "erledigt", "fr": "fait", "es": "hecho"}


@dataclass(slots=True)
class Candidates:
    """All lines of a document, not yet ranked. ``openers`` are the lines that open a paragraph;
    ``factors`` (0-1) reduce the score of some lines, e.g. of those too short for what they show."""

    out: Outline
    openers: set[int]
    factors: dict[int, float]


def draft(document: Document, language: str, rate: float, pause_s: float) -> Candidates:
    """Collect the lines of ``document`` that may be narrated."""
    builder = _Builder(Outline(document.sections, [], [], pause_s, language), language, rate)
    for number, section in enumerate(document.sections):
        if len(builder.out.lines) < MAX_LINES:
            builder.section(number, section)
    return Candidates(builder.out, builder.openers, builder.factors)


class _Builder:
    def __init__(self, out: Outline, language: str, rate: float) -> None:
        self.out = out
        self.openers: set[int] = set()
        self.factors: dict[int, float] = {}
        self._language = language
        self._rate = rate

    def section(self, number: int, section: Section) -> None:
        blocks = section.blocks
        start = len(self.out.drafts)
        taken: set[int] = set()
        before: Block | None = None
        for i, block in enumerate(blocks):
            if isinstance(block, Paragraph):
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

    def _visible_block(
        self, number: int, section: Section, block: Block, before: Block | None, after: Block | None
    ) -> bool:
        """Draft a scene that shows ``block``. Returns whether it also used the next paragraph."""
        if isinstance(block, Quote) and len(block.text) > _MAX_QUOTE_CHARS:
            self._paragraph(number, Paragraph(block.text), has_next=False)
            return False
        draft = Draft(number, block)
        lead = self._take_lead_in(number, block) if isinstance(before, Paragraph) else None
        self.out.drafts.append(draft)
        place = len(self.out.drafts) - 1
        if lead is not None:
            self.out.lines[lead].draft = place
            draft.lines.append(lead)
        match block:
            case Bullets():
                self._items(place, self._points(block), lead)
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

    def _take_lead_in(self, number: int, block: Block) -> int | None:
        """Take the line that introduces ``block`` out of the paragraph before; None: there is
        none."""
        drafts, lines = self.out.drafts, self.out.lines
        if not drafts or drafts[-1].block is not None or drafts[-1].section != number:
            return None
        last = drafts[-1].lines[-1] if drafts[-1].lines else None
        if last is None or last != len(lines) - 1:
            return None
        if is_pointer(lines[last].text) and not prose.is_lead_in(lines[last].text):
            return None
        if not isinstance(block, Bullets | Quote) and prose.is_stub(lines[last].text):
            # "For example:" before code: use the sentence before it instead.
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
        return [
            prose.with_stop(f"{item.rstrip(' .')} ({done})" if some and i in block.done else item)
            for i, item in enumerate(block.items)
        ]

    def _rows(self, place: int, sentences: list[str], lead: int | None) -> None:
        lines = [self._line(place, text) for text in sentences]
        for one, two in itertools.pairwise(lines):
            self.out.lines[two].needs.append(one)
        if sum(self.out.lines[i].seconds for i in lines[:2]) < _TWO_ROWS_S:
            self.out.lines[lines[0]].needs += lines[1:2]  # a single row isn't enough for a table
        self._link(lead, lines[:1])

    def _items(self, place: int, texts: list[str], lead: int | None) -> None:
        lines: list[int] = []
        for i, text in enumerate(texts[:_MAX_ITEMS]):
            parts = self._sentences(text)
            if not parts:
                continue
            lines.append(self._line(place, parts[0], item=i))
            if len(parts) > 1 and len(parts[0]) < _LABEL_CHARS:
                more = self._line(place, parts[1], item=i)
                self.out.lines[more].needs.append(lines[-1])
                self.out.lines[lines[-1]].needs.append(more)
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
            long = isinstance(draft.block, Code) and draft.block.code.count("\n") > 3
            self.factors[first] = 0.0 if long else 0.3

    def _link(self, lead: int | None, lines: list[int]) -> None:
        """Make the lead-in and ``lines`` need each other."""
        if lead is not None and lines:
            self.out.lines[lines[0]].needs.append(lead)
            self.out.lines[lead].needs += lines

    def _without_lead_in(
        self, place: int, number: int, section: Section, block: Block, after: Block | None
    ) -> bool:
        """Narrate a block without a lead-in by the sentence after it, a picture's caption, or the
        title of a section without text. Returns whether it used the paragraph ``after``."""
        if isinstance(after, Paragraph):
            first, *rest = self._sentences(after.text) or [""]
            fits = len(first) <= prose.MAX_SENTENCE_CHARS and not first[:1].islower()
            if first and fits and not prose.is_lead_in(first):
                self.openers.add(self._line(place, first))
                if rest:
                    self._paragraph(number, Paragraph(" ".join(rest)), has_next=False)
                return True
        caption = getattr(block, "caption", "")
        if caption:
            self._line(place, prose.with_stop(caption))
        elif section.title and not any(
            isinstance(b, Paragraph | Bullets | Quote) for b in section.blocks
        ):
            self._line(place, prose.with_stop(section.title))
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
        self.out.lines.append(Line(text, length, draft, item=item))
        index = len(self.out.lines) - 1
        self.out.drafts[draft].lines.append(index)
        return index
