"""Faces: selects the font for each character of a line, orders the runs, and measures them.

A line is split into runs of one font and one direction, in visual order from left to right. Widths
are measured once at a reference size and scaled: the shipped fonts have no hints, so advances are
linear. Only for the drawing process: it imports Pillow.
"""

from __future__ import annotations

import functools
import unicodedata

import msgspec
from PIL import ImageFont, features

from aura_tui.providers.visuals.fonts.files import FILES, Fallback, Family

BOLD = 600  # from this weight on, use the bold variant of a fallback font
_REFERENCE_PX = 100
_RAQM = features.check("raqm")


class Face(msgspec.Struct, frozen=True):
    """A shipped variable font at fixed axes (Inter: optical size, weight; mono: weight)."""

    family: Family
    axes: tuple[float, ...]
    opentype: tuple[str, ...] = ()  # OpenType features


# The faces of cards, each with the optical size of its usual text size.
FACES: dict[str, Face] = {
    "display": Face("inter", (32, 800)),
    "heading": Face("inter", (32, 700)),
    "statement": Face("inter", (32, 600)),
    "quote": Face("inter", (30, 500)),
    "text": Face("inter", (22, 400)),
    "strong": Face("inter", (22, 600)),
    "figures": Face("inter", (20, 400), ("tnum",)),
    "kicker": Face("inter", (14, 600)),
    "mono": Face("mono", (400,), ("-calt",)),  # code is shown as typed: no ligatures
}


class Run(msgspec.Struct, frozen=True):
    """A part of a line in one font (-1: the face itself, else the index of a fallback) and one
    direction."""

    text: str
    font: int
    rtl: bool


class Faces:
    """The shipped faces, and the fallback fonts of one card."""

    def __init__(self, fallbacks: tuple[Fallback, ...] = ()) -> None:
        self._fallbacks = fallbacks
        self._which: dict[tuple[Family, str], int] = {
            (f.family, c): i for i, f in enumerate(fallbacks) for c in f.characters
        }
        self._em: dict[tuple[str, str], float] = {}
        self._ink: dict[tuple[str, str], tuple[float, float]] = {}

    def font(self, face: str, size: float, index: int = -1) -> ImageFont.FreeTypeFont:
        """The font of a run at ``size`` pixels per em."""
        if index < 0:
            return _shipped(face, size)
        fallback = self._fallbacks[index]
        heavy = FACES[face].axes[-1] >= BOLD
        return _system(fallback.bold if heavy else fallback.path, fallback.index, size)

    def runs(self, text: str, face: str, rtl: bool | None = None) -> tuple[Run, ...]:
        """Split ``text`` into runs, in visual order from left to right.

        ``rtl`` is the direction of the line's paragraph; None: the line's own direction.
        """
        base = is_rtl(text) if rtl is None else rtl
        if not text or (text.isascii() and not base):
            return (Run(text, -1, False),)
        family = FACES[face].family
        fonts: list[int] = []
        for char in text:
            inherits = bool(fonts) and (char == " " or is_mark(char))
            fonts.append(fonts[-1] if inherits else self._which.get((family, char), -1))
        right = _directions(text, base)
        pieces: list[Run] = []
        start = 0
        for i in range(1, len(text) + 1):
            if i == len(text) or (fonts[i], right[i]) != (fonts[start], right[start]):
                pieces.append(Run(text[start:i], fonts[start], right[start]))
                start = i
        return _visual(pieces, base)

    def length(self, run: Run, face: str, size: float) -> float:
        """The advance of a run in pixels."""
        direction, features_ = shaping(face, run)
        font = self.font(face, size, run.font)
        return font.getlength(run.text, direction=direction, features=features_)

    def em(self, text: str, face: str) -> float:
        """The width of ``text`` on one line, in ems of the face."""
        key = (text, face)
        width = self._em.get(key)
        if width is None:
            width = sum(self.length(run, face, _REFERENCE_PX) for run in self.runs(text, face))
            width = self._em[key] = width / _REFERENCE_PX
        return width

    def ink(self, text: str, face: str) -> tuple[float, float]:
        """The extent of the line's ink (above, below) the baseline, in ems; negative: it ends
        before the baseline."""
        key = (text, face)
        if key not in self._ink:
            above = below = -float(_REFERENCE_PX)
            for run in self.runs(text, face):
                font = self.font(face, _REFERENCE_PX, run.font)
                direction, features_ = shaping(face, run)
                box = font.getbbox(run.text, anchor="ls", direction=direction, features=features_)
                above, below = max(above, -box[1]), max(below, box[3])
            self._ink[key] = above / _REFERENCE_PX, below / _REFERENCE_PX
        return self._ink[key]


