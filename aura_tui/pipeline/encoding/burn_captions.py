"""Captions drawn into frames: white text on a dark rounded box, low in the middle.

Set in the cards' own font, with the same fallbacks for what it lacks. What no font has is left
out, and said.
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
_LOOK = 2  # part of the pieces' keys: raise it when the same cue is drawn otherwise
_TEXT_SHARE = 0.043  # text size of the frame's short side
_BOTTOM_SHARE = 0.95  # where the box ends; cards keep their content above two lines of it
_BOX = (12, 14, 20)
_BOX_OPACITY = 205  # of 255
_SUPERSAMPLE = 4  # Pillow draws shapes without smoothing: draw large, then shrink


class CaptionFonts(msgspec.Struct, frozen=True):
    """Cues that can be drawn, and with what. ``identity`` changes with any font's bytes."""

    cues: tuple[Cue, ...]
    fallbacks: tuple[Fallback, ...]
    identity: str
    warnings: tuple[str, ...]


def caption_fonts(cues: tuple[Cue, ...]) -> CaptionFonts:
    """Find fonts for all that ``cues`` say. Blocking: it may look through many fonts."""
    from aura_tui.providers.visuals.card_layouts.coverage import resolve
    from aura_tui.providers.visuals.fingerprint import fingerprint

    used = {char for cue in cues for line in cue.lines for char in line}
    resolved = resolve(StatementCard(text="".join(sorted(used))))
    assert isinstance(resolved.card, StatementCard)
    gone = used - set(resolved.card.text) - {" "}
    if gone:
        cues = tuple(
            msgspec.structs.replace(cue, lines=lines)
            for cue in cues
            if (lines := tuple(kept for line in cue.lines if (kept := _without(line, gone))))
        )
    files = [str(FILES["inter"]), *(f.bold for f in resolved.fallbacks)]
    return CaptionFonts(
        cues,
        resolved.fallbacks,
        " ".join([f"look {_LOOK}", *map(fingerprint, files)]),
        tuple(w.replace("pictures", "burned captions") for w in resolved.warnings),
    )


def _without(line: str, gone: set[str]) -> str:
    return " ".join("".join(char for char in line if char not in gone).split())


class Overlay:
    """One caption, drawn once, laid over any number of frames."""

    def __init__(
        self,
        lines: tuple[str, ...],
        width: int,
        height: int,
        fallbacks: tuple[Fallback, ...] = (),
    ) -> None:
        colour, mask = _draw(lines, _faces(fallbacks), width, height)
        box_w, box_h = colour.size
        # Even, so that chroma's half-size planes fall on the same pixels.
        x = (width - box_w) // 4 * 2
        y = max(0, round(height * _BOTTOM_SHARE) - box_h) // 2 * 2
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


@lru_cache(maxsize=4)
def _faces(fallbacks: tuple[Fallback, ...]) -> Faces:
    return Faces(fallbacks)


def _draw(
    lines: tuple[str, ...], faces: Faces, width: int, height: int
) -> tuple[Image.Image, Image.Image]:
    """The box with its text in RGB, and how opaque each pixel is. Text shrinks to fit."""
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
