"""Limits the frame rate: draws the first change at once, later ones at a limited rate."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class FrameLimiter:
    """Calls ``draw`` on the running loop after :meth:`touch`, never more often than ``rate_hz``."""

    def __init__(self, draw: Callable[[], None], rate_hz: float) -> None:
        self._draw = draw
        self._interval_s = 1.0 / rate_hz
        self._drawn_at = float("-inf")
        self._due: asyncio.TimerHandle | None = None

    def touch(self, after_s: float = 0.0) -> None:
        """Request a frame, now or in ``after_s`` seconds."""
        loop = asyncio.get_running_loop()
        when = max(loop.time() + after_s, self._drawn_at + self._interval_s)
        if self._due is not None:
            if self._due.when() <= when:
                return
            self._due.cancel()
        self._due = loop.call_at(when, self._fire)

    def _fire(self) -> None:
        self._due = None
        self._drawn_at = asyncio.get_running_loop().time()
        self._draw()

    def stop(self) -> None:
        """Stop drawing."""
        if self._due is not None:
            self._due.cancel()
            self._due = None
