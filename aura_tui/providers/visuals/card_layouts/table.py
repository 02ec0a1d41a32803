"""The layout of a table card: columns as wide as their cells, aligned as the card says, or numbers
to the right."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import msgspec

from aura_tui.providers.visuals.card_layouts.boxes import (
    DESCENT_EM,
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
from aura_tui.providers.visuals.card_layouts.wrap import ELLIPSIS, units, wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.model.script import TableCard
    from aura_tui.providers.visuals.card_layouts.boxes import Align, Item, Role, Sheet, Text
    from aura_tui.providers.visuals.fonts.fallback import Faces

_FIGURE = re.compile(
    r"[~\u2248<>\u2264\u2265+\-\u2212\u00b1$\u20ac\u00a3\u00a5]*\s*\d[\d.,\u00a0\u202f '/:\u2013-]*"
    r"\s*(?:%|\u2030|[^\W\d]{1,4}(?:/[^\W\d]{1,3})?|[$\u20ac\u00a3\u00a5\u00b0]\w?)?"
)
_EMPTY = ("", "-", "\u2013", "\u2014", "n/a")

_ALIGN: dict[str, Align] = {"left": "start", "center": "middle", "right": "end"}
HEAD, BODY = "strong", "figures"
ROW_EM = 2.05  # from baseline to baseline
PADDING_EM = 1.1  # total padding above and below the lines of a cell
WIDE_GUTTER_EM, NARROW_GUTTER_EM = 1.9, 1.4
MIN_COLUMN_EM = 3.6
LONGEST_WORD_EM = 9.0  # a longer word may be broken to make room for other columns
SLACK_EM = 0.02  # keeps rounding from breaking a word that fits


def is_figure(cell: str) -> bool:
    """Whether a cell is a number in any common form: "1,250", "29.5 %", "$3", "12 GW"."""
    return _FIGURE.fullmatch(cell.strip()) is not None


def table(card: TableCard, faces: Faces, sheet: Sheet) -> tuple[Item, ...]:
    """A heading, a header row and rows with hairlines between them.

    Wide cells wrap, in smaller text if that shows them completely; at the smallest size they end in
    an ellipsis. Rows and columns that don't fit legibly are replaced by a final ellipsis.
    """
    count = len(card.header)
    gap = sheet.unit * 3.4
    lines = (card.header, *card.rows)
    gutter = WIDE_GUTTER_EM if sheet.landscape else NARROW_GUTTER_EM
    figures = [
        all(is_figure(row[i]) or row[i].strip().lower() in _EMPTY for row in card.rows)
        and any(is_figure(row[i]) for row in card.rows)
        for i in range(count)
    ]
    # Unless the card says so, the first column isn't aligned right: it has the row names.
    aligned: list[Align] = [
        _ALIGN.get(given) or ("end" if figures[i] and i > 0 else "start")
        for i, given in enumerate([*card.align, *[""] * count][:count])
    ]
    wide = [max(1.0, *(faces.em(row[i], BODY) for row in card.rows)) for i in range(count)]
    headers = [faces.em(cell, HEAD) * 0.92 for cell in card.header]
    natural = list(map(max, wide, headers))
    if sum(natural) + gutter * (count - 1) > sheet.area.w / (sheet.unit * 3.4):
        # Little room: wrap headers of several words before wrapping cells.
        halves = [
            max(_longest_word(faces, cell, HEAD), width * 0.55)
            for cell, width in zip(card.header, headers, strict=True)
        ]
        natural = list(map(max, wide, halves))
    natural = [width + SLACK_EM for width in natural]
    words = [
        max(_longest_word(faces, row[i], HEAD if r == 0 else BODY) for r, row in enumerate(lines))
        for i in range(count)
    ]
    least = [
        min(width, max(MIN_COLUMN_EM, min(word, LONGEST_WORD_EM) + SLACK_EM))
        for width, word in zip(natural, words, strict=True)
    ]

    def grid(text_px: float, room: float, scale: float) -> Block:
        last = scale == 0
        widths = _widths(natural, least, sheet.area.w / text_px, gutter)
        dropped = len(widths) < count
        # Large text looks best with few lines; smaller text may use more to show cells completely.
        most = 12 if scale <= 0.5 else 2 if sheet.landscape else 4
        clipped = False
        rows: list[list[Text | None]] = []
        heights: list[float] = []
        for r, row in enumerate(lines):
            face, px = (HEAD, text_px * 0.92) if r == 0 else (BODY, text_px)
            role: Role = "accent" if r == 0 else "ink"
            cells: list[Text | None] = []
            for text, width in zip(row, widths, strict=False):
                cell, cut = _cell(faces, text, face, px, role, width * text_px, most)
                cells.append(cell)
                clipped = clipped or cut
            if dropped:
                cells[-1], _ = _cell(faces, ELLIPSIS if r == 0 else "", face, px, role, px * 2, 1)
            tallest = max((c.box.h for c in cells if c), default=0.0)
            height = max(text_px * ROW_EM, tallest + text_px * PADDING_EM)
            if len(rows) > 1 and sum(heights) + height > room:
                if not last:  # a smaller size shows more rows
                    return Block(items=(), w=0, h=math.inf)
                rows[-1] = [_cell(faces, ELLIPSIS, BODY, text_px, "dim", text_px * 2, 1)[0]]
                heights[-1] = text_px * ROW_EM
                break
            rows.append(cells)
            heights.append(height)
        items: list[Item] = []
        total = (sum(widths) + gutter * (len(widths) - 1)) * text_px
        line = max(1.0, round(sheet.unit * 0.16))
        y = 0.0
        for r, (cells, height) in enumerate(zip(rows, heights, strict=True)):
            if r:
                thick = line * (1.6 if r == 1 else 1)
                rule = Box(0, y - thick / 2, total, thick)
                items.append(Shape(box=rule, radius=0, fill="accent" if r == 1 else "rule"))
            x = 0.0
            for i, cell in enumerate(cells):
                if cell is not None:
                    align = aligned[i] if not (dropped and i == len(cells) - 1) else "start"
                    rest = widths[i] * text_px - cell.box.w
                    left = x + {"start": 0.0, "middle": rest / 2, "end": rest}[align]
                    cell = msgspec.structs.replace(cell, align=align)
                    items.append(moved(cell, left, y + (height - _optical(cell)) / 2))
                x += (widths[i] + gutter) * text_px
            y += height
        return Block(items=tuple(items), w=total, h=y, gap=gap, broken=clipped)

    def make(scale: float) -> Sequence[Block]:
        top = heading(faces, card.title, sheet, scale)
        text_px = size(2.3, 4.4, scale, sheet)
        room = sheet.area.h - column_height(top) - (gap if top else 0)
        tight = sum(natural) + gutter * (count - 1) > sheet.area.w / text_px
        block = grid(text_px, room, scale)
        return [*top, msgspec.structs.replace(block, many=tight and sheet.landscape)]

    return column(fit(make, sheet.area.h), sheet.area)


def _cell(
    faces: Faces, cell: str, face: str, px: float, role: Role, width: float, lines: int
) -> tuple[Text | None, bool]:
    """A cell in at most ``lines`` lines (None: empty), and whether it or a word was cut."""
    words = " ".join(cell.split())
    if not words:
        return None, False
    wrapped = wrap(faces, words, face, width / px)
    cut = len(wrapped.texts) > lines
    if cut:
        wrapped = wrap(faces, words, face, width / px, max_lines=lines)
    return set_lines(faces, wrapped, face, px, role, 1.3), cut or wrapped.broken


def _longest_word(faces: Faces, cell: str, face: str) -> float:
    """The width of a cell's longest word, in ems of the body text; headers are a little smaller."""
    share = 0.92 if face == HEAD else 1.0
    return max((faces.em(unit.text, face) * share for unit in units(cell)), default=0.0)


