"""The layout of a chart card: vertical bars, or horizontal ones for long or many labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from aura_tui.providers.visuals.card_layouts.boxes import (
    Block,
    Box,
    Shape,
    column,
    column_height,
    fit,
    moved,
    set_lines,
)
from aura_tui.providers.visuals.card_layouts.text import heading, size
from aura_tui.providers.visuals.card_layouts.wrap import ELLIPSIS, Lines, cut, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.model.script import ChartCard
    from aura_tui.providers.visuals.card_layouts.boxes import Item, Role, Sheet, Text
    from aura_tui.providers.visuals.fonts.fallback import Faces

MAX_VERTICAL = 12


def chart(card: ChartCard, faces: Faces, sheet: Sheet) -> tuple[Item, ...]:
    """A heading and bars with their values as written; negative bars have a different colour."""

    def make(scale: float) -> Sequence[Block]:
        top = heading(faces, card.title, sheet, scale)
        gap = sheet.unit * 6
        room = sheet.area.h - column_height(top) - (gap if top else 0)
        bars = _vertical(card, faces, sheet, scale, room) or _horizontal(
            card, faces, sheet, scale, room
        )
        return [*top, msgspec.structs.replace(bars, gap=gap)]

    return column(fit(make, sheet.area.h), sheet.area)


def _line(faces: Faces, text: str, face: str, px: float, role: Role, width: float) -> Text:
    return set_lines(faces, Lines((cut(faces, text or " ", face, width / px),)), face, px, role)


def _vertical(
    card: ChartCard, faces: Faces, sheet: Sheet, scale: float, room: float
) -> Block | None:
    """Vertical bars; None if horizontal ones are easier to read."""
    unit, count = sheet.unit, len(card.values)
    most = MAX_VERTICAL if sheet.landscape else 5
    if not 2 <= count <= most:
        return None
    between = unit * (4 if count <= 6 else 2.4)
    slot = min((sheet.area.w - between * (count - 1)) / count, unit * 44)
    value_px, label_px = size(2.6, 3.8, scale, sheet), size(2.4, 3.2, scale, sheet)
    labels = [wrap(faces, t or " ", "text", slot / label_px, even=True) for t in card.labels]
    if any(line.broken or len(line.texts) > 2 for line in labels):
        return None
    if max(faces.em(t, "strong") for t in card.texts) * value_px > slot:
        return None
    names = [set_lines(faces, line, "text", label_px, "dim", 1.25) for line in labels]
    values = [_line(faces, t, "strong", value_px, "ink", slot) for t in card.texts]
    low, high = min(0.0, *card.values), max(0.0, *card.values)
    span = (high - low) or 1.0
    air = value_px * 0.55
    value_h = max(v.box.h for v in values)
    names_h = max(n.box.h for n in names)
    least = unit * 0.5  # the shortest visible bar
    above = value_h + air + least if max(card.values) >= 0 else 0.0
    below = value_h + air + least if low < 0 else 0.0
    bars_h = min(room - above - below - names_h - air * 1.3, sheet.area.w * 0.55)
    if bars_h < unit * 12:
        return None
    zero = above + bars_h * (high / span)
    items: list[Item] = []
    for i, value in enumerate(card.values):
        x = i * (slot + between)
        long = max(abs(value) / span * bars_h, least)
        down = value < 0
        items.append(
            Shape(
                box=Box(x, zero if down else zero - long, slot, long),
                radius=min(unit * 1.4, long / 2, slot / 2),
                fill="fall" if down else "bar",
                upright=True,
            )
        )
        text = values[i]
        y = zero + long + air if down else zero - long - air - text.box.h
        items.append(moved(text, x + (slot - text.box.w) / 2, y))
        name = msgspec.structs.replace(names[i], align="middle")
        name_y = above + bars_h + below + air * 1.3
        items.append(moved(name, x + (slot - name.box.w) / 2, name_y))
    height = above + bars_h + below + air * 1.3 + names_h
    return Block(items=tuple(items), w=sheet.area.w, h=height)


def _horizontal(card: ChartCard, faces: Faces, sheet: Sheet, scale: float, room: float) -> Block:
    """Horizontal bars with labels to the left, or above them if labels are long or the frame is
    narrow."""
    text_px = size(2.4, 4.0, scale, sheet)
    width, air = sheet.area.w, text_px * 0.7
    widest = max(faces.em(t, "text") for t in card.labels) * text_px
    limit = width * 0.42
    stacked = widest > (limit if sheet.landscape else width * 0.3)
    thick = text_px * (1.3 if len(card.values) > 2 else 1.9)
    pitch = thick * 1.55 if not stacked else thick + text_px * 2.25
    shown = len(card.values)
    if pitch * shown > room and scale == 0:
        shown = max(1, int(room / pitch) - 1)
    name_width = width if stacked else limit
    names = [_line(faces, t, "text", text_px, "dim", name_width) for t in card.labels[:shown]]
    values = [_line(faces, t, "strong", text_px, "ink", width * 0.25) for t in card.texts[:shown]]
    name_w = 0.0 if stacked else max(n.box.w for n in names) + air * 1.6
    value_w = max(v.box.w for v in values) + air
    numbers = card.values[:shown]
    low, high = min(0.0, *numbers), max(0.0, *numbers)
    span = (high - low) or 1.0
    least = sheet.unit * 0.5  # the shortest visible bar
    left = name_w + (value_w + least if low < 0 else 0.0)
    bars_w = width - left - (value_w + least if max(numbers) >= 0 else 0.0)
    zero = left + bars_w * (-low / span)
    items: list[Item] = []
    for i, value in enumerate(numbers):
        middle = pitch * i + thick / 2 + (text_px * 1.35 if stacked else 0.0)
        long = max(abs(value) / span * bars_w, least)
        down = value < 0
        items.append(
            Shape(
                box=Box(zero - long if down else zero, middle - thick / 2, long, thick),
                radius=min(sheet.unit * 0.9, long / 2, thick / 2),
                fill="fall" if down else "bar",
            )
        )
        name, text = names[i], values[i]
        base = middle + text_px * 0.36
        name_base = middle - thick / 2 - text_px * 0.5 if stacked else base
        items.append(moved(name, 0, name_base - name.baseline))
        x = zero - long - air - text.box.w if down else zero + long + air
        items.append(moved(text, x, base - text.baseline))
    height = pitch * (shown - 1) + thick + (text_px * 1.35 if stacked else 0.0)
    if shown < len(card.values):
        rest = _line(faces, ELLIPSIS, "text", text_px, "dim", limit)
        items.append(moved(rest, 0, height + text_px * 0.4))
        height += text_px * 0.4 + rest.box.h
    return Block(items=tuple(items), w=width, h=height)
