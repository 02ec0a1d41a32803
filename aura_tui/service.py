"""JobService: the one port. Embedded, remote and recorded engines are each one of these.

Everything a view or a command does goes through it. All methods raise ``errors.AuraError``
subclasses only: NotFound for an unknown job, Conflict where its state forbids, InputError for a
bad request, EngineError where there is no engine or it refuses.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

import msgspec

from aura_tui.model.job import Job

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aura_tui.model.events import Artifact, Envelope
    from aura_tui.model.request import JobRequest
    from aura_tui.model.status import JobStatus


class JobPage(msgspec.Struct, frozen=True):
    """Jobs, newest first. ``cursor`` continues after them, None at the end."""

    jobs: tuple[Job, ...]
    cursor: str | None


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


class JobService(Protocol):
    """An engine, wherever it runs."""

    async def submit(
        self,
        request: JobRequest,
        *,
        correlation_id: str | None = None,
        deliver_to: Path | None = None,
    ) -> Job:
        """Queue a job. ``deliver_to``: a local folder that gets the finished files; None leaves
        them with the engine. Raises InputError for a request that can't be; nothing is queued."""
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
    async def retry(self, job_id: str) -> Job:
        """A new job (``retry_of``) that reuses every finished piece. The old one must have ended
        without success."""
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
    async def artifact(self, job_id: str, name: str) -> Path:
        """A local path of the artifact's bytes."""
        ...

    async def queue(self) -> QueueState: ...
    async def aclose(self) -> None:
        """Let go. An embedded engine stops its work in a way that the next one takes up."""
        ...
