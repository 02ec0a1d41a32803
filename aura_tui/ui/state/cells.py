"""Makes text from outside printable, measures it in terminal cells, and wraps it into rows.

The result holds printable characters only, and few zero-width ones: a character that can't be seen
can't be searched for, selected or trusted. Row breaks are offsets into the text, so a highlight in
the text maps onto its rows.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import TYPE_CHECKING

from rich.cells import get_character_cell_size

from aura_tui.model.text.sanitize import clean

if TYPE_CHECKING:
    from collections.abc import Sequence

TEXT_CHARS = 2000
PATH_CHARS = 8192  # twice the limit of Linux

# Printable by name, yet they take no cell, or change how wide their neighbour is: fillers, joiners,
# variation selectors.
_HIDDEN = (
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180d\u180f\u3164\ufe00-\ufe0f\uffa0"
    "\U000e0100-\U000e01ef"
)
_ACCENTS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_UNSEEN = re.compile(f"[{_HIDDEN}]")
_PILED = re.compile(f"(?<=[{_ACCENTS}]{{2}})[{_ACCENTS}]+")
_ODD = re.compile(f"[{_HIDDEN}{_ACCENTS}]")


def printable(text: str, limit: int = TEXT_CHARS) -> str:
    """``text`` cleaned and cut to about ``limit`` characters; tabs become spaces, newlines stay."""
    # Printable text needs no cleaning.
    if len(text) > limit and text[: limit - 1].isprintable():
        text = f"{text[: limit - 1]}\u2026"
    elif not text.isprintable():
        text = clean(text, limit).expandtabs(4)
        if not text.isascii():
            text = "".join(map(_seen, text))
    if text.isascii() or not _ODD.search(text):
        return text
    return _PILED.sub("", unicodedata.normalize("NFC", _UNSEEN.sub("", text)))


def _seen(char: str) -> str:
    if char.isprintable() or char == "\n":
        return char
    if char.isspace():
        return " "
    return "" if unicodedata.category(char) == "Cf" else "\ufffd"


def printable_path(path: str) -> str:
    """``path`` character for character, so that it can be copied by hand; a character that can't be
    drawn becomes a question mark and is never dropped."""
    if len(path) > PATH_CHARS:
        path = path[: PATH_CHARS - 1] + "\u2026"
    if path.isprintable():
        return path
    return "".join(char if char.isprintable() else "?" for char in path)


class _Widths(dict[str, int]):
    """Width of a character in cells, never underestimated, so that a row never overflows."""

    def __missing__(self, char: str) -> int:
        width = 1 if char == "\ufe0f" else get_character_cell_size(char)
        if not width and unicodedata.category(char) == "Mc":
            width = 1  # a vowel sign with a place of its own, to nearly all terminals
        if len(self) < 8192:
            self[char] = width
        return width


_width = _Widths().__getitem__


def cells(text: str) -> int:
    """How many cells ``text`` takes."""
    return len(text) if text.isascii() else sum(map(_width, text))


def row_spans(text: str, room: int, taken: int = 0, most: int = 1000) -> list[tuple[int, int]]:
    """Wrap ``text`` into rows of at most ``room`` cells (2 or more); returns start and end offsets.

    Rows break at newlines, otherwise at blanks; a word breaks only if it is longer than a row, a
    path after one of its slashes.
    The blanks at a break belong to no row. The first row has ``taken`` cells less. Stops after
    ``most`` rows; the rest of the text belongs to none.
    """
    if len(text) + taken <= room and text.isascii() and "\n" not in text:
        return [(0, len(text))]
    rows: list[tuple[int, int]] = []
    offset = 0
    for line in text.split("\n"):
        first_room = max(2, room - taken) if not rows else room
        for start, end in _line_spans(line, room, first_room, most - len(rows)):
            rows.append((offset + start, offset + end))
        if len(rows) >= most:
            break
        offset += len(line) + 1
    return rows


def _line_spans(text: str, room: int, first_room: int, most: int) -> list[tuple[int, int]]:
    sums = None if text.isascii() else _sums(text)
    rows: list[tuple[int, int]] = []
    start = 0
    while len(rows) < most:
        space = room if rows else first_room
        end = start + space if sums is None else bisect_right(sums, sums[start] + space) - 1
        if end >= len(text):
            rows.append((start, len(text)))
            break
        end = max(end, start + 1)
        cut = end if text[end] == " " else text.rfind(" ", start, end)
        word = text[start:cut].rstrip(" ") if cut > start else ""
        if not word:
            slash = text.rfind("/", start + (end - start) // 3, end) + 1
            end = slash or end
            rows.append((start, end))
            start = end
            continue
        rows.append((start, start + len(word)))
        start = cut
        while start < len(text) and text[start] == " ":
            start += 1
        if start == len(text):
            break
    return rows


def _sums(text: str) -> Sequence[int]:
    """The number of cells before each offset."""
    return list(accumulate(map(_width, text), initial=0))


def window(text: str, left: int, room: int, ellipsis: str) -> tuple[str, int, int, int]:
    """The ``room`` cells of ``text`` from cell ``left`` on, with ``ellipsis`` (one cell wide) on a
    side where text is cut. Also returns the start and end of that part in ``text``, and the offset
    of the start in the drawn string."""
    if left <= 0 and len(text) <= room and text.isascii():
        return text, 0, len(text), 0
    sums = range(len(text) + 1) if text.isascii() else _sums(text)
    more = sums[-1] > left + room
    head = ellipsis if left > 0 else ""
    from_cell, to_cell = left + len(head), left + room - (1 if more else 0)
    start = bisect_left(sums, from_cell)
    end = max(start, bisect_right(sums, to_cell) - 1)
    if start > len(text):
        return head, len(text), len(text), len(head)
    # The right half of a wide character; all that shows, where that is a cell.
    head += " " * (min(sums[start], to_cell) - from_cell)
    tail = " " * (to_cell - sums[end]) + ellipsis if more else ""
    return head + text[start:end] + tail, start, end, len(head)
