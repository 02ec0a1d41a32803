"""What the engine tells a lane, and what the lane answers: one JSON line each."""

from __future__ import annotations

import msgspec

from aura_tui.pipeline.encoding.segments import Layer, Segment
from aura_tui.providers.visuals.fonts.files import Fallback


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """Draw ``segment`` and pipe it, as raw yuv420p, into ``argv``."""

    number: int
    width: int
    height: int
    segment: Segment
    argv: tuple[str, ...]
    fallbacks: tuple[Fallback, ...] = ()  # fonts of burned captions
    ahead: tuple[Layer, ...] = ()  # what the lane's next order will show


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """The end of an order. ``problem``: what stopped the drawing, "" for nothing."""

    number: int
    exit_code: int
    stderr: str
    start: float  # Unix time
    duration_s: float
    problem: str = ""
    picture: str = ""  # the one that can't be read, where that is the problem
    memory: bool = False  # the drawing ran out of it
