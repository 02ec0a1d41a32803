"""A Textual screen as a picture of a terminal window, cell by cell, with Pillow."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont
from rich.color import ColorSystem
from rich.terminal_theme import TerminalTheme

from aura_tui.providers.visuals.fonts.files import FILES

if TYPE_CHECKING:
    from rich.color import Color
    from rich.style import Style
    from textual.app import App


RGB = tuple[int, int, int]

_THEME = TerminalTheme((17, 20, 27), (224, 228, 236), [(0, 0, 0)] * 8)
_BAR, _MARGIN = 34, 12  # pixels: the window's title bar, and the space around the cells
_DOTS: tuple[RGB, ...] = ((255, 95, 87), (254, 188, 46), (40, 200, 64))
_SIGNS = "DejaVuSansMono.ttf"  # of the system: check marks and the like, which ours lacks
_GREY: RGB = (150, 156, 168)


def draw(app: App[None], title: str, size: int) -> Image.Image:
    """The screen on top in a window called ``title``; letters of ``size`` pixels."""
    regular, bold = _font(size, "Regular"), _font(size, "Bold")
    signs, ours = ImageFont.truetype(_SIGNS, size), _letters()
    wide, high = round(regular.getlength("M")), round(size * 1.28)
    # No public way leads from a screen to its cells.
    rows = app.screen._compositor.render_strips()
    columns = max(row.cell_length for row in rows)
    picture = Image.new(
        "RGB",
        (columns * wide + 2 * _MARGIN, len(rows) * high + _BAR + _MARGIN),
        _THEME.background_color,
    )
    pen = ImageDraw.Draw(picture)
    for n, colour in enumerate(_DOTS):
        x, y = _MARGIN + 8 + n * 20, _BAR // 2
        pen.ellipse((x - 6, y - 6, x + 6, y + 6), colour)
    pen.text((picture.width / 2, _BAR / 2), title, _GREY, bold, "mm")
    for row, strip in enumerate(rows):
        x, y = _MARGIN, _BAR + row * high
        for segment in strip:
            ink, ground = _colours(segment.style)
            end = x + segment.cell_length * wide
            if end == x:
                continue
            pen.rectangle((x, y, end - 1, y + high - 1), ground)
            font = bold if segment.style is not None and segment.style.bold else regular
            for letter in segment.text:  # each in its cell: all that the board draws is one wide
                face = font if ord(letter) in ours else signs
                pen.text((x + wide / 2, y + high * 0.78), letter, ink, face, "ms")
                x += wide
            if segment.style is not None and segment.style.underline:
                pen.line((end - segment.cell_length * wide, y + high - 2, end, y + high - 2), ink)
            x = end
    return picture


def _letters() -> frozenset[int]:
    """The characters that our font has."""
    with TTFont(FILES["mono"]) as font:
        return frozenset(font.getBestCmap())


def _font(size: int, weight: str) -> ImageFont.FreeTypeFont:
    font = ImageFont.truetype(FILES["mono"], size)
    font.set_variation_by_name(weight)
    return font


def _colours(style: Style | None) -> tuple[RGB, RGB]:
    """Letters and background."""
    ink: RGB = _THEME.foreground_color
    ground: RGB = _THEME.background_color
    if style is None:
        return ink, ground
    ink, ground = _rgb(style.color, ink), _rgb(style.bgcolor, ground)
    if style.reverse:
        ink, ground = ground, ink
    if style.dim:
        ink = tuple((a + b) // 2 for a, b in zip(ink, ground, strict=True))  # type: ignore[assignment]
    return ink, ground


def _rgb(colour: Color | None, otherwise: RGB) -> RGB:
    if colour is None or colour.is_default:
        return otherwise
    return tuple(colour.downgrade(ColorSystem.TRUECOLOR).get_truecolor(_THEME))  # type: ignore[return-value]
