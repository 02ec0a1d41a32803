"""A JobService that a test plays by hand: it tells what its tapes have been told so far."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.errors import Code, NotFound
from aura_tui.model import events as ev
from aura_tui.model.connection import Connection, ConnectionStatus
from aura_tui.model.reduce import fold
from aura_tui.replay.recording import Recording
from aura_tui.replay.service import ReplayService
from aura_tui.service import JobPage, QueueState, RetryPlan, Typical
from tests.ui.recordings import BEGIN, Tape

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aura_tui.errors import AuraError
    from aura_tui.model.job import Job
    from aura_tui.model.request import JobRequest
    from aura_tui.model.status import JobStatus
    from aura_tui.service import OnProgress


class ScriptedService(ReplayService):
    """As a recording, but of tapes that still grow (:meth:`told` says they did), and that takes
    note of what is asked of it: ``cancel``, or ``cancel ID`` for another job than the first.

    ``refusal`` is raised instead, where one is set. What else it answers is set by its attributes.
    """

    now = None  # type: ignore[assignment]  # no time of its own: it happens as the test tells

    def __init__(self, tape: Tape, *others: Tape) -> None:
        super().__init__(Recording((tape.job,), (), 0))
        self.tape = tape
        self.tapes = {each.job.id: each for each in (tape, *others)}
        self.asked: list[str] = []
        self.folders: list[Path | None] = []  # of the retries
        self.requests: list[JobRequest] = []
        self.refusal: AuraError | None = None
        self.refusals: dict[str, AuraError] = {}  # of single jobs
        self.usual = Typical(0, {})
        self.plan: RetryPlan | None = None
        self.picture: Path | None = None
        self.files: dict[str, Path] = {}
        self.closed = False
        self.lists = asyncio.Event()  # cleared: the stream of all jobs is behind
        self.lists.set()
        self._news = asyncio.Condition()

    async def told(self) -> None:
        """Wake whoever follows."""
        async with self._news:
            self._news.notify_all()

    async def add(self, tape: Tape) -> Tape:
        """A job that wasn't there."""
        self.tapes[tape.job.id] = tape
        await self.told()
        return tape

    def _tape(self, job_id: str) -> Tape:
        try:
            return self.tapes[job_id]
        except KeyError:
            raise NotFound(Code.JOB_UNKNOWN, f"There is no job {job_id}", "List them.") from None

    def now_is(self, job_id: str) -> Job:
        """The job as it is."""
        tape = self._tape(job_id)
        return fold(tape.job, tape.envelopes)

    async def get(self, job_id: str) -> Job:
        return self.now_is(job_id)

    async def list(
        self, *, status: JobStatus | None = None, limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        jobs = [self.now_is(job_id) for job_id in reversed(self.tapes)]
        start = int(cursor or 0)
        end = start + limit
        return JobPage(tuple(jobs[start:end]), str(end) if end < len(jobs) else None)

    async def events(
        self, job_id: str | None = None, *, after: int | None = None
    ) -> AsyncIterator[ev.Envelope]:
        if job_id is not None:
            self._tape(job_id)
        at: dict[str, int] = {}
        for known, tape in self.tapes.items():  # those up to ``after`` are known
            at[known] = sum(envelope.id <= (after or 0) for envelope in tape.envelopes)
        while True:
            wanted = [job_id] if job_id is not None else [*self.tapes]
            for each in wanted:
                tape = self._tape(each)
                while at.get(each, 0) < len(tape.envelopes):
                    envelope = tape.envelopes[at.get(each, 0)]
                    at[each] = at.get(each, 0) + 1
                    if job_id is None:
                        await self.lists.wait()
                    yield envelope
                    if job_id is not None and isinstance(envelope.event, ev.TERMINAL_EVENTS):
                        return
            async with self._news:
                if all(at.get(e, 0) == len(self._tape(e).envelopes) for e in wanted):
                    await self._news.wait()

    async def _note(self, what: str, job_id: str) -> Job:
        self.asked.append(what if job_id == self.tape.job.id else f"{what} {job_id}")
        refusal = self.refusals.get(job_id, self.refusal)
        if refusal is not None:
            raise refusal
        return await self.get(job_id)

    async def cancel(self, job_id: str) -> Job:
        return await self._note("cancel", job_id)

    async def pause(self, job_id: str) -> Job:
        return await self._note("pause", job_id)

    async def resume(self, job_id: str) -> Job:
        return await self._note("resume", job_id)

    async def delete(self, job_id: str) -> None:
        await self._note("delete", job_id)

    async def retry(
        self,
        job_id: str,
        *,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        old = await self._note("retry", job_id)
        self.folders.append(deliver_to)
        tape = Tape(f"{job_id}R", title=old.title, attempt=old.attempt + 1, retry_of=job_id)
        tape.wait(3600)
        await self.add(tape)
        return tape.job

    async def submit(
        self,
        request: JobRequest,
        *,
        correlation_id: str | None = None,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        if self.refusal is not None:
            raise self.refusal
        self.requests.append(request)
        tape = Tape(f"NEW{len(self.requests)}", title=request.brief.topic or "New")
        tape.wait(3600)
        await self.add(tape)
        return tape.job

    async def queue(self) -> QueueState:
        return QueueState(queued=0, running=1, paused=0, waiting=())

    async def typical(self, job_id: str) -> Typical:
        return self.usual

    async def retry_plan(self, job_id: str) -> RetryPlan:
        if self.plan is None:
            raise NotFound(Code.JOB_UNKNOWN, "No plan", "Retry and see.")
        return self.plan

    async def preview(self, job_id: str) -> Path | None:
        return self.picture

    async def artifact(
        self, job_id: str, name: str, *, on_progress: OnProgress | None = None
    ) -> Path:
        return self.files[name]

    async def aclose(self) -> None:
        self.closed = True

    # What an engine would tell next.

    async def tell_status(self, status: JobStatus) -> None:
        self.tape.status(status)
        await self.told()

    async def tell_cancelled(self) -> None:
        self.tape.tell(ev.JobCancelled, message="Cancelled by the user")
        await self.told()


class ConnectedService(ScriptedService):
    """The same behind a connection, which the test breaks and mends."""

    def __init__(self, tape: Tape, *others: Tape) -> None:
        super().__init__(tape, *others)
        self.connection = Connection(status=ConnectionStatus.LIVE, since=BEGIN, heard_at=BEGIN)
        self.reconnects = 0
        self._changes = asyncio.Condition()

    async def change(self, **fields: object) -> None:
        """The connection is another one in ``fields``."""
        self.connection = replace(self.connection, **fields)
        async with self._changes:
            self._changes.notify_all()

    async def connection_changes(self) -> AsyncIterator[Connection]:
        told: Connection | None = None
        while True:
            async with self._changes:
                while self.connection == told:
                    await self._changes.wait()
            told = self.connection
            yield told

    def reconnect(self) -> None:
        self.reconnects += 1

    async def get(self, job_id: str) -> Job:
        if self.refusal is not None:
            raise self.refusal
        return await super().get(job_id)
