"""A picture as rows of a terminal: block characters, Sixel, or the Kitty graphics protocol.

textual-image's own widgets ask the terminal what it can do as they are imported, which in a
running Textual application takes keys from it, and its Kitty pictures go past the driver; so its
Sixel encoder alone is used, and the rest is drawn here. All of it takes long: call it in a thread.

Each row is drawn on its own, so a dialog may cover and uncover any of them.
"""

from __future__ import annotations

import io
import secrets
import sys
from base64 import b64encode
from typing import TYPE_CHECKING, NamedTuple

from rich.color import Color
from rich.segment import ControlType, Segment
from rich.style import Style

from aura_tui.ui.terminal.capabilities import Blocks, Pictures
from aura_tui.ui.terminal.preview_image import Cell

if TYPE_CHECKING:
    from PIL.Image import Image

_COLOURS = 128  # fewer colours are longer runs of one, and so fewer bytes
_CHUNK = 4096  # the protocol's limit, in base64
_PLACEHOLDER = "\U0010eeee"
# What Segment calls a control is sent as it is, and counts no cells; which one doesn't matter.
_SENT_AS_IS = [(ControlType.CURSOR_FORWARD, 0)]
# The protocol's marks for the numbers 0 to 296: kitty's rowcolumn-diacritics.txt, in ranges.
_MARKS = """
305 30d-30e 310 312 33d-33f 346 34a-34c 350-352 357 35b 363-36f 483-487 592-595 597-599 59c-5a1
5a8-5a9 5ab-5ac 5af 5c4 610-617 657-65b 65d-65e 6d6-6dc 6df-6e2 6e4 6e7-6e8 6eb-6ec 730 732-733
735-736 73a 73d 73f-741 743 745 747 749-74a 7eb-7f1 7f3 816-819 81b-823 825-827 829-82d 951 953-954
f82-f83 f86-f87 135d-135f 17dd 193a 1a17 1a75-1a7c 1b6b 1b6d-1b73 1cd0-1cd2 1cda-1cdb 1ce0
1dc0-1dc1 1dc3-1dc9 1dcb-1dcc 1dd1-1de6 1dfe 20d0-20d1 20d4-20d7 20db-20dc 20e1 20e7 20e9 20f0
2cef-2cf1 2de0-2dff a66f a67c-a67d a6f0-a6f1 a8e0-a8f1 aab0 aab2-aab3 aab7-aab8 aabe-aabf aac1
fe20-fe26 10a0f 10a38 1d185-1d189 1d1aa-1d1ad 1d242-1d244
"""


class Drawn(NamedTuple):
    """A picture for the screen: ``rows`` of ``columns`` cells each. Send ``before`` ahead of them,
    and ``after`` when they are gone. Unless ``how`` is CELLS, the rows can't be tinted or dimmed
    like text."""

    how: Pictures
    columns: int
    rows: tuple[tuple[Segment, ...], ...]
    before: str = ""
    after: str = ""


