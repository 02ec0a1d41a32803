"""Seconds of active work: the time a process was stopped doesn't count."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class ActiveClock:
    """Seconds of active time since it was made; stands still while paused."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._since = now()
        self._before = 0.0
        self._running = True

    def seconds(self) -> float:
        """Active seconds so far."""
        return self._before + (self._now() - self._since if self._running else 0.0)

    def advance(self, seconds: float) -> None:
        """Count time that was active before this clock was made."""
        self._before += seconds

    def pause(self) -> None:
        """Stand still."""
        if self._running:
            self._before = self.seconds()
            self._running = False

    def resume(self) -> None:
        """Go on."""
        if not self._running:
            self._since = self._now()
            self._running = True
