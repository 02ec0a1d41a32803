"""Sanitizes cards for drawing: every text is cleaned, composed and bounded in length.

Removes emoji silently, because a card's fonts don't have them. The limits are far beyond what a
scene can show; they bound the cost of the layout for any script.
"""

from __future__ import annotations

import math
import re
import unicodedata
from typing import TYPE_CHECKING

import msgspec

from aura_tui.model.script import BulletsCard, ChartCard, StatementCard, TableCard
from aura_tui.model.text.sanitize import clean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from aura_tui.model.script import AnyCard

MAX_CHARS = 600
MAX_CELL_CHARS = 160
MAX_CODE_LINES, MAX_CODE_COLUMNS = 100, 240
MAX_ROWS, MAX_COLUMNS = 40, 12
MAX_BULLETS, MAX_BARS = 24, 40

_NOT_SHOWN = ("path", "language", "align")
# Emoji by presentation or variation, keycaps and tags, each with a joiner after it.
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\U000e0020-\U000e007f\ufe0e\ufe0f\u20e3\u2600-\u26ff\u2b50\u2b55"
    "\u231a\u231b\u23e9-\u23fa\u2705\u2728\u274c\u274e\u2753-\u2757\u2795-\u2797]\u200d?"
)
# Invisible characters that a font may draw: zero-width space, soft hyphen, direction marks.
_INVISIBLE = re.compile("[\u200b\u00ad\u200e\u200f\u2060-\u2064\u2028\u2029]")
_STACKED = re.compile(
    "([\u0300-\u036f\u0483-\u0489\u20d0-\u20ff]{2})[\u0300-\u036f\u0483-\u0489\u20d0-\u20ff]+"
)


def bounded(card: AnyCard) -> AnyCard:
    """``card`` with drawable texts; a card without content (a table without rows) becomes a
    statement with its title."""
    match card:
        case TableCard():
            width = min(len(card.header), MAX_COLUMNS)
            rows = tuple((row[:width] + ("",) * (width - len(row))) for row in card.rows[:MAX_ROWS])
            if not width or not rows:
                return bounded(StatementCard(kicker=card.kicker, text=card.title))
            card = msgspec.structs.replace(card, header=card.header[:width], rows=rows)
        case ChartCard():
            bars = [
                (label, value, text)
                for label, value, text in zip(card.labels, card.values, card.texts, strict=False)
                if math.isfinite(value)
            ][:MAX_BARS]
            if not bars:
                return bounded(StatementCard(kicker=card.kicker, text=card.title))
            labels, values, texts = zip(*bars, strict=True)
            card = msgspec.structs.replace(card, labels=labels, values=values, texts=texts)
        case BulletsCard():
            card = msgspec.structs.replace(card, bullets=card.bullets[:MAX_BULLETS])
    limit = MAX_CELL_CHARS if isinstance(card, TableCard | ChartCard) else MAX_CHARS
    return with_texts(card, lambda text: _line(text, limit), _code)


def with_texts(
    card: AnyCard,
    change: Callable[[str], str],
    change_code: Callable[[str], str] | None = None,
) -> AnyCard:
    """``card`` with ``change`` applied to each visible text, i.e. not to paths and languages."""
    changes: dict[str, object] = {}
    for field in card.__struct_fields__:
        value = getattr(card, field)
        if field in _NOT_SHOWN:
            continue
        if field == "code":
            changes[field] = (change_code or change)(value)
        elif isinstance(value, str):
            changes[field] = change(value)
        elif isinstance(value, tuple):
            changes[field] = tuple(_changed(part, change) for part in value)
    return msgspec.structs.replace(card, **changes)


def _changed(part: object, change: Callable[[str], str]) -> object:
    if isinstance(part, str):
        return change(part)
    if isinstance(part, tuple):
        return tuple(_changed(inner, change) for inner in part)
    return part


def texts_of(card: AnyCard) -> Iterator[tuple[str, str]]:
    """(field, text) of each visible text."""
    for field in card.__struct_fields__:
        if field not in _NOT_SHOWN:
            for text in _strings(getattr(card, field)):
                yield field, text


def _strings(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for part in value:
            yield from _strings(part)


def _line(text: str, limit: int) -> str:
    text = clean(text, limit * 4)
    text = " ".join(_plain(text).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "\u2026"


def _code(text: str) -> str:
    lines = clean(text, 50_000).expandtabs(4).split("\n")
    while lines and not lines[0].strip():
        del lines[0]
    del lines[MAX_CODE_LINES:]
    return "\n".join(_plain(line)[:MAX_CODE_COLUMNS].rstrip() for line in lines)


def _plain(text: str) -> str:
    text = _INVISIBLE.sub("", _EMOJI.sub("", text))
    return _STACKED.sub(r"\1", unicodedata.normalize("NFC", text))
