"""How many cells a terminal gives to text, and text in which terminals and Textual agree on that.

Nearly all terminals count code point by code point, as wcwidth does; Rich counts a cluster that is
joined to one emoji as one emoji. So a cluster is shown as its first emoji, which is two cells to
all of them, and what joins its parts is left out.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from rich.cells import cell_len, get_character_cell_size
from rich.segment import Segment

if TYPE_CHECKING:
    from rich.style import Style
    from textual.strip import Strip

_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"  # variation selector 16
_SKIN_TONES = "\U0001f3fb\U0001f3fc\U0001f3fd\U0001f3fe\U0001f3ff"
# No cell to Rich, one or two to terminals: fillers, and tone marks beside a syllable.
_FILLERS = "\u3164\uffa0\u302e\u302f\U00016ff0\U00016ff1"


@lru_cache(8192)
def char_cells(char: str) -> int:
    """How many cells a terminal's cursor moves for ``char``; as Rich, but for vowel signs with a
    place of their own (category Mc), of which terminals move by one."""
    return get_character_cell_size(char) or int(unicodedata.category(char) == "Mc")


class _Char(NamedTuple):
    char: str
    counted: int  # its cells to Rich
    style: Style | None = None

    @property
    def over(self) -> int:
        return char_cells(self.char) - self.counted


def fitted(strip: Strip) -> list[Segment]:
    """The text of ``strip`` in its width, counted as terminals do.

    Signs and letters that Rich gives no cell, as an Indic vowel sign with a place of its own, take
    it from the blanks that follow them; where those don't suffice, they are left out.
    """
    chars = [
        each._replace(style=style) for text, style, _ in strip for each in _without_clusters(text)
    ]
    squeezed = _squeezed(chars)
    if squeezed is None:
        squeezed = [each for each in chars if not each.over]
    segments: list[Segment] = []
    for char, _, style in squeezed:
        if segments and segments[-1].style is style:
            segments[-1] = Segment(segments[-1].text + char, style)
        else:
            segments.append(Segment(char, style))
    return segments


def _squeezed(chars: list[_Char]) -> list[_Char] | None:
    """Without the blanks that what is before them takes; None: there are too few."""
    squeezed: list[_Char] = []
    over = 0
    for at, each in enumerate(chars):
        if over and each.char == " " and (at + 1 == len(chars) or chars[at + 1].char == " "):
            over -= 1
            continue
        over += each.over
        squeezed.append(each)
    return None if over else squeezed


@lru_cache(1024)
def _without_clusters(text: str) -> tuple[_Char, ...]:
    """``text`` with each cluster as its first emoji, in as many cells as Rich counts."""
    if text.isascii():
        return tuple(_Char(char, 1) for char in text)
    chars: list[_Char] = []
    base, widened, joined = "", False, False
    for char in text:
        skipped = joined  # Rich counts nothing of what follows a joiner
        joined = char == _JOINER and not skipped
        counted = 0 if skipped else get_character_cell_size(char)
        if skipped and (
            char == " " or unicodedata.category(char) == "So"
        ):  # or the rest of an emoji
            continue
        if char == _EMOJI_STYLE and not skipped:
            # Rich counts the wide form of the sign before it; most terminals show the narrow one.
            widened = bool(base) and cell_len(base + char) > cell_len(base)
        if _is_unseen(char):
            continue
        if counted:
            chars += [_Char(" ", 1)] if widened else []
            base, widened = char, False
        chars.append(_Char(char, counted))
    return (*chars, *([_Char(" ", 1)] if widened else []))


def _is_unseen(char: str) -> bool:
    """Whether Rich gives it no cell, and terminals either none or some that nobody needs."""
    return not get_character_cell_size(char) and (
        char in _SKIN_TONES
        or char in _FILLERS
        or "\ufe00" <= char <= "\ufe0f"
        or unicodedata.category(char) == "Cf"
    )
