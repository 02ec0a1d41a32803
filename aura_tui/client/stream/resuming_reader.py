"""Reading a stream of our own kind of server: exactly the events after an id.

The server replays by id, so nothing is guessed here. What can't be, on such a stream (an event or
an id that doesn't read, a name nobody knows, a control character), is damage on the way: the stream
is opened again behind the last good event. Only what comes again just as it was is the server's
own (a newer one's event), and is passed over. An event that was read before is passed over as well,
and one without an id, which is none of the log.

Behind a break the stream is asked for from just before the last event, so that this one comes once
more: where it doesn't, the server is another one, or an older self, or no longer has it, and its
jobs are told as they are now.
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
_UNNAMED: Final = "message"  # how a block without an `event:` is called


class ResumingReader:
    """See the module. ``job_id`` None: all jobs."""

    beats = True
    patience_s: float | None = None

    def __init__(self, job_id: str | None, after: int, sources: Sources) -> None:
        self.over = False
        self._job_id = job_id
        self._sources = sources
        self._cursor = after  # the server's id to go on from
        self._given = after  # the last one given: the same, unless a history was lost
        self._heard: int | None = None  # the last event that came: the server's, if it is the same
        self._overlap = False  # that event is to come again, first
        self._beat_at: datetime | None = None  # the first one of this connection
        self._lost = False  # the history that we were in the middle of
        self._connections = 0
        self._opened_ms: int | None = None  # the engine's clock when this connection began
        self._doubted: set[Frame] = set()  # met at the cursor
        self._strange: set[str] = set()  # names of events that are the server's own

    @property
    def resume_from(self) -> str:
        """See :class:`~aura_tui.client.stream.reader.Reader`."""
        after = self._cursor if self._heard is None else self._heard - 1
        return format_id(after) if after else ""

    async def prepare(self) -> Sequence[ev.Envelope]:
        """A lost history is made up for before the stream is asked for again."""
        if not self._lost:
            return ()
        jobs: Sequence[Job]
        if self._job_id is not None:
            jobs = (await self._sources.look(self._job_id),)
        else:
            jobs = await self._sources.recent()
        self._sources.state.note(SNAPSHOT)
        self._lost = False
        self._heard = None
        self._cursor = max((job.last_event_id for job in jobs), default=0)
        return [envelope for job in jobs for envelope in self._told(job)]

    def _told(self, job: Job) -> Iterator[ev.Envelope]:
        for event in catch_up(empty_job(job.id), job, self._sources.now()):
            yield self._numbered(0, event)

    async def opened(self) -> Sequence[ev.Envelope]:
        """History comes on the stream itself."""
        self._connections += 1
        self._beat_at = None
        self._overlap = self._heard is not None
        self._opened_ms = None
        if self._connections > 1:
            self._sources.state.start_recovery()
        return ()

    async def read(self, frame: Frame) -> Sequence[ev.Envelope]:
        """One event, or none."""
        if not frame.data and frame.name == _UNNAMED:
            return ()  # a block of `retry:` alone
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
            self._go_on(number)
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
            self._go_on(number)
        return ()

    def _go_on(self, number: int) -> None:
        self._cursor = self._heard = number
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
            raise TransportFailure(f"the engine is shutting down{_because(event.reason)}")
        if isinstance(event, ev.StreamFailed):
            raise TransportFailure(f"the engine ended the stream{_because(event.message)}")
        if isinstance(event, ev.Heartbeat):
            self._sources.state.troubled(event.reasons)
        # The first one opens the stream, the next one comes when there is no history left.
        self._beat_at = self._beat_at or event.timestamp
        if event.timestamp > self._beat_at:
            if self._overlap:
                self._lose()
            self._sources.state.caught_up()
        if self._opened_ms is None and self._connections > 1:
            self._opened_ms = int(event.timestamp.timestamp() * 1000)

    def _numbered(self, number: int, event: ev.AnyJobEvent) -> ev.Envelope:
        self._given = max(self._given + 1, number)
        if self._job_id is not None and isinstance(event, ev.TERMINAL_EVENTS):
            self.over = True
            self._sources.state.caught_up()
        return ev.Envelope(self._given, event)

    async def closed(self) -> Sequence[ev.Envelope]:
        """Without the job's end: it is opened again."""
        return ()

    async def none_left(self) -> Sequence[ev.Envelope]:
        """The job has ended, and its end is not after our id."""
        if self._heard is not None:
            self._lose()
        self.over = True
        self._sources.state.caught_up()
        return ()


def _because(text: str) -> str:
    return f": {text}" if text else ""