def shaping(face: str, run: Run) -> tuple[str | None, list[str] | None]:
    """(direction, features) for Pillow's text functions; Nones if Pillow has no shaper (Raqm)."""
    if not _RAQM:
        return None, None
    opentype = list(FACES[face].opentype) if run.font < 0 else []
    return "rtl" if run.rtl else "ltr", opentype or None


@functools.lru_cache(maxsize=256)
def _shipped(face: str, size: float) -> ImageFont.FreeTypeFont:
    spec = FACES[face]
    font = ImageFont.truetype(FILES[spec.family], size)
    font.set_variation_by_axes(list(spec.axes))
    return font


@functools.lru_cache(maxsize=64)
def _system(path: str, index: int, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, index=index)


def is_mark(char: str) -> bool:
    """Whether ``char`` attaches to the previous one: combining marks and joiners."""
    return unicodedata.category(char) in ("Mn", "Mc", "Me") or char in "\u200c\u200d"


def is_rtl(text: str) -> bool:
    """Whether the first strong character is right-to-left (UAX 9, P2 and P3)."""
    for char in text:
        kind = unicodedata.bidirectional(char)
        if kind in ("R", "AL"):
            return True
        if kind == "L":
            return False
    return False


def _directions(text: str, base: bool) -> list[bool]:
    """Whether each character is right-to-left: UAX 9 without embeddings.

    Numbers and separators inside them are left-to-right; other neutral characters follow their
    neighbours if those agree, else the paragraph.
    """
    kinds = [unicodedata.bidirectional(char) for char in text]
    if not base and not any(kind in ("R", "AL") for kind in kinds):
        return [False] * len(text)
    known: list[bool | None] = []
    for i, kind in enumerate(kinds):
        if kind in ("L", "EN", "AN"):
            known.append(False)
        elif kind in ("R", "AL"):
            known.append(True)
        elif kind == "NSM" and known:
            known.append(known[-1])
        elif _belongs_to_number(kinds, i):
            known.append(False)
        else:
            known.append(None)
    after: bool = base
    following: list[bool] = []
    for value in reversed(known):
        after = after if value is None else value
        following.append(after)
    following.reverse()
    before = base
    right: list[bool] = []
    for i, value in enumerate(known):
        if value is None:
            value = before if before == following[i] else base
        else:
            before = value
        right.append(value)
    return right


def _belongs_to_number(kinds: list[str], i: int) -> bool:
    """Whether a character is a separator between two numbers, or a sign such as "%" next to one
    (UAX 9, W4 and W5)."""
    before, after = kinds[i - 1] if i else "", kinds[i + 1] if i + 1 < len(kinds) else ""
    if kinds[i] in ("CS", "ES"):
        return before == "EN" and after == "EN"
    return kinds[i] == "ET" and "EN" in (before, after)


def _visual(pieces: list[Run], base: bool) -> tuple[Run, ...]:
    """Reorder the logical ``pieces`` from left to right (UAX 9, L2, for two levels)."""
    ordered: list[Run] = []
    group: list[Run] = []
    for piece in [*pieces, None]:
        if piece is not None and piece.rtl != base:
            group.append(piece)
            continue
        ordered += reversed(group)  # runs against the paragraph's direction reverse once more
        group = []
        if piece is not None:
            ordered.append(piece)
    return tuple(reversed(ordered)) if base else tuple(ordered)
