"""Chosen lines -> scenes: how narration is parted, and the card that suits each part."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
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
from aura_tui.providers.script.markdown.blocks import Bullets, Code, Formula, Image, Quote, Table
from aura_tui.providers.script.markdown.tables import chart_card, table_card
from aura_tui.providers.script.outline.selection import SCENE_S

if TYPE_CHECKING:
    from aura_tui.model.script import AnyCard
    from aura_tui.providers.script.markdown.blocks import Block, Section
    from aura_tui.providers.script.outline.outline_model import Line, Outline

_SHORT_S = 3.5  # shorter scenes join a neighbour
_FULL_S = 13.0  # what a joined scene may take
_POINT_WORDS = 13
_LIST_S = 13.0  # of one card's points
_CARD_ITEMS = 6
_CODE_LINES, _CODE_COLUMNS = 14, 110
_ELLIPSIS = "\u2026"
_DONE = "\u2713"


@dataclass(slots=True)
class _Take:
    """What becomes one scene: lines of one section, and what is shown meanwhile."""

    section: int
    block: Block | None
    lines: list[Line]
    several: bool = False  # its block is shown part by part

    @property
    def seconds(self) -> float:
        return sum(line.seconds for line in self.lines)

    @property
    def narration(self) -> str:
        texts = [
            line.text if self._announces(line, follows) else prose.finished(line.text)
            for line, follows in itertools.zip_longest(self.lines, self.lines[1:])
        ]
        joined = texts[0]
        for text in texts[1:]:
            joined += ("" if prose.is_unspaced(joined[-2:]) else " ") + text
        return joined

    def _announces(self, line: Line, follows: Line | None) -> bool:
        """Whether a lead-in keeps its colon: before points, and where it is no sentence without
        ("You can run it with:" over the code)."""
        if follows is not None and follows.item is not None:
            return prose.is_lead_in(line.text)
        shows = isinstance(self.block, Code | Formula)
        return prose.dangles(line.text) and (follows is not None or shows)


def scenes(out: Outline, chosen: list[int], title: str, said: str) -> tuple[Scene, ...]:
    """The scenes that tell ``chosen`` (indices of lines, in order). The first is the title, with
    ``said`` over it; where that is "", the introduction."""
    takes = _takes(out, chosen)
    made: list[Scene] = []
    language = out.language
    opening = None if said else _opening(takes, out.sections)
    if opening and len(takes) == 1 and len(opening.lines) > 1:  # a tiny text: two scenes still
        rest = _Take(opening.section, None, opening.lines[1:])
        opening = _Take(opening.section, None, opening.lines[:1])
        takes = [opening, rest]
    if opening is None:
        card: AnyCard = TitleCard(title=title)
        made.append(_scene(1, title, said or prose.finished(title), card, chapter=True))
    top: int | None = None
    tops = _tops(out.sections)
    for take in takes:
        section = out.sections[take.section]
        name = section.title or title
        chapter = tops[take.section] != top and (bool(section.title) or not made)
        top = tops[take.section]
        if take is opening:
            first = take.lines[0].text
            shorts = (prose.shorten(first, limit) for limit in (11, 16, 24))
            subtitle = next(filter(None, shorts), "")
            card = TitleCard(title=title, subtitle="" if _same(subtitle, title) else subtitle)
        else:
            card = _card(take, section, title, made, language)
        made.append(_scene(len(made) + 1, name, take.narration, card, chapter=chapter))
    return tuple(made)


def _scene(number: int, title: str, narration: str, card: AnyCard, *, chapter: bool) -> Scene:
    return Scene(number=number, title=title, narration=narration, card=card, chapter=chapter)


def _opening(takes: list[_Take], sections: list[Section]) -> _Take | None:
    """The part of the introduction that is told over the title, if there is any."""
    if takes and takes[0].block is None and not sections[takes[0].section].title:
        return takes[0]
    return None


def _tops(sections: list[Section]) -> list[int]:
    """For every section the index of the chapter it belongs to."""
    levels = sorted(s.level for s in sections if s.title)
    # One or two sections alone at the highest level make no chapters: take the next level, too.
    level = levels[min(2, len(levels) - 1)] if levels else 1
    tops: list[int] = []
    for i, section in enumerate(sections):
        starts = not tops or section.level <= level or not section.title
        tops.append(i if starts else tops[-1])
    return tops


# -- parting -------------------------------------------------------------------------------------


def _takes(out: Outline, chosen: list[int]) -> list[_Take]:
    picked = set(chosen)
    takes: list[_Take] = []
    for draft in out.drafts:
        lines = [out.lines[i] for i in draft.lines if i in picked]
        if not lines:
            continue
        last = takes[-1] if takes else None
        if last and draft.block is None is last.block and last.section == draft.section:
            last.lines += lines
        else:
            takes.append(_Take(draft.section, draft.block, lines))
    return _joined([part for take in takes for part in _parted(take)], out.sections)


def _parted(take: _Take) -> list[_Take]:
    """A long take in scenes of even length; a list by its items, other blocks stay whole."""
    total = take.seconds
    if isinstance(take.block, Bullets):
        items = {line.item for line in take.lines if line.item is not None}
        count = max(-(-len(items) // _CARD_ITEMS), round(total / _LIST_S))
        count = min(count, max(1, len(items) // 2))  # one point alone makes no card
    elif take.block is None:
        count = max(round(total / SCENE_S), 1 if total <= _FULL_S else 2)
    else:
        count = 1
    groups = _by_item(take.lines) if isinstance(take.block, Bullets) else [[x] for x in take.lines]
    runs = _cuts([sum(line.seconds for line in group) for group in groups], count)
    if take.block is None:
        runs = [part for run in runs for part in _halved(take.lines, run)]
    several = len(runs) > 1
    return [
        _Take(take.section, take.block, [x for group in groups[run] for x in group], several)
        for run in runs
    ]


def _by_item(lines: list[Line]) -> list[list[Line]]:
    """Lines that tell one point stay together; a lead-in goes with the first."""
    groups: list[list[Line]] = []
    for line in lines:
        if groups and groups[-1][-1].item in (None, line.item):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def _halved(lines: list[Line], run: slice) -> list[slice]:
    """A run that came out too long, in two."""
    lengths = [line.seconds for line in lines[run]]
    if len(lengths) < 2 or sum(lengths) <= _FULL_S:
        return [run]
    return [slice(run.start + part.start, run.start + part.stop) for part in _cuts(lengths, 2)]


def _cuts(lengths: list[float], count: int) -> list[slice]:
    """At most ``count`` runs of about the same length; none is empty."""
    total, done, start = sum(lengths), 0.0, 0
    runs: list[slice] = []
    for i, length in enumerate(lengths):
        border = total * (len(runs) + 1) / max(count, 1)
        # Cut before this line when that comes nearer to the border than cutting after it.
        if i > start and len(runs) + 1 < count and done + length / 2 > border:
            runs.append(slice(start, i))
            start = i
        done += length
    runs.append(slice(start, len(lengths)))
    return runs


def _joined(takes: list[_Take], sections: list[Section]) -> list[_Take]:
    """Scenes too short to read join their neighbour of the same section."""
    joined: list[_Take] = []
    for take in takes:
        last = joined[-1] if joined else None
        if (
            last is not None
            and not (len(joined) == 1 and _opening(joined, sections))  # it has the title's card
            and last.section == take.section
            and min(last.seconds, take.seconds) < _SHORT_S
            and last.seconds + take.seconds <= _FULL_S
            and (last.block is None or take.block is None)
        ):
            several = last.several if last.block else take.several
            joined[-1] = _Take(
                take.section, last.block or take.block, last.lines + take.lines, several
            )
        else:
            joined.append(take)
    return joined


# -- cards ---------------------------------------------------------------------------------------


def _card(take: _Take, section: Section, title: str, before: list[Scene], language: str) -> AnyCard:
    name = section.title or title
    above = _kicker(section.parent or (title if section.title else ""), name)
    match take.block:
        case Bullets():
            return _bullets(take, take.block, name, above, language)
        case Code(code, syntax):
            head, kicker = _head(take, name, above)
            return CodeCard(title=head, code=fit_code(code), language=syntax, kicker=kicker)
        case Formula(text):
            return StatementCard(text=text, kicker=_kicker(name))
        case Table():
            head, kicker = _head(take, name, above)
            return chart_card(take.block, head, kicker) or table_card(take.block, head, kicker)
        case Quote(text, author):
            return QuoteCard(text=text, author=author, kicker=_kicker(name))
        case Image(path, caption):
            shown = caption or (section.title and prose.headline(section.title, 8))
            return PictureCard(path=path, caption=shown, kicker=_kicker(name, shown))
        case _:
            return _text_card(take, name, above, before)


def _text_card(take: _Take, name: str, above: str, before: list[Scene]) -> AnyCard:
    texts = [line.text for line in take.lines]
    recent = before[-1].card if before else None
    if not isinstance(recent, NumberCard):
        for text in texts:
            if card := _number(text, name):
                return card
    short = [s for s in (prose.shorten(t, 10) for t in texts if not prose.leans_back(t)) if s]
    if len(texts) >= 3 and len(short) >= 3:
        return BulletsCard(title=prose.headline(name, 9), bullets=tuple(short[:5]), kicker=above)
    firm = [
        line
        for line in take.lines
        if not (prose.leans_back(line.text) or prose.is_lead_in(line.text))
    ]
    best = max(firm, key=lambda line: line.score, default=take.lines[-1])
    text = prose.shorten(best.text, 12) or prose.headline(best.text, 18)
    return StatementCard(text=_sentence_end(text, best.text), kicker=_kicker(name))


def _sentence_end(short: str, whole: str) -> str:
    """A statement that is the whole sentence keeps its full stop, question or exclamation."""
    return whole if _same(short, whole) else short


def _bullets(take: _Take, block: Bullets, name: str, above: str, language: str) -> AnyCard:
    items, ordered = block.items, block.ordered
    told = sorted({line.item for line in take.lines if line.item is not None})
    if len(items) <= _CARD_ITEMS and not take.several:
        told = list(range(len(items)))  # the card may show what there is no time to say
    points = _points([items[i] for i in told], language)
    if 0 < len(block.done) < len(items):
        points = [
            f"{_DONE} {point}" if i in block.done else point
            for i, point in zip(told, points, strict=True)
        ]
    if ordered and told and told[0] > 0:  # a second card goes on counting
        points = [f"{i + 1}. {point}" for i, point in zip(told, points, strict=True)]
        ordered = False
    head, kicker = _head(take, name, above)
    return BulletsCard(title=head, bullets=tuple(points), ordered=ordered, kicker=kicker)


_LABEL = re.compile(
    r"(?=.{2,42}?(?::|\s[\u2013\u2014-])\s)([^:.!?]{2,40}?)(?::|\s[\u2013\u2014-])\s"
)


def _points(items: list[str], language: str) -> list[str]:
    """Short points. Items of the form "Label: explanation" show their labels alone if the whole
    would be too long; all of them, so that the points are of one kind."""
    firsts = [prose.sentences(item, language)[0] for item in items]
    short = [prose.shorten(first, _POINT_WORDS) for first in firsts]
    labels = [_LABEL.match(item) for item in items]
    if all(labels) and not all(short):
        return [label[1].strip() for label in labels if label]
    return [s or prose.headline(f, _POINT_WORDS) for s, f in zip(short, firsts, strict=True)]


def _head(take: _Take, name: str, above: str) -> tuple[str, str]:
    """(title, kicker) of a card that shows a block: its lead-in if that is short."""
    for line in take.lines:
        if line.item is None and prose.is_lead_in(line.text):
            lead = prose.shorten(line.text, 9)
            if lead and prose.length_in_words(lead) >= 3 and not prose.leans_back(lead):
                return lead, _kicker(name, lead)
    return prose.headline(name, 10), above


def _kicker(text: str, beside: str = "") -> str:
    """A small line on top: short, and not what the card says anyway."""
    if _same(text, beside) or prose.length_in_words(text) > 6 or len(text) > 48:
        return ""
    return text


def _same(a: str, b: str) -> bool:
    def bare(text: str) -> str:
        return re.sub(r"\W+", " ", text).strip().casefold()

    return bare(a) == bare(b)


# A label after the figure reads best if it starts with what is counted.
_NO_LABEL = re.compile(
    r"(?:in|of|by|for|and|to|per|since|from|a|an|the|than|on|at|with|is|was|are|were|or|as|if|when|"
    r"that|which|but|more|less|faster|slower|up|down|over|under|after|before|between|into|will|"
    r"can|so|while|during|through|has|have|had|it|they|we|you)\b",
    re.IGNORECASE,
)


_VERB = re.compile(
    r"\b(?:is|was|are|were|has|have|had|will|can|may|does|did|do|takes?|makes?|needs?|gives?|"
    r"costs?|ist|sind|war|waren|hat|haben|wird|werden|kann)\b"
)


def _number(sentence: str, name: str) -> NumberCard | None:
    """The sentence's figure, large, if a clause around it can be its label."""
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


def fit_code(code: str) -> str:
    """``code`` in at most 14 lines, cut between lines; an ellipsis shows what went."""
    lines = [
        line if len(line) <= _CODE_COLUMNS else line[: _CODE_COLUMNS - 1] + _ELLIPSIS
        for line in code.split("\n")
    ]
    if len(lines) <= _CODE_LINES:
        return "\n".join(lines)
    end = _CODE_LINES - 1
    for i in range(end, end - 5, -1):  # a blank line near the end is a better place to stop
        if not lines[i].strip():
            end = i
            break
    return "\n".join([*lines[:end], _ELLIPSIS])
