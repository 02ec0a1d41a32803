"""Commands for jobs: cancel, pause, resume, retry, submit."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aura_tui.errors import AuraError, Conflict, NotFound
from aura_tui.format.impact import summed
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean_line
from aura_tui.service import Delivering, RetryPlan
from aura_tui.ui.actions.open_and_save import log_on_server
from aura_tui.ui.state.run import Asked

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from aura_tui.model.connection import Connection
    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job
    from aura_tui.model.request import JobRequest
    from aura_tui.ui.sync.subscriptions import BoardSync

_BEGINS_S = 15.0  # for a background engine to start and accept a connection
# What came before a command that was too late for some of several jobs.
_LATE = {
    Asked.CANCEL: "ended",
    Asked.PAUSE: "ended or been paused",
    Asked.RESUME: "ended or been resumed",
}
_PLANNED = 50  # jobs: each plan is read from the disk, and more would take too long


class JobCommands:
    """Sends commands to the service; shows refusals through ``say`` (a line of text). ``retried``
    gets each retried job and the new one."""

    def __init__(
        self,
        watching: BoardSync,
        *,
        say: Callable[[str], None],
        retried: Callable[[Job, Job], None] = lambda old, new: None,
    ) -> None:
        self._board_sync = watching
        self._say = say
        self._retried = retried

    # -- conditions

    def may(self, asked: Asked, job: Job) -> bool:
        """Whether the state of ``job`` allows the command, and it isn't pending already."""
        pending = self._board_sync.pending(job)
        if job.status.ended or pending is Asked.CANCEL:
            return False
        if asked is Asked.CANCEL:
            return True
        wanted = JobStatus.RUNNING if asked is Asked.PAUSE else JobStatus.PAUSED
        return job.view_status is wanted and pending is None

    @staticmethod
    def may_retry(job: Job) -> bool:
        """Whether ``job`` ended without success."""
        return job.status.ended and job.status is not JobStatus.SUCCEEDED

    # -- sending

    async def change(self, asked: Asked, jobs: Sequence[Job]) -> list[str]:
        """Cancel, pause or resume ``jobs``, all at once; returns the ids of those that the engine
        accepted. One line says how many had ended before, and one each different refusal."""
        if asked is Asked.RESUME:
            await self._have_engine()
        jobs = [self._board_sync.jobs.get(job.id) or job for job in jobs]
        wanted = [job for job in jobs if self.may(asked, job)]
        errors = await asyncio.gather(*(self._change(asked, job.id) for job in wanted))
        late = sum(job.status.ended for job in jobs) + sum(map(_too_late, errors))
        if late and len(jobs) > 1:
            self._say(f"{late} of {len(jobs)} had already {_LATE[asked]}")
        elif late and jobs[0].status.ended:
            self._say(f"{clean_line(jobs[0].title, 60) or jobs[0].id} had already ended")
        single = len(jobs) == 1
        said = [refusal(e) for e in errors if e is not None and (single or not _too_late(e))]
        for text in dict.fromkeys(said):
            self._say(text)
        return [job.id for job, error in zip(wanted, errors, strict=True) if error is None]

    async def _change(self, asked: Asked, job_id: str) -> AuraError | None:
        service = self._board_sync.service
        call = {
            Asked.CANCEL: service.cancel,
            Asked.PAUSE: service.pause,
            Asked.RESUME: service.resume,
        }[asked]
        self._board_sync.ask(job_id, asked)
        try:
            await call(job_id)
        except AuraError as e:
            self._board_sync.ask(job_id, None)
            return e
        return None

    async def plan(self, job: Job) -> RetryPlan | None:
        """What a retry of ``job`` would do; None if unavailable, without a message."""
        try:
            return await self._board_sync.service.retry_plan(job.id)
        except AuraError:
            return None

    async def plan_all(self, jobs: Sequence[Job]) -> RetryPlan:
        """What retries of all ``jobs`` would do together; empty if unknown."""
        plans: list[RetryPlan] = []
        if len(jobs) <= _PLANNED:
            found = await asyncio.gather(*(self.plan(job) for job in jobs))
            plans = [plan for plan in found if plan is not None]
        return summed(plans) if len(plans) == len(jobs) else RetryPlan((), None)

    async def _have_engine(self) -> None:
        """Start an engine if none is running (a background engine exits when idle), as reconnecting
        does. If that fails, the request that follows reports it."""
        connected = self._board_sync.connected
        if connected is None or not connected.connection.can_start:
            return
        connected.reconnect()
        changes = cast("AsyncGenerator[Connection]", connected.connection_changes())
        with suppress(TimeoutError):
            async with asyncio.timeout(_BEGINS_S), aclosing(changes):
                async for connection in changes:
                    if connection.is_live:
                        return

    async def retry(self, jobs: Sequence[Job]) -> list[Job]:
        """Retry all ``jobs``; returns the new ones. A job has one open attempt at a time: where
        there is another, one line says so, and of a single job that one is returned."""
        await self._have_engine()
        new: list[Job] = []
        said: dict[str, None] = {}
        late = 0
        for job in jobs:
            other = self._board_sync.jobs.open_attempt(job.id)
            try:
                if other is None:
                    new.append(await self._retry(job, None))
            except Conflict as e:
                other = self._board_sync.jobs.open_attempt(job.id)
                if other is None:
                    said[refusal(e)] = None
            except AuraError as e:
                said[refusal(e)] = None
            if other is not None:
                late += 1
                if len(jobs) == 1:
                    self._say(f"Another attempt at this job is {other.status.word}; here it is")
                    return [other]
        if late:
            self._say(f"{late} of {len(jobs)} were being retried already")
        for text in said:
            self._say(text)
        return new

    async def retry_into(self, job: Job, folder: Path) -> Job:
        """Retry a job with its files in ``folder`` (absolute, of this machine). Raises AuraError if
        it is refused, for the form to show."""
        await self._have_engine()
        return await self._retry(job, folder)

    async def _retry(self, job: Job, folder: Path | None) -> Job:
        new = await self._board_sync.service.retry(job.id, deliver_to=folder)
        self._board_sync.jobs.load((new,))
        self._retried(job, new)
        return new

    async def submit(self, request: JobRequest, folder: Path | None) -> Job:
        """Submit a new job. Raises AuraError if the engine refuses it, for the form to show."""
        await self._have_engine()
        job = await self._board_sync.service.submit(request, deliver_to=folder)
        self._board_sync.jobs.load((job,))
        return job

    async def whole(self, job: Job) -> Job:
        """``job`` with its files, of which the list may know none. Raises AuraError."""
        if job.id in self._board_sync.jobs.whole:
            return job
        return await self._board_sync.service.get(job.id)

    async def file(self, job_id: str, artifact: Artifact) -> Path:
        """The artifact of a job on this machine's disk. Raises AuraError if unavailable."""
        local = Path(artifact.path)
        service = self._board_sync.service
        # A delivered file is in the person's folder; the engine keeps a copy under the same name.
        here = isinstance(service, Delivering) and service.has_delivered(job_id)
        if (here or self._board_sync.connected is None) and await asyncio.to_thread(local.is_file):
            return local
        try:
            return await service.artifact(job_id, artifact.name)
        except NotFound:
            job = self._board_sync.jobs.get(job_id)
            if job is None or artifact.path != job.log_path:
                raise
            raise log_on_server(job_id) from None


def _too_late(error: AuraError | None) -> bool:
    """Whether the job's state had changed before the engine got the command."""
    return isinstance(error, Conflict | NotFound)


def refusal(error: AuraError) -> str:
    """An error as a line for people."""
    return f"{error.message} [{error.code}]. {error.remediation}"
