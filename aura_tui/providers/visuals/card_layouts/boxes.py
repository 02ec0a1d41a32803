"""Layout: boxes in pixels, and fitting a column of blocks into an area.

A card's column gets the largest size that fits; at the smallest legible size, the excess is cut
and marked as cut. Invariant (tested): every item lies in the safe area, and items that don't hold
others are disjoint.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal, TypeVar

import msgspec

from aura_tui.providers.visuals.card_layouts.wrap import Lines, wrap
from aura_tui.providers.visuals.fonts.fallback import is_rtl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.providers.visuals.fonts.fallback import Faces

Role = Literal["ink", "dim", "accent", "badge_ink", "gradient"]
Align = Literal["start", "middle", "end"]

CAP_EM = 0.74  # minimum height of the box above the first line's baseline
DESCENT_EM = 0.22  # minimum depth of the box below the last line's baseline


class Box(msgspec.Struct, frozen=True):
    """A rectangle in pixels."""

    x: float
    y: float
    w: float
    h: float

    @property
    def right(self) -> float:
        return self.x + self.w

    @property
    def bottom(self) -> float:
        return self.y + self.h

    def within(self, other: Box, slack: float = 0.01) -> bool:
        """Whether the box lies completely inside ``other``."""
        return (
            self.x >= other.x - slack
            and self.y >= other.y - slack
            and self.right <= other.right + slack
            and self.bottom <= other.bottom + slack
        )

    def overlaps(self, other: Box, slack: float = 0.01) -> bool:
        """Whether the boxes share more than an edge."""
        return (
            min(self.right, other.right) - max(self.x, other.x) > slack
            and min(self.bottom, other.bottom) - max(self.y, other.y) > slack
        )


class Text(msgspec.Struct, frozen=True, kw_only=True):
    """Lines in one face and size. ``baseline`` is the first line's, from the top of the box."""

    box: Box
    lines: tuple[str, ...]
    widths: tuple[float, ...]
    face: str
    size: float
    role: Role
    baseline: float
    leading: float
    align: Align = "start"
    tracking: float = 0.0  # pixels between characters
    rtl: bool = False  # the paragraph's direction


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A rounded rectangle. ``holds``: other items may lie on it."""

    box: Box
    radius: float
    fill: Literal["gradient", "bar", "fall", "accent", "rule", "panel", "panel_bar", "lamp", "dot"]
    holds: bool = False
    outline: bool = False
    lamp: int = 0  # index of the lamp in a window's title bar, 0-2
    upright: bool = False  # the gradient of a bar runs downwards


class Code(msgspec.Struct, frozen=True, kw_only=True):
    """Lines of source code, as spans of (column, text, syntax role); ``advance`` is the width of a
    column."""

    box: Box
    lines: tuple[tuple[tuple[int, str, str], ...], ...]
    size: float
    advance: float
    baseline: float
    leading: float


class Photo(msgspec.Struct, frozen=True, kw_only=True):
    """The place of a picture; other items may lie on it."""

    box: Box
    holds: bool = True


Item = Text | Shape | Code | Photo
SomeItem = TypeVar("SomeItem", Text, Shape, Code, Photo, Item)


class Layout(msgspec.Struct, frozen=True, kw_only=True):
    """The layout of a card. All ``items`` lie in ``safe``."""

    width: int
    height: int
    safe: Box
    items: tuple[Item, ...]


class Sheet(msgspec.Struct, frozen=True, kw_only=True):
    """The geometry of a card size: margins, content area, and the unit of all sizes.

    ``unit`` is about a hundredth of the shorter side, in pixels.
    """

    width: int
    height: int
    unit: float
    safe: Box
    area: Box
    kicker: Box
    dots: Box

    @property
    def landscape(self) -> bool:
        return self.width > self.height * 1.2


def sheet(width: int, height: int) -> Sheet:
    """The geometry of a card of ``width`` x ``height`` pixels.

    Motion shows at least the inner 88 % of a card, so margins exceed 6 % of each side. The area
    ends above the lowest 20 % of the frame, where burned captions may be.
    """
    unit = min(width, height) / 100
    if width > height:  # a very wide frame is viewed from a distance
        unit *= min(1.2, max(1.0, (width / height / 1.78) ** 0.25))
    # A short side looks better with a relatively wide margin; a long side doesn't need it.
    mx = max(width * 0.066, min(unit * 13, width * 0.08))
    my = max(height * 0.066, min(unit * 8, height * 0.08))
    safe = Box(mx, my, width - 2 * mx, height - 2 * my)
    kicker = Box(mx, my, safe.w, unit * 3.4)
    dots = Box(mx, safe.bottom - unit * 1.5, safe.w, unit * 1.5)
    top = kicker.bottom + unit * 5
    bottom = min(height * 0.77, dots.y - unit * 4)
    area = Box(mx, top, safe.w, bottom - top)
    return Sheet(
        width=width, height=height, unit=unit, safe=safe, area=area, kicker=kicker, dots=dots
    )


class Block(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a column, with items relative to (0, 0). ``gap`` is the space above it."""

    items: tuple[Item, ...]
    w: float
    h: float
    gap: float = 0.0
    broken: bool = False  # a word is split
    many: bool = False  # it has too many lines to look good
    fewer: Callable[[], Block | None] | None = None  # makes the block with one line less


