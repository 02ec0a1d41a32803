"""The items of a list; short nested items are merged into their parent's line."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.providers.script.markdown.blocks import NOWHERE, Lines
from aura_tui.providers.script.markdown.tables import NO, YES
from aura_tui.providers.script.prose import spoken_form

if TYPE_CHECKING:
    from aura_tui.providers.script.markdown.blocks import Block

_TICK = (
    "(?:[\u2713\u2714\u2705\u2611\U0001f5f8]\ufe0f?"
    "|:(?:white_check_mark|heavy_check_mark|ballot_box_with_check):)"
)
_CROSS = (
    "(?:[\u2717\u2718\u274c\u2716\u2715\u274e\U0001f5f4\u2612]\ufe0f?"
    "|:(?:x|heavy_multiplication_x|negative_squared_cross_mark):)"
)
_TICKS, _CROSSES = re.compile(_TICK), re.compile(_CROSS)
_MARKED = re.compile(rf"\s*(?:(?P<yes>{_TICK})|(?P<no>{_CROSS}))\s*(?P<text>\S.*)", re.DOTALL)
_MARKED_AFTER = re.compile(rf"(?P<text>.*\S)\s*(?:(?P<yes>{_TICK})|(?P<no>{_CROSS}))\s*", re.DOTALL)


def tick(cell: str) -> str:
    """The mark to draw for a text that is only a tick or a cross; "" for any other text."""
    cell = cell.strip()
    return YES if _TICKS.fullmatch(cell) else NO if _CROSSES.fullmatch(cell) else ""


def point(text: str) -> str:
    """The spoken form of an item; a tick or a cross at its start or end stays, at its start."""
    if text.isascii() and ":" not in text:
        return spoken_form(text)
    text = text[:4000]
    match = _MARKED.fullmatch(text) or (
        _MARKED_AFTER.fullmatch(text) if ends_marked(text) else None
    )
    if match is None:
        return spoken_form(text)
    said = spoken_form(match["text"])
    return f"{YES if match['yes'] else NO} {said}" if _says(said) else said


def ends_marked(text: str) -> bool:
    """Whether ``text`` may end in a tick or a cross."""
    return re.search(rf"(?:{_TICK}|{_CROSS})\s*$", text[-60:]) is not None


@dataclass(slots=True)
class Item:
    """An item of a list, with its raw texts, and blocks such as code; ``linked`` counts the
    characters in links. ``box``: the sign of its checkbox."""

    depth: int
    lines: Lines = NOWHERE
    parts: list[str] = field(default_factory=list)
    linked: int = 0
    box: str = ""
    told_to: int = 0  # the last line of its own text
    blocks: list[tuple[int, Block]] = field(default_factory=list)  # (parts before it, block)

    @property
    def done(self) -> bool:
        """Whether it is a checked task."""
        return self.box == "x"


class Point(NamedTuple):
    """An item as shown."""

    text: str
    done: bool
    lines: Lines
    inner: bool = False  # it is nested in another item


def fold_children(items: list[Item]) -> list[Point]:
    """One point per item. Merges short children into their parent's line: "Formats: MP4, SRT"."""
    for item in items:
        item.lines = Lines(item.lines.first, max(item.lines.last, item.told_to))
    for item, following in itertools.pairwise(items):
        first, last = item.lines
        if item.told_to < following.lines.first:
            item.lines = Lines(first, max(first, min(last, following.lines.first - 1)))
    points: list[Point] = []
    i = 0
    while i < len(items):
        item = items[i]
        own = " ".join(filter(None, map(point, item.parts)))
        if item.box == "-" and _says(own):  # a task that was dropped
            own = f"{NO} {own}"
        j = i + 1
        children: list[Point] = []
        while j < len(items) and items[j].depth > item.depth:
            child = items[j]
            children += [
                Point(point(part), child.done, child.lines, inner=True) for part in child.parts
            ]
            j += 1
        children = [child for child in children if _says(child.text)]
        joined = f"{own.rstrip(':.')}: {', '.join(child.text for child in children)}"
        folds = own.endswith(":") or len(own.split()) <= 3
        simple = not any("," in c.text or c.done or c.text[0] in (YES, NO) for c in children)
        if folds and children and len(joined) <= 90 and simple:
            lines = Lines(item.lines.first, children[-1].lines.last)
            points.append(Point(joined, item.done, lines))
        else:
            points += [Point(own, item.done, item.lines), *children]
        i = j
    return [point for point in points if _says(point.text)]


def _says(text: str) -> bool:
    return any(c.isalnum() for c in text)
