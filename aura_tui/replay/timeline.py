"""Where a replay is: the times of the recorded events, and the clock that plays them.

Numbers only: no events and no waiting. Positions are recorded seconds since the first event; a
silence of more than MAX_GAP_S counts as that long.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from datetime import timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

MAX_GAP_S = 60.0  # a longer silence is shortened to this
_LATE_S = 1.0  # of real time; more than this behind, the process was suspended: nothing is made up


class Timeline:
    """``times`` are those of the events; ``next`` is the index of the first one that hasn't been
    played. The clock starts with :meth:`start`.

    ``speed`` 0 or infinite plays everything at once; what is sought after that, is paused at
    speed 1.
    """

    def __init__(self, times: Sequence[datetime], speed: float, clock: Callable[[], float]) -> None:
        self.next = 0
        self._instant = not speed or math.isinf(speed)
        self._speed = 1.0 if self._instant else speed
        self._paused = self._instant
        self._times = times
        self._offsets = _offsets(times)
        self._clock = clock
        self._at_s = 0.0  # the position when the clock was read last
        self._read_s: float | None = None  # that reading; None: the clock is stopped

    @property
    def duration_s(self) -> float:
        """The position of the last event."""
        return self._offsets[-1] if self._offsets else 0.0

    @property
    def over(self) -> bool:
        """Whether all events have been played."""
        return self.next >= len(self._offsets)

    @property
    def position_s(self) -> float:
        """The position; never past an event that hasn't been played."""
        most = self.duration_s if self.over else self._offsets[self.next]
        return min(self._raw_s, most)

    @property
    def _raw_s(self) -> float:
        if self._read_s is None:
            return self._at_s
        return self._at_s + (self._clock() - self._read_s) * self._speed

    @property
    def speed(self) -> float:
        """Recorded seconds per second; above 0."""
        return self._speed

    @property
    def paused(self) -> bool:
        """Whether the clock is stopped by :meth:`pause`."""
        return self._paused

    def now(self) -> datetime:
        """The recorded time: that of the last event and what has passed since, up to the time of
        the next one."""
        last = self._times[max(0, self.next - 1)]
        if self.over or not self.next:
            return last
        if self._raw_s >= self._offsets[self.next]:
            return max(last, self._times[self.next])
        passed = timedelta(seconds=max(0.0, self._raw_s - self._offsets[self.next - 1]))
        return max(last, min(last + passed, self._times[self.next]))

    def wait_s(self) -> float | None:
        """Real seconds until the next event is due; None: never, the replay is paused or over."""
        if self._instant and not self.over:
            return 0.0
        if self.over:
            return None
        left_s = self._offsets[self.next] - self._raw_s
        if left_s <= 0.0:
            return 0.0
        return None if self._paused else left_s / self._speed

    def start(self) -> None:
        """Start the clock, unless it is started already or the replay is paused."""
        if self._read_s is None and not self._paused:
            self._read_s = self._clock()

    def played(self) -> None:
        """The next event was played."""
        offset = self._offsets[self.next]
        self.next += 1
        if not 0.0 <= self._raw_s - offset <= _LATE_S * self._speed or self.over:
            self._go(offset)

    def pause(self, paused: bool) -> None:
        """Stop the clock, or start it again."""
        at_s = self.position_s
        self._instant, self._paused = False, paused
        self._go(at_s)

    def set_speed(self, speed: float) -> None:
        """Play at ``speed`` (above 0, finite) from here on."""
        at_s = self.position_s
        self._instant, self._speed = False, speed
        self._go(at_s)

    def seek(self, position_s: float) -> int:
        """Go to a position; returns how many events are played there. The caller plays them, or
        takes them back, and sets ``next``."""
        self._instant = False
        at_s = max(0.0, min(position_s, self.duration_s))
        self._go(at_s)
        return bisect_right(self._offsets, at_s)

    def _go(self, at_s: float) -> None:
        self._at_s = at_s
        self._read_s = None if self._paused else self._clock()


def _offsets(times: Sequence[datetime]) -> list[float]:
    offsets = [0.0] if times else []
    for before, after in pairwise(times):
        gap_s = (after - before).total_seconds()
        offsets.append(offsets[-1] + min(MAX_GAP_S, max(0.0, gap_s)))
    return offsets
