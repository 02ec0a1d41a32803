"""JobService: the port to an engine. Embedded, remote and recorded engines implement it.

All views and commands go through it. All methods raise only subclasses of ``errors.AuraError``:
NotFound for an unknown job, Conflict if the job's state doesn't allow it, InputError for a bad
request, EngineError if the engine is unavailable or refuses.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

import msgspec

from aura_tui.errors import Code, InputError
from aura_tui.model.job import Eta, Job
from aura_tui.model.stages import Stage

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator, Sequence
    from pathlib import Path

    from aura_tui.model.connection import Connection
    from aura_tui.model.events import Artifact, Envelope
    from aura_tui.model.request import JobRequest
    from aura_tui.model.status import JobStatus


OnProgress = Callable[[int, int | None], None]


class JobPage(msgspec.Struct, frozen=True):
    """Jobs, newest first. ``cursor`` requests the next page; None on the last one."""

    jobs: tuple[Job, ...]
    cursor: str | None


def parse_cursor(cursor: str | None) -> int | None:
    """The position that a page's cursor stands for; None is the start of the list.

    Raises InputError for an invalid cursor: starting over would make an endless list.
    """
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 19):
        raise InputError(
            Code.REQUEST_INVALID,
            "Invalid cursor",
            "Use the cursor of the previous page, or omit it.",
            field="cursor",
        )
    return int(cursor)


class QueueState(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of jobs; ``waiting`` has job ids in the order in which they will run."""

    queued: int
    running: int
    paused: int
    waiting: tuple[str, ...]


class EngineHolder(msgspec.Struct, frozen=True):
    """The process that holds an engine's lock, and since when (aware UTC)."""

    pid: int
    since: datetime


class EngineInfo(msgspec.Struct, frozen=True, kw_only=True):
    """What an engine reports of itself; None or "" where it doesn't.

    ``version`` is that of its program, ``pid`` its process, ``since`` when that took the home
    (aware UTC), ``free_bytes`` the room left on the disk of its home.
    """

    version: str = ""
    pid: int | None = None
    since: datetime | None = None
    free_bytes: int | None = None


class Typical(msgspec.Struct, frozen=True):
    """How long each stage usually takes for this much work: the median in seconds of ``runs``
    earlier jobs of similar size. Stages without a measurement are missing."""

    runs: int
    seconds: dict[Stage, float]


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of a retry: it reuses ``reused`` of its ``total`` pieces.

    ``total`` is None if it depends on earlier stages that must run first.
    """

    stage: Stage
    reused: int
    total: int | None


class RetryPlan(msgspec.Struct, frozen=True):
    """What a retry of a job would do; ``eta`` is the estimated time, None if unknown."""

    steps: tuple[PlannedStep, ...]
    eta: Eta | None


@runtime_checkable
class Connected(Protocol):
    """A service whose engine is in another process. One in this process is not Connected."""

    @property
    def connection(self) -> Connection: ...

    def connection_changes(self) -> AsyncIterator[Connection]:
        """Yield the current connection, then each change (a new ``heard_at`` is not a change)."""
        ...

    def reconnect(self) -> None:
        """Make the next attempt now; if the connection ``can_start`` an engine, start one."""
        ...


@runtime_checkable
class Supervised(Protocol):
    """A service that reports its engine's internal failures."""

    def troubles(self) -> tuple[str, ...]:
        """The engine's current failures, one line each; () if there are none. Cheap."""
        ...


@runtime_checkable
class Described(Protocol):
    """A service that can describe its engine. A recording has none."""

    async def engine_info(self) -> EngineInfo:
        """The engine as it is now; an empty description if none runs."""
        ...


@runtime_checkable
class Interrupting(Protocol):
    """A service that interrupts its jobs when it closes because a person stops it."""

    async def interrupt_jobs(self) -> None:
        """Interrupt them now if closing will, so that readers still see it; close it next."""
        ...


@runtime_checkable
class Timed(Protocol):
    """A service with its own clock: a recording's events happened in the past."""

    @property
    def pace(self) -> float:
        """How many of its seconds pass per second of real time; above 0."""
        ...

    def now(self) -> datetime:
        """Aware UTC; steps back only with :meth:`Seekable.seek`."""
        ...


class Playback(NamedTuple):
    """Where a replay is, in recorded seconds. ``speed``: recorded seconds per second. ``over``: all
    events have been played."""

    position_s: float
    duration_s: float
    speed: float
    paused: bool
    over: bool


@runtime_checkable
class Seekable(Protocol):
    """A service that plays a recording, and can play it from another position."""

    @property
    def playback(self) -> Playback:
        """Where the replay is now."""
        ...

    def set_playing(self, playing: bool) -> None:
        """Pause, or continue."""
        ...

    def set_speed(self, speed: float) -> None:
        """Continue at ``speed``: above 0, finite."""
        ...

    def seek(self, position_s: float) -> bool:
        """Go to a position, at most to the start or the end; returns whether that is back. Then
        the jobs are older than they were, and their events have to be read again."""
        ...


