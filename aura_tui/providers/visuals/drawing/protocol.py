"""What the drawing process is asked and what it answers: one JSON object a line, each way.

Pictures come from anywhere and decoders are native code; drawing has a process of its own, so
that a hostile file can't take the engine along, and a cancel needs no cooperation.
"""

from __future__ import annotations

import msgspec

from aura_tui.errors import Code
from aura_tui.model.script import AnyCard
from aura_tui.providers.visuals.fonts.files import Fallback

# A card is this much larger than the frame on each side: the room in which motion samples.
OVERSIZE = 1.09375


def card_size(width: int, height: int) -> tuple[int, int]:
    """Pixels of the picture for a frame of ``width`` x ``height``: even, a little larger."""
    return round(width * OVERSIZE / 2) * 2, round(height * OVERSIZE / 2) * 2


class DrawCard(msgspec.Struct, frozen=True, kw_only=True, tag="card"):
    """Draw ``card`` as scene ``number`` of ``total`` into the PNG ``out``."""

    card: AnyCard
    fallbacks: tuple[Fallback, ...]
    theme: str
    width: int
    height: int
    number: int
    total: int
    out: str


class FitPicture(msgspec.Struct, frozen=True, kw_only=True, tag="fit"):
    """Fit the picture ``path`` to ``width`` x ``height``. Errors call it ``name``."""

    path: str
    name: str
    width: int
    height: int
    out: str


class Drawn(msgspec.Struct, frozen=True, kw_only=True, tag="drawn"):
    """It is there."""

    width: int
    height: int


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """It isn't, and why: the parts of a StageError."""

    code: Code
    message: str
    remediation: str


Request = DrawCard | FitPicture
Answer = Drawn | Failed
