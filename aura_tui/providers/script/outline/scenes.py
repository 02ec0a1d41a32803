"""Turns the chosen lines into scenes: splits the narration and selects a card for each part."""

from __future__ import annotations

import itertools
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from aura_tui.model.script import (
    BulletsCard,
    CodeCard,
    NumberCard,
    PictureCard,
    QuoteCard,
    Scene,
    StatementCard,
    TitleCard,
)
from aura_tui.providers.script import prose
from aura_tui.providers.script.markdown.blocks import (
    Bullets,
    Code,
    Formula,
    Heading,
    Image,
    Lines,
    Quote,
    Table,
)
from aura_tui.providers.script.markdown.tables import NO, YES, chart_card, table_card
from aura_tui.providers.script.outline.selection import SCENE_S

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aura_tui.model.script import AnyCard
    from aura_tui.providers.script.markdown.blocks import Block, Section
    from aura_tui.providers.script.outline.outline_model import Line, Outline

    Ranges = tuple[tuple[int, int], ...]

_SHORT_S = 3.5  # shorter scenes are merged with a neighbour
_FULL_S = 13.0  # maximum length of a merged scene
_POINT_WORDS = 13
_LIST_S = 13.0  # target length of the list items on one card
_CARD_ITEMS = 6
_CODE_LINES, _CODE_COLUMNS = 14, 200  # the card wraps long lines
_ELLIPSIS = "\u2026"
_NAME_CHARS = 120  # of a scene's name


@dataclass(slots=True)
class _Chunk:
    """The content of one scene: lines of one section, and the block to show meanwhile."""

    section: int
    block: Block | None
    lines: list[Line]
    several: bool = False  # the block is split over several scenes
    covers: list[Lines] = field(default_factory=list)  # lines of the text that count as told

    @property
    def seconds(self) -> float:
        return sum(line.seconds for line in self.lines)

    @property
    def narration(self) -> str:
        texts = [
            line.text if self._keeps_colon(line, follows) else prose.with_stop(line.text)
            for line, follows in itertools.zip_longest(self.lines, self.lines[1:])
        ]
        joined = texts[0]
        for text in texts[1:]:
            joined += ("" if prose.is_unspaced(joined[-2:]) else " ") + text
        return joined

    @property
    def source(self) -> list[Lines]:
        """The lines of the text that the scene tells or shows."""
        shown = [*self.covers, *(line.source for line in self.lines)]
        if isinstance(self.block, Bullets) and self.block.item_lines:
            if len(self.block.items) <= _CARD_ITEMS and not self.several:
                shown += self.block.item_lines  # the card has all items
        elif self.block is not None:
            shown.append(self.block.lines)
        return shown

    def _keeps_colon(self, line: Line, follows: Line | None) -> bool:
        """Whether a lead-in keeps its colon: before list items, and if it is incomplete without it
        ("You can run it with:" before code)."""
        if follows is not None and follows.item is not None:
            return prose.is_lead_in(line.text)
        shows = isinstance(self.block, Code | Formula)
        return prose.dangles(line.text) and (follows is not None or shows)


def scenes(
    out: Outline, chosen: list[int], title: str, opening_text: str, title_lines: Lines
) -> tuple[Scene, ...]:
    """Make scenes that narrate ``chosen`` (indices of lines, in order). The first one shows the
    title and narrates ``opening_text``; if that is "", the introduction. ``title_lines``: where
    the text has the title."""
    chunks = _chunks(out, chosen)
    made: list[Scene] = []
    language = out.language
    opening = None if opening_text else _opening(chunks, out.sections)
    if opening and len(chunks) == 1 and len(opening.lines) > 1:  # split a tiny text into two scenes
        rest = _Chunk(opening.section, None, opening.lines[1:])
        opening = _Chunk(opening.section, None, opening.lines[:1])
        chunks = [opening, rest]
    if opening is None:
        card: AnyCard = TitleCard(title=title)
        first = [title_lines]
        text = opening_text or prose.with_stop(title)
        if text == prose.with_stop(out.lines[0].text):
            first.append(out.lines[0].source)
        made.append(_scene(1, title, text, card, lines=ranges(first), chapter=True))
    current: int | None = None
    chapters = _chapters(out.sections)
    names = _names(out.sections, title)
    told_headings = {i for i, s in enumerate(out.sections) if made and s.lines == title_lines}
    for chunk in chunks:
        section = out.sections[chunk.section]
        name = names[chunk.section]
        source = [*chunk.source, *_headings(out.sections, chunk.section, told_headings)]
        if not made:
            source.append(title_lines)
        chapter = chapters[chunk.section] != current and (bool(section.title) or not made)
        current = chapters[chunk.section]
        if chunk is opening:
            opener = chunk.lines[0].text
            shorts = (prose.shorten(opener, limit) for limit in (11, 16, 24))
            subtitle = next(filter(None, shorts), "")
            card = TitleCard(title=title, subtitle="" if _same(subtitle, title) else subtitle)
        else:
            card = _card(chunk, section, title, made, language)
        lines = ranges(source)
        made.append(
            _scene(len(made) + 1, name, chunk.narration, card, lines=lines, chapter=chapter)
        )
    return tuple(made)


