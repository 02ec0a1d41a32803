"""Lets a request wait for the end of an outage, and shows that in the connection's state."""

from __future__ import annotations

import asyncio
import math
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aura_tui.net.backoff import Backoff
from aura_tui.service import waits_out_outages

if TYPE_CHECKING:
    from aura_tui.client.connection_state import ConnectionState, StreamState
    from aura_tui.client.http_client import Http, TransportFailure
    from aura_tui.client.stream.reconnecting_stream import Clock
    from aura_tui.client.stream.retry_waits import RetryWaits

_SOCKET_S: Final = 0.1  # between two tries over a Unix socket, which load no other machine


class Outage:
    """The outage of one request. It gives up after ``patience_s``, except for a caller that waits
    out outages, once an engine was met. ``free``: retry once at once after a broken connection,
    which may only have been an idle one that the server has just closed."""

    def __init__(
        self,
        http: Http,
        connection: ConnectionState,
        clock: Clock,
        waits: RetryWaits,
        patience_s: float,
        *,
        free: bool,
    ) -> None:
        self._http = http
        self._connection = connection
        self._clock = clock
        self._waits = waits
        self._free = free
        self._backoff = Backoff(clock.chance)
        self._state: StreamState | None = None
        self._time = asyncio.get_running_loop().time
        self._until = self._time() + patience_s

    async def wait(self, problem: TransportFailure) -> bool:
        """Wait before the next try; False to give up."""
        if self._http.closed:
            return False
        if self._free and not problem.answered and problem.error is None:
            self._free = False
            return True
        left_s = self._until - self._time()
        if waits_out_outages() and self._http.peer.met:
            left_s = math.inf
        delay_s = self._backoff.next_s(problem.retry_after_s)
        if left_s <= 0 or (problem.retry_after_s or 0.0) > left_s:
            return False
        local = self._http.address.uds is not None
        delay_s = min(delay_s, left_s) if not local else _SOCKET_S
        if left_s == math.inf:
            self._show(problem.reason, delay_s)
        asked = problem.error is not None
        await self._waits.wait(delay_s, None if asked else self._backoff)
        return not self._http.closed

    def _show(self, reason: str, delay_s: float) -> None:
        if self._state is None:
            self._state = self._connection.stream()
        retry_at = self._clock.now() + timedelta(seconds=delay_s)
        self._state.broken(self._backoff.attempt, reason, retry_at)

    def end(self, *, answered: bool) -> None:
        """The request has ended; ``answered``: the engine answered it."""
        if self._state is not None:
            if answered:
                self._state.opened()
            self._state.close()
            self._state = None
