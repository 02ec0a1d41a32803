"""JobService: the one port. Embedded, remote and recorded engines are each one of these.

Everything a view or a command does goes through it. All methods raise ``errors.AuraError``
subclasses only: NotFound for an unknown job, Conflict where its state forbids, InputError for a
bad request, EngineError where there is no engine or it refuses.
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
    """Jobs, newest first. ``cursor`` continues after them, None at the end."""

    jobs: tuple[Job, ...]
    cursor: str | None


def place(cursor: str | None) -> int | None:
    """The place in a list that a page's cursor means; None is its beginning.

    Raises InputError for what no page gave: from the beginning again, a list would have no end.
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
    """Counts of the queue; ``waiting`` are job ids in the order they will run."""

    queued: int
    running: int
    paused: int
    waiting: tuple[str, ...]


class EngineHolder(msgspec.Struct, frozen=True):
    """Which process holds an engine, and since when (aware UTC)."""

    pid: int
    since: datetime


class Typical(msgspec.Struct, frozen=True):
    """How long each stage usually takes for as much work as a job has: the median of ``runs``
    earlier ones of like size, in seconds. A stage that none of these measured is not in it."""

    runs: int
    seconds: dict[Stage, float]


class PlannedStep(msgspec.Struct, frozen=True, kw_only=True):
    """What a retry does in a stage: ``reused`` of its ``total`` pieces are there already.

    ``total`` None: how many there will be is not known before the stages ahead of it ran.
    """

    stage: Stage
    reused: int
    total: int | None


class RetryPlan(msgspec.Struct, frozen=True):
    """What a retry of a job would do; ``eta`` is about how long, None where nothing tells."""

    steps: tuple[PlannedStep, ...]
    eta: Eta | None


@runtime_checkable
class Connected(Protocol):
    """A service whose engine is in another process. One in this process is not Connected."""

    @property
    def connection(self) -> Connection: ...

    def connection_changes(self) -> AsyncIterator[Connection]:
        """The connection as it is, then each change (that it was heard is none)."""
        ...

    def reconnect(self) -> None:
        """Cut the wait for the next attempt short; where the connection ``can_start`` an engine,
        start one."""
        ...


@runtime_checkable
class Supervised(Protocol):
    """A service that knows what is wrong with its engine."""

    def troubles(self) -> tuple[str, ...]:
        """Reasons why the engine fails now, a line each; () while all is well. Cheap."""
        ...


@runtime_checkable
class Timed(Protocol):
    """A service with a time of its own: what it tells happened then, not now."""

    @property
    def pace(self) -> float:
        """How many of its seconds pass in one of ours; above 0."""
        ...

    def now(self) -> datetime:
        """Aware UTC; never steps back."""
        ...


@runtime_checkable
class Delivering(Protocol):
    """A service whose engine is elsewhere, and that brings the files of some jobs here."""

    def has_delivered(self, job_id: str) -> bool:
        """Whether that was done: the job's end names them where they lie on this machine."""
        ...


class Recorded(NamedTuple):
    """A page of kept events, each as the frame that the wire has of it.

    ``jobs`` says whose each is, None: all of the job that was asked for. ``upto`` is where the
    next page begins. ``ended``: the last one is the end of its job.
    """

    frames: Sequence[bytes]
    jobs: Sequence[str] | None
    upto: int
    ended: bool


@runtime_checkable
class Archive(Protocol):
    """A service that keeps its events as the wire has them: a server passes them on unread."""

    @property
    def published(self) -> int:
        """The newest event's id that readers see; every event up to it is kept."""
        ...

    async def recorded(self, job_id: str | None, *, after: int, limit: int) -> Recorded:
        """Up to ``limit`` kept events above ``after``, in order; of one job, or of all (None).
        No frames: there was none when it was asked. An unknown job has none."""
        ...

    async def probe(self) -> None:
        """Write something; raises EngineError where nothing can be written."""
        ...


_WAITS: ContextVar[bool] = ContextVar("waits_out_outages", default=False)


@contextmanager
def waiting_out_outages(wanted: bool = True) -> Iterator[None]:
    """Requests made in here wait for an engine that was met once, however long it is away.

    For who follows a job; other requests give up after a while and say why.
    """
    before = _WAITS.set(wanted)
    try:
        yield
    finally:
        _WAITS.reset(before)


def waits_out_outages() -> bool:
    """Whether the caller's requests do."""
    return _WAITS.get()


class JobService(Protocol):
    """An engine, wherever it runs."""

    @property
    def notices(self) -> Sequence[str]:
        """What a person should know of how the engine was opened, a sentence each (recovered jobs,
        a token that goes unencrypted, other settings). Complete once the service is open."""
        ...

    async def submit(
        self,
        request: JobRequest,
        *,
        correlation_id: str | None = None,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Queue a job. ``deliver_to``: a local folder that gets the finished files; None leaves
        them with the engine. Raises InputError for a request that can't be; nothing is queued.

        ``idempotency_key``: for 24 hours the same request under the same key (of one owner) gets
        the same job again, as it is then, also from the next engine. Raises InputError for
        another request under it. None: every call makes a job.
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
        """Ask for the end; the job is Canceled when ``job-cancelled`` comes."""
        ...

    async def pause(self, job_id: str) -> Job: ...
    async def resume(self, job_id: str) -> Job: ...
    async def retry(self, job_id: str, *, idempotency_key: str | None = None) -> Job:
        """A new job (``retry_of``) that reuses every finished piece. The old one must have ended
        without success. ``idempotency_key``: as for :meth:`submit`."""
        ...

    async def delete(self, job_id: str) -> None:
        """Remove a job that has ended: its events, its log, and its files in the engine's home.
        What was delivered to a folder stays. Raises Conflict for a job that has not ended."""
        ...

    def events(
        self, job_id: str | None = None, *, after: int | None = None
    ) -> AsyncIterator[Envelope]:
        """Events with an id above ``after`` (None: the whole history), then live; none lost, none
        twice. For one job the iterator ends after its terminal event; for None (all jobs) never.
        """
        ...

    async def logs(self, job_id: str) -> str:
        """The job's log as text."""
        ...

    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]: ...
    async def artifact(
        self, job_id: str, name: str, *, on_progress: OnProgress | None = None
    ) -> Path:
        """A local path of the artifact's bytes. Where they have to be fetched for that,
        ``on_progress`` hears how many are there and how many there will be (None: unknown)."""
        ...

    async def queue(self) -> QueueState: ...
    async def typical(self, job_id: str) -> Typical:
        """How long its stages usually take here."""
        ...

    async def retry_plan(self, job_id: str) -> RetryPlan:
        """What :meth:`retry` would do now; raises as it would."""
        ...

    async def preview(self, job_id: str) -> Path | None:
        """A local path of the newest picture of the job: a card, then the video's poster. The
        file may be replaced by a newer one at any time; None before there is one."""
        ...

    async def aclose(self) -> None:
        """Let go. An embedded engine stops its work in a way that the next one takes up."""
        ...
