"""Colours of a terminal that has fewer than 16 million: the nearest ones that stay legible.

A pair of ink and ground that contrasts enough for text does so in its approximation, too.

Of the sixteen colours, which every terminal paints otherwise, only those are used that contrast
enough in the palettes of both xterm and the Linux console. With eight, bold is what makes one
bright (console_codes(4); xterm's ``boldColors``).
"""

from __future__ import annotations

import colorsys
from functools import lru_cache
from typing import NamedTuple

from aura_tui.ui.terminal.capabilities import Colours
from aura_tui.ui.theme.contrast import LEGIBLE, contrast, luminance

_Rgb = tuple[int, int, int]

# A surface of a slight hue is a grey one: the cube's nearest is navy or teal.
_GREYISH = 32
_LEVELS = (0, 95, 135, 175, 215, 255)
_CUBE = {
    16 + 36 * r + 6 * g + b: (_LEVELS[r], _LEVELS[g], _LEVELS[b])
    for r in range(6)
    for g in range(6)
    for b in range(6)
}
_GREYS = {232 + step: (8 + 10 * step,) * 3 for step in range(24)} | {16: (0, 0, 0), 231: (255,) * 3}
XTERM_256: dict[int, tuple[int, ...]] = {**_CUBE, **_GREYS}

_BLACK, _RED, _GREEN, _YELLOW, _BLUE, _MAGENTA, _CYAN, _WHITE = range(8)
# By the hue's upper end in degrees. Blue on black isn't legible, cyan is.
_ON_BLACK = (
    *((20, _RED), (75, _YELLOW), (165, _GREEN), (255, _CYAN)),
    *((330, _MAGENTA), (361, _RED)),
)
# Red, blue and magenta alone are legible on white.
_ON_WHITE = (
    *((20, _RED), (200, _BLACK), (255, _BLUE)),
    *((330, _MAGENTA), (361, _RED)),
)


class Pair(NamedTuple):
    """Ink and ground as parameters of SGR. ``bold``: whether the ink must be bold, or must not;
    None: as it is."""

    ink: str
    ground: str
    bold: bool | None = None


def approximate(ink: _Rgb, ground: _Rgb, colours: Colours) -> Pair:
    """The pair in ``colours``, which is not TRUE."""
    if colours is Colours.MANY:
        at = _nearest(ground)
        number = _nearest(ink)
        if contrast(ink, ground) >= LEGIBLE > contrast(XTERM_256[number], XTERM_256[at]):
            number = _nearest(ink, on=XTERM_256[at])
        return Pair(f"38;5;{number}", f"48;5;{at}")
    return _few(ink, ground, colours)


@lru_cache(1024)
def _nearest(colour: _Rgb, on: tuple[int, ...] | None = None) -> int:
    """The nearest of the 240 that are the same everywhere; legible ``on`` a ground, if given."""
    among = _GREYS if max(colour) - min(colour) <= _GREYISH else XTERM_256
    able = [n for n, rgb in among.items() if on is None or contrast(rgb, on) >= LEGIBLE]
    return min(able, key=lambda n: _distance(among[n], colour))


def _distance(one: tuple[int, ...], other: tuple[int, ...]) -> int:
    return sum((a - b) ** 2 for a, b in zip(one, other, strict=True))


def _few(ink: _Rgb, ground: _Rgb, colours: Colours) -> Pair:
    many = colours is Colours.SIXTEEN
    light = luminance(ground) > 0.18  # where black and white contrast alike
    hue, saturation, _ = colorsys.rgb_to_hsv(*(part / 255 for part in ink))
    grey = saturation < 0.25 or max(ink) - min(ink) <= _GREYISH
    if light:
        number = _BLACK if grey else _by_hue(hue, _ON_WHITE)
        if not many and number is not _BLUE:
            number = _BLACK  # white is a light grey there
        return Pair(f"3{number}", "107" if many else "47", bold=False)
    if not grey:
        number = _by_hue(hue, _ON_BLACK)
        # The plain ones of these are too dark.
        bold = not many and number in (_RED, _YELLOW, _MAGENTA)
        return Pair(f"{9 if many else 3}{number}", "40", bold or None)
    if many:
        bright = luminance(ink)
        return Pair("97" if bright > 0.5 else "37" if bright > 0.1 else "90", "40")
    return Pair("37", "40")


def _by_hue(hue: float, ends: tuple[tuple[int, int], ...]) -> int:
    return next(number for end, number in ends if hue * 360 < end)
