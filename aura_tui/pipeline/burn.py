"""Captions drawn into frames: white text on a dark rounded box, low in the middle."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, ImageDraw, ImageFont

from aura_tui import providers
from aura_tui.pipeline.frames import Planes, to_yuv

if TYPE_CHECKING:
    Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_FONTS = Path(providers.__file__).parent / "visuals" / "fonts"
_WISHES = ("*Inter*SemiBold*.ttf", "*Inter*Bold*.ttf", "*Inter*.ttf", "*.ttf", "*.otf")
_TEXT_SHARE = 0.047  # text size of the frame's short side
_BOX = (12, 14, 20)
_BOX_OPACITY = 205  # of 255
_SUPERSAMPLE = 4  # Pillow draws shapes without smoothing: draw large, then shrink


class Overlay:
    """One caption, drawn once, laid over any number of frames."""

    def __init__(self, lines: tuple[str, ...], width: int, height: int) -> None:
        font = _font(max(10, round(min(width, height) * _TEXT_SHARE)), width, lines)
        colour, mask = _draw(lines, font, width)
        box_w, box_h = colour.size
        # Even, so that chroma's half-size planes fall on the same pixels.
        x = (width - box_w) // 4 * 2
        y = max(0, round(height * 0.93) - box_h) // 2 * 2
        self._at = (x, y)
        self._planes = to_yuv(colour)
        self._mask = mask
        self._small_mask = mask.resize((box_w // 2, box_h // 2), Image.Resampling.BOX)

    def over(self, frame: Planes) -> Planes:
        """``frame`` with the caption; the frame itself stays as it is."""
        y, u, v = (plane.copy() for plane in frame)
        at = self._at
        half = (at[0] // 2, at[1] // 2)
        y.paste(self._planes[0], at, self._mask)
        u.paste(self._planes[1], half, self._small_mask)
        v.paste(self._planes[2], half, self._small_mask)
        return y, u, v


def font_file() -> Path | None:
    """The font that captions are drawn with; None: only Pillow's built-in one is there."""
    for wish in _WISHES:
        for found in sorted(_FONTS.rglob(wish)):
            if "italic" not in found.name.lower():
                return found
    return None


def _font(size: int, width: int, lines: tuple[str, ...]) -> Font:
    """At ``size`` pixels, or as much smaller as the longest line needs to fit."""
    font = _load(size)
    widest = max((font.getlength(line) for line in lines), default=0.0)
    room = width * 0.9 - size * 1.6
    return font if widest <= room else _load(max(4, int(size * room / widest)))


@lru_cache(maxsize=8)
def _load(size: int) -> Font:
    path = font_file()
    return ImageFont.load_default(size) if path is None else ImageFont.truetype(path, size)


def _draw(lines: tuple[str, ...], font: Font, width: int) -> tuple[Image.Image, Image.Image]:
    """The box with its text in RGB, and how opaque each pixel is."""
    size = getattr(font, "size", 10)
    pad_x, pad_y, leading = round(size * 0.7), round(size * 0.38), round(size * 1.28)
    text_w = max(font.getlength(line) for line in lines)
    box_w = min(width // 2 * 2, (int(text_w) + 2 * pad_x + 3) // 2 * 2)
    box_h = (leading * len(lines) + 2 * pad_y + 1) // 2 * 2
    large = Image.new("L", (box_w * _SUPERSAMPLE, box_h * _SUPERSAMPLE), 0)
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1),
        radius=round(size * 0.42) * _SUPERSAMPLE,
        fill=_BOX_OPACITY,
    )
    mask = large.resize((box_w, box_h), Image.Resampling.BOX)
    text = Image.new("L", (box_w, box_h), 0)
    draw = ImageDraw.Draw(text)
    for i, line in enumerate(lines):
        x = (box_w - font.getlength(line)) / 2
        y = pad_y + leading * i + leading / 2
        anchor = "lm" if isinstance(font, ImageFont.FreeTypeFont) else None
        draw.text((x, y if anchor else y - size / 2), line, fill=255, font=font, anchor=anchor)
    colour = Image.new("RGB", (box_w, box_h), _BOX)
    colour.paste((255, 255, 255), (0, 0), text)
    mask.paste(255, (0, 0), text)
    return colour, mask
