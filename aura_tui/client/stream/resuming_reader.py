"""Reads the stream of our own kind of server: exactly the events after an id.

The server replays by id, so nothing is guessed here. An invalid block on such a stream (an event or
id that can't be decoded, an unknown name, a control character) is damage on the way: the stream is
opened again after the last good event. If the same block arrives again, it is the server's own (an
event of a newer version) and is skipped. Events that were read before are skipped as well, and
events without an id, which are not part of the log.

After a break the stream is requested from just before the last event, so that this event comes
again. If it doesn't, the server is another one, was restored from an older state, or has deleted
the event: the reader then passes on the jobs' current state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

from aura_tui.client.http_client import TransportFailure
from aura_tui.client.stream.snapshot_events import catch_up, empty_job
from aura_tui.model import events as ev
from aura_tui.model.ids import COUNTER_BITS, format_id, parse_id
from aura_tui.wire.event_json import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime

    from aura_tui.client.stream.reader import Sources
    from aura_tui.client.stream.sse_frames import Frame
    from aura_tui.model.job import Job

SNAPSHOT: Final = "The engine no longer has the events in between; showing the job's current state"
_MAX_NAMES: Final = 100
_UNNAMED: Final = "message"  # the name of a block without `event:`


class ResumingReader:
    """See the module. ``job_id`` is one job's id, or None for all jobs."""

    sends_heartbeats = True
    patience_s: float | None = None

    def __init__(self, job_id: str | None, after: int, sources: Sources) -> None:
        self.ended = False
        self._job_id = job_id
        self._sources = sources
        self._cursor = after  # the server's id to resume from
        self._last_given = after  # the last id passed on: the same, unless history was lost
        self._last_received: int | None = None  # the id of the last event from this server
        self._overlap = False  # the first event must be that one again
        self._first_heartbeat_at: datetime | None = None  # of this connection
        self._lost = False  # the server no longer has the events after the cursor
        self._connections = 0
        self._opened_ms: int | None = None  # the engine's clock when this connection started
        self._doubted: set[Frame] = set()  # invalid blocks at the cursor
        self._strange: set[str] = set()  # names of events that only the server knows

    @property
    def resume_from(self) -> str:
        """See :class:`~aura_tui.client.stream.reader.Reader`."""
        after = self._cursor if self._last_received is None else self._last_received - 1
        return format_id(after) if after else ""

    async def prepare(self) -> Sequence[ev.Envelope]:
        """See Reader. After lost history, passes on the current state of the jobs."""
        if not self._lost:
            return ()
        jobs: Sequence[Job]
        if self._job_id is not None:
            jobs = (await self._sources.get_job(self._job_id),)
        else:
            jobs = await self._sources.recent_jobs()
        self._sources.state.note(SNAPSHOT)
        self._lost = False
        self._last_received = None
        self._cursor = max((job.last_event_id for job in jobs), default=0)
        return [envelope for job in jobs for envelope in self._snapshot(job)]

    def _snapshot(self, job: Job) -> Iterator[ev.Envelope]:
        for event in catch_up(empty_job(job.id), job, self._sources.now()):
            yield self._numbered(0, event)

    async def opened(self) -> Sequence[ev.Envelope]:
        """See Reader. History comes on the stream itself."""
        self._connections += 1
        self._first_heartbeat_at = None
        self._overlap = self._last_received is not None
        self._opened_ms = None
        if self._connections > 1:
            self._sources.state.start_recovery()
        return ()

    async def read(self, frame: Frame) -> Sequence[ev.Envelope]:
        """See Reader. One event, or none."""
        if not frame.data and frame.name == _UNNAMED:
            return ()  # a block with only `retry:`
        event = decode(frame.name, frame.data.encode())
        if isinstance(event, ev.ConnectionEvent):
            self._connection(event)
            return ()
        if not frame.id:
            return ()
        number = parse_id(frame.id)
        if number is None:
            self._doubt(frame)
        elif number <= self._cursor:
            self._overlap = self._overlap and number < self._cursor
        elif isinstance(event, ev.JobEvent) and self._job_id in (None, event.job_id):
            if self._overlap:
                self._lose()
            self._advance(number)
            if self._opened_ms is not None:
                if number >> COUNTER_BITS <= self._opened_ms:
                    self._sources.state.event_recovered()
                else:
                    self._sources.state.caught_up()
            return (self._numbered(number, event),)
        else:
            if frame.name not in self._strange:
                self._doubt(frame)
                if frame.name.lower() not in (*ev.EVENT_TYPES, _UNNAMED):
                    self._strange = {*list(self._strange)[: _MAX_NAMES - 1], frame.name}
            self._advance(number)
        return ()

    def _advance(self, number: int) -> None:
        self._cursor = self._last_received = number
        self._doubted.clear()

    def _lose(self) -> NoReturn:
        self._lost = True
        raise TransportFailure("the engine lost events that it had sent")

    def _doubt(self, frame: Frame) -> None:
        if frame not in self._doubted:
            self._doubted.add(frame)
            raise TransportFailure("the stream was damaged in transit")

    def _connection(self, event: ev.ConnectionEvent) -> None:
        if isinstance(event, ev.Shutdown):
            raise TransportFailure(f"the engine is shutting down{_reason(event.reason)}")
        if isinstance(event, ev.StreamFailed):
            raise TransportFailure(f"the engine ended the stream{_reason(event.message)}")
        if isinstance(event, ev.Heartbeat):
            self._sources.state.troubled(event.reasons)
        # The first heartbeat opens the stream; the next one comes after the history.
        self._first_heartbeat_at = self._first_heartbeat_at or event.timestamp
        if event.timestamp > self._first_heartbeat_at:
            if self._overlap:
                self._lose()
            self._sources.state.caught_up()
        if self._opened_ms is None and self._connections > 1:
            self._opened_ms = int(event.timestamp.timestamp() * 1000)

    def _numbered(self, number: int, event: ev.AnyJobEvent) -> ev.Envelope:
        self._last_given = max(self._last_given + 1, number)
        if self._job_id is not None and isinstance(event, ev.TERMINAL_EVENTS):
            self.ended = True
            self._sources.state.caught_up()
        return ev.Envelope(self._last_given, event)

    async def closed(self) -> Sequence[ev.Envelope]:
        """See Reader. The job has not ended, so the stream is opened again."""
        return ()

    async def no_more_events(self) -> Sequence[ev.Envelope]:
        """See Reader. The job has ended, and we have its terminal event already."""
        if self._last_received is not None:
            self._lose()
        self.ended = True
        self._sources.state.caught_up()
        return ()


def _reason(text: str) -> str:
    return f": {text}" if text else ""
