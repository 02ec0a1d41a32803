"""The link to an engine in another process on the same home: the lock that it holds.

The kernel lets go of the lock when its holder ends, however it ends. So a lock that is held tells
a slow engine from a dead one; looking costs some microseconds and disturbs nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.engine import home as home_
from aura_tui.engine import lock as lock_
from aura_tui.service import EngineHolder, Link, LinkStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

LOOK_S = 1.0


def stopped_link(holder: EngineHolder, now: datetime, heard: datetime | None) -> Link:
    """The link to an engine whose process is stopped."""
    what, how = lock_.stopped_words(holder)
    return Link(
        status=LinkStatus.WAITING, since=now, reason=f"{what}; {how}", heard_at=heard, stopped=True
    )


class EnginePresence:
    """Satisfies :class:`~aura_tui.service.Linked` for whoever only reads the home."""

    def __init__(
        self, home: home_.Home, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._home = home
        self._now = now
        self._holder: EngineHolder | None = None
        self._link: Link | None = None
        self._looked_s = 0.0
        self._nudge = asyncio.Event()
        self.closed = False

    @property
    def link(self) -> Link:
        """As of a second ago at most."""
        if self._link is None or time.monotonic() - self._looked_s >= LOOK_S:
            return self._look()
        return self._link

    def engine(self) -> EngineHolder | None:
        """Who holds the engine at this moment."""
        self._look()
        return self._holder

    def _look(self) -> Link:
        holder, now, link = lock_.holder(self._home), self._now(), self._link
        self._looked_s = time.monotonic()
        heard = link.heard_at if link else None
        if holder is not None and lock_.is_stopped(holder):
            if link is None or not link.stopped:
                link = stopped_link(holder, now, heard)
        elif holder is not None:
            if link is None or link.status is not LinkStatus.LIVE or self._another(holder):
                gap_s = (now - heard).total_seconds() if heard else None
                link = Link(status=LinkStatus.LIVE, since=now, gap_s=gap_s)
            link = replace(link, heard_at=now)
        elif link is None or link.status is LinkStatus.LIVE or link.stopped:
            reason = (
                self._gone() if link else "No engine is running. Start one with: aura-tui watch"
            )
            link = Link(
                status=LinkStatus.WAITING, since=now, reason=reason, heard_at=heard, absent=True
            )
        self._holder = holder
        self._link = link
        return link

    def _another(self, holder: EngineHolder) -> bool:
        """Whether a new engine took the place between two looks. On a full disk, or in its first
        moment, the lock has no name in it (process 0): that tells nothing."""
        known = self._holder
        return known is not None and known.pid != 0 != holder.pid and known != holder

    def _gone(self) -> str:
        pid = self._holder.pid if self._holder else 0
        which = f"The engine (process {pid})" if pid else "The engine"
        return f"{which} stopped. Resume unfinished jobs with: aura-tui watch"

    async def links(self) -> AsyncIterator[Link]:
        """The link as it is, then each change, until :meth:`close`."""
        told: Link | None = None
        while not self.closed:
            link = self._look()
            if told is None or (link.status, link.since) != (told.status, told.since):
                told = link
                yield link
                continue  # whoever takes it takes its time
            nudge = self._nudge
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await nudge.wait()

    def reconnect(self) -> None:
        """Look now."""
        nudge, self._nudge = self._nudge, asyncio.Event()
        nudge.set()

    def close(self) -> None:
        """End who follows."""
        self.closed = True
        self.reconnect()
