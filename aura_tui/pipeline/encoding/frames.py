"""Draws frames: converts a picture to YUV planes once, then samples each frame's window from them.

Planes enlarged three times and sampled NEAREST through a fractional box move as smoothly as a
bilinear warp at a tenth of its cost (measured: 0.02 px of jitter from frame to frame, half a
millisecond for 1280x720). Colour is BT.709, limited range; chroma is sited left, as in H.264.

Worker processes import this module: it needs only Pillow.
"""

from __future__ import annotations

import math
from collections import OrderedDict
from typing import TYPE_CHECKING

from PIL import Image, ImageChops

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.pipeline.encoding.segments import Layer, Window

Planes = tuple[Image.Image, Image.Image, Image.Image]

_LUMA_STEPS = 3  # samples per pixel in each direction
_CHROMA_STEPS = 2  # the eye is less sensitive to the position of colour
_COLOUR_STEP = 1 / 8  # of a chroma sample: half of the error of NEAREST
_MAX_SAMPLES = 48_000_000  # of the enlarged luma plane: bounds memory at any frame size
_PICTURES_KEPT = 2  # a crossfade shows two
_NEAR = 1.1  # a picture up to this factor larger than needed isn't resized

# ITU-R BT.709: Y' = Kr R + Kg G + Kb B; 8 bits, Y' in 16-235, Cb and Cr in 16-240.
_KR, _KG, _KB = 0.2126, 0.7152, 0.0722
_Y, _C = 219 / 255, 224 / 255
_RGB_TO_YUV = (
    *(_KR * _Y, _KG * _Y, _KB * _Y, 16),
    *(-_KR / (2 - 2 * _KB) * _C, -_KG / (2 - 2 * _KB) * _C, 0.5 * _C, 128),
    *(0.5 * _C, -_KG / (2 - 2 * _KR) * _C, -_KB / (2 - 2 * _KR) * _C, 128),
)


class PictureError(Exception):
    """A picture can't be read; ``picture`` is its path."""

    def __init__(self, picture: str, why: str) -> None:
        super().__init__(why)
        self.picture = picture