def _optical(cell: Text) -> float:
    """A cell's height for centring, mostly without the descent, which numbers and capitals don't
    use."""
    return cell.box.h - (DESCENT_EM - 0.03) * cell.size


def _widths(natural: list[float], least: list[float], room: float, gutter: float) -> list[float]:
    """Widths of the columns that fit into ``room`` ems: natural if possible, else the widest shrink
    first, down to their longest words and then to MIN_COLUMN_EM; if that isn't enough, the last
    columns are dropped."""
    count = len(natural)
    while count > 1 and count * MIN_COLUMN_EM + (count - 1) * gutter > room:
        count -= 1
    widths = natural[:count]
    free = room - gutter * (count - 1)
    if sum(widths) <= free:
        # Spread the columns out, but by a limited amount, so that a small table stays compact.
        extra = (free - sum(widths)) / count
        return [width + min(extra, 4.0) for width in widths]
    floors = least[:count]
    if sum(floors) > free:
        floors = [MIN_COLUMN_EM] * count
    low, high = 0.0, max(widths)
    for _ in range(30):  # binary search for the common maximum width that fits
        middle = (low + high) / 2
        if sum(min(w, max(middle, f)) for w, f in zip(widths, floors, strict=True)) <= free:
            low = middle
        else:
            high = middle
    return [min(w, max(low, f)) for w, f in zip(widths, floors, strict=True)]
