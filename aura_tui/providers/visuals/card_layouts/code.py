"""The layout of a code card: a window with syntax-highlighted lines."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.providers.visuals.card_layouts.boxes import (
    Block,
    Box,
    Code,
    Shape,
    column,
    column_height,
    fit,
)
from aura_tui.providers.visuals.card_layouts.code_lines import columns, highlighted, wrap_lines
from aura_tui.providers.visuals.card_layouts.text import heading
from aura_tui.providers.visuals.card_layouts.wrap import ELLIPSIS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.model.script import CodeCard
    from aura_tui.providers.visuals.card_layouts.boxes import Item, Sheet
    from aura_tui.providers.visuals.fonts.fallback import Faces

ADVANCE_EM = 0.6  # of every character of JetBrains Mono
LEADING_EM = 1.5


def code(card: CodeCard, faces: Faces, sheet: Sheet) -> tuple[Item, ...]:
    """A heading and a window of code, as large as the longest line and the number of lines allow.

    Text shrinks down to a comfortable size, then longer lines are wrapped. Code with too many lines
    for the smallest size ends in an ellipsis.
    """
    least, most = sheet.unit * 1.9, sheet.unit * 3.5
    comfortable = sheet.unit * 2.5
    # Only lines that can be shown: highlighting is the slowest step.
    first = card.code.split("\n")[: int(sheet.area.h / (least * LEADING_EM)) + 1]
    lines = highlighted("\n".join(first), card.language)
    widest = max((line[-1][0] + columns(line[-1][1]) for line in lines if line), default=1)
    unit = sheet.unit
    pad, bar = unit * 4, unit * 4.8
    inner = sheet.area.w - 2 * pad

    def window(text_px: float, room: float) -> Block:
        leading = text_px * LEADING_EM
        fits_columns = int(inner / (text_px * ADVANCE_EM) + 1e-6)
        fits_lines = max(1, int((room - bar - 1.7 * pad + leading * 0.2) / leading))
        shown = wrap_lines(lines, fits_columns)
        if len(shown) > fits_lines:
            shown = [*lines[: fits_lines - 1], ((0, ELLIPSIS, "comment"),)]
        text_h = leading * (len(shown) - 1) + text_px * 1.2
        outer = Box(0, 0, sheet.area.w, bar + 1.7 * pad + text_h)
        items: list[Item] = [
            Shape(box=outer, radius=unit * 2, fill="panel", holds=True, outline=True),
            Shape(box=Box(0, 0, outer.w, bar), radius=unit * 2, fill="panel_bar", holds=True),
        ]
        lamp = unit * 1.7
        items += (
            Shape(
                box=Box(pad * 0.75 + i * lamp * 1.7, (bar - lamp) / 2, lamp, lamp),
                radius=lamp / 2,
                fill="lamp",
                lamp=i,
            )
            for i in range(3)
        )
        items.append(
            Code(
                box=Box(pad, bar + 0.85 * pad, inner, text_h),
                lines=tuple(shown),
                size=text_px,
                advance=text_px * ADVANCE_EM,
                baseline=text_px * 0.92,
                leading=leading,
            )
        )
        return Block(items=tuple(items), w=outer.w, h=outer.h, gap=unit * 4.6)

    def window_h(text_px: float) -> float:
        count = len(wrap_lines(lines, int(inner / (text_px * ADVANCE_EM) + 1e-6)))
        return bar + 1.7 * pad + text_px * LEADING_EM * count

    def make(scale: float) -> Sequence[Block]:
        top = heading(faces, card.title, sheet, scale)
        room = sheet.area.h - column_height(top) - (unit * 4.6 if top else 0)
        text_px = min(most, max(comfortable, inner / (max(widest, 1) * ADVANCE_EM)))
        while text_px >= least and window_h(text_px) > room:
            text_px *= 0.94
        if text_px < least and scale > 0:
            room = 1e9  # don't cut yet: a smaller heading may make room
        return [*top, window(max(least, text_px), room)]

    return column(fit(make, sheet.area.h), sheet.area)