class Painter:
    """Draws layers at one frame size. Keeps the planes of the last two pictures."""

    def __init__(self, width: int, height: int) -> None:
        self.size = (width, height)
        self._kept: OrderedDict[tuple[object, ...], Planes] = OrderedDict()
        self._colours: dict[tuple[object, ...], tuple[Image.Image, Image.Image]] = {}

    def frame(self, layer: Layer, number: int) -> Planes:
        """Frame ``number`` of the layer, as planes of the frame's size."""
        window = layer.window(number)
        if layer.start == layer.end:
            return self._still(layer.picture, window)
        planes = self._enlarged(layer)
        return (_sample(planes[0], window, self.size), *self._colour(layer, number, planes))

    def _colour(self, layer: Layer, number: int, planes: Planes) -> tuple[Image.Image, Image.Image]:
        """Cb and Cr of a moving layer; in slow motion, every second frame reuses the previous
        ones."""
        at = layer.offset + number
        if self._colour_step(layer) < _COLOUR_STEP:
            at -= at % 2
        key = (layer.picture, layer.start, layer.end, layer.span, at)
        colour = self._colours.get(key)
        if colour is None:
            window = layer.window(at - layer.offset)
            half = _half(self.size)
            colour = _sample(planes[1], window, half), _sample(planes[2], window, half)
            while len(self._colours) >= _PICTURES_KEPT:
                del self._colours[next(iter(self._colours))]
            self._colours[key] = colour
        return colour

    def _colour_step(self, layer: Layer) -> float:
        """The maximum movement of the window's edges from frame to frame, in chroma samples."""
        a, b = layer.start, layer.end
        moved = max(abs(from_ - to) for from_, to in zip(a, b, strict=True))
        closest = min(a[2] - a[0], a[3] - a[1], b[2] - b[0], b[3] - b[1])
        return moved / closest * max(_half(self.size)) / max(1, layer.span - 1)

    def prepare(self, layer: Layer) -> None:
        """Make the planes of ``layer`` ahead of time, so that its first frame comes faster."""
        self.frame(layer, 0)

    def _still(self, picture: str, window: Window) -> Planes:
        def make() -> Planes:
            image = _open(picture)
            fitted = image.resize(self.size, Image.Resampling.LANCZOS, box=_box(image, window))
            return to_yuv(fitted)

        return self._keep((picture, window), make)

    def _enlarged(self, layer: Layer) -> Planes:
        # The base size matches the closest zoom pixel for pixel, so that no frame loses sharpness.
        a, b = layer.start, layer.end
        base = (
            _even(self.size[0] / min(a[2] - a[0], b[2] - b[0])),
            _even(self.size[1] / min(a[3] - a[1], b[3] - b[1])),
        )

        def make() -> Planes:
            image = _open(layer.picture)
            if any(s % 2 or not b <= s <= b * _NEAR for s, b in zip(image.size, base, strict=True)):
                image = image.resize(base, Image.Resampling.LANCZOS)
            y, u, v = to_yuv(image)
            steps = min(_LUMA_STEPS, max(1, math.isqrt(_MAX_SAMPLES // (base[0] * base[1]))))
            chroma = min(_CHROMA_STEPS, steps)
            return (
                _enlarge(y, base, steps),
                _enlarge(u, _half(base), chroma),
                _enlarge(v, _half(base), chroma),
            )

        return self._keep((layer.picture, base), make)

    def _keep(self, key: tuple[object, ...], make: Callable[[], Planes]) -> Planes:
        planes = self._kept.pop(key, None)
        if planes is None:
            while len(self._kept) >= _PICTURES_KEPT:
                self._kept.popitem(last=False)
            planes = make()
        self._kept[key] = planes
        return planes


def to_yuv(image: Image.Image) -> Planes:
    """Convert an RGB image with even sides to Y, U, V planes, 4:2:0."""
    y, u, v = image.convert("RGB", _RGB_TO_YUV).split()
    return y, _subsample(u), _subsample(v)


def _subsample(plane: Image.Image) -> Image.Image:
    """Halve the size of a chroma plane. Left siting: a sample lies on an even column and between
    two rows, so it weights the previous, own and next column by 1/4, 1/2, 1/4."""
    before = ImageChops.offset(plane, 1, 0)
    before.paste(plane.crop((0, 0, 1, plane.height)), (0, 0))
    box = Image.Resampling.BOX
    half = _half(plane.size)
    return Image.blend(before.resize(half, box), plane.resize(half, box), 0.5)


def _enlarge(plane: Image.Image, base: tuple[int, int], steps: int) -> Image.Image:
    size = (base[0] * steps, base[1] * steps)
    return plane if plane.size == size else plane.resize(size, Image.Resampling.BICUBIC)


def blend(one: Planes, other: Planes, share: float) -> Planes:
    """Blend ``one`` with ``other``, whose ``share`` is 0-1."""
    return (
        Image.blend(one[0], other[0], share),
        Image.blend(one[1], other[1], share),
        Image.blend(one[2], other[2], share),
    )


def rgb_frame(picture: str, window: Window, size: tuple[int, int]) -> Image.Image:
    """A window of a picture as an RGB image of ``size``, for the poster."""
    image = _open(picture)
    return image.resize(size, Image.Resampling.LANCZOS, box=_box(image, window))


def _open(picture: str) -> Image.Image:
    try:
        with Image.open(picture) as image:
            return image.convert("RGB")
    except (OSError, ValueError, SyntaxError) as e:  # Pillow raises these for a broken file
        raise PictureError(picture, str(e)) from e


def _sample(plane: Image.Image, window: Window, size: tuple[int, int]) -> Image.Image:
    return plane.resize(size, Image.Resampling.NEAREST, box=_box(plane, window))


def _box(image: Image.Image, window: Window) -> Window:
    """``window`` in pixels, clamped to the image despite rounding."""
    w, h = image.size
    return (
        max(0.0, window[0] * w),
        max(0.0, window[1] * h),
        min(float(w), window[2] * w),
        min(float(h), window[3] * h),
    )


def _even(length: float) -> int:
    return math.ceil(length / 2) * 2


def _half(size: tuple[int, int]) -> tuple[int, int]:
    return size[0] // 2, size[1] // 2
