"""Which sentences are told: the document's lines, ranked, and chosen until the time is full.

A line is one sentence, whole. Lines keep their order; a line that leans on the one before it
("However, it ...") comes only along with it, and a lead-in only with what it announces.
"""

from __future__ import annotations

import itertools
import math
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aura_tui.providers.script import prose
from aura_tui.providers.script.blocks import Bullets, Code, Image, Paragraph, Quote, Table

if TYPE_CHECKING:
    from aura_tui.providers.script.blocks import Block, Document, Section

LEAD_S, BREATH_S = 0.2, 0.45  # silence before and after a scene's speech, as Composition has it
SCENE_S = 8.5  # what a scene's narration aims at
MAX_LINES = 6000  # enough for an hour; bounds the work for any text
_MAX_ITEMS = 12  # of one list or table that may be told
_MAX_TOGETHER = 30  # lines that lean on each other
_MAX_QUOTE_CHARS = 320  # a longer one is told as text
_SNIPPET_S = 2.5
_GLIMPSE_S = 3.0  # too short to look at code or a table
_LONG_S = 14.0  # a sentence that takes longer is hard to follow


@dataclass(slots=True)
class Line:
    """A sentence that may be narrated; it needs the lines in ``needs`` (by index)."""

    text: str
    seconds: float
    draft: int
    score: float = 0.0
    needs: list[int] = field(default_factory=list)
    item: int | None = None  # which item of its list it tells


@dataclass(slots=True)
class Draft:
    """A run of lines for one kind of scene: ``block`` is what is shown, None for plain text."""

    section: int
    block: Block | None
    lines: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Outline:
    """All drafts of a document, and their lines, both in the text's order."""

    sections: list[Section]
    drafts: list[Draft]
    lines: list[Line]
    pause_s: float  # of silence around a scene's speech


