"""Paints a layout in a theme's colours. Deterministic: the same layout gives the same bytes.

Shapes are drawn four times as large and averaged, for smooth edges; gradients and glows are drawn
small and scaled up. Only for the drawing process: it imports Pillow.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw

from aura_tui.providers.visuals.card_layouts.boxes import Code, Shape, Text
from aura_tui.providers.visuals.card_layouts.themes import THEMES
from aura_tui.providers.visuals.fonts.fallback import shaping

if TYPE_CHECKING:
    from aura_tui.providers.visuals.card_layouts.boxes import Item, Layout
    from aura_tui.providers.visuals.card_layouts.themes import Colour, Theme
    from aura_tui.providers.visuals.fonts.fallback import Faces

_OVERSAMPLING = 4
_FAINT = [round(v * 0.42) for v in range(256)]
_LAMPS: tuple[Colour, ...] = ((255, 95, 87), (254, 188, 46), (40, 200, 64))


def paint(layout: Layout, faces: Faces, theme: Theme, photo: Image.Image | None) -> Image.Image:
    """Paint the card as an RGB image. ``photo`` is the background of a picture card, else None."""
    if photo is not None:
        image = photo.copy()
        _shade(image, theme)
    else:
        image = backdrop(theme.name, layout.width, layout.height).copy()
    draw = ImageDraw.Draw(image)
    for item in layout.items:
        _item(image, draw, item, faces, theme)
    return image


def _item(
    image: Image.Image, draw: ImageDraw.ImageDraw, item: Item, faces: Faces, theme: Theme
) -> None:
    match item:
        case Shape():
            _shape(image, item, theme)
        case Code():
            _code(draw, item, faces, theme)
        case Text() if item.role == "gradient":
            # Ink may exceed the box by a little: leave room for it.
            room = int(item.size * 0.08) + 2
            x, y = int(item.box.x) - room, int(item.box.y) - room
            size = int(item.box.w) + 2 * room + 2, int(item.box.h) + 2 * room + 2
            mask = Image.new("L", size, 0)
            text(ImageDraw.Draw(mask), item, faces, 255, -x, -y)
            fill = gradient(theme.accent, theme.accent_end, *size, upright=False)
            image.paste(fill, (x, y), mask)
        case Text():
            text(draw, item, faces, _ink(item.role, theme), 0, 0)


def _ink(role: str, theme: Theme) -> Colour:
    return {
        "ink": theme.ink,
        "dim": theme.dim,
        "accent": theme.accent,
        "badge_ink": theme.badge_ink,
    }[role]


def text(
    draw: ImageDraw.ImageDraw,
    item: Text,
    faces: Faces,
    fill: Colour | int,
    dx: float,
    dy: float,
) -> None:
    """Draw the lines of ``item``, offset by (dx, dy) pixels."""
    for i, (line, width) in enumerate(zip(item.lines, item.widths, strict=True)):
        rest = item.box.w - width
        x = item.box.x + {"start": 0.0, "middle": rest / 2, "end": rest}[item.align]
        y = item.box.y + item.baseline + i * item.leading
        for run in faces.runs(line, item.face, item.rtl):
            font = faces.font(item.face, item.size, run.font)
            direction, features = shaping(item.face, run)
            if not item.tracking:
                draw.text(
                    (x + dx, y + dy),
                    run.text,
                    fill,
                    font,
                    "ls",
                    direction=direction,
                    features=features,
                )
                x += faces.length(run, item.face, item.size)
                continue
            for j, char in enumerate(run.text):  # letter by letter, with kerning
                before = font.getlength(run.text[:j], direction=direction, features=features)
                place = x + before + j * item.tracking
                draw.text((place + dx, y + dy), char, fill, font, "ls")
            x += faces.length(run, item.face, item.size) + len(run.text) * item.tracking


def _code(draw: ImageDraw.ImageDraw, item: Code, faces: Faces, theme: Theme) -> None:
    for i, line in enumerate(item.lines):
        y = item.box.y + item.baseline + i * item.leading
        for column, words, role in line:
            colour = getattr(theme.syntax, role)
            x = item.box.x + column * item.advance
            for run in faces.runs(words, "mono", rtl=False):
                font = faces.font("mono", item.size, run.font)
                direction, features = shaping("mono", run)
                draw.text(
                    (x, y), run.text, colour, font, "ls", direction=direction, features=features
                )
                x += faces.length(run, "mono", item.size)


def _shape(image: Image.Image, item: Shape, theme: Theme) -> None:
    x0, y0 = round(item.box.x), round(item.box.y)
    w = max(1, round(item.box.right) - x0)
    h = max(1, round(item.box.bottom) - y0)
    radius: float = min(round(item.radius), w // 2, h // 2) if item.radius >= 1 else 0
    if item.radius * 2 >= min(w, h) - 1:
        radius = min(w, h) / 2
    if item.outline:
        image.paste(theme.panel_rule, (x0, y0), rounded(w, h, radius))
        line = max(1, round(min(image.size) / 500))
        x0, y0, w, h, radius = x0 + line, y0 + line, w - 2 * line, h - 2 * line, radius - line
    match item.fill:
        case "gradient":
            fill: Image.Image | Colour = gradient(
                theme.accent, theme.accent_end, w, h, upright=False
            )
        case "bar":
            fill = gradient(theme.accent, theme.accent_end, w, h, upright=item.upright)
        case "panel_bar":
            # The title bar of a window: square lower corners, inside the outline.
            line = max(1, round(min(image.size) / 500))
            bar = rounded(w - 2 * line, h * 2, radius - line).crop((0, 0, w - 2 * line, h - line))
            image.paste(theme.panel_bar, (x0 + line, y0 + line), bar)
            return
        case "lamp":
            fill = _LAMPS[item.lamp]
        case "dot":  # translucent, to be visible on any background, including a picture
            image.paste(theme.dim, (x0, y0), rounded(w, h, radius).point(_FAINT))
            return
        case role:
            fill = getattr(theme, role)
    image.paste(fill, (x0, y0, x0 + w, y0 + h), rounded(w, h, radius))


@functools.lru_cache(maxsize=64)
def rounded(w: int, h: int, radius: float) -> Image.Image:
    """A mask of a rounded rectangle with smooth edges. Oversamples only the corners."""
    mask = Image.new("L", (w, h), 255)
    r = int(radius + 0.999)
    if r <= 0 or w <= 0 or h <= 0:
        return mask
    k = _OVERSAMPLING
    corner = Image.new("L", (r * k, r * k), 0)
    d = radius * 2 * k
    ImageDraw.Draw(corner).ellipse((0, 0, d - 1, d - 1), fill=255)
    corner = corner.resize((r, r), Image.Resampling.BOX)
    flip, turn = Image.Transpose.FLIP_LEFT_RIGHT, Image.Transpose.FLIP_TOP_BOTTOM
    mask.paste(corner, (0, 0))
    mask.paste(corner.transpose(flip), (w - r, 0))
    mask.paste(corner.transpose(turn), (0, h - r))
    mask.paste(corner.transpose(flip).transpose(turn), (w - r, h - r))
    return mask


@functools.lru_cache(maxsize=1)
def _ramp() -> Image.Image:
    return Image.linear_gradient("L")  # 256 x 256, black above


def gradient(start: Colour, end: Colour, w: int, h: int, *, upright: bool) -> Image.Image:
    """A gradient from ``start`` to ``end``, downwards if ``upright``, else from left to right."""
    ramp = _ramp() if upright else _ramp().transpose(Image.Transpose.ROTATE_90)
    return _between(start, end, ramp.resize((w, h), Image.Resampling.BILINEAR))


def _between(start: Colour, end: Colour, mask: Image.Image) -> Image.Image:
    return Image.composite(
        Image.new("RGB", mask.size, end), Image.new("RGB", mask.size, start), mask
    )


@functools.lru_cache(maxsize=2)
def backdrop(theme_name: str, width: int, height: int) -> Image.Image:
    """The theme's background: a diagonal gradient under two soft glows."""
    theme = THEMES[theme_name]
    ramp = _ramp().rotate(35, resample=Image.Resampling.BICUBIC).crop((38, 38, 218, 218))
    image = _between(theme.deep, theme.far, ramp.resize((width, height), Image.Resampling.BICUBIC))
    short = min(width, height)
    for x, y, radius, colour, strength in (
        (width - short * 0.05, short * 0.02, short * 0.60, theme.glow_high, theme.high),
        (short * 0.12, height - short * 0.02, short * 0.50, theme.glow_low, theme.low),
    ):
        _glow(image, round(x), round(y), round(radius), colour, strength)
    return image


def _glow(image: Image.Image, x: int, y: int, radius: int, colour: Colour, strength: float) -> None:
    def falloff(distance: int) -> int:
        # Pillow's radial gradient is 255 in the corners and 181 in the middle of each edge.
        t = max(0.0, 1 - distance / 181)
        return round(255 * strength * t * t * (3 - 2 * t))

    disc = Image.radial_gradient("L").point([falloff(i) for i in range(256)])
    disc = disc.resize((2 * radius, 2 * radius), Image.Resampling.BICUBIC)
    image.paste(colour, (x - radius, y - radius, x + radius, y + radius), disc)


def _shade(image: Image.Image, theme: Theme) -> None:
    """Darken (or lighten) the bottom of a picture, so that the progress dots are visible."""
    width, height = image.size
    band = round(height * 0.2)
    ramp = _ramp().resize((width, band), Image.Resampling.BILINEAR).point(lambda v: v * 0.72)
    image.paste(theme.deep, (0, height - band, width, height), ramp)
