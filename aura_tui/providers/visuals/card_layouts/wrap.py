"""Wraps text into lines: finds break points, fills lines, balances them, or cuts them.

Lines break at spaces, and between any two wide characters (Chinese, Japanese, Korean) unless a
line must not start or end with one of them; a word wider than the line breaks between characters.
"""

from __future__ import annotations

import functools
import math
import unicodedata
from typing import TYPE_CHECKING

import msgspec

from aura_tui.providers.visuals.fonts.fallback import is_mark

if TYPE_CHECKING:
    from aura_tui.providers.visuals.fonts.fallback import Faces

ELLIPSIS = "\u2026"
_MAX_BALANCED = 80  # units of a text up to which lines are balanced exactly

# ruff: noqa: RUF001 the full-width punctuation below is intended
# JIS X 4051, the common part: characters that must not start a line, or end one.
_NOT_FIRST = frozenset(
    "、。，．,.・：；:;？！?!ー」』）)]】〕〉》］｝}”’…ゝゞ々ぁぃぅぇぉっゃゅょゎァィゥェォッャュョヮ%％"
)
_NOT_LAST = frozenset("「『（([【〔〈《［｛{“‘")


class Unit(msgspec.Struct, frozen=True):
    """An unbreakable part of a line. ``spaced``: a space precedes it, unless it is the first."""

    text: str
    spaced: bool


class Lines(msgspec.Struct, frozen=True):
    """A wrapped text. ``broken``: a word was split."""

    texts: tuple[str, ...]
    broken: bool = False


@functools.lru_cache(maxsize=512)
def units(text: str) -> tuple[Unit, ...]:
    """Split ``text`` into units."""
    found: list[Unit] = []
    for word in text.split():
        spaced = True
        part = ""
        for cluster in clusters(word):
            if part and _may_break(part[-1], cluster[0]):
                found.append(Unit(part, spaced))
                part, spaced = "", False
            part += cluster
        found.append(Unit(part, spaced))
    return tuple(found)


def clusters(text: str) -> list[str]:
    """Split ``text`` into characters with their combining marks."""
    found: list[str] = []
    for char in text:
        if found and (is_mark(char) or found[-1][-1] == "\u200d"):
            found[-1] += char
        else:
            found.append(char)
    return found


def _may_break(before: str, after: str) -> bool:
    if before in _NOT_LAST or after in _NOT_FIRST:
        return False
    return _is_wide(before) or _is_wide(after)


def _is_wide(char: str) -> bool:
    return char > "\u2e7f" and unicodedata.east_asian_width(char) in "WF"


def wrap(
    faces: Faces,
    text: str,
    face: str,
    width_em: float,
    *,
    max_lines: int = 1000,
    even: bool = False,
) -> Lines:
    """Wrap ``text`` into lines of at most ``width_em``; after ``max_lines`` cut with an ellipsis.

    ``even`` balances the line lengths without adding lines; without it, only a single short word on
    the last line is avoided.
    """
    room = width_em
    for _ in range(6):
        lines = _wrap(faces, text, face, room, max_lines, even)
        longest = max(faces.em(line, face) for line in lines.texts)
        if longest <= width_em:
            break
        # Kerning and the spaces of other fonts made a line too wide: try again with less room.
        room *= 0.99 * width_em / longest
    return lines


def _wrap(faces: Faces, text: str, face: str, width_em: float, max_lines: int, even: bool) -> Lines:
    pieces = units(text)
    filled, broken = _fill(faces, pieces, face, width_em)
    if len(filled) > max_lines:
        kept = filled[:max_lines]
        kept[-1] = _shorten(faces, kept[-1] + filled[max_lines], face, width_em)
        return Lines(tuple(map(join, kept)), broken)
    if len(filled) > 1 and not broken and (even or _is_orphan(faces, filled, face, width_em)):
        filled = _even(faces, pieces, face, width_em, len(filled))
    return Lines(tuple(map(join, filled)), broken)


def join(line: list[Unit]) -> str:
    """The text of a line."""
    return "".join(
        f" {unit.text}" if unit.spaced and i else unit.text for i, unit in enumerate(line)
    )


def cut(faces: Faces, text: str, face: str, width_em: float) -> str:
    """``text`` on one line of at most ``width_em``, with an ellipsis if it must be cut."""
    if faces.em(text, face) <= width_em:
        return text
    return join(_shorten(faces, list(units(text)), face, width_em))