def _scene(
    number: int, title: str, narration: str, card: AnyCard, *, lines: Ranges, chapter: bool
) -> Scene:
    name = prose.cut(title, _NAME_CHARS)
    return Scene(
        number=number, title=name, narration=narration, card=card, chapter=chapter, lines=lines
    )


def ranges(lines: Iterable[Lines]) -> Ranges:
    """``lines`` in order, those that touch merged; without :data:`NOWHERE`."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(set(lines)):
        if first < 1:
            continue
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return tuple(merged)


def _names(sections: list[Section], title: str) -> list[str]:
    """The name of each section: its title, after its parent's if others have the same one."""
    counts = Counter(section.title for section in sections)
    return [
        f"{section.parent}: {section.title}"
        if counts[section.title] > 1 and section.title and section.parent
        else section.title or title
        for section in sections
    ]


def _headings(sections: list[Section], number: int, told: set[int]) -> list[Lines]:
    """The lines of a section's heading, and of those above it that have no text of their own."""
    found: list[Lines] = []
    level = 99
    for i in range(number, -1, -1):
        section = sections[i]
        if i in told or section.level >= level or (i < number and section.blocks):
            break
        told.add(i)
        found.append(section.lines)
        level = section.level
    return found


def _opening(chunks: list[_Chunk], sections: list[Section]) -> _Chunk | None:
    """The introduction, which is narrated over the title card; None if there is none."""
    if chunks and chunks[0].block is None and not sections[chunks[0].section].title:
        return chunks[0]
    return None


def _chapters(sections: list[Section]) -> list[int]:
    """For each section, the index of the section that starts its chapter."""
    levels = sorted(s.level for s in sections if s.title)
    # One or two sections at the highest level are too few for chapters: add the next level.
    level = levels[min(2, len(levels) - 1)] if levels else 1
    chapters: list[int] = []
    for i, section in enumerate(sections):
        starts = not chapters or section.level <= level or not section.title
        chapters.append(i if starts else chapters[-1])
    return chapters


# -- splitting -----------------------------------------------------------------------------------


def _chunks(out: Outline, chosen: list[int]) -> list[_Chunk]:
    picked = set(chosen)
    chunks: list[_Chunk] = []
    for draft in out.drafts:
        lines = [out.lines[i] for i in draft.lines if i in picked]
        if not lines:
            continue
        last = chunks[-1] if chunks else None
        if last and draft.block is None is last.block and last.section == draft.section:
            last.lines += lines
        else:
            covers = [*draft.covers]
            chunks.append(_Chunk(draft.section, draft.block, lines, covers=covers))
    return _merge_short([part for chunk in chunks for part in _split_chunk(chunk)], out.sections)


