"""The interface of stream readers, which turn a server's blocks into events."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from datetime import datetime

    from aura_tui.client.connection_state import StreamState
    from aura_tui.client.stream.sse_frames import Frame
    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job


class NoStream(Exception):
    """The server has no stream of all jobs."""


class Sources(NamedTuple):
    """A reader's other sources. Both requests are one try: they raise TransportFailure for
    temporary failures, AuraError for permanent ones (NotFound if there is no such job)."""

    get_job: Callable[[str], Awaitable[Job]]
    recent_jobs: Callable[[], Awaitable[Sequence[Job]]]  # oldest first
    state: StreamState
    now: Callable[[], datetime]


class Reader(Protocol):
    """Turns the blocks of a stream into events, over all its connections.

    ``ended``: the job has ended and no connection is needed any more. ``patience_s``: how long to
    wait for the next block; None: as long as the server sends heartbeats. ``sends_heartbeats``:
    whether the server is known to send them at the expected interval.
    """

    ended: bool

    @property
    def sends_heartbeats(self) -> bool: ...

    @property
    def resume_from(self) -> str:
        """The ``Last-Event-ID`` to send; "" for none."""
        ...

    @property
    def patience_s(self) -> float | None: ...

    async def prepare(self) -> Sequence[Envelope]:
        """Called before each connection attempt."""
        ...

    async def opened(self) -> Sequence[Envelope]:
        """Called when the stream is open, before it is read."""
        ...

    async def read(self, frame: Frame) -> Sequence[Envelope]:
        """Called with each block."""
        ...

    async def closed(self) -> Sequence[Envelope]:
        """Called when the stream has ended, or ``patience_s`` has passed."""
        ...

    async def no_more_events(self) -> Sequence[Envelope]:
        """Called when the server answers 204: no more events will come."""
        ...
