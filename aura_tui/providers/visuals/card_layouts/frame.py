"""Lays out a card: the parts that all kinds share, and the layout of each kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from aura_tui.model.script import (
    BulletsCard,
    ChartCard,
    CodeCard,
    NumberCard,
    PictureCard,
    QuoteCard,
    StatementCard,
    TableCard,
    TitleCard,
)
from aura_tui.providers.visuals.card_layouts.boxes import (
    Box,
    Layout,
    Photo,
    Shape,
    mirrored,
    moved,
    reads_rtl,
    set_lines,
    sheet,
)
from aura_tui.providers.visuals.card_layouts.chart import chart
from aura_tui.providers.visuals.card_layouts.code import code
from aura_tui.providers.visuals.card_layouts.table import table
from aura_tui.providers.visuals.card_layouts.text import bullets, number, quote, statement, title
from aura_tui.providers.visuals.card_layouts.wrap import Lines, cut, wrap

if TYPE_CHECKING:
    from aura_tui.model.script import AnyCard
    from aura_tui.providers.visuals.card_layouts.boxes import Item, Sheet, Text
    from aura_tui.providers.visuals.fonts.fallback import Faces

MAX_DOTS = 12
KICKER_TRACKING_EM = 0.12
PLATE = 2.2  # padding in units around a text on a picture


def compose(
    card: AnyCard, faces: Faces, width: int, height: int, number: int, total: int
) -> Layout:
    """Lay out scene ``number`` of ``total`` on a card of ``width`` x ``height`` pixels."""
    page = sheet(width, height)
    items: list[Item] = []
    for text in _kicker(card.kicker, faces, page):
        # A plate keeps the text readable on any picture.
        items += _on_plate(text, page) if isinstance(card, PictureCard) else (text,)
    items += _content(card, faces, page)
    items += _progress(page, number, total)
    layout = Layout(width=width, height=height, safe=page.safe, items=tuple(items))
    return mirrored(layout) if reads_rtl(*_leading_texts(card)) else layout


def _content(card: AnyCard, faces: Faces, page: Sheet) -> tuple[Item, ...]:
    match card:
        case TitleCard():
            return title(card, faces, page)
        case StatementCard():
            return statement(card, faces, page)
        case BulletsCard():
            return bullets(card, faces, page)
        case NumberCard():
            return number(card, faces, page)
        case QuoteCard():
            return quote(card, faces, page)
        case CodeCard():
            return code(card, faces, page)
        case TableCard():
            return table(card, faces, page)
        case ChartCard():
            return chart(card, faces, page)
        case PictureCard():
            return _picture(card, faces, page)


def _leading_texts(card: AnyCard) -> tuple[str, ...]:
    match card:
        case StatementCard() | QuoteCard():
            return (card.text,)
        case NumberCard():
            return card.label, card.note
        case BulletsCard():
            return card.title, *card.bullets
        case PictureCard():
            return (card.caption,)
        case _:
            return (card.title,)


def _kicker(text: str, faces: Faces, page: Sheet) -> tuple[Text, ...]:
    """The small line on top, in spaced capitals; scripts with joined letters are not spaced."""
    text = " ".join(text.split())
    if not text:
        return ()
    px = page.unit * 2.75
    tracking = 0.0
    if all(char < "\u0590" for char in text):
        text = text.upper()
        tracking = KICKER_TRACKING_EM
    # The spacing between letters counts towards the width.
    most = (page.kicker.w - 2 * PLATE * page.unit) / px
    shown = text
    while shown and faces.em(shown, "kicker") + tracking * len(shown) > most:
        most_letters = faces.em(shown, "kicker") * 0.95
        shown = cut(faces, text, "kicker", most_letters)
    line = set_lines(faces, Lines((shown,)), "kicker", px, "accent", descent=0.05)
    extra = tracking * px * (len(shown) - 1)
    line = msgspec.structs.replace(
        line,
        box=Box(0, 0, line.box.w + extra, line.box.h),
        widths=(line.widths[0] + extra,),
        tracking=tracking * px,
    )
    return (moved(line, page.kicker.x, page.kicker.y),)


def _progress(page: Sheet, number: int, total: int) -> tuple[Item, ...]:
    """The position of the scene in the video: a row of dots, or a thin bar for more than MAX_DOTS
    scenes."""
    total, number = max(total, 1), min(max(number, 1), max(total, 1))
    unit, row = page.unit, page.dots
    if total == 1:
        return ()
    if total > MAX_DOTS:
        long, thick = min(unit * 32, row.w), unit * 0.8
        done = max(thick, long * number / total)
        y = row.y + (row.h - thick) / 2
        rail = Shape(box=Box(row.x, y, long, thick), radius=thick / 2, fill="dot", holds=True)
        filled = Shape(box=Box(row.x, y, done, thick), radius=thick / 2, fill="accent")
        return rail, filled
    items: list[Item] = []
    x = row.x
    for i in range(1, total + 1):
        long = row.h * (4 if i == number else 1)
        items.append(
            Shape(
                box=Box(x, row.y, long, row.h),
                radius=row.h / 2,
                fill="accent" if i == number else "dot",
            )
        )
        x += long + unit * 1.35
    return tuple(items)


def _picture(card: PictureCard, faces: Faces, page: Sheet) -> tuple[Item, ...]:
    """A picture that fills the card, with its caption on a plate above the burned captions."""
    photo = Photo(box=page.safe)
    caption = " ".join(card.caption.split())
    if not caption:
        return (photo,)
    unit = page.unit
    width = min(page.safe.w - 2 * PLATE * unit, unit * 130)
    lines = wrap(faces, caption, "strong", width / (unit * 3.6), max_lines=3, even=True)
    text = set_lines(faces, lines, "strong", unit * 3.6, "ink", 1.3)
    top = page.area.bottom - text.box.h - 2 * PLATE * unit
    return photo, *_on_plate(moved(text, page.area.x, top), page)


def _on_plate(text: Text, page: Sheet) -> tuple[Item, ...]:
    """The text on a plate, which takes the position of the text."""
    pad = page.unit * PLATE
    box = text.box
    plate = Shape(
        box=Box(box.x, box.y, box.w + 2 * pad, box.h + 2 * pad),
        radius=page.unit * 1.6,
        fill="panel",
        holds=True,
        outline=True,
    )
    return plate, moved(text, pad, pad)
