"""Polls the list of jobs of a server that has no stream of all jobs.

The selected job still has its own stream; this keeps the others up to date. It ends only when the
client is closed, and continues after an outage as a stream does.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Final

from aura_tui.client.http_client import TransportFailure
from aura_tui.errors import AuraError, Code, NotFound
from aura_tui.net.backoff import Backoff
from aura_tui.net.headers import is_transient, media_type
from aura_tui.wire import routes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from aura_tui.client.connection_state import StreamState
    from aura_tui.client.http_client import Http
    from aura_tui.client.stream.legacy_reader import LegacyReader
    from aura_tui.client.stream.reconnecting_stream import Clock
    from aura_tui.client.stream.retry_waits import RetryWaits
    from aura_tui.model.events import Envelope

POLL_S: Final = 2.0  # while a job is running, paused or queued
IDLE_POLL_S: Final = 5.0


async def has_stream(http: Http, *, within_s: float) -> bool:
    """Whether the server streams the events of all jobs. Raises TransportFailure."""
    headers = {"Accept": routes.EVENT_STREAM, "Cache-Control": "no-store"}
    async with http.open(
        "GET", routes.EVENTS, headers=headers, read_s=within_s, head_s=within_s
    ) as response:
        status = response.status_code
        if is_transient(status):
            raise TransportFailure(f"the server had an internal error (HTTP {status})")
        if status in (401, 403):
            return True  # it may have one; opening the stream gives the error
        # Servers answer an unknown path in many ways, some with a web page.
        return status == 204 or (
            status == 200 and media_type(response.headers) == routes.EVENT_STREAM
        )


class PolledList:
    """Makes the events of all jobs from the polled list."""

    def __init__(
        self,
        http: Http,
        state: StreamState,
        reader: LegacyReader,
        *,
        clock: Clock,
        waits: RetryWaits,
    ) -> None:
        self._http = http
        self._state = state
        self._reader = reader
        self._clock = clock
        self._waits = waits

    async def envelopes(self) -> AsyncGenerator[Envelope]:
        """Yield the events; raises only permanent failures."""
        backoff = Backoff(self._clock.chance)
        met = live = False
        try:
            while not self._http.closed:
                if not live:
                    self._state.attempt(backoff.attempt)
                try:
                    envelopes = await self._reader.opened()
                except TransportFailure as e:
                    problem = e
                except NotFound:
                    error = self._http.not_an_engine("it doesn't offer a list of jobs")
                    self._state.refused(error)
                    raise error from None
                except AuraError as e:
                    if not met or e.code is not Code.NOT_AN_ENGINE:
                        self._state.refused(e)
                        raise
                    problem = TransportFailure(e.message)  # something in between answered
                else:
                    if not live:
                        self._state.opened(polled_s=POLL_S)
                    met = live = True
                    backoff.reset()
                    for envelope in envelopes:
                        yield envelope
                    await self._waits.wait(POLL_S if self._reader.has_open_jobs else IDLE_POLL_S)
                    continue
                live = False
                delay_s = backoff.next_s(problem.retry_after_s)
                retry_at = self._clock.now() + timedelta(seconds=delay_s)
                self._state.broken(backoff.attempt, problem.reason, retry_at)
                asked = problem.error is not None
                await self._waits.wait(delay_s, None if asked else backoff)
        finally:
            self._state.close()
