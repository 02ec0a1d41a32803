"""Draws captions into frames: white text on a dark rounded box at the bottom centre.

Uses the font of the cards with the same fallback fonts. Characters that no font has are left out,
with a warning.
"""

from __future__ import annotations

from functools import lru_cache

import msgspec
from PIL import Image, ImageDraw

from aura_tui.model.script import StatementCard
from aura_tui.model.timeline import Cue
from aura_tui.pipeline.encoding.frames import Planes, to_yuv
from aura_tui.providers.visuals.fonts.fallback import Faces, shaping
from aura_tui.providers.visuals.fonts.files import FILES, Fallback

_FACE = "strong"
_LOOK_VERSION = 2  # part of the cache keys: increment it when the drawing of a cue changes
_TEXT_SHARE = 0.043  # text size as a share of the frame's shorter side
_BOTTOM_SHARE = 0.95  # bottom of the box; cards keep their content above two lines of it
_BOX = (12, 14, 20)
_BOX_OPACITY = 205  # of 255
_SUPERSAMPLE = 4  # Pillow doesn't antialias shapes: draw large, then shrink


class CaptionFonts(msgspec.Struct, frozen=True):
    """The drawable cues and their fallback fonts. ``identity`` changes with any font's bytes."""

    cues: tuple[Cue, ...]
    fallbacks: tuple[Fallback, ...]
    identity: str
    warnings: tuple[str, ...]


def caption_fonts(cues: tuple[Cue, ...]) -> CaptionFonts:
    """Find fonts for the text of ``cues``. Blocking: it may search many fonts."""
    from aura_tui.providers.visuals.card_layouts.coverage import resolve
    from aura_tui.providers.visuals.fingerprint import fingerprint

    used = {char for cue in cues for line in cue.lines for char in line}
    resolved = resolve(StatementCard(text="".join(sorted(used))))
    assert isinstance(resolved.card, StatementCard)
    missing = used - set(resolved.card.text) - {" "}
    if missing:
        cues = tuple(
            msgspec.structs.replace(cue, lines=lines)
            for cue in cues
            if (lines := tuple(kept for line in cue.lines if (kept := _without(line, missing))))
        )
    files = [str(FILES["inter"]), *(f.bold for f in resolved.fallbacks)]
    return CaptionFonts(
        cues,
        resolved.fallbacks,
        " ".join([f"look {_LOOK_VERSION}", *map(fingerprint, files)]),
        tuple(w.replace("pictures", "burned captions") for w in resolved.warnings),
    )


def _without(line: str, missing: set[str]) -> str:
    return " ".join("".join(char for char in line if char not in missing).split())


class Overlay:
    """One caption, drawn once to overlay any number of frames."""

    def __init__(
        self,
        lines: tuple[str, ...],
        width: int,
        height: int,
        fallbacks: tuple[Fallback, ...] = (),
    ) -> None:
        colour, mask = _draw(lines, _faces(fallbacks), width, height)
        box_w, box_h = colour.size
        # Even coordinates, so that the half-size chroma planes align.
        x = (width - box_w) // 4 * 2
        y = max(0, round(height * _BOTTOM_SHARE) - box_h) // 2 * 2
        self._at = (x, y)
        self._planes = to_yuv(colour)
        self._mask = mask
        self._small_mask = mask.resize((box_w // 2, box_h // 2), Image.Resampling.BOX)

    def over(self, frame: Planes) -> Planes:
        """A copy of ``frame`` with the caption."""
        y, u, v = (plane.copy() for plane in frame)
        at = self._at
        half = (at[0] // 2, at[1] // 2)
        y.paste(self._planes[0], at, self._mask)
        u.paste(self._planes[1], half, self._small_mask)
        v.paste(self._planes[2], half, self._small_mask)
        return y, u, v


@lru_cache(maxsize=4)
def _faces(fallbacks: tuple[Fallback, ...]) -> Faces:
    return Faces(fallbacks)


def _draw(
    lines: tuple[str, ...], faces: Faces, width: int, height: int
) -> tuple[Image.Image, Image.Image]:
    """Draw the box with its text: RGB image and alpha mask. Text shrinks to fit the width."""
    widest = max(faces.em(line, _FACE) for line in lines)
    size = min(max(10.0, min(width, height) * _TEXT_SHARE), width * 0.94 / (widest + 1.4))
    pad_x, pad_y, leading = size * 0.7, size * 0.38, size * 1.28
    box_w = min(width // 2, round((widest * size + 2 * pad_x) / 2)) * 2
    box_h = round((leading * len(lines) + 2 * pad_y) / 2) * 2
    large = Image.new("L", (box_w * _SUPERSAMPLE, box_h * _SUPERSAMPLE), 0)
    ImageDraw.Draw(large).rounded_rectangle(
        (0, 0, large.width - 1, large.height - 1),
        radius=round(size * 0.42 * _SUPERSAMPLE),
        fill=_BOX_OPACITY,
    )
    mask = large.resize((box_w, box_h), Image.Resampling.BOX)
    text = Image.new("L", (box_w, box_h), 0)
    draw = ImageDraw.Draw(text)
    for i, line in enumerate(lines):
        x = (box_w - faces.em(line, _FACE) * size) / 2
        baseline = pad_y + leading * i + leading * 0.72
        for run in faces.runs(line, _FACE):
            direction, features = shaping(_FACE, run)
            draw.text(
                (x, baseline),
                run.text,
                fill=255,
                font=faces.font(_FACE, size, run.font),
                anchor="ls",
                direction=direction,
                features=features,
            )
            x += faces.length(run, _FACE, size)
    colour = Image.new("RGB", (box_w, box_h), _BOX)
    colour.paste((255, 255, 255), (0, 0), text)
    mask.paste(255, (0, 0), text)
    return colour, mask
