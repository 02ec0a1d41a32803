"""Contrast of text on its ground, and themes that have enough of it.

Contrast is WCAG 2's (w3.org/TR/WCAG22, "contrast ratio"), of which 4.5 is the minimum for text.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING

from textual.color import Color

if TYPE_CHECKING:
    from textual.theme import Theme

LEGIBLE = 4.5

_SPARE = 0.2  # blending and rounding take a little
# What text is coloured with beside the theme's own colours.
_VARIABLES = (
    "foreground-muted",
    "foreground-disabled",
    "footer-key-foreground",
    "footer-description-foreground",
)
_GROUNDS = ("background", "surface", "panel")
CURSOR_TINT = 0.18  # of the primary colour in the row of the cursor; styles/jobs.tcss


def luminance(colour: tuple[int, ...]) -> float:
    """WCAG's relative luminance, 0-1."""
    red, green, blue = map(_linear, colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@lru_cache(256)
def _linear(value: int) -> float:
    share = value / 255
    return share / 12.92 if share <= 0.04045 else float(((share + 0.055) / 1.055) ** 2.4)


def contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    """WCAG's contrast ratio, 1-21."""
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def legible(theme: Theme) -> Theme:
    """``theme`` with enough contrast for all text of the board, on each ground that it has.

    A colour that lacks it goes towards white, or black in a light theme, no further than needed. A
    theme of the terminal's own colours stays as it is.
    """
    if theme.ansi:
        return theme
    variables = theme.to_color_system().generate()
    dark = theme.dark
    background = Color.parse(variables["background"])
    plain = [background + Color.parse(variables[name]) for name in _GROUNDS]
    grounds = [
        *plain,
        *(ground + Color.parse(variables["block-hover-background"]) for ground in plain),
    ]

    primary = _readable(Color.parse(variables["primary"]), grounds, dark)
    foreground = _readable(Color.parse(variables["foreground"]), grounds, dark)
    grounds.append(background.blend(primary, CURSOR_TINT, 1.0))
    grounds.append(background.blend(foreground, 0.06, 1.0))

    def readable(name: str) -> str:
        colour = background + Color.parse(variables[name])
        found = _readable(colour, grounds, dark)
        own = getattr(theme, name, None)
        return own if own is not None and found == colour else found.hex

    return replace(
        theme,
        primary=readable("primary"),
        secondary=readable("secondary"),
        accent=readable("accent"),
        success=readable("success"),
        warning=readable("warning"),
        error=readable("error"),
        foreground=readable("foreground"),
        variables={
            "track": (background + Color.parse(variables["foreground-disabled"])).hex,
            **theme.variables,
            **{name: readable(name) for name in _VARIABLES},
        },
    )


def _readable(colour: Color, grounds: list[Color], dark: bool) -> Color:
    far = Color(255, 255, 255) if dark else Color(0, 0, 0)
    for step in range(51):
        found = colour.blend(far, step / 50, 1.0)
        if all(contrast(found.rgb, ground.rgb) >= LEGIBLE + _SPARE for ground in grounds):
            return found
    return far