def paragraph(
    faces: Faces,
    text: str,
    face: str,
    size: float,
    width: float,
    *,
    role: Role = "ink",
    leading: float = 1.35,
    gap: float = 0.0,
    even: bool = False,
    good_lines: int = 1000,
    max_lines: int = 1000,
    descent: float = DESCENT_EM,
) -> Block:
    """A block of wrapped text. ``leading`` is in ems; ``descent`` is the minimum room below."""
    lines = wrap(faces, text, face, width / size, max_lines=max_lines, even=even)
    count = len(lines.texts)

    def fewer() -> Block | None:
        if count <= 1:
            return None
        return paragraph(
            faces,
            text,
            face,
            size,
            width,
            role=role,
            leading=leading,
            gap=gap,
            even=even,
            good_lines=good_lines,
            max_lines=count - 1,
            descent=descent,
        )

    item = set_lines(faces, lines, face, size, role, leading, descent)
    return Block(
        items=(item,),
        w=item.box.w,
        h=item.box.h,
        gap=gap,
        broken=lines.broken,
        many=count > good_lines,
        fewer=fewer,
    )


def set_lines(
    faces: Faces,
    lines: Lines,
    face: str,
    size: float,
    role: Role,
    leading: float = 1.35,
    descent: float = DESCENT_EM,
) -> Text:
    """The lines as an item at (0, 0) in a tight box: cap height above, ``descent`` below, more if
    the ink needs it."""
    widths = tuple(faces.em(line, face) * size for line in lines.texts)
    pitch = leading
    above = max(CAP_EM, faces.ink(lines.texts[0], face)[0])
    below = max(descent, faces.ink(lines.texts[-1], face)[1])
    if len(lines.texts) > 1:  # tall scripts and stacked marks need more line spacing
        inks = [faces.ink(line, face) for line in lines.texts]
        pitch = max(leading, *(a[1] + b[0] + 0.02 for a, b in itertools.pairwise(inks)))
    height = (above + below + pitch * (len(widths) - 1)) * size
    return Text(
        box=Box(0, 0, max(widths), height),
        lines=lines.texts,
        widths=widths,
        face=face,
        size=size,
        role=role,
        baseline=above * size,
        leading=pitch * size,
        rtl=is_rtl(" ".join(lines.texts)),
    )


def moved(item: SomeItem, dx: float, dy: float) -> SomeItem:
    """The item, moved by (dx, dy) pixels."""
    box = item.box
    return msgspec.structs.replace(item, box=Box(box.x + dx, box.y + dy, box.w, box.h))