def _split_chunk(chunk: _Chunk) -> list[_Chunk]:
    """Split a long chunk into scenes of similar length; lists by item, other blocks not at all."""
    total = chunk.seconds
    if isinstance(chunk.block, Bullets):
        items = {line.item for line in chunk.lines if line.item is not None}
        count = max(-(-len(items) // _CARD_ITEMS), round(total / _LIST_S))
        count = min(count, max(1, len(items) // 2))  # at least two items per card
    elif chunk.block is None:
        count = max(round(total / SCENE_S), 1 if total <= _FULL_S else 2)
    else:
        count = 1
    groups = (
        _by_item(chunk.lines) if isinstance(chunk.block, Bullets) else [[x] for x in chunk.lines]
    )
    runs = _cuts([sum(line.seconds for line in group) for group in groups], count)
    if chunk.block is None:
        runs = [part for run in runs for part in _halve(chunk.lines, run)]
    several = len(runs) > 1
    return [
        _Chunk(
            chunk.section,
            chunk.block,
            [x for group in groups[run] for x in group],
            several,
            chunk.covers,
        )
        for run in runs
    ]


def _by_item(lines: list[Line]) -> list[list[Line]]:
    """Group lines by list item; a lead-in joins the first item."""
    groups: list[list[Line]] = []
    for line in lines:
        if groups and groups[-1][-1].item in (None, line.item):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _halve(lines: list[Line], run: slice) -> list[slice]:
    """Halve a run that is too long."""
    lengths = [line.seconds for line in lines[run]]
    if len(lengths) < 2 or sum(lengths) <= _FULL_S:
        return [run]
    return [slice(run.start + part.start, run.start + part.stop) for part in _cuts(lengths, 2)]


def _cuts(lengths: list[float], count: int) -> list[slice]:
    """Cut into at most ``count`` runs of about the same length; none is empty."""
    total, done, start = sum(lengths), 0.0, 0
    runs: list[slice] = []
    for i, length in enumerate(lengths):
        border = total * (len(runs) + 1) / max(count, 1)
        # Cut before this line if that is closer to the border than a cut after it.
        if i > start and len(runs) + 1 < count and done + length / 2 > border:
            runs.append(slice(start, i))
            start = i
        done += length
    runs.append(slice(start, len(lengths)))
    return runs


def _merge_short(chunks: list[_Chunk], sections: list[Section]) -> list[_Chunk]:
    """Merge chunks that are too short with a neighbour in the same section."""
    joined: list[_Chunk] = []
    for chunk in chunks:
        last = joined[-1] if joined else None
        if (
            last is not None
            and not (len(joined) == 1 and _opening(joined, sections))  # keep the title card's own
            and last.section == chunk.section
            and min(last.seconds, chunk.seconds) < _SHORT_S
            and last.seconds + chunk.seconds <= _FULL_S
            and (last.block is None or chunk.block is None)
        ):
            several = last.several if last.block else chunk.several
            joined[-1] = _Chunk(
                chunk.section,
                last.block or chunk.block,
                last.lines + chunk.lines,
                several,
                last.covers + chunk.covers,
            )
        else:
            joined.append(chunk)
    return joined


# -- cards ---------------------------------------------------------------------------------------


def _card(
    chunk: _Chunk, section: Section, title: str, before: list[Scene], language: str
) -> AnyCard:
    name = section.title or title
    above = _kicker(section.parent or (title if section.title else ""), name)
    match chunk.block:
        case Bullets():
            return _bullets(chunk, chunk.block, name, above, language)
        case Code(code, syntax):
            head, kicker = _title_and_kicker(chunk, name, above)
            return CodeCard(title=head, code=fit_code(code), language=syntax, kicker=kicker)
        case Heading(text):
            return TitleCard(title=prose.headline(text, 14), kicker=above)
        case Formula(text):
            return StatementCard(text=text, kicker=_kicker(name))
        case Table():
            head, kicker = _title_and_kicker(chunk, name, above)
            chart = chart_card(chunk.block, head, kicker, language)
            return chart or table_card(chunk.block, head, kicker)
        case Quote(text, author):
            return QuoteCard(text=text, author=author, kicker=_kicker(name))
        case Image(path, caption):
            shown = caption or (section.title and prose.headline(section.title, 8))
            return PictureCard(path=path, caption=shown, kicker=_kicker(name, shown))
        case _:
            return _text_card(chunk, name, above, before)


def _text_card(chunk: _Chunk, name: str, above: str, before: list[Scene]) -> AnyCard:
    texts = [line.text for line in chunk.lines]
    recent = before[-1].card if before else None
    if not isinstance(recent, NumberCard):
        for text in texts:
            if card := _number(text, name):
                return card
    short = [s for s in (prose.shorten(t, 10) for t in texts if not prose.refers_back(t)) if s]
    if len(texts) >= 3 and len(short) >= 3:
        return BulletsCard(title=prose.headline(name, 9), bullets=tuple(short[:5]), kicker=above)
    firm = [
        line
        for line in chunk.lines
        if not (prose.refers_back(line.text) or prose.is_lead_in(line.text))
    ]
    best = max(firm, key=lambda line: line.score, default=chunk.lines[-1])
    text = prose.shorten(best.text, 12) or prose.headline(best.text, 18)
    return StatementCard(text=_sentence_end(text, best.text), kicker=_kicker(name))


def _sentence_end(short: str, whole: str) -> str:
    """Restore the punctuation at the end of a statement that is the whole sentence."""
    return whole if _same(short, whole) else short


def _bullets(chunk: _Chunk, block: Bullets, name: str, above: str, language: str) -> AnyCard:
    items, ordered = block.items, block.ordered
    shown = sorted({line.item for line in chunk.lines if line.item is not None})
    if len(items) <= _CARD_ITEMS and not chunk.several:
        shown = list(range(len(items)))  # show all items, even those without time to narrate
    points = [
        f"{_mark(block, i)} {point}".strip()
        for i, point in zip(
            shown, _points([items[i].lstrip(YES + NO + " ") for i in shown], language), strict=True
        )
    ]
    start = _number_of(block, shown[0]) if shown else block.start
    if ordered and (block.inner or shown != list(range(shown[0], shown[0] + len(shown)))):
        points = [
            point if i in block.inner else f"{_number_of(block, i)}. {point}"
            for i, point in zip(shown, points, strict=True)
        ]
        ordered = False
    head, kicker = _title_and_kicker(chunk, name, above)
    return BulletsCard(
        title=head,
        bullets=tuple(points),
        ordered=ordered,
        start=start if ordered else 1,
        kicker=kicker,
    )


def _number_of(block: Bullets, i: int) -> int:
    return block.start + i - sum(inner < i for inner in block.inner)


def _mark(block: Bullets, i: int) -> str:
    if i in block.done and len(block.done) < len(block.items):
        return YES
    return block.items[i][0] if block.items[i][0] in (YES, NO) else ""


_LABEL = re.compile(
    r"(?=.{2,42}?(?::|\s[\u2013\u2014-])\s)([^:.!?]{2,40}?)(?::|\s[\u2013\u2014-])\s"
)


def _points(items: list[str], language: str) -> list[str]:
    """Shorten list items. If all have the form "Label: explanation" and some are too long, show
    only the labels of all, so that the items look alike."""
    firsts = [prose.sentences(item, language)[0] for item in items]
    short = [prose.shorten(first, _POINT_WORDS) for first in firsts]
    labels = [_LABEL.match(item) for item in items]
    if all(labels) and not all(short):
        return [label[1].strip() for label in labels if label]
    return [s or prose.headline(f, _POINT_WORDS) for s, f in zip(short, firsts, strict=True)]


def _title_and_kicker(chunk: _Chunk, name: str, above: str) -> tuple[str, str]:
    """(title, kicker) of a card that shows a block: from its lead-in if that is short."""
    for line in chunk.lines:
        if line.item is None and prose.is_lead_in(line.text):
            lead = prose.shorten(line.text, 9)
            if lead and prose.length_in_words(lead) >= 3 and not prose.refers_back(lead):
                return lead, _kicker(name, lead)
    return prose.headline(name, 10), above


def _kicker(text: str, beside: str = "") -> str:
    """``text`` as a kicker; "" if it is too long or repeats ``beside``."""
    if _same(text, beside) or prose.length_in_words(text) > 6 or len(text) > 48:
        return ""
    return text


def _same(a: str, b: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"\W+", " ", text).strip().casefold()

    return bare(a) == bare(b)


# A label after the figure should start with what is counted, not with one of these words.
_NO_LABEL = re.compile(
    r"(?:in|of|by|for|and|to|per|since|from|a|an|the|than|on|at|with|is|was|are|were|or|as|if|when|"
    r"that|which|but|more|less|faster|slower|up|down|over|under|after|before|between|into|will|"
    r"can|so|while|during|through|has|have|had|it|they|we|you)\b",
    re.IGNORECASE,
)


_VERB = re.compile(
    r"\b(?:is|was|are|were|has|have|had|will|can|may|does|did|do|chunks?|makes?|needs?|gives?|"
    r"costs?|ist|sind|war|waren|hat|haben|wird|werden|kann)\b"
)


def _number(sentence: str, name: str) -> NumberCard | None:
    """A card with the sentence's figure, if a clause around it can serve as its label; else
    None."""
    match = prose.figure(sentence)
    if match is None:
        return None
    value = " ".join(match[0].split())
    if len(value) > 16:
        return None
    after = re.split(r"[,;:.!?()\u2014\u2013](?:\s|$)|\s-\s", sentence[match.end() :])[0].strip()
    whole = prose.shorten(sentence, 14)
    if 2 <= len(after.split()) <= 4 and not (_NO_LABEL.match(after) or _VERB.search(after)):
        label = after
    elif whole is not None and match[0] in whole:
        label = whole
    else:
        return None
    note = "" if label is whole or whole is None or match[0] not in whole else whole
    return NumberCard(value=value, label=label, note=note, kicker=_kicker(name))


def code_lines_left_out(code: str) -> int:
    """How many lines of ``code`` its card has no room for."""
    shown = fit_code(code).split("\n")
    cut = sum(len(line) > _CODE_COLUMNS for line in code.split("\n")[: len(shown)])
    return cut + (len(code.split("\n")) - len(shown) + 1 if shown[-1] == _ELLIPSIS else 0)


def fit_code(code: str) -> str:
    """``code`` in at most 14 lines; an ellipsis marks omitted lines and shortened ones."""
    lines = [
        line if len(line) <= _CODE_COLUMNS else line[: _CODE_COLUMNS - 1] + _ELLIPSIS
        for line in code.split("\n")
    ]
    if len(lines) <= _CODE_LINES:
        return "\n".join(lines)
    end = _CODE_LINES - 1
    for i in range(end, end - 5, -1):  # prefer to stop at a blank line near the end
        if not lines[i].strip():
            end = i
            break
    return "\n".join([*lines[:end], _ELLIPSIS])
