"""Backoff: retry at once, then after waits that grow by half from 1 s to 30 s, with jitter.

They grow only by half because a restarting server takes one to three seconds: with waits that
double, a client would often wait as long again. The jitter keeps many clients of one server from
reconnecting at the same moment. The server sets minimum waits: the ``retry:`` of its stream for all
but the first wait, a ``Retry-After`` for the next one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BASE_S: Final = 1.0
GROWTH: Final = 1.5
CAP_S: Final = 30.0
MAX_REQUESTED_S: Final = 300.0  # the longest minimum wait that a server can set


class Backoff:
    """The waits of one stream. ``attempt`` counts the tries since it last worked, ``early`` those
    that didn't wait as long as asked, because something else reached the server."""

    def __init__(self, chance: Callable[[], float]) -> None:
        """``chance`` returns random numbers from 0 to 1."""
        self._chance = chance
        self.attempt = 0
        self.early = 0
        self.retry_s: float | None = None  # the stream's `retry:`

    def next_s(self, retry_after_s: float | None = None) -> float:
        """The seconds to wait before the next try; counts that try."""
        self.attempt += 1
        floor = min(MAX_REQUESTED_S, max(0.0, retry_after_s or 0.0))
        if self.attempt == 1:
            return floor
        grown = min(CAP_S, BASE_S * GROWTH ** min(self.attempt - 2, 20))
        requested = min(MAX_REQUESTED_S, self.retry_s or 0.0)
        return max(floor, requested, grown * (0.5 + 0.5 * self._chance()))

    def reset(self) -> None:
        """The stream works again."""
        self.attempt = self.early = 0