def beside(left: Block, dx: float, right: Block, dy: float = 0.0) -> Block:
    """Two blocks as one row, the corner of ``right`` at (dx, dy)."""
    items = left.items + tuple(moved(item, dx, dy) for item in right.items)
    fewer = right.fewer

    def one_less() -> Block | None:
        shorter = fewer() if fewer else None
        return None if shorter is None else beside(left, dx, shorter, dy)

    return Block(
        items=items,
        w=dx + right.w,
        h=max(left.h, dy + right.h),
        gap=right.gap,
        broken=right.broken,
        many=right.many,
        fewer=one_less,
    )


def fit(
    make: Callable[[float], Sequence[Block]],
    height: float,
    *,
    steps: int = 12,
    rest: Block | None = None,
) -> tuple[Block, ...]:
    """Make the column at the largest size that fits into ``height``.

    ``make(s)`` makes the blocks at size ``s``: 1 is the largest, 0 the smallest legible size.
    Broken words and too many lines are acceptable only in the smaller half. At 0, the longest
    blocks lose lines, then the last blocks are dropped and replaced by ``rest``.
    """

    def attempt(step: int) -> tuple[Block, ...] | None:
        blocks = tuple(make(step / steps))
        good = step <= steps / 2 or not any(b.broken or b.many for b in blocks)
        return blocks if good and column_height(blocks) <= height else None

    best = attempt(steps)
    if best is not None:
        return best
    low, high = 0, steps  # binary search: it doesn't fit at high
    best = attempt(low)
    if best is None:
        return _cut(list(make(0.0)), height, rest)
    while high - low > 1:
        middle = (low + high) // 2
        blocks = attempt(middle)
        if blocks is None:
            high = middle
        else:
            low, best = middle, blocks
    return best


def _cut(blocks: list[Block], height: float, rest: Block | None) -> tuple[Block, ...]:
    shorter = [b.fewer() if b.fewer else None for b in blocks]
    while blocks and column_height(blocks) > height:
        able = [i for i, block in enumerate(shorter) if block]
        if not able:
            last = -2 if rest and blocks[-1] is rest and len(blocks) > 1 else -1
            del blocks[last], shorter[last]
            if rest and blocks and blocks[-1] is not rest:
                blocks[-1], shorter[-1] = rest, None
            continue
        longest = max(able, key=lambda i: blocks[i].h)
        block = blocks[longest] = shorter[longest] or blocks[longest]
        shorter[longest] = block.fewer() if block.fewer else None
    return tuple(blocks)


def column_height(blocks: Sequence[Block]) -> float:
    """The height of a column of blocks, with gaps."""
    return sum(b.h + (b.gap if i else 0.0) for i, b in enumerate(blocks))


def column(blocks: Sequence[Block], area: Box) -> tuple[Item, ...]:
    """The items of a column, centred in ``area``."""
    y = area.y + (area.h - column_height(blocks)) / 2
    placed: list[Item] = []
    for i, block in enumerate(blocks):
        y += block.gap if i else 0.0
        placed += (moved(item, area.x, y) for item in block.items)
        y += block.h
    return tuple(placed)


def mirrored(layout: Layout) -> Layout:
    """The layout mirrored for a right-to-left script; code stays as it is."""

    def turn(item: Item) -> Item:
        if isinstance(item, Code):  # code is always left-to-right
            return item
        box = item.box
        item = msgspec.structs.replace(item, box=Box(layout.width - box.right, box.y, box.w, box.h))
        if isinstance(item, Text) and item.align != "middle":
            return msgspec.structs.replace(item, align="end" if item.align == "start" else "start")
        return item

    return msgspec.structs.replace(layout, items=tuple(map(turn, layout.items)))


def reads_rtl(*texts: str) -> bool:
    """Whether the first text with letters is right-to-left."""
    return is_rtl(" ".join(texts))
