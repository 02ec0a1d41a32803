"""Event ids: ``{unix ms}-{counter}``, the form of a Redis Stream id, strictly increasing.

Internally an id is one integer, ``ms << 20 | counter``: a compact key with the order of the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTER_BITS = 20
COUNTER_MASK = (1 << COUNTER_BITS) - 1
MAX_ID = (1 << 63) - 1  # what an SQLite INTEGER PRIMARY KEY holds
# Ids follow the clock up to the year 2200. A later clock is wrong, and following it to the last
# possible id, in 2248, would leave none.
MAX_CLOCK_MS = 7_258_118_400_000
_FORM = re.compile(r"([0-9]{1,13})-([0-9]{1,7})")


def format_id(event_id: int) -> str:
    """Format the integer form as ``1763696040123-0``."""
    return f"{event_id >> COUNTER_BITS}-{event_id & COUNTER_MASK}"


def parse_id(text: str) -> int | None:
    """Parse ``text`` to the integer form; None if it isn't an event id or is out of range."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        return None
    counter = int(match[2])
    event_id = int(match[1]) << COUNTER_BITS | counter
    return event_id if counter <= COUNTER_MASK and event_id <= MAX_ID else None


class IdClock:
    """Generates strictly increasing ids, even when the wall clock steps back or jumps ahead.

    ``last`` is the highest id so far (after a restart: the store's); ``now_ms`` is the clock.
    """

    def __init__(self, now_ms: Callable[[], int], last: int = 0) -> None:
        self._now_ms = now_ms
        self.last = last

    def next(self) -> int:
        """The next id. A full counter overflows into the next millisecond."""
        self.last = max(self.last + 1, min(self._now_ms(), MAX_CLOCK_MS) << COUNTER_BITS)
        return self.last
