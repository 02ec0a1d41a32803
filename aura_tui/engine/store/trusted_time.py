"""How far retention trusts the wall clock.

Retention deletes by age, and a wall clock can jump: a dead battery, a restored virtual machine, a
mistyped date. After a jump to 2037 everything looks old at once. After two months switched off it
looks the same, and then rightly so.

So a time is trusted if it is within a day of the last trusted one, or if the clock has agreed with
it for a day. Until then ages count up to the last trusted time, so a jump alone makes nothing
older. Engines need not run all day to follow the clock: if they start far apart, each one trusts
the time that the one before it saw.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from aura_tui.format.words import local_time

if TYPE_CHECKING:
    from aura_tui.engine.store.store import Store

_DAY_MS = 86_400_000
_YEAR_MS = 366 * _DAY_MS  # a longer gap between engines is a clock that is wrong again
_NOTICE_MS = 30 * _DAY_MS  # a shorter gap needs no warning


class TrustedTime(msgspec.Struct, frozen=True):
    """Milliseconds since the epoch. ``base`` is the trusted time; ``since`` and ``seen`` are the
    first and last readings that disagreed with it (0: none do)."""

    base: int
    since: int = 0
    seen: int = 0

    def look(self, now: int) -> TrustedTime:
        """The new state after a reading of the clock."""
        if abs(now - self.base) <= _DAY_MS:
            return TrustedTime(now)
        if self.since and 0 <= now - self.seen <= _DAY_MS:
            if now - self.since >= _DAY_MS:
                return TrustedTime(now)
            return TrustedTime(self.base, self.since, now)
        base = self.base
        if self.since and self.base < self.seen < now <= self.seen + _YEAR_MS:
            base = self.seen
        return TrustedTime(base, now, now)

    def as_of(self, now: int) -> int:
        """The time up to which ages count, after :meth:`look`; never later than the clock."""
        return min(self.base, now)

    def notice(self, now: int) -> str:
        """The warning about a jump ahead; "" if there was none."""
        if now - self.base <= _NOTICE_MS:
            return ""
        until = (self.since or now) + _DAY_MS
        days = (now - self.base) // _DAY_MS
        return (
            f"The clock is {days:,} days ahead of the last time an engine ran here "
            f"({_shown(self.base)}). If the clock is wrong, correct it: the engine "
            f"deletes old jobs and cached work from {_shown(until)} on."
        )


def load(store: Store, now: int) -> TrustedTime:
    """The stored state; without one, the time of the store's newest event."""
    base = store.meta("trusted_ms") or store.last_id() >> 20 or now
    return TrustedTime(base, store.meta("clock_since_ms") or 0, store.meta("clock_seen_ms") or 0)


def look(store: Store, now: int) -> TrustedTime:
    """Update the stored state with a reading of the clock."""
    trusted = load(store, now).look(now)
    store.set_meta("trusted_ms", trusted.base)
    store.set_meta("clock_since_ms", trusted.since)
    store.set_meta("clock_seen_ms", trusted.seen)
    return trusted


def _shown(ms: int) -> str:
    return local_time(datetime.fromtimestamp(ms / 1000, UTC))