def cell_size() -> Cell | None:
    """The size of the terminal's cell, from the kernel, not the terminal; None if unknown."""
    import fcntl
    import struct
    import termios

    try:
        assert sys.__stdout__ is not None
        answer = fcntl.ioctl(sys.__stdout__.fileno(), termios.TIOCGWINSZ, bytes(8))
    except (OSError, ValueError, AssertionError):  # no terminal, a closed one, none at all
        return None
    rows, columns, width, height = struct.unpack("HHHH", answer)
    if not (rows and columns and width >= columns and height >= rows):
        return None
    return Cell(width // columns, height // rows)


def draw(
    image: Image,
    columns: int,
    rows: int,
    cell: Cell,
    how: Pictures,
    blocks: Blocks = Blocks.HALVES,
) -> Drawn:
    """``image`` (RGB), drawn over ``columns`` by ``rows`` cells; ``how`` is not NONE."""
    if how is Pictures.KITTY:
        return _kitty(image, min(columns, len(_marks())), min(rows, len(_marks())), cell)
    if how is Pictures.SIXEL:
        return _sixel(image, columns, rows, cell)
    return _cells(image, columns, rows, blocks)


def _cells(image: Image, columns: int, rows: int, blocks: Blocks) -> Drawn:
    from PIL.Image import Dither, Quantize, Resampling

    across, down = blocks.grid
    width = columns * across
    small = image.resize((width, rows * down), Resampling.HAMMING, reducing_gap=3.0)
    # Of Pillow's ways the one with the fewest bytes that keeps the few white pixels of a title.
    few = small.quantize(_COLOURS, Quantize.FASTOCTREE, dither=Dither.NONE)
    indices = few.tobytes()
    found = few.getpalette() or []
    palette = [(found[at], found[at + 1], found[at + 2]) for at in range(0, len(found), 3)]
    colours = [Color.from_rgb(*rgb) for rgb in palette]
    styles: dict[tuple[int, int], Style] = {}
    chars = _chars(blocks)
    drawn: list[tuple[Segment, ...]] = []
    for y in range(rows):
        lines = [
            indices[at : at + width]
            for at in range(y * down * width, (y + 1) * down * width, width)
        ]
        segments: list[Segment] = []
        last, run = (0, 0, 0), 0
        for x in range(0, width, across):
            parts = b"".join([line[x : x + across] for line in lines])
            cell = _two_of(parts, palette)
            if run and cell != last:
                segments.append(_run(chars, last, run, colours, styles))
                run = 0
            last, run = cell, run + 1
        segments.append(_run(chars, last, run, colours, styles))
        drawn.append(tuple(segments))
    return Drawn(Pictures.CELLS, columns, tuple(drawn))


def _run(
    chars: str,
    cell: tuple[int, int, int],
    count: int,
    colours: list[Color],
    styles: dict[tuple[int, int], Style],
) -> Segment:
    pattern, fore, back = cell
    if (fore, back) not in styles:
        styles[fore, back] = Style(color=colours[fore], bgcolor=colours[back])
    return Segment(chars[pattern] * count, styles[fore, back])


def _two_of(parts: bytes, palette: list[tuple[int, int, int]]) -> tuple[int, int, int]:
    """The pattern, foreground and background (indices of ``palette``) that come closest to a
    cell's ``parts``. The first part is foreground, unless the cell is flat."""
    first = parts[0]
    kinds = {*parts}
    if len(kinds) == 1:
        return 0, first, first
    if len(kinds) == 2:
        fore, back = first, next(iter(kinds - {first}))
        pattern = sum(1 << i for i, part in enumerate(parts) if part == fore)
        return pattern, fore, back
    # Split in the middle of the channel in which they differ most.
    channel = max(
        range(3),
        key=lambda c: max(palette[k][c] for k in kinds) - min(palette[k][c] for k in kinds),
    )
    values = [palette[part][channel] for part in parts]
    middle = (min(values) + max(values)) / 2
    like_first = [(value > middle) is (values[0] > middle) for value in values]
    pattern = sum(1 << i for i, same in enumerate(like_first) if same)
    ours = [part for part, same in zip(parts, like_first, strict=True) if same]
    others = [part for part, same in zip(parts, like_first, strict=True) if not same]
    return pattern, max(ours, key=ours.count), max(others, key=others.count)


def _chars(blocks: Blocks) -> str:
    """The characters by their pattern: bit n is part n, from left to right and down."""
    if blocks is Blocks.HALVES:
        return " \u2580\u2584\u2588"
    if blocks is Blocks.QUADRANTS:
        return (
            " \u2598\u259d\u2580\u2596\u258c\u259e\u259b"
            "\u2597\u259a\u2590\u259c\u2584\u2599\u259f\u2588"
        )
    # The block leaves out what was there before: nothing, the left and the right half, and all.
    known = {0: " ", 21: "\u258c", 42: "\u2590", 63: "\u2588"}
    return "".join(known.get(n) or chr(0x1FB00 + n - 1 - (n > 21) - (n > 42)) for n in range(64))


def _sixel(image: Image, columns: int, rows: int, cell: Cell) -> Drawn:
    """A Sixel a row, each drawn from the row's last cell back over its blanks; the cell behind
    must be on the screen, or the cursor would wait at the margin."""
    from PIL.Image import Dither, Quantize
    from textual_image._sixel import image_to_sixels

    whole = image.resize((columns * cell.width, rows * cell.height), reducing_gap=3.0)
    # One palette for all rows, or their colours would differ.
    few = whole.quantize(_COLOURS, Quantize.MAXCOVERAGE, dither=Dither.NONE)
    drawn: list[tuple[Segment, ...]] = []
    for y in range(rows):
        row = few.crop((0, y * cell.height, few.width, (y + 1) * cell.height))
        sent = f"\x1b7\x1b[{columns}D{image_to_sixels(row)}\x1b8"
        drawn.append((Segment(" " * columns, Style()), Segment(sent, None, _SENT_AS_IS)))
    return Drawn(Pictures.SIXEL, columns, tuple(drawn))


def _kitty(image: Image, columns: int, rows: int, cell: Cell) -> Drawn:
    """sw.kovidgoyal.net/kitty/graphics-protocol, "Unicode placeholders": the picture is sent once
    (``before``), and shows wherever cells with its number as their colour name their place."""
    shown = image.resize((columns * cell.width, rows * cell.height), reducing_gap=3.0)
    file = io.BytesIO()
    shown.save(file, "PNG", compress_level=3)
    data = b64encode(file.getvalue()).decode()
    number = 1 + secrets.randbelow(0xFFFFFF)
    chunks = [data[at : at + _CHUNK] for at in range(0, len(data), _CHUNK)]
    head = f"a=T,U=1,q=2,f=100,i={number},c={columns},r={rows},"
    before = "".join(
        f"\x1b_G{head if not at else 'q=2,'}m={int(at < len(chunks) - 1)};{chunk}\x1b\\"
        for at, chunk in enumerate(chunks)
    )
    style = Style(color=Color.from_rgb(number >> 16, number >> 8 & 255, number & 255))
    marks = _marks()
    drawn = tuple(
        (Segment("".join(_PLACEHOLDER + marks[y] + marks[x] for x in range(columns)), style),)
        for y in range(rows)
    )
    after = f"\x1b_Ga=d,d=I,i={number},q=2\x1b\\"
    return Drawn(Pictures.KITTY, columns, drawn, before, after)


def _marks() -> list[str]:
    marks: list[str] = []
    for run in _MARKS.split():
        first, _, last = run.partition("-")
        marks += map(chr, range(int(first, 16), int(last or first, 16) + 1))
    return marks
