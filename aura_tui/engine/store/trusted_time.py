"""How far retention trusts the wall clock.

Retention deletes by age, and a wall clock can leap: a dead battery, a virtual machine that was
restored, a wrong date typed in. After a leap to 2037 everything looks old at once. A machine that
was off for two months looks the same, and there it is.

So a time is trusted when it follows within a day of the last trusted one, or when the clock has
kept to it for a day. Until then ages are counted as of the last trusted time: nothing gets older
by a leap alone. Engines that come and go are enough to follow the clock, they need not run all
day; where each comes long after the one before, an engine trusts what the one before saw.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from aura_tui.engine.store.store import Store

_DAY_MS = 86_400_000
_YEAR_MS = 366 * _DAY_MS  # nobody is away for so long; a clock that is wrong twice is
_NOTICE_MS = 30 * _DAY_MS  # away for less, a person needs no warning


class TrustedTime(msgspec.Struct, frozen=True):
    """Milliseconds since the epoch. ``since`` and ``seen``: when the clock was first and last
    looked at while it was out of line with ``base``; 0: it is not."""

    base: int
    since: int = 0
    seen: int = 0

    def look(self, now: int) -> TrustedTime:
        """After a look at the clock."""
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
        """Up to when ages count, after :meth:`look`: never later than the clock says."""
        return min(self.base, now)

    def notice(self, now: int) -> str:
        """The warning about a leap ahead; "" where there was none."""
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
    """As it was kept. A store that has kept none goes by its newest event."""
    base = store.meta("trusted_ms") or store.last_id() >> 20 or now
    return TrustedTime(base, store.meta("clock_since_ms") or 0, store.meta("clock_seen_ms") or 0)


def look(store: Store, now: int) -> TrustedTime:
    """Look at the clock, and keep what came of it."""
    trusted = load(store, now).look(now)
    store.set_meta("trusted_ms", trusted.base)
    store.set_meta("clock_since_ms", trusted.since)
    store.set_meta("clock_seen_ms", trusted.seen)
    return trusted


def _shown(ms: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(ms / 1000))