def outline(
    document: Document, language: str, rate: float = 1.0, breath_s: float | None = None
) -> Outline:
    """All that could be told of ``document``, with scores. ``breath_s``: the silence after a
    scene's speech; None is the default."""
    pause_s = LEAD_S + (BREATH_S if breath_s is None else breath_s)
    builder = _Builder(Outline(document.sections, [], [], pause_s), language, rate)
    for number, section in enumerate(document.sections):
        if len(builder.out.lines) < MAX_LINES:
            builder.section(number, section)
    _score(builder.out, builder.firsts, builder.glimpses)
    return builder.out


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
                    self._paragraph(number, block, announces=i + 1 < len(blocks))
            else:
                after = blocks[i + 1] if i + 1 < len(blocks) else None
                if self._shown(number, section, block, before, after):
                    taken.add(i + 1)
            before = block
        for place in range(start, len(self.out.drafts)):
            self._company(place, section)
        self._no_snippet(start)

    # -- kinds of blocks -----------------------------------------------------------------------

    def _paragraph(self, number: int, block: Paragraph, *, announces: bool) -> None:
        found = [
            piece
            for sentence in self._sentences(block.text)
            for piece in prose.pieces_of_a_monster(sentence)
            if any(c.isalnum() for c in piece)
        ]
        if found and prose.is_lead_in(found[-1]) and not announces:
            found.pop()  # what it announced is not there
        monster = len(block.text) > prose.MAX_SENTENCE_CHARS and len(found) > 1
        draft = self._text_draft(number) if found else -1
        for k, text in enumerate(found):
            line = self._line(draft, text)
            if k == 0:
                self.firsts.add(line)
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
                self._items(place, [prose.finished(item) for item in block.items], lead)
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
                return self._speechless(place, section, block, after)
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
        said = prose.is_lead_in(lines[last].text)
        if not said and isinstance(block, Bullets | Quote):
            return None
        drafts[-1].lines.pop()
        if not drafts[-1].lines:
            drafts.pop()
        lines[last].text = lines[last].text if said else prose.finished(lines[last].text)
        return last

    def _items(self, place: int, texts: list[str], lead: int | None) -> None:
        lines: list[int] = []
        for i, text in enumerate(texts[:_MAX_ITEMS]):
            parts = self._sentences(text)
            if not parts:
                continue
            lines.append(self._line(place, parts[0], item=i))
            if len(parts) > 1 and len(parts[0]) < 30:  # "Fast. It starts in 3 ms."
                self._line(place, parts[1], item=i)
                self.out.lines[-1].needs.append(lines[-1])
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
        if not isinstance(draft.block, Code | Table | Image) or not draft.lines:
            return
        if sum(self.out.lines[i].seconds for i in draft.lines) >= _GLIMPSE_S:
            return
        for near in (place - 1, place + 1):
            if not 0 <= near < len(self.out.drafts):
                continue
            other = self.out.drafts[near]
            if other.section == draft.section and other.block is None and other.lines:
                self.out.lines[draft.lines[0]].needs.append(other.lines[-1 if near < place else 0])
                return
        first = draft.lines[0]
        said = prose.finished(section.title)
        if said and said.rstrip(".").casefold() not in self.out.lines[first].text.casefold():
            line = self._line(place, said)
            draft.lines.insert(0, draft.lines.pop())
            self.out.lines[first].needs.append(line)
            self.out.lines[line].needs.append(first)
        else:
            long = isinstance(draft.block, Code) and draft.block.code.count("\n") > 3
            self.glimpses[first] = 0.0 if long else 0.3

    def _tie(self, lead: int | None, lines: list[int]) -> None:
        if lead is not None and lines:
            self.out.lines[lines[0]].needs.append(lead)
            self.out.lines[lead].needs += lines

    def _speechless(self, place: int, section: Section, block: Block, after: Block | None) -> bool:
        """Something to say over a block without a lead-in: the text after it, a picture's
        caption, a table's rows, or at least the section's name."""
        if isinstance(after, Paragraph):
            first = self._sentences(after.text)
            if first and not prose.is_lead_in(first[0]) and len(first) == 1:
                self._line(place, first[0])
                return True
        caption = getattr(block, "caption", "")
        if caption:
            self._line(place, prose.finished(caption))
            return False
        name = self._line(place, prose.finished(section.title)) if section.title else None
        if isinstance(block, Table):
            self._items(place, [prose.finished(f"{a}: {b}") for a, b, *_ in block.rows], name)
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


# -- ranking -------------------------------------------------------------------------------------

_BOILERPLATE = re.compile(
    r"licen[sc]e|licensing|contribut|change ?log|table of contents|contents$|badges|sponsor|"
    r"credits|acknowledg|links|join us|discord|^support(?: \w+)?$|authors?$|maintainers|"
    r"code of conduct|security (?:policy|contact)|release notes|references|bibliograph|footnotes|"
    r"see also|further reading|donat|release information|history|^v?\d+\.\d+|"
    r"lizenz|mitwirken|danksagung|quellen|literatur|inhalt|impressum",
    re.IGNORECASE,
)
_ENDING = re.compile(
    r"conclusion|summary|key takeaways?|takeaways?|next steps|in short|outlook|wrap|"
    r"fazit|zusammenfassung|ausblick|schluss|n\u00e4chste schritte|r\u00e9sum\u00e9|conclusi",
    re.IGNORECASE,
)
_ASIDE = re.compile(
    r"(?:see|refer|click|note that|for more|read the|check out|please|to (?:find out|learn)|"
    r"learn more|have a look|siehe)\b",
    re.IGNORECASE,
)


