"""Layouts of the text cards: title, statement, bullets, number, quote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from aura_tui.providers.visuals.card_layouts.boxes import (
    Block,
    Box,
    Shape,
    beside,
    column,
    fit,
    moved,
    paragraph,
    set_lines,
)
from aura_tui.providers.visuals.card_layouts.wrap import ELLIPSIS, Lines

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.model.script import BulletsCard, NumberCard, QuoteCard, StatementCard, TitleCard
    from aura_tui.providers.visuals.card_layouts.boxes import Item, Sheet
    from aura_tui.providers.visuals.fonts.fallback import Faces


def size(least: float, most: float, scale: float, sheet: Sheet) -> float:
    """A size in pixels between ``least`` and ``most``, which are in units; ``scale`` is 0-1."""
    return (least + (most - least) * scale) * sheet.unit


def measure(sheet: Sheet, share: float = 0.9) -> float:
    """The maximum line width: a share of the area in a wide frame, all of it in a narrow one."""
    return min(sheet.area.w * (share if sheet.landscape else 1.0), sheet.unit * 175)


def heading(faces: Faces, text: str, sheet: Sheet, scale: float) -> list[Block]:
    """The title above a card's content; empty without one."""
    if not text:
        return []
    return [
        paragraph(
            faces,
            text,
            "heading",
            size(3.6, 7.4, 0.35 + 0.65 * scale, sheet),
            measure(sheet),
            leading=1.16,
            even=True,
            good_lines=2 if sheet.landscape else 3,
        )
    ]


def title(card: TitleCard, faces: Faces, sheet: Sheet) -> tuple[Item, ...]:
    """A large title and its subtitle."""

    def make(scale: float) -> Sequence[Block]:
        blocks = [
            paragraph(
                faces,
                card.title,
                "display",
                size(4.2, 12.0, scale, sheet),
                measure(sheet, 0.88),
                leading=1.13,
                even=True,
                good_lines=3 if sheet.landscape else 5,
            )
        ]
        if card.subtitle:
            blocks.append(
                paragraph(
                    faces,
                    card.subtitle,
                    "text",
                    size(2.8, 4.8, scale, sheet),
                    measure(sheet, 0.8),
                    role="dim",
                    gap=size(2.4, 4.0, scale, sheet),
                    even=True,
                    good_lines=3,
                )
            )
        return blocks

    return column(fit(make, sheet.area.h), sheet.area)


def statement(card: StatementCard, faces: Faces, sheet: Sheet) -> tuple[Item, ...]:
    """One large sentence; its title, if any, is above in the accent colour."""

    def make(scale: float) -> Sequence[Block]:
        blocks = []
        if card.title:
            blocks.append(
                paragraph(
                    faces,
                    card.title,
                    "strong",
                    size(2.8, 4.4, scale, sheet),
                    measure(sheet),
                    role="accent",
                    leading=1.3,
                    even=True,
                    good_lines=2,
                )
            )
        blocks.append(
            paragraph(
                faces,
                card.text,
                "statement",
                size(3.2, 8.6, scale, sheet),
                measure(sheet, 0.92),
                leading=1.24,
                gap=size(2.4, 3.6, scale, sheet),
                even=True,
                good_lines=4 if sheet.landscape else 8,
            )
        )
        return blocks

    return column(fit(make, sheet.area.h), sheet.area)


def bullets(card: BulletsCard, faces: Faces, sheet: Sheet) -> tuple[Item, ...]:
    """A heading and list items with numbers or bullets; two columns for many short items."""
    points = card.bullets
    paired = sheet.landscape and len(points) > 5 and all(len(p) < 60 for p in points)

    def point(i: int, scale: float, width: float) -> Block:
        text_px = size(2.6, 4.8, scale, sheet)
        mark = _badge(str(card.start + i), faces, text_px) if card.ordered else _mark(text_px)
        indent = text_px * (1.75 if card.ordered else 1.05)
        words = paragraph(
            faces,
            points[i],
            "text",
            text_px,
            width - indent,
            leading=1.34,
            gap=text_px * (0.9 if i else 1.25) * (0.45 + 0.55 * scale),
            good_lines=3 if sheet.landscape else 5,
        )
        # Centre the bullet on the x-height of the first line.
        text = words.items[0]
        middle = getattr(text, "baseline", 0.0) - text_px * 0.36
        down = max(0.0, mark.h / 2 - middle)
        placed = Block(
            items=tuple(moved(item, 0, middle + down - mark.h / 2) for item in mark.items),
            w=mark.w,
            h=middle + down + mark.h / 2,
        )
        return beside(placed, indent, words, down)

    def make(scale: float) -> Sequence[Block]:
        top = heading(faces, card.title, sheet, scale)
        if not paired:
            return top + [point(i, scale, measure(sheet, 0.94)) for i in range(len(points))]
        gutter = sheet.unit * 6
        width = (sheet.area.w - gutter) / 2
        half = (len(points) + 1) // 2
        cells = [point(i, scale, width) for i in range(len(points))]
        rows = []
        for i in range(half):
            row = cells[i]
            if i + half < len(cells):
                row = beside(row, width + gutter, cells[i + half])
            rows.append(msgspec.structs.replace(row, gap=cells[i].gap))
        return top + rows

    rest = paragraph(
        faces, ELLIPSIS, "text", sheet.unit * 2.6, sheet.area.w, role="dim", gap=sheet.unit
    )
    return column(fit(make, sheet.area.h, rest=rest), sheet.area)


