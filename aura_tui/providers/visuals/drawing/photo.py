"""Reads untrusted pictures and fits them to a card. Only for the drawing process (Pillow)."""

from __future__ import annotations

import os
import warnings

from PIL import Image, ImageFilter, ImageOps, UnidentifiedImageError

from aura_tui.errors import Code, StageError
from aura_tui.providers.visuals.drawing.paint import rounded
from aura_tui.system.files import open_regular

FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF")
MAX_FILE_BYTES = 200 << 20
MAX_PIXELS = 100_000_000
MAX_CROP = 1.38  # if the aspect ratios differ by more, the picture isn't cropped
INNER = 0.88  # share of each side that motion always shows


def read(path: str, name: str, width: int, height: int) -> Image.Image:
    """Read the picture as RGB, ``width`` x ``height``. Raises StageError (PICTURE_INVALID)."""
    try:
        size = os.path.getsize(path)
        if size > MAX_FILE_BYTES:
            raise _invalid(name, f"is larger than {MAX_FILE_BYTES >> 20} MB")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about odd metadata; real problems raise below
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.MAX_IMAGE_PIXELS = MAX_PIXELS
            with open_regular(path) as file, Image.open(file, formats=FORMATS) as opened:
                if opened.width * opened.height > MAX_PIXELS:
                    raise _invalid(name, f"has more than {MAX_PIXELS // 1_000_000} million pixels")
                # Decode a JPEG at about the needed size, with a margin for good scaling.
                opened.draft("RGB", (width * 2, height * 2))
                upright = ImageOps.exif_transpose(opened)
                return fitted(_to_rgb(upright), width, height)
    except StageError:
        raise
    except FileNotFoundError:
        raise _invalid(name, "is not there") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise _invalid(name, f"has more than {MAX_PIXELS // 1_000_000} million pixels") from None
    except UnidentifiedImageError:
        raise _invalid(
            name, f"is damaged or not a supported image ({', '.join(FORMATS)})"
        ) from None
    except PermissionError:
        raise _invalid(name, "can't be read: permission denied") from None
    except MemoryError:
        raise
    except Exception as e:
        # Decoders raise OSError, SyntaxError, ValueError, struct.error and more for broken files.
        raise _invalid(name, "is damaged or incomplete") from e


def _invalid(name: str, why: str) -> StageError:
    return StageError(
        Code.PICTURE_INVALID,
        f"The picture {name} {why}",
        "Replace or remove it, then retry.",
    )


def _to_rgb(image: Image.Image) -> Image.Image:
    """Convert to RGB; transparent parts become light grey, 16- and 32-bit values are scaled."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        background = Image.new("RGBA", rgba.size, (245, 245, 247, 255))
        return Image.alpha_composite(background, rgba).convert("RGB")
    if image.mode.startswith("I") or image.mode == "F":  # 16 and 32 bits: scale, don't clip
        grey = image.convert("I").convert("F") if image.mode != "F" else image
        low, high = (float(v) for v in grey.getextrema() if isinstance(v, float))
        scale = 255 / ((high - low) or 1)
        return grey.point(lambda v: v * scale + (-low * scale)).convert("RGB")
    return image.convert("RGB")


def fitted(image: Image.Image, width: int, height: int) -> Image.Image:
    """Crop to fill the card if the aspect ratios are close; else show the whole picture on a
    blurred copy of itself."""
    ratio, target = image.width / image.height, width / height
    if max(ratio / target, target / ratio) <= MAX_CROP:
        return ImageOps.fit(image, (width, height), Image.Resampling.LANCZOS, centering=(0.5, 0.42))
    small = ImageOps.fit(image, (max(8, width // 16), max(8, height // 16)))
    background = small.filter(ImageFilter.GaussianBlur(3)).resize(
        (width, height), Image.Resampling.BICUBIC
    )
    background = Image.blend(background, Image.new("RGB", background.size, (16, 17, 22)), 0.45)
    inner = ImageOps.contain(
        image, (round(width * INNER), round(height * INNER)), Image.Resampling.LANCZOS
    )
    x, y = (width - inner.width) // 2, (height - inner.height) // 2
    radius = round(min(width, height) * 0.018)
    shadow = Image.new("L", (width // 8, height // 8), 0)
    box = (x // 8, y // 8 + 1, (x + inner.width) // 8, (y + inner.height) // 8 + 2)
    shadow.paste(120, box)
    shadow = shadow.filter(ImageFilter.GaussianBlur(3)).resize((width, height))
    background.paste((0, 0, 0), (0, 0, width, height), shadow)
    background.paste(inner, (x, y), rounded(*inner.size, radius))
    return background
