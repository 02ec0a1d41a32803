"""Event ids: ``{unix ms}-{counter}``, the form of a Redis Stream id, strictly increasing.

Inside, an id is one integer, ``ms << 20 | counter``: ordered as the text is, and a compact key.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTER_BITS = 20
COUNTER_MASK = (1 << COUNTER_BITS) - 1
MAX_ID = (1 << 63) - 1  # what an SQLite INTEGER PRIMARY KEY holds
# Ids follow the clock up to the year 2200. What a clock says after that is wrong: ids that went on
# to the last one of all, in 2248, would leave no more.
MAX_CLOCK_MS = 7_258_118_400_000
_FORM = re.compile(r"([0-9]{1,13})-([0-9]{1,7})")


def format_id(event_id: int) -> str:
    """``1763696040123-0`` from the integer form."""
    return f"{event_id >> COUNTER_BITS}-{event_id & COUNTER_MASK}"


def parse_id(text: str) -> int | None:
    """The integer form, or None if ``text`` is no id of ours (or out of range)."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        return None
    counter = int(match[2])
    event_id = int(match[1]) << COUNTER_BITS | counter
    return event_id if counter <= COUNTER_MASK and event_id <= MAX_ID else None


class IdClock:
    """Gives ids that strictly increase, also when the wall clock steps back, or leaps ahead.

    ``last`` is the highest id ever given (of the store, after a restart); ``now_ms`` the clock.
    """

    def __init__(self, now_ms: Callable[[], int], last: int = 0) -> None:
        self._now_ms = now_ms
        self.last = last

    def next(self) -> int:
        """The next id. A full counter runs over into the next millisecond."""
        self.last = max(self.last + 1, min(self._now_ms(), MAX_CLOCK_MS) << COUNTER_BITS)
        return self.last