@runtime_checkable
class Delivering(Protocol):
    """A service with a remote engine that delivers the files of some jobs to this machine."""

    def has_delivered(self, job_id: str) -> bool:
        """Whether the job's files were delivered; its last event then has their local paths."""
        ...


class Recorded(NamedTuple):
    """A page of stored events, each as its SSE frame.

    ``jobs`` has the job id of each frame; None if all belong to the requested job. The next page
    starts after the id ``upto``. ``ended``: the last event is the terminal event of its job.
    """

    frames: Sequence[bytes]
    jobs: Sequence[str] | None
    upto: int
    ended: bool


@runtime_checkable
class Archive(Protocol):
    """A service that stores its events as SSE data, which a server passes on without decoding."""

    @property
    def published(self) -> int:
        """The newest event id that readers see; every event up to it is stored."""
        ...

    async def recorded(self, job_id: str | None, *, after: int, limit: int) -> Recorded:
        """Up to ``limit`` stored events above ``after``, in order, of one job or (None) of all. No
        frames if there are none; an unknown job has none."""
        ...

    async def probe(self) -> None:
        """Test that the store can be written; raises EngineError if not."""
        ...


_WAITS: ContextVar[bool] = ContextVar("waits_out_outages", default=False)


@contextmanager
def waiting_out_outages(wanted: bool = True) -> Iterator[None]:
    """Let requests in the block wait for an engine that was met before, however long it is
    unavailable.

    For callers that follow a job; other requests give up after a while and raise.
    """
    before = _WAITS.set(wanted)
    try:
        yield
    finally:
        _WAITS.reset(before)


def waits_out_outages() -> bool:
    """Whether the caller's requests wait out outages."""
    return _WAITS.get()


class JobService(Protocol):
    """An engine, wherever it runs."""

    @property
    def notices(self) -> Sequence[str]:
        """Notices for the user from opening the engine, one sentence each (recovered jobs, a token
        sent unencrypted, different settings). Complete once the service is open."""
        ...

    async def submit(
        self,
        request: JobRequest,
        *,
        correlation_id: str | None = None,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Queue a job. ``deliver_to`` is a local folder for the finished files; None leaves them
        with the engine. Raises InputError for an invalid request; then nothing is queued.

        ``idempotency_key``: for 24 hours the same request with the same key (of one owner) returns
        the same job in its current state, even from a later engine. Raises InputError for another
        request with that key. None: every call creates a job.
        """
        ...

    async def get(self, job_id: str) -> Job:
        """The job as of its last durable event."""
        ...

    async def list(
        self, *, status: JobStatus | None = None, limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        """Jobs, newest first; ``limit`` 1-500."""
        ...

    async def cancel(self, job_id: str) -> Job:
        """Cancel the job; it is Canceled when ``job-cancelled`` arrives."""
        ...

    async def pause(self, job_id: str) -> Job: ...
    async def resume(self, job_id: str) -> Job: ...
    async def retry(
        self,
        job_id: str,
        *,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """A new job (``retry_of``) that reuses every finished piece. The old one must have ended
        without success. ``deliver_to`` is a local folder for the finished files; None is the folder
        of the old job, if it has one. ``idempotency_key``: as for :meth:`submit`."""
        ...

    async def delete(self, job_id: str) -> None:
        """Remove a job that has ended: its events, its log, and its files in the engine's home.
        What was delivered to a folder stays. Raises Conflict for a job that has not ended."""
        ...

    def events(
        self, job_id: str | None = None, *, after: int | None = None
    ) -> AsyncIterator[Envelope]:
        """Yield events with an id above ``after`` (None: the whole history), then live ones; no
        event is lost or repeated. For one job the iterator ends after its terminal event; for None
        (all jobs) it never ends.
        """
        ...

    async def logs(self, job_id: str) -> str:
        """The job's log as text."""
        ...

    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]: ...
    async def artifact(
        self, job_id: str, name: str, *, on_progress: OnProgress | None = None
    ) -> Path:
        """A local path of the artifact. If it must be downloaded, ``on_progress`` is called with
        the bytes so far and the total (None: unknown)."""
        ...

    async def queue(self) -> QueueState: ...
    async def typical(self, job_id: str) -> Typical:
        """The usual durations of its stages on this engine."""
        ...

    async def retry_plan(self, job_id: str) -> RetryPlan:
        """What :meth:`retry` would do now; raises the same errors."""
        ...

    async def preview(self, job_id: str) -> Path | None:
        """A local path of the newest picture of the job: a card, then the video's poster. A newer
        one may replace the file at any time. None if there is none yet."""
        ...

    async def aclose(self) -> None:
        """Close the service. An embedded engine suspends its jobs; the next engine resumes them."""
        ...
