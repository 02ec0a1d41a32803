"""Rate limits per access token: one token bucket for each kind of request."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

from aura_tui.errors import Code, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.server.auth import Caller
    from aura_tui.server.options import Limits

_MINUTE_S = 60.0
_STREAM_RETRY_S = 10  # a guess: when another of the caller's streams ends is unknown


class RateLimited(EngineError):
    """A limit is exceeded; ``retry_after_s`` is how long to wait before the next try."""

    def __init__(self, what: str, retry_after_s: int) -> None:
        super().__init__(
            Code.TOO_MANY_REQUESTS,
            f"Rate limit exceeded: {what} per token",
            f"Try again in {retry_after_s} s.",
        )
        self.retry_after_s = retry_after_s


class _Bucket:
    """A token bucket: a burst of ``a_minute``, refilled evenly over a minute."""

    __slots__ = ("_at", "_has")

    def __init__(self, a_minute: int, now: float) -> None:
        self._has = float(a_minute)
        self._at = now

    def take(self, a_minute: int, now: float) -> float:
        """Take one and return 0.0, or return the seconds until one is available."""
        self._has = min(a_minute, self._has + (now - self._at) * a_minute / _MINUTE_S)
        self._at = now
        if self._has >= 1.0:
            self._has -= 1.0
            return 0.0
        return (1.0 - self._has) * _MINUTE_S / a_minute if a_minute else _MINUTE_S


class Limiter:
    """Enforces the limits. The engine's own user has none."""

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self._limits = limits
        self._clock = clock
        self._buckets: dict[tuple[str, str], _Bucket] = {}

    def job(self, caller: Caller) -> None:
        """Count a new job. Raises :class:`RateLimited`."""
        a_minute = self._limits.jobs_a_minute
        self._take("job", caller, a_minute, f"{a_minute} jobs per minute")

    def change(self, caller: Caller) -> None:
        """Count a cancel, pause, resume or delete. Raises :class:`RateLimited`."""
        a_minute = self._limits.cancels_a_minute
        what = f"{a_minute} cancels, pauses, resumes and deletes per minute"
        self._take("change", caller, a_minute, what)

    def stream(self, caller: Caller, open_: int) -> None:
        """Allow one more stream beside ``open_`` others. Raises :class:`RateLimited`."""
        limit = self._limits.streams
        if caller.owner and limit is not None and open_ >= limit:
            raise RateLimited(f"{limit} open streams", _STREAM_RETRY_S)

    def _take(self, kind: str, caller: Caller, a_minute: int | None, what: str) -> None:
        if not caller.owner or a_minute is None:
            return
        now = self._clock()
        bucket = self._buckets.get((kind, caller.owner))
        if bucket is None:
            bucket = self._buckets[kind, caller.owner] = _Bucket(a_minute, now)
        wait_s = bucket.take(a_minute, now)
        if wait_s > 0:
            raise RateLimited(what, max(1, math.ceil(wait_s)))