def _score(out: Outline, firsts: set[int], glimpses: dict[int, float]) -> None:
    bags = [frozenset(w for w in prose.words(line.text) if len(w) > 3) for line in out.lines]
    common = Counter(word for bag in bags for word in bag)
    top = math.log1p(max(common.values(), default=1))
    rank: dict[int, list[tuple[float, int]]] = {}
    for i, line in enumerate(out.lines):
        draft = out.drafts[line.draft]
        theme = sum(math.log1p(common[w]) for w in bags[i]) / top / (len(bags[i]) + 3)
        score = 0.6 + theme + 0.5 * (i in firsts)
        score += 0.3 * (prose.figure(line.text) is not None)
        score += 0.25 * isinstance(draft.block, Bullets | Quote | Table)
        score += 0.15 * isinstance(draft.block, Code)
        score -= 0.5 * (line.seconds > _LONG_S) + 0.3 * (line.seconds < 1.2 and line.item is None)
        score -= 0.4 * (_ASIDE.match(line.text) is not None)
        score -= 0.2 * (line.text.startswith("("))
        score *= glimpses.get(i, 1.0)
        rank.setdefault(draft.section, []).append((score, i))
    ends = rank[max(rank)][-1][1] if rank else -1  # how a text ends is worth hearing
    for section, lines in rank.items():
        weight = _weight(out, section, sum(out.lines[i].seconds for _, i in lines))
        # The first lines of every section come before the fifth of any.
        first = min(i for _, i in lines)
        lines[:] = [(score + 0.4 * (i == ends and score > 0), i) for score, i in lines]
        lines.sort(key=lambda pair: (pair[1] != first, -pair[0], pair[1]))
        for k, (score, i) in enumerate(lines):
            out.lines[i].score = weight * score * (1.3 if i == first else 1.0) / (1 + 0.35 * k)


def _weight(out: Outline, section: int, seconds: float) -> float:
    title, level = out.sections[section].title, out.sections[section].level
    if _BOILERPLATE.search(title) or _BOILERPLATE.search(out.sections[section].parent):
        return 0.0
    weight = 0.75 + 0.35 * min(1.0, seconds / 40)
    if section == 0:
        weight *= 1.7
    if _ENDING.search(title):
        weight *= 1.35
    return weight * (0.85 if level >= 4 else 1.0)


# -- choosing ------------------------------------------------------------------------------------


def choose(out: Outline, budget_s: float) -> list[int]:
    """Indices of the lines to tell, in order: about ``budget_s`` seconds with the breaths.

    Best first, each with all it needs, as long as they fit; whatever still fits then fills the
    rest. A licence and its like is told only if there is nothing else. Empty if not even one line
    fits.
    """
    worth = any(line.score > 0 for line in out.lines)
    chosen: set[int] = set()
    open_drafts: set[int] = set()
    used = 0.0
    order = sorted(range(len(out.lines)), key=lambda i: (-out.lines[i].score, i))
    for i in order:
        if used + 0.8 > budget_s:
            break
        if worth and out.lines[i].score <= 0:
            break
        group = _closure(out, i, chosen) if i not in chosen else set()
        if not group:
            continue
        new = {out.lines[j].draft for j in group} - open_drafts
        told = sum(out.lines[j].seconds for j in group)
        cost = told * (1 + out.pause_s / SCENE_S) + out.pause_s * len(new) * 0.5
        if used + cost <= budget_s:
            chosen |= group
            open_drafts |= new
            used += cost
    return sorted(chosen)


def told_s(out: Outline, chosen: list[int]) -> float:
    """About how long ``chosen`` takes to tell, breaths and all."""
    told = sum(out.lines[i].seconds for i in chosen)
    drafts = len({out.lines[i].draft for i in chosen})
    return told * (1 + out.pause_s / SCENE_S) + out.pause_s * 0.5 * drafts


def _closure(out: Outline, start: int, chosen: set[int]) -> set[int]:
    """The lines that come along with ``start``; empty if they are too many to be told."""
    group: set[int] = set()
    todo = [start]
    while todo:
        if len(group) > _MAX_TOGETHER:
            return set()
        i = todo.pop()
        if i not in group and i not in chosen:
            group.add(i)
            todo += out.lines[i].needs
    return group
