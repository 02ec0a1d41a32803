"""What people ask of the engine from the board, and what has not happened yet of it."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, cast

from aura_tui.errors import AuraError
from aura_tui.format.impact import summed
from aura_tui.model.status import JobStatus
from aura_tui.service import Delivering, RetryPlan
from aura_tui.ui.state.run import Asked

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Sequence

    from aura_tui.model.connection import Connection
    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job
    from aura_tui.model.request import JobRequest
    from aura_tui.ui.sync.subscriptions import BoardSync

_BEGINS_S = 15.0  # for an engine to begin in the background, and be reached
_PLANNED = 50  # jobs: a plan each is read from the disk; of more, no one would wait for the sum


class JobCommands:
    """Asks the service; refusals are told to people through ``say`` (a line of text)."""

    def __init__(self, watching: BoardSync, *, say: Callable[[str], None]) -> None:
        self._board_sync = watching
        self._say = say

    # -- what may be asked

    def may(self, asked: Asked, job: Job) -> bool:
        """Whether ``job`` is in a state for it, and it hasn't been asked already."""
        pending = self._board_sync.pending(job)
        if job.status.ended or pending is Asked.CANCEL:
            return False
        if asked is Asked.CANCEL:
            return True
        wanted = JobStatus.RUNNING if asked is Asked.PAUSE else JobStatus.PAUSED
        return job.status is wanted and pending is None

    @staticmethod
    def may_retry(job: Job) -> bool:
        """Whether ``job`` ended without success."""
        return job.status.ended and job.status is not JobStatus.SUCCEEDED

    # -- asking

    async def change(self, asked: Asked, jobs: Sequence[Job]) -> None:
        """Cancel, pause or resume ``jobs``, all at once."""
        if asked is Asked.RESUME:
            await self._have_engine()
        wanted = [job.id for job in jobs if self.may(asked, job)]
        await asyncio.gather(*(self._change(asked, job_id) for job_id in wanted))

    async def _change(self, asked: Asked, job_id: str) -> None:
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
            self._refused(e)

    async def plan(self, job: Job) -> RetryPlan | None:
        """What a retry of ``job`` would do; None where that can't be had, which is not said."""
        try:
            return await self._board_sync.service.retry_plan(job.id)
        except AuraError:
            return None

    async def plan_all(self, jobs: Sequence[Job]) -> RetryPlan:
        """What retries of all ``jobs`` would do together; empty where that can't be told."""
        plans: list[RetryPlan] = []
        if len(jobs) <= _PLANNED:
            found = await asyncio.gather(*(self.plan(job) for job in jobs))
            plans = [plan for plan in found if plan is not None]
        return summed(plans) if len(plans) == len(jobs) else RetryPlan((), None)

    async def _have_engine(self) -> None:
        """Where no engine is at work any more (one in the background ends when it has nothing to
        do), have one begin, as reconnecting does; new work needs it. Where none comes, the request
        says so."""
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

    async def retry(self, jobs: Sequence[Job]) -> Job | None:
        """Try all of ``jobs`` again; the last of the new ones."""
        await self._have_engine()
        new: Job | None = None
        for job in jobs:
            try:
                new = await self._board_sync.service.retry(job.id)
            except AuraError as e:
                self._refused(e)
            else:
                self._board_sync.jobs.load((new,))
        return new

    async def submit(self, request: JobRequest, folder: Path | None) -> Job:
        """A new job. Raises AuraError where the engine refuses it: whoever typed it is to know."""
        await self._have_engine()
        job = await self._board_sync.service.submit(request, deliver_to=folder)
        self._board_sync.jobs.load((job,))
        return job

    async def file(self, artifact: Artifact) -> Path:
        """The artifact of the shown run on this machine's disk. Raises AuraError where it can't be
        had."""
        run = self._board_sync.run
        assert run.job is not None, "files can only be chosen in the job that is shown"
        local = Path(artifact.path)
        service = self._board_sync.service
        # A delivered file lies where the person wanted it; the engine keeps one of that name, too.
        here = isinstance(service, Delivering) and service.has_delivered(run.job.id)
        if (here or self._board_sync.connected is None) and await asyncio.to_thread(local.is_file):
            return local
        return await service.artifact(run.job.id, artifact.name)

    def _refused(self, error: AuraError) -> None:
        self._say(refusal(error))


def refusal(error: AuraError) -> str:
    """An error as a line for people."""
    return f"{error.message} [{error.code}]. {error.remediation}"
