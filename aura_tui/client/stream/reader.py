"""What reads a stream: the part that knows its server, between the connection and the events."""

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
    """What a reader may ask besides its stream. Both requests are one try: they raise Broken for
    what passes, AuraError for what doesn't (NotFound for a job that isn't there)."""

    look: Callable[[str], Awaitable[Job]]
    recent: Callable[[], Awaitable[Sequence[Job]]]  # oldest first
    state: StreamState
    now: Callable[[], datetime]


class Reader(Protocol):
    """Turns the blocks of a stream into events, over all its connections.

    ``over``: the job's end was given, no connection is needed any more. ``patience_s``: the next
    block is waited for no longer; None: as long as the server lives. ``beats``: the server speaks
    as often as it is expected to; of another one that is not known.
    """

    over: bool

    @property
    def beats(self) -> bool: ...

    @property
    def resume_from(self) -> str:
        """The ``Last-Event-ID`` to send; "" for none."""
        ...

    @property
    def patience_s(self) -> float | None: ...

    async def prepare(self) -> Sequence[Envelope]:
        """Before a connection is tried."""
        ...

    async def opened(self) -> Sequence[Envelope]:
        """The stream is there, and was not read yet."""
        ...

    async def read(self, frame: Frame) -> Sequence[Envelope]:
        """A block came."""
        ...

    async def closed(self) -> Sequence[Envelope]:
        """The stream ended by itself, or patience did."""
        ...

    async def none_left(self) -> Sequence[Envelope]:
        """The server said 204: there is no more to come."""
        ...
