"""When to try again: at once, then after waits that grow by half from 1 s to 30 s, spread by
chance. By half, since a server that is started again takes a second or three: waits that double
would let it wait about as long once more.

The spread keeps many clients of one server from coming back in the same moment. A server's own
wishes are floors: the ``retry:`` of its stream for every wait but the first, a ``Retry-After`` for
the next one, whichever it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

BASE_S: Final = 1.0
GROWTH: Final = 1.5
CAP_S: Final = 30.0
MAX_ASKED_S: Final = 300.0  # no server may keep us longer with one answer


class Backoff:
    """The waits of one stream. ``attempt`` counts the tries since it was last well."""

    def __init__(self, chance: Callable[[], float]) -> None:
        """``chance`` gives numbers from 0 to 1."""
        self._chance = chance
        self.attempt = 0
        self.retry_s: float | None = None  # the stream's `retry:`

    def next_s(self, retry_after_s: float | None = None) -> float:
        """How long to wait before the next try, which it counts."""
        self.attempt += 1
        floor = min(MAX_ASKED_S, max(0.0, retry_after_s or 0.0))
        if self.attempt == 1:
            return floor
        grown = min(CAP_S, BASE_S * GROWTH ** min(self.attempt - 2, 20))
        wished = min(MAX_ASKED_S, self.retry_s or 0.0)
        return max(floor, wished, grown * (0.5 + 0.5 * self._chance()))

    def reset(self) -> None:
        """It is well again."""
        self.attempt = 0