def _badge(figure: str, faces: Faces, text_px: float) -> Block:
    side = round(text_px * 1.12)
    disc = Shape(box=Box(0, 0, side, side), radius=side / 2, fill="gradient", holds=True)
    px = text_px * (0.56 if len(figure) < 3 else 0.4)
    label = set_lines(faces, Lines((figure,)), "strong", px, "badge_ink", descent=0)
    label = moved(label, (side - label.box.w) / 2, (side - label.box.h) / 2)
    return Block(items=(disc, label), w=side, h=side)


def _mark(text_px: float) -> Block:
    side = round(text_px * 0.3)
    dot = Shape(box=Box(0, 0, side, side), radius=side / 2, fill="gradient")
    return Block(items=(dot,), w=side, h=side)


def number(card: NumberCard, faces: Faces, sheet: Sheet) -> tuple[Item, ...]:
    """One figure as large as possible, its label, and a note."""

    def make(scale: float) -> Sequence[Block]:
        largest = size(9.0, 31.0, scale, sheet)
        natural = max(faces.em(card.value, "display"), 0.1)
        value_px = max(size(4.2, 9.0, scale, sheet), min(largest, sheet.area.w / natural * 0.995))
        blocks = [
            paragraph(
                faces,
                card.value,
                "display",
                value_px,
                sheet.area.w,
                role="gradient",
                leading=1.1,
                good_lines=2,
                descent=0.02,
            )
        ]
        if card.label:
            blocks.append(
                paragraph(
                    faces,
                    card.label,
                    "strong",
                    size(2.9, 5.6, scale, sheet),
                    measure(sheet),
                    leading=1.26,
                    gap=size(3.0, 5.4, scale, sheet),
                    even=True,
                    good_lines=3,
                )
            )
        if card.note:
            blocks.append(
                paragraph(
                    faces,
                    card.note,
                    "text",
                    size(2.4, 3.9, scale, sheet),
                    measure(sheet, 0.8),
                    role="dim",
                    gap=size(1.6, 2.9, scale, sheet),
                    good_lines=4,
                )
            )
        return blocks

    return column(fit(make, sheet.area.h), sheet.area)


_QUOTES = "\"'\u201c\u201d\u201e\u2018\u2019\u00ab\u00bb\u300c\u300d"


def quote(card: QuoteCard, faces: Faces, sheet: Sheet) -> tuple[Item, ...]:
    """The quotation below a large quotation mark, then a rule and the author."""
    words = card.text.strip()
    if len(words) > 2 and words[0] in _QUOTES and words[-1] in _QUOTES:
        words = words[1:-1].strip() or words  # the large mark replaces the quotation marks

    def make(scale: float) -> Sequence[Block]:
        mark_px = size(10, 22, scale, sheet)
        mark = set_lines(faces, Lines(("\u201c",)), "display", mark_px, "accent", descent=-0.40)
        text_px = size(3.0, 7.4, scale, sheet)
        blocks = [
            Block(items=(mark,), w=mark.box.w, h=mark.box.h),
            paragraph(
                faces,
                words,
                "quote",
                text_px,
                measure(sheet, 0.9),
                leading=1.3,
                gap=size(1.2, 2.6, scale, sheet),
                even=True,
                good_lines=4 if sheet.landscape else 8,
            ),
        ]
        if card.author:
            author_px = size(2.4, 3.8, scale, sheet)
            dash = Shape(
                box=Box(0, author_px * 0.32, sheet.unit * 7, max(2.0, author_px * 0.1)),
                radius=author_px * 0.05,
                fill="accent",
            )
            indent = sheet.unit * 9
            name = paragraph(
                faces,
                card.author,
                "text",
                author_px,
                measure(sheet, 0.8) - indent,
                role="dim",
                gap=size(2.6, 4.6, scale, sheet),
                good_lines=2,
            )
            rule = Block(items=(dash,), w=dash.box.w, h=dash.box.bottom)
            blocks.append(beside(rule, indent, name))
        return blocks

    return column(fit(make, sheet.area.h), sheet.area)
