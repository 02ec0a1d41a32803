"""The messages between engine and drawing process: one JSON object per line.

Pictures are untrusted and decoders are native code. A separate process keeps a hostile file from
crashing the engine, and a cancel can simply kill it.
"""

from __future__ import annotations

import msgspec

from aura_tui.errors import Code
from aura_tui.model.script import AnyCard
from aura_tui.providers.visuals.fonts.files import Fallback

# A card is larger than the frame by this factor, which leaves room for motion.
OVERSIZE = 1.09375


def card_size(width: int, height: int) -> tuple[int, int]:
    """The size of a card in pixels for a frame of ``width`` x ``height``: even, a little larger."""
    return round(width * OVERSIZE / 2) * 2, round(height * OVERSIZE / 2) * 2


class DrawCard(msgspec.Struct, frozen=True, kw_only=True, tag="card"):
    """A request to draw ``card`` as scene ``number`` of ``total`` into the PNG ``out``."""

    card: AnyCard
    fallbacks: tuple[Fallback, ...]
    theme: str
    width: int
    height: int
    number: int
    total: int
    out: str


class FitPicture(msgspec.Struct, frozen=True, kw_only=True, tag="fit"):
    """A request to fit the picture ``path`` to ``width`` x ``height``. Errors call it ``name``."""

    path: str
    name: str
    width: int
    height: int
    out: str


class Drawn(msgspec.Struct, frozen=True, kw_only=True, tag="drawn"):
    """The answer for a drawn picture, with its size in pixels."""

    width: int
    height: int


class Failed(msgspec.Struct, frozen=True, kw_only=True, tag="failed"):
    """The answer for a failure: the fields of a StageError."""

    code: Code
    message: str
    remediation: str


Request = DrawCard | FitPicture
Answer = Drawn | Failed
