"""Pictures for the preview: whether it opens automatically, reading a picture, its size in cells.

Pillow is imported when the first picture is read. Reading takes long: call it in a thread.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.ui.terminal.capabilities import Blocks, Pictures, detect
from aura_tui.ui.theme.glyphs import is_ascii

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from PIL.Image import Image

    from aura_tui.settings import BoardSettings

MAX_FILE_BYTES = 30_000_000
MAX_PIXELS = 50_000_000
# Larger than any preview on a screen: pictures are scaled down to this.
_KEPT_PIXELS = (1600, 1600)
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP")


class Unshowable(Exception):
    """Why a picture isn't shown; its text is for people."""


class Cell(NamedTuple):
    """A terminal cell in pixels."""

    width: int
    height: int


# The default if unknown: twice as high as wide, as in nearly every font.
USUAL_CELL = Cell(10, 20)


def preview_wanted(settings: BoardSettings, environ: Mapping[str, str]) -> bool:
    """Whether the preview is open by default. ``auto``: if the terminal draws real pictures, and
    not over SSH, where each one costs traffic."""
    if settings.preview != "auto":
        return settings.preview == "on"
    abilities = detect(environ)
    if settings.ascii or is_ascii(environ, None) or environ.get("NO_COLOR"):
        return False
    return abilities.pictures is not Pictures.NONE and not abilities.remote


def preview_blocks(settings: BoardSettings) -> Blocks | None:
    """The characters to draw pictures with; None: what the terminal is known to draw."""
    return None if settings.preview_blocks == "auto" else Blocks(settings.preview_blocks)


def read(path: Path) -> Image:
    """Read the picture: RGB, upright, at most 1600 pixels a side. Raises :class:`Unshowable`."""
    from PIL import Image, ImageOps

    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise Unshowable("The file is too large to preview")
        with Image.open(path, formats=_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise Unshowable("The picture is too large to preview")
            opened.draft("RGB", _KEPT_PIXELS)  # a JPEG is decoded at a fraction of its size
            opened.thumbnail(_KEPT_PIXELS, reducing_gap=2.0)
            upright = ImageOps.exif_transpose(opened)
            if not upright.has_transparency_data:
                return upright.convert("RGB")
            ground = Image.new("RGBA", upright.size, "black")
            return Image.alpha_composite(ground, upright.convert("RGBA")).convert("RGB")
    except Unshowable:
        raise
    except FileNotFoundError:
        raise Unshowable("The picture no longer exists") from None
    except PermissionError:
        raise Unshowable("Can't read the picture") from None
    except Exception:  # decoders raise all kinds of errors on a damaged file
        raise Unshowable("The picture is damaged or not a supported image") from None


def fit(image: tuple[int, int], space: tuple[int, int], cell: Cell) -> tuple[int, int]:
    """The largest columns and rows within ``space`` that keep the shape of ``image`` (pixels)."""
    (width, height), (columns, rows) = image, space
    scale = min(columns * cell.width / width, rows * cell.height / height)
    return (
        min(columns, max(1, math.floor(width * scale / cell.width + 0.5))),
        min(rows, max(1, math.floor(height * scale / cell.height + 0.5))),
    )
