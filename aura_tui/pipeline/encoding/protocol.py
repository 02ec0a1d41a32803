"""The messages between engine and encoding worker: one JSON line each."""

from __future__ import annotations

import msgspec

from aura_tui.pipeline.encoding.segments import Layer, Segment
from aura_tui.providers.visuals.fonts.files import Fallback


class EncodeTask(msgspec.Struct, frozen=True, kw_only=True):
    """Draw ``segment`` and pipe its frames, as raw yuv420p, into the command ``argv``."""

    number: int
    width: int
    height: int
    segment: Segment
    argv: tuple[str, ...]
    fallbacks: tuple[Fallback, ...] = ()  # fallback fonts for burned captions
    upcoming: tuple[Layer, ...] = ()  # layers of the worker's next task, to prepare


class EncodeResult(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a task. ``problem``: why drawing failed, "" if it didn't."""

    number: int
    exit_code: int
    stderr: str
    start: float  # Unix time
    duration_s: float
    problem: str = ""
    picture: str = ""  # path of the unreadable picture, if that is the problem
    memory: bool = False  # drawing ran out of memory
