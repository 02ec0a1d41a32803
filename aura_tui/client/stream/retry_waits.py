"""The waits between the attempts of a client's streams and requests to reach its server.

A wait ends when it is due, when the user asks to reconnect, or when something else of this client
reaches the server: after an outage the first success ends the wait of everybody else. If the
attempt after such an early end fails, too, the stream's own problem keeps it from the server, so
each further early end comes later: at least 1, 2, 4 ... s after the failure.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aura_tui.net.backoff import Backoff

_FIRST_S: Final = 1.0
_MOST: Final = 10  # doublings


class RetryWaits:
    """All waits of one client. ``sleep`` waits so many seconds."""

    def __init__(self, sleep: Callable[[float], Awaitable[None]]) -> None:
        self._sleep = sleep
        self._wake = asyncio.Event()  # replaced when it is set
        self._reached = asyncio.Event()  # likewise

    def wake(self) -> None:
        """End every wait: the user asks for it, or the client closes."""
        wake, self._wake = self._wake, asyncio.Event()
        wake.set()

    def reached(self) -> None:
        """Something reached the server: end the waits that an outage causes."""
        reached, self._reached = self._reached, asyncio.Event()
        reached.set()

    async def woken(self) -> None:
        """Return at the next :meth:`wake`."""
        await self._wake.wait()

    async def wait(self, seconds: float, backoff: Backoff | None = None) -> None:
        """Wait ``seconds``; with ``backoff``, end early if the server is reached meanwhile."""
        if seconds <= 0:
            return
        wake, reached = self._wake, self._reached
        floor_s = 0.0
        if backoff is not None and backoff.early:
            floor_s = _FIRST_S * 2.0 ** min(backoff.early - 1, _MOST)
        if backoff is None or floor_s >= seconds:
            await self._first_of(seconds, wake)
        elif not (floor_s and await self._first_of(floor_s, wake)):
            await self._first_of(seconds - floor_s, wake, reached)
            if reached.is_set() and not wake.is_set():
                backoff.early += 1

    async def _first_of(self, seconds: float, *events: asyncio.Event) -> bool:
        """Wait for the first event; False if ``seconds`` pass before."""
        waits = [asyncio.ensure_future(event.wait()) for event in events]
        timer = asyncio.ensure_future(self._sleep(seconds))
        try:
            await asyncio.wait((timer, *waits), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in (timer, *waits):
                wait.cancel()
            await asyncio.gather(timer, *waits, return_exceptions=True)
        return any(event.is_set() for event in events)