def _fill(
    faces: Faces, pieces: tuple[Unit, ...], face: str, width_em: float
) -> tuple[list[list[Unit]], bool]:
    space = faces.em(" ", face)
    lines: list[list[Unit]] = [[]]
    used = 0.0
    broken = False
    for unit in pieces:
        width = faces.em(unit.text, face)
        gap = space if unit.spaced and lines[-1] else 0.0
        if used + gap + width <= width_em:
            lines[-1].append(unit)
            used += gap + width
            continue
        if lines[-1]:
            lines.append([])
        if width <= width_em:
            lines[-1].append(unit)
            used = width
            continue
        broken = True
        parts = _break(faces, unit.text, face, width_em)
        lines[-1].append(Unit(parts[0], unit.spaced))
        lines += [[Unit(part, False)] for part in parts[1:]]
        used = faces.em(parts[-1], face)
    return lines, broken


def _break(faces: Faces, word: str, face: str, width_em: float) -> list[str]:
    """Split a word that is too wide for a line into parts that fit (of at least one character)."""
    parts = [""]
    used = 0.0
    for cluster in clusters(word):
        width = faces.em(cluster, face)  # an upper bound: joining and kerning only reduce the sum
        if parts[-1] and used + width > width_em:
            parts.append("")
            used = 0.0
        parts[-1] += cluster
        used += width
    return parts


def _shorten(faces: Faces, line: list[Unit], face: str, width_em: float) -> list[Unit]:
    line = list(line)
    space = faces.em(" ", face)
    room = width_em - faces.em(ELLIPSIS, face)
    used = sum(faces.em(unit.text, face) + (space if unit.spaced else 0.0) for unit in line)
    while len(line) > 1 and used > room:
        unit = line.pop()
        used -= faces.em(unit.text, face) + (space if unit.spaced else 0.0)
    text = join(line).rstrip(",;:. ")
    parts = clusters(text)
    if faces.em(text + ELLIPSIS, face) > width_em:
        low, high = 0, len(parts)  # binary search for the most clusters that fit
        while low < high:
            middle = (low + high + 1) // 2
            fits = faces.em("".join(parts[:middle]) + ELLIPSIS, face) <= width_em
            low, high = (middle, high) if fits else (low, middle - 1)
        text = "".join(parts[:low]).rstrip()
    return [Unit(text + ELLIPSIS, False)]


def _is_orphan(faces: Faces, lines: list[list[Unit]], face: str, width_em: float) -> bool:
    return len(lines[-1]) == 1 and faces.em(lines[-1][0].text, face) < width_em * 0.36


def _even(
    faces: Faces, pieces: tuple[Unit, ...], face: str, width_em: float, count: int
) -> list[list[Unit]]:
    """Wrap into ``count`` lines of similar length (least squares of the free room, after Knuth and
    Plass 1981). For more than :data:`_MAX_BALANCED` units, use the smallest width that needs no
    more lines, which is about as even for so many units."""
    if len(pieces) > _MAX_BALANCED:
        return _narrowest(faces, pieces, face, width_em, count)
    space = faces.em(" ", face)
    widths = [faces.em(unit.text, face) for unit in pieces]
    total = len(pieces)
    # best[i]: (cost, start of the last line) for the first i units in k lines.
    best: list[tuple[float, int]] = [(0.0, 0)] + [(math.inf, 0)] * total
    breaks: list[list[int]] = []
    for _ in range(count):
        following = [(math.inf, 0)] * (total + 1)
        for start in range(total):
            if best[start][0] == math.inf:
                continue
            used = 0.0
            for end in range(start, total):
                gap = space if pieces[end].spaced and end > start else 0.0
                used += gap + widths[end]
                if used > width_em:
                    break
                cost = best[start][0] + (width_em - used) ** 2
                if cost < following[end + 1][0]:
                    following[end + 1] = (cost, start)
        breaks.append([start for _, start in following])
        best = following
    lines: list[list[Unit]] = []
    end = total
    for starts in reversed(breaks):
        lines.append(list(pieces[starts[end] : end]))
        end = starts[end]
    return lines[::-1]


def _narrowest(
    faces: Faces, pieces: tuple[Unit, ...], face: str, width_em: float, count: int
) -> list[list[Unit]]:
    low, high = width_em * 0.5, width_em
    best, _ = _fill(faces, pieces, face, width_em)
    for _ in range(7):
        middle = (low + high) / 2
        tried, broken = _fill(faces, pieces, face, middle)
        if len(tried) <= count and not broken:
            best, high = tried, middle
        else:
            low = middle
    return best
