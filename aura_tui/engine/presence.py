"""Watches an engine in another process on the same home, by the lock that it holds.

The kernel releases the lock when its holder ends, however it ends. So the lock tells a slow engine
from a dead one; a check takes some microseconds and disturbs nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aura_tui.engine import home as home_
from aura_tui.engine import lock as lock_
from aura_tui.model.connection import ConnectionEvent, ConnectionMachine, ConnectionStatus

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aura_tui.model.connection import Connection
    from aura_tui.service import EngineHolder

LOOK_S = 1.0


class EnginePresence:
    """Satisfies :class:`~aura_tui.service.Connected` for a service that only reads the home."""

    def __init__(
        self, home: home_.Home, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self._home = home
        self._machine = ConnectionMachine(now)
        self._holder: EngineHolder | None = None
        self._looked_s: float | None = None
        self._nudge = asyncio.Event()
        self.closed = False

    @property
    def connection(self) -> Connection:
        """The connection, at most a second old."""
        if self._looked_s is None or time.monotonic() - self._looked_s >= LOOK_S:
            self._look()
        return self._machine.connection

    def engine(self) -> EngineHolder | None:
        """The process that holds the lock now; None if none does."""
        self._look()
        return self._holder

    def _look(self) -> Connection:
        holder, machine = lock_.holder(self._home), self._machine
        self._looked_s = time.monotonic()
        if holder is None:
            if machine.status is not ConnectionStatus.NO_ENGINE:
                machine.fire(ConnectionEvent.ENGINE_GONE, reason=self._gone())
        elif lock_.is_stopped(holder):
            reason = "; ".join(lock_.suspended_text(holder))
            machine.fire(ConnectionEvent.ENGINE_SUSPENDED, reason=reason)
        else:
            if machine.status is ConnectionStatus.SUSPENDED:
                machine.fire(ConnectionEvent.ENGINE_RESUMED)
            elif machine.connection.is_live and self._another(holder):
                machine.fire(ConnectionEvent.BROKEN)
            machine.fire(ConnectionEvent.OPENED)
            machine.heard()
        self._holder = holder
        return machine.connection

    def _another(self, holder: EngineHolder) -> bool:
        """Whether another engine has started since the last check. On a full disk, or in its first
        moment, the lock names no process (0): that doesn't count."""
        known = self._holder
        return known is not None and known.pid != 0 != holder.pid and known != holder

    def _gone(self) -> str:
        if self._machine.status is ConnectionStatus.CONNECTING:  # the first look
            return "No engine is running. Start one with: aura-tui watch"
        pid = self._holder.pid if self._holder else 0
        which = f"The engine (process {pid})" if pid else "The engine"
        return f"{which} stopped. Resume unfinished jobs with: aura-tui watch"

    async def connection_changes(self) -> AsyncIterator[Connection]:
        """Yield the current connection, then each change, until :meth:`close`."""
        last: tuple[ConnectionStatus, datetime] | None = None
        while not self.closed:
            connection = self._look()
            if last != (connection.status, connection.since):
                last = (connection.status, connection.since)
                yield connection
                continue  # it may have changed while the reader was busy
            nudge = self._nudge
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await nudge.wait()

    def reconnect(self) -> None:
        """Check now."""
        nudge, self._nudge = self._nudge, asyncio.Event()
        nudge.set()

    def close(self) -> None:
        """End every :meth:`connection_changes`."""
        self.closed = True
        self.reconnect()
