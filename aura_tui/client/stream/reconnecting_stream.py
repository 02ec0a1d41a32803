"""A stream of events that reconnects automatically until it ends or fails permanently.

Temporary failures (refused, reset, cut in the middle of an event, silent, 5xx, 429) are retried
after a wait; permanent ones (the engine's own 401, 403, 404) end the stream at once, with the
reason. An answer of something else ends it only if no engine was met yet. A silence of two and a
half heartbeats counts as a break.

Each iterator is one stream with its own last id and its own end, so reconnecting means opening it
again after its last event, with nothing to merge. A board needs two (all jobs, and the selected
one), a command one; a server allows ten per token and answers an eleventh with 429, which is
retried like any other.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import timedelta
from typing import TYPE_CHECKING, Final, NamedTuple

from aura_tui.client.http_client import Answer, TransportFailure
from aura_tui.client.http_errors import failure, unexpected_answer
from aura_tui.client.stream.reader import NoStream
from aura_tui.errors import AuraError, NotFound
from aura_tui.net.backoff import Backoff
from aura_tui.net.headers import media_type
from aura_tui.system.tasks import TaskFailure, report
from aura_tui.wire import routes

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
    from datetime import datetime

    import httpx

    from aura_tui.client.connection_state import StreamState
    from aura_tui.client.http_client import Http
    from aura_tui.client.stream.reader import Reader
    from aura_tui.client.stream.retry_waits import RetryWaits
    from aura_tui.client.stream.sse_frames import Frame
    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job

OPEN_S: Final = 10.0  # at most, from the first packet to the status line
SILENT_HEARTBEATS: Final = 2.5  # two heartbeats are missing by then
MAX_SILENCE_S: Final = 120.0
_LATE_SHARE: Final = 0.6  # of that silence: one and a half heartbeats
_LATE_AT_LEAST_S: Final = 5.0
_MAX_INTERVAL_S: Final = 60.0
_WELL_S: Final = 5.0  # a connection that lasted so long worked, even without events
_MAX_PROBLEM_BYTES: Final = 64 * 1024


def silence_s(heartbeat_s: float) -> float:
    """The silence that counts as a break, for a server with this heartbeat interval."""
    return min(MAX_SILENCE_S, SILENT_HEARTBEATS * heartbeat_s)


def opening_s(heartbeat_s: float) -> float:
    """How long such a server may take to start its answer to a request of a stream."""
    return min(OPEN_S, silence_s(heartbeat_s))


def keep_alive_s(headers: Mapping[str, str]) -> float | None:
    """The longest silence that the server announces; None if it announces none, or nonsense."""
    try:
        interval_s = float(headers.get(routes.KEEP_ALIVE, ""))
    except ValueError:
        return None
    return interval_s if 0 < interval_s <= _MAX_INTERVAL_S else None


class Clock(NamedTuple):
    """Time and randomness, replaceable in tests. ``chance`` returns numbers from 0 to 1."""

    now: Callable[[], datetime]
    sleep: Callable[[float], Awaitable[None]]
    chance: Callable[[], float]


class ReconnectingStream:
    """A stream at ``path`` that reconnects.

    ``make_reader`` is called at each connection until it returns one: it may have to identify the
    server first. ``job`` fetches the job's current state; None for the stream of all jobs.
    """

    def __init__(
        self,
        http: Http,
        path: str,
        state: StreamState,
        make_reader: Callable[[], Awaitable[Reader]],
        job: Callable[[], Awaitable[Job]] | None,
        *,
        clock: Clock,
        heartbeat_s: float,
        waits: RetryWaits,
    ) -> None:
        self._http = http
        self._path = path
        self._state = state
        self._make_reader = make_reader
        self._job = job
        self._reader: Reader | None = None
        self._clock = clock
        self._silence_s = silence_s(heartbeat_s)
        self._opening_s = opening_s(heartbeat_s)
        self._waits = waits
        self._backoff = Backoff(clock.chance)
        self._opened_at: datetime | None = None

    async def envelopes(self) -> AsyncGenerator[Envelope]:
        """Yield the events. Ends with the job, or when the client is closed; raises only permanent
        failures."""
        try:
            while not self._http.closed:
                try:
                    async with aclosing(self._connection()) as connection:
                        async for envelope in connection:
                            yield envelope
                    if self._reader is not None and self._reader.ended:
                        return
                    problem = TransportFailure("the stream ended")
                except TransportFailure as e:
                    problem = e
                except NoStream:
                    raise
                except AuraError as e:
                    self._state.refused(e)
                    raise
                except Exception as e:  # a bug of ours: report it and resume from the last id
                    now = self._clock.now()
                    report(TaskFailure(name="event stream", error=e, at=now, restarts_in_s=0.0))
                    problem = TransportFailure(f"internal error ({type(e).__name__})")
                await self._pause(problem)
        finally:
            self._state.close()

    async def _connection(self) -> AsyncGenerator[Envelope]:
        self._opened_at = None
        self._state.attempt(self._backoff.attempt)
        if self._reader is None:
            self._reader = await self._make_reader()
        reader = self._reader
        for envelope in await reader.prepare():
            yield envelope
        if reader.ended:
            return
        headers = {"Accept": routes.EVENT_STREAM, "Cache-Control": "no-store"}
        if reader.resume_from:
            headers[routes.LAST_EVENT_ID] = reader.resume_from
        async with self._http.open(
            "GET", self._path, headers=headers, read_s=self._silence_s, head_s=self._opening_s
        ) as response:
            await self._check(response)
            if response.status_code == 204:
                await self._check_ended()
            self._http.peer.met = True
            self._opened_at = self._clock.now()
            self._state.opened(late_s=self._late_s(response))
            self._state.heard()
            if response.status_code == 204:
                for envelope in await reader.no_more_events():
                    yield envelope
                return
            async with aclosing(self._blocks(response, reader)) as blocks:
                async for envelope in blocks:
                    yield envelope

    def _late_s(self, response: httpx.Response) -> float:
        """How long this server is silent at most while it is healthy."""
        interval_s = keep_alive_s(response.headers)
        if interval_s is None:
            return _LATE_SHARE * self._silence_s
        return max(_LATE_AT_LEAST_S, SILENT_HEARTBEATS * interval_s)

    async def _check(self, response: httpx.Response) -> None:
        status = response.status_code
        if status == 204:
            return
        if status == 200 and media_type(response.headers) == routes.EVENT_STREAM:
            return
        answer = Answer(status, response.headers, await _head(response))
        if status < 300:
            raise unexpected_answer(self._http, answer)
        error = failure(self._http, answer)
        no_route = (
            isinstance(error, TransportFailure) and error.no_route and self._http.peer.ours is False
        )
        if self._path == routes.EVENTS and (no_route or isinstance(error, NotFound)):
            raise self._http.not_an_engine("it doesn't offer a stream of all jobs")
        raise error

    async def _check_ended(self) -> None:
        """Check a 204 ("no more events"), which is right only after the end of a job."""
        if self._job is None:
            raise TransportFailure("the server closed the stream of all jobs (HTTP 204)")
        if not (await self._job()).status.ended:
            raise TransportFailure("the server closed the stream of an unfinished job (HTTP 204)")

    async def _blocks(self, response: httpx.Response, reader: Reader) -> AsyncGenerator[Envelope]:
        from aura_tui.client.stream.sse_frames import frames

        for envelope in await reader.opened():
            yield envelope
        strict = self._http.peer.ours is True
        async with aclosing(frames(response, self._state.heard, strict=strict)) as stream:
            while not reader.ended:
                frame = await _next(stream, reader.patience_s)
                if frame is None:
                    break
                if frame.retry_ms is not None and frame.retry_ms >= 0:
                    self._backoff.retry_s = frame.retry_ms / 1000
                for envelope in await reader.read(frame):
                    self._backoff.reset()  # that was progress
                    yield envelope
        if not reader.ended:
            for envelope in await reader.closed():
                yield envelope

    async def _pause(self, problem: TransportFailure) -> None:
        """Wait until the next try is due or requested."""
        now = self._clock.now()
        if problem.silent and self._reader is not None and not self._reader.sends_heartbeats:
            # Its heartbeats may be slower.
            self._silence_s = min(MAX_SILENCE_S, 2 * self._silence_s)
        if self._opened_at is not None and (now - self._opened_at).total_seconds() >= _WELL_S:
            self._backoff.reset()
        delay_s = self._backoff.next_s(problem.retry_after_s)
        retry_at = now + timedelta(seconds=delay_s)
        self._state.broken(self._backoff.attempt, problem.reason, retry_at)
        if not self._http.closed:
            # A wait that the engine itself asks for is not an outage.
            asked = problem.error is not None
            await self._waits.wait(delay_s, None if asked else self._backoff)


async def _next(stream: AsyncIterator[Frame], patience_s: float | None) -> Frame | None:
    """The next block; None at the end of the stream, or after ``patience_s``."""
    try:
        async with asyncio.timeout(patience_s):
            return await anext(stream)
    except (StopAsyncIteration, TimeoutError):
        return None


async def _head(response: httpx.Response) -> bytes:
    """The first bytes of an error's body."""
    data = bytearray()
    async for chunk in response.aiter_raw():
        data += chunk
        if len(data) >= _MAX_PROBLEM_BYTES:
            break
    return bytes(data[:_MAX_PROBLEM_BYTES])
