"""A document's blocks -> lines: what could be said of each, and which line needs which other.

A line that leans on the one before it ("However, it ...") comes only along with it, a lead-in only
with what it announces.
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

_MAX_ITEMS = 12  # of one list or table that may be told
_MAX_QUOTE_CHARS = 320  # a longer one is told as text
_SNIPPET_S = 2.5
_GLIMPSE_S = 3.0  # too short to look at code or a table
_TWO_ROWS_S = 12.0
_LABEL_CHARS = 30  # of a point's first sentence that only names it: "Fast. It starts in 3 ms."
# "Done" in a list where other points are not.
_DONE = {"de": "erledigt", "fr": "fait", "es": "hecho"}


@dataclass(slots=True)
class Drafted:
    """All lines of a document, with what their rank depends on: those that open a paragraph, and
    those too short for what they show, with what that leaves of their worth (0 to 1)."""

    out: Outline
    firsts: set[int]
    glimpses: dict[int, float]


def draft(document: Document, language: str, rate: float, pause_s: float) -> Drafted:
    """All that could be told of ``document``, not yet ranked."""
    builder = _Builder(Outline(document.sections, [], [], pause_s, language), language, rate)
    for number, section in enumerate(document.sections):
        if len(builder.out.lines) < MAX_LINES:
            builder.section(number, section)
    return Drafted(builder.out, builder.firsts, builder.glimpses)


class _Builder:
    def __init__(self, out: Outline, language: str, rate: float) -> None:
        self.out = out
        self.firsts: set[int] = set()  # lines that open a paragraph
        self.glimpses: dict[int, float] = {}  # lines too short for what they show: their worth
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
                    announces, goes_on = i + 1 < len(blocks), isinstance(before, Code)
                    self._paragraph(number, block, announces=announces, goes_on=goes_on)
            else:
                after = blocks[i + 1] if i + 1 < len(blocks) else None
                if self._shown(number, section, block, before, after):
                    taken.add(i + 1)
            before = block
        for place in range(start, len(self.out.drafts)):
            self._company(place, section)
        self._no_snippet(start)

    # -- kinds of blocks -----------------------------------------------------------------------

    def _paragraph(
        self, number: int, block: Paragraph, *, announces: bool, goes_on: bool = False
    ) -> None:
        found = [
            piece
            for sentence in self._sentences(block.text)
            for piece in prose.pieces_of_a_monster(sentence)
            if any(c.isalnum() for c in piece)
        ]
        if found and prose.is_lead_in(found[-1]) and not announces:
            found.pop()  # what it announced is not there
        monster = len(block.text) > prose.MAX_SENTENCE_CHARS and len(found) > 1
        if not found:
            return
        draft = self._text_draft(number)
        for k, text in enumerate(found):
            line = self._line(draft, text)
            if k == 0:
                self.firsts.add(line)
                if goes_on and text[:1].islower():
                    self.glimpses[line] = 0.0  # a sentence that began before the code
                if self._asks(line - 1, draft):
                    self.out.lines[line - 1].needs.append(line)
            if prose.leans_back(text) or (k and monster and text[:1].islower()):
                self._lean(line, line - 1)
            if text.endswith("?") and k + 1 < len(found):  # a question comes with its answer
                self.out.lines[line].needs.append(line + 1)

    def _shown(
        self, number: int, section: Section, block: Block, before: Block | None, after: Block | None
    ) -> bool:
        """A scene that shows ``block``. Returns whether it took the paragraph after it, too."""
        if isinstance(block, Quote) and len(block.text) > _MAX_QUOTE_CHARS:
            self._paragraph(number, Paragraph(block.text), announces=False)
            return False
        draft = Draft(number, block)
        lead = self._lead(number, block) if isinstance(before, Paragraph) else None
        self.out.drafts.append(draft)
        place = len(self.out.drafts) - 1
        if lead is not None:
            self.out.lines[lead].draft = place
            draft.lines.append(lead)
        match block:
            case Bullets():
                self._items(place, self._points(block), lead)
            case Table() if said := table_sentences.told(block, self._language):
                self._rows(place, said, lead)
            case Formula() if tex.is_sayable(block.text):
                line = self._line(place, prose.finished(block.text))
                self._tie(lead, [line])
            case Quote():
                said = self._sentences(prose.finished(block.text))
                author = [prose.finished(block.author)] if block.author else []
                lines = [self._line(place, text) for text in [*said, *author]]
                for line in lines[1:]:
                    self.out.lines[line].needs.append(line - 1)
                for line in lines[:-1]:  # words of somebody are told whole
                    self.out.lines[line].needs.append(line + 1)
                self._tie(lead, lines)
            case _ if lead is None:
                return self._speechless(place, number, section, block, after)
            case _:
                pass
        return False

    def _lead(self, number: int, block: Block) -> int | None:
        """The line right before ``block`` that announces it, taken out of its paragraph."""
        drafts, lines = self.out.drafts, self.out.lines
        if not drafts or drafts[-1].block is not None or drafts[-1].section != number:
            return None
        last = drafts[-1].lines[-1] if drafts[-1].lines else None
        if last is None or last != len(lines) - 1:
            return None
        if is_pointer(lines[last].text) and not prose.is_lead_in(lines[last].text):
            return None
        if not isinstance(block, Bullets | Quote) and prose.is_stub(lines[last].text):
            # "For example:" over code: the sentence before it says more.
            last = self._without_last()
            if last is None:
                return None
        said = prose.is_lead_in(lines[last].text)
        if not said and isinstance(block, Bullets | Quote):
            return None
        drafts[-1].lines.pop()
        if not drafts[-1].lines:
            drafts.pop()
        lines[last].text = lines[last].text if said else prose.finished(lines[last].text)
        return last

    def _without_last(self) -> int | None:
        """Take the last line away. Returns the one before it, if it is of the same draft."""
        drafts, lines = self.out.drafts, self.out.lines
        gone = drafts[-1].lines.pop()
        lines.pop()
        self.firsts.discard(gone)
        self.glimpses.pop(gone, None)
        for i in drafts[-1].lines:
            lines[i].needs = [j for j in lines[i].needs if j != gone]
        if not drafts[-1].lines:
            drafts.pop()
            return None
        return drafts[-1].lines[-1]

    def _points(self, block: Bullets) -> list[str]:
        some = 0 < len(block.done) < len(block.items)
        done = _DONE.get(self._language.split("-")[0].lower(), "done")
        return [
            prose.finished(f"{item.rstrip(' .')} ({done})" if some and i in block.done else item)
            for i, item in enumerate(block.items)
        ]

    def _rows(self, place: int, said: list[str], lead: int | None) -> None:
        lines = [self._line(place, text) for text in said]
        for one, two in itertools.pairwise(lines):
            self.out.lines[two].needs.append(one)
        if sum(self.out.lines[i].seconds for i in lines[:2]) < _TWO_ROWS_S:
            self.out.lines[lines[0]].needs += lines[1:2]  # one row alone tells no table
        self._tie(lead, lines[:1])

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
        self._tie(lead, lines[:2])
        if len(lines) > 1:  # one point alone makes no list
            self.out.lines[lines[0]].needs.append(lines[1])

    def _asks(self, line: int, draft: int) -> bool:
        lines = self.out.lines
        if line < 0 or lines[line].draft != draft:
            return False
        return lines[line].text.endswith("?") or prose.is_lead_in(lines[line].text)

    def _lean(self, line: int, other: int) -> None:
        lines, drafts = self.out.lines, self.out.drafts
        if other >= 0 and drafts[lines[other].draft].section == drafts[lines[line].draft].section:
            lines[line].needs.append(other)

    def _no_snippet(self, start: int) -> None:
        """A section isn't opened for a few words alone, if it has more to say."""
        lines = next((d.lines for d in self.out.drafts[start:] if d.block is None), [])
        if len(lines) > 1 and self.out.lines[lines[0]].seconds < _SNIPPET_S:
            self.out.lines[lines[0]].needs.append(lines[1])

    def _company(self, place: int, section: Section) -> None:
        """A shown block with a few words only would flash by: a neighbour comes along."""
        draft = self.out.drafts[place]
        if not isinstance(draft.block, Code | Formula | Table | Image) or not draft.lines:
            return
        if sum(self.out.lines[i].seconds for i in draft.lines) >= _GLIMPSE_S:
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
            self.glimpses[first] = 0.0 if long else 0.3

    def _tie(self, lead: int | None, lines: list[int]) -> None:
        if lead is not None and lines:
            self.out.lines[lines[0]].needs.append(lead)
            self.out.lines[lead].needs += lines

    def _speechless(
        self, place: int, number: int, section: Section, block: Block, after: Block | None
    ) -> bool:
        """Something to say over a block without a lead-in: the sentence after it, a picture's
        caption, or the section's name where the section has no words at all."""
        if isinstance(after, Paragraph):
            first, *rest = self._sentences(after.text) or [""]
            fits = len(first) <= prose.MAX_SENTENCE_CHARS and not first[:1].islower()
            if first and fits and not prose.is_lead_in(first):
                self.firsts.add(self._line(place, first))
                if rest:
                    self._paragraph(number, Paragraph(" ".join(rest)), announces=False)
                return True
        caption = getattr(block, "caption", "")
        if caption:
            self._line(place, prose.finished(caption))
        elif section.title and not any(
            isinstance(b, Paragraph | Bullets | Quote) for b in section.blocks
        ):
            self._line(place, prose.finished(section.title))
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
