"""A clock that counts active seconds: it stands still while the work is paused."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


class ActiveClock:
    """Counts seconds from its creation; stands still while paused."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._since = now()
        self._before = 0.0
        self._running = True

    def seconds(self) -> float:
        """Active seconds so far."""
        return self._before + (self._now() - self._since if self._running else 0.0)

    def advance(self, seconds: float) -> None:
        """Add active time from before this clock was created."""
        self._before += seconds

    def pause(self) -> None:
        """Stop counting."""
        if self._running:
            self._before = self.seconds()
            self._running = False

    def resume(self) -> None:
        """Continue counting."""
        if not self._running:
            self._since = self._now()
            self._running = True
