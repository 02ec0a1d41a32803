"""Broadcasts a service's events to many streams, each from history into live events.

One task follows the service and puts every event, encoded once, into the ring. A stream reads the
archive until the ring has everything above its cursor, then the ring. No event is lost or repeated
at the switch: both are ordered by id, and every id up to ``Ring.floor`` is in the archive before
the ring drops it. A reader that falls behind the ring, or reads nothing for ``stall_s``, is
dropped; it can resume by id. Nothing ever waits for a reader.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

from aura_tui.errors import AuraError, NotFound
from aura_tui.model.events import TERMINAL_EVENTS, Heartbeat, Shutdown
from aura_tui.server.streams.archive_fallback import FallbackArchive
from aura_tui.server.streams.ring import Ring
from aura_tui.service import Archive
from aura_tui.system.tasks import Supervisor
from aura_tui.wire import sse

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable

    from aura_tui.model.events import Envelope
    from aura_tui.server.auth import Caller
    from aura_tui.service import JobService

RING = 8192  # events kept for readers that follow closely: about 5 MB
_PAGE = 500  # events of history per read
_TURN = 256  # events put in before other tasks get a turn, in a flood
_MAX_OWNERS = 20_000


class Lagged(Exception):
    """The ring has dropped the event that the stream needs next."""


class Stream:
    """One reader. ``job_id`` None: all jobs that the caller may see. ``until``: the id of the job's
    last event if it has ended, else None."""

    __slots__ = (
        "abort",
        "after",
        "caller",
        "gone",
        "heartbeat_due",
        "job_id",
        "keep_alive_due",
        "sending_since",
        "sent_at",
        "spoke_at",
        "troubles",
        "until",
        "wake",
    )

    def __init__(
        self, caller: Caller, job_id: str | None, after: int, until: int | None = None
    ) -> None:
        self.caller = caller
        self.job_id = job_id
        self.after = after
        self.until = until
        self.wake: asyncio.Future[None] | None = None
        self.gone = False  # the reader has left, or was dropped
        self.heartbeat_due = after > 0  # after a resume: marks the end of the missed events
        self.keep_alive_due = False
        self.sent_at = 0.0  # anything
        self.spoke_at = 0.0  # an event or a heartbeat
        self.troubles: tuple[str, ...] = ()  # those in its last heartbeat
        self.sending_since: float | None = None
        self.abort: Callable[[], object] | None = None  # aborts the connection

    def sent(self, chunk: bytes, now: float) -> None:
        """``chunk`` was sent at ``now`` (loop time)."""
        self.sending_since = None
        self.sent_at = now
        if chunk is not sse.KEEP_ALIVE:
            self.spoke_at = now

    def nudge(self) -> None:
        """Wake the stream to check for news."""
        if self.wake is not None and not self.wake.done():
            self.wake.set_result(None)

    def reader_left(self) -> None:
        """The reader has disconnected."""
        self.gone = True
        self.nudge()

    def drop(self) -> None:
        """Abort the connection at once."""
        if self.abort is not None:
            self.abort()
        self.reader_left()


class Broadcaster:
    """All streams of one service. Belongs to the event loop on which it was created."""

    def __init__(
        self,
        service: JobService,
        *,
        heartbeat_s: float = sse.HEARTBEAT_S,
        stall_s: float = 30.0,
        ring: int = RING,
        still_allowed: Callable[[Caller], bool] = lambda caller: True,
        troubles: Callable[[], tuple[str, ...]] = lambda: (),
    ) -> None:
        """``troubles`` returns the engine's current failures, which heartbeats report; a change
        sends a heartbeat at once."""
        self._service = service
        self._heartbeat_s = heartbeat_s
        self.keep_alive_s = min(sse.KEEP_ALIVE_S, heartbeat_s)  # of an idle stream
        self._stall_s = stall_s
        self._capacity = ring
        self._still_allowed = still_allowed
        self._troubles = troubles
        self._archive: Archive | None = None
        self._ring: Ring | None = None
        self._starting = asyncio.Lock()
        self.supervisor = Supervisor()
        self._streams: set[Stream] = set()
        self._waiting: dict[str | None, set[Stream]] = {}
        self._owners: dict[str, str] = {}
        self._ending: str | None = None  # the reason, once the streams must end
        self._broken: str | None = None  # why no events arrive, until following restarts

    # -- lifecycle

    @property
    def streams(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def count(self, owner: str) -> int:
        """How many streams of one owner are open."""
        return sum(stream.caller.owner == owner for stream in self._streams)

    def add(self, stream: Stream) -> None:
        """Register a stream that starts."""
        stream.sent_at = stream.spoke_at = asyncio.get_running_loop().time()
        self._streams.add(stream)

    def remove(self, stream: Stream) -> None:
        """Remove a stream that has ended."""
        self._streams.discard(stream)

    def end(self, reason: str) -> None:
        """End every stream with a ``shutdown`` event; new ones end at once."""
        if self._ending is None:
            self._ending = reason
        self._nudge(self._streams)

    async def aclose(self) -> None:
        """End all streams and stop following the service."""
        self.end("The engine has stopped")
        await self.supervisor.aclose()

    async def _started(self) -> tuple[Ring, Archive]:
        if self._ring is None or self._archive is None:
            async with self._starting:
                if self._ring is None or self._archive is None:
                    service = self._service
                    self._archive = (
                        service
                        if isinstance(service, Archive)
                        else await FallbackArchive.create(service)
                    )
                    ring = self._ring = Ring(self._archive.published, self._capacity)
                    self.supervisor.keep("event broadcaster", lambda: self._follow(ring))
                    self.supervisor.keep("heartbeat timer", self._tick)
        return self._ring, self._archive

    async def _follow(self, ring: Ring) -> None:
        """Put the service's events into the ring; after a restart, continue behind the newest.

        If the engine itself ends its events, the streams end with a ``shutdown``, and their readers
        reconnect. Any other failure only delays events until the supervisor restarts this.
        """
        self._broken = None
        count = 0
        events = cast("AsyncGenerator[Envelope]", self._service.events(after=ring.newest))
        try:
            async with aclosing(events):
                async for envelope in events:
                    event = envelope.event
                    owner = await self.owner_of(event.job_id)
                    last = isinstance(event, TERMINAL_EVENTS)
                    frame = sse.envelope_frame(envelope)
                    ring.put(envelope.id, event.job_id, owner, frame, last=last)
                    self._nudge(self._waiting.pop(event.job_id, ()))
                    self._nudge(self._waiting.pop(None, ()))
                    count += 1
                    if count % _TURN == 0:
                        await asyncio.sleep(0)
        except AuraError as e:
            self._break(e.message)
            raise
        self._break("The engine has stopped")

    def _break(self, reason: str) -> None:
        self._broken = reason
        self._nudge(self._streams)

    async def owner_of(self, job_id: str) -> str:
        """The owner of a job; "" for the engine's own user, and for an unknown job."""
        owner = self._owners.get(job_id)
        if owner is None:
            try:
                owner = (await self._service.get(job_id)).owner
            except NotFound:
                owner = ""
            if len(self._owners) >= _MAX_OWNERS:
                self._owners.clear()
            self._owners[job_id] = owner
        return owner

    def _nudge(self, streams: Iterable[Stream]) -> None:
        for stream in streams:
            stream.nudge()

    async def _tick(self) -> None:
        """Send heartbeats; drop stalled readers, and callers that have lost their access."""
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(self.keep_alive_s / 4)
            now = loop.time()
            troubles = self._troubles()
            for stream in tuple(self._streams):
                since = stream.sending_since
                stalled = since is not None and now - since > self._stall_s
                if stalled or not self._still_allowed(stream.caller):
                    stream.drop()
                elif stream.troubles != troubles or now - stream.spoke_at >= self._heartbeat_s:
                    stream.heartbeat_due = True
                    stream.nudge()
                elif now - stream.sent_at >= self.keep_alive_s:
                    stream.keep_alive_due = True
                    stream.nudge()

    # -- reading

    async def frames(self, stream: Stream) -> AsyncGenerator[bytes]:
        """Yield the stream's bytes. Ends after a terminal event or ``shutdown``, or when the
        reader has left. Raises :class:`Lagged`."""
        yield sse.OPENING + self._heartbeat(stream)
        ring, archive = await self._started()
        cursor = stream.after
        while cursor < ring.floor and not stream.gone:
            floor = ring.floor
            page = await archive.recorded(stream.job_id, after=cursor, limit=_PAGE)
            # An empty page: the archive has nothing for this stream up to that floor.
            cursor = page.upto if page.frames else floor
            frames = page.frames
            if page.jobs is not None and stream.caller.owner:
                frames = [
                    frame
                    for frame, job_id in zip(frames, page.jobs, strict=True)
                    if await self.owner_of(job_id) == stream.caller.owner
                ]
            if frames:
                yield b"".join(frames)
            if stream.job_id is not None and page.ended:
                return
        while not stream.gone:
            if cursor < ring.floor:
                raise Lagged
            chunk, cursor, last = ring.take(cursor, stream.job_id, stream.caller.owner)
            if chunk:
                yield chunk
                if last:
                    return
            elif cursor < ring.newest:
                continue  # a batch of other people's events
            elif stream.until is not None and cursor >= stream.until:
                return  # the job has ended, and its terminal event was deleted
            elif (reason := self._ending or self._broken) is not None:
                yield sse.connection_frame(Shutdown(timestamp=datetime.now(UTC), reason=reason))
                return
            elif stream.heartbeat_due:
                stream.heartbeat_due = False
                if await self._is_gone(stream.job_id):
                    return  # the job was deleted; a reader that reconnects gets "not found"
                yield self._heartbeat(stream)
            elif stream.keep_alive_due:
                stream.keep_alive_due = False
                yield sse.KEEP_ALIVE
            else:
                await self._wait(stream)

    async def _is_gone(self, job_id: str | None) -> bool:
        try:
            if job_id is not None:
                await self._service.get(job_id)
        except NotFound:
            return True
        except AuraError:  # a failing engine is reported elsewhere
            pass
        return False

    async def _wait(self, stream: Stream) -> None:
        stream.wake = asyncio.get_running_loop().create_future()
        waiting = self._waiting.setdefault(stream.job_id, set())
        waiting.add(stream)
        try:
            await stream.wake
        finally:
            stream.wake = None
            # An event removes the whole set; other wake-ups leave it in place.
            waiting.discard(stream)
            if not waiting and self._waiting.get(stream.job_id) is waiting:
                del self._waiting[stream.job_id]

    def _heartbeat(self, stream: Stream) -> bytes:
        stream.troubles = self._troubles()
        return sse.connection_frame(Heartbeat(timestamp=datetime.now(UTC), reasons=stream.troubles))
