"""The embedded JobService: one engine on one AURA_HOME, in this process."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import shutil
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from aura_tui.engine import cleanup, home, terms
from aura_tui.engine.archive import ArchiveReader
from aura_tui.engine.deliver import check_folder
from aura_tui.engine.forecast import HISTORY_JOBS, history_of, providers_to_be
from aura_tui.engine.log import EventLog
from aura_tui.engine.opening import open_store
from aura_tui.engine.queue import PriorityQueue
from aura_tui.engine.reading import StoreReading
from aura_tui.engine.retry_plan import check_retry
from aura_tui.engine.runner import Runner, stopped
from aura_tui.engine.store import Record, Store
from aura_tui.engine.teller import Teller
from aura_tui.engine.workplace import Tools
from aura_tui.errors import Code, Conflict, EngineError
from aura_tui.model import events as ev
from aura_tui.model.job import Job
from aura_tui.model.request import check
from aura_tui.model.status import JobStatus
from aura_tui.pipeline.pieces import Pieces
from aura_tui.pipeline.stages import Stages, real_stages
from aura_tui.service import QueueState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from typing import TypeVar

    from aura_tui.model.eta import Work
    from aura_tui.model.request import JobRequest
    from aura_tui.service import Recorded
    from aura_tui.settings import Settings

    T = TypeVar("T")


_FULL_BYTES = 256 * 1024  # free on a disk that is as good as full
_AGAIN_S = 5.0  # until a job goes on whose engine could write nothing


class EmbeddedService(StoreReading):
    """A :class:`~aura_tui.service.JobService` that does the work itself.

    ``work=False`` holds the engine without taking up jobs: for a command that changes one and
    leaves. Use it as an async context manager.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        work: bool = True,
        stages: Callable[[], Stages] = real_stages,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(home.Home(settings.home), settings)
        self._settings = settings
        self._works = work
        self._stages = stages
        self._now = now
        self._queue = PriorityQueue()
        self._runners: dict[str, Runner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._room = asyncio.Condition()
        self._background: list[asyncio.Task[None]] = []
        self._closing = False
        self._swept = False
        self.notices: list[str] = []  # what a person should know of how the engine started

    # -- life

    async def __aenter__(self) -> EmbeddedService:
        # A lock that is contended is asked for again, with waits.
        self._lock = await asyncio.to_thread(home.acquire, self.home)
        try:
            opened = await asyncio.to_thread(open_store, self.home.store)
            if opened.damage is not None:
                self.notices.append(opened.damage.notice)
            self._log = EventLog(opened.store, self._now_ms, self.home.reserve)
            self._archive = ArchiveReader(self.home.store)
        except BaseException:
            self._lock.release()
            raise
        try:
            await self._take_up()
            if not opened.clean:
                await asyncio.to_thread(cleanup.sweep_halves, self.home)
        except BaseException:
            await self._log.close()
            self._lock.release()
            raise
        if self._works:
            await asyncio.to_thread(terms.publish, self.home, self._settings)
            self._background = [
                asyncio.create_task(self._dispatch(), name="dispatch"),
                asyncio.create_task(self._sweep(), name="sweep"),
            ]
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Suspend what runs, write what is waiting, and give the home free."""
        if self._closing:
            return
        self._closing = True
        for task in self._background:
            task.cancel()
        for runner in self._runners.values():
            runner.suspend()
        await asyncio.gather(*self._background, *self._tasks.values(), return_exceptions=True)
        if self._works and not self._swept:  # one that lived for a short job alone
            await self._sweep_once()
        await self._archive.close()
        await self._log.close()
        terms.withdraw(self.home)
        self._lock.release()

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)

    async def _take_up(self) -> None:
        """What an earlier engine left: running and queued jobs wait again, paused ones stay."""
        for record in await self._read(lambda store: store.open_records()):
            self._log.adopt(record)
            if record.job.status is not JobStatus.PAUSED:
                self._queue.put(record.job.id, record.job.priority)

    async def _read(self, work: Callable[[Store], T]) -> T:
        return await self._log.do(work)

    # -- the work

    async def _dispatch(self) -> None:
        limit = max(1, self._settings.engine.concurrency)
        while True:
            async with self._room:
                await self._room.wait_for(lambda: self._active() < limit)
            job_id = await self._queue.take()
            # While it waited, a paused job may have gone on and taken the room.
            if self._active() >= limit:
                job = self._log.job(job_id)
                self._queue.put_back(job_id, job.priority if job else 0)
                continue
            try:
                await self._start(job_id)
            except EngineError as e:
                self._try_later(job_id, e)

    def _try_later(self, job_id: str, error: EngineError) -> None:
        """The store takes no writing: the job waits until it does, and goes on by itself."""
        job = self._log.job(job_id)
        if job is None or self._closing or self._log.failure is not None:
            return  # it has ended, or the log tells everybody

        async def put_back() -> None:
            await asyncio.sleep(_AGAIN_S)
            if self._log.job(job_id) is not None and job_id not in self._queue.waiting():
                self._queue.put_back(job_id, job.priority)

        self._log.give_up(job_id, error)
        task = asyncio.create_task(put_back(), name=f"try {job_id} later")
        self._background.append(task)
        task.add_done_callback(self._background.remove)

    def _active(self) -> int:
        return sum(not runner.children.paused for runner in self._runners.values())

    async def _start(self, job_id: str) -> None:
        if self._log.job(job_id) is None:
            return  # cancelled while it waited
        try:
            record = await self._record(job_id)
        except EngineError as e:  # its row is damaged: the one job ends, not the engine
            if e.code is not Code.STORE_CORRUPT:
                raise
            await self._unreadable(job_id)
            return
        finished = await self._read(lambda s: s.finished_work(HISTORY_JOBS))
        history = history_of(finished, providers_to_be(record.request, self._settings))
        run = await self._log.next_run(job_id)
        if self._log.job(job_id) is None or self._closing:
            return
        tools = Tools(
            home=self.home,
            settings=self._settings,
            pieces=Pieces(self.home.pieces),
            sink=self._log,
            now=self._now,
            history=lambda: history,
            log_tail=self._log_tail,
            finished=self._keep_work,
            stages=self._stages,
        )
        runner = Runner(record, run, tools)
        self._runners[job_id] = runner
        task = runner.start()
        self._tasks[job_id] = task
        task.add_done_callback(lambda _: self._ended(job_id))

    async def _unreadable(self, job_id: str) -> None:
        problem = ev.Problem(
            code=Code.STORE_CORRUPT.value,
            message="The job's record in the store is damaged",
            remediation="Submit the brief again.",
        )
        tell = Teller(job_id, "", self._now).event
        run = self._log.run(job_id)
        await self._log.append(job_id, run, [tell(ev.JobStatusChanged, status=JobStatus.RUNNING)])
        failed = tell(ev.JobFailed, error_message=problem.message, errors=(problem,))
        await self._log.append(job_id, run, [failed])

    def _ended(self, job_id: str) -> None:
        del self._runners[job_id]
        task = self._tasks.pop(job_id)
        error = None if task.cancelled() else task.exception()
        if isinstance(error, EngineError):
            self._try_later(job_id, error)
        self._make_room()

    def _make_room(self) -> None:
        async def tell() -> None:
            async with self._room:
                self._room.notify_all()

        if not self._closing:
            task = asyncio.create_task(tell())
            self._background.append(task)
            task.add_done_callback(self._background.remove)

    def _log_tail(self, job_id: str) -> tuple[str, ...]:
        job = self._log.job(job_id)
        return job.log if job else ()

    async def _keep_work(self, job_id: str, work: Work) -> None:
        n = self._log.row(job_id)
        if n is not None:
            await self._log.do(lambda store: store.set_work(n, work))

    async def _sweep(self) -> None:
        """Retention, at the start (once the first work is under way) and ever after."""
        await asyncio.sleep(5)
        while True:
            await self._sweep_once()
            await asyncio.sleep(cleanup.every_s(self._settings.engine))

    async def _sweep_once(self) -> None:
        self._swept = True
        with contextlib.suppress(EngineError, OSError):
            await cleanup.sweep(self._log, self.home, self._settings.engine, time.time())

    # -- JobService: changes

    async def submit(
        self,
        request: JobRequest,
        *,
        correlation_id: str | None = None,
        deliver_to: Path | None = None,
    ) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        check(request)
        await asyncio.to_thread(_check_providers, request, self._settings)
        if deliver_to is not None:
            await asyncio.to_thread(check_folder, deliver_to)
        return await self._add(request, correlation_id, deliver_to)

    async def _add(
        self,
        request: JobRequest,
        correlation_id: str | None,
        deliver_to: Path | None,
        retry: Record | None = None,
    ) -> Job:
        now = self._now()
        job = Job(
            id=secrets.token_hex(5),
            correlation_id=(correlation_id or secrets.token_hex(8))[:100],
            title=request.title,
            created_at=now,
            queued_at=now,
            priority=request.priority,
            attempt=retry.job.attempt + 1 if retry else 1,
            retry_of=retry.job.id if retry else None,
            owner=request.origin.owner,
        )
        lineage = retry.lineage if retry else job.id
        to = str(deliver_to.absolute()) if deliver_to else None
        n = await self._log.do(lambda s: s.add(job, request, lineage, to), synced=True)
        self._log.adopt(
            Record(n=n, run=0, lineage=lineage, deliver_to=to, request=request, work=None, job=job)
        )
        tell = Teller(job.id, job.correlation_id, self._now).event
        await self._log.append(job.id, 0, [tell(ev.JobStatusChanged, status=JobStatus.QUEUED)])
        self._queue.put(job.id, job.priority)
        return await self.get(job.id)

    async def cancel(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        job = await self._open_job(job_id, "cancelled")
        runner = self._runners.get(job_id)
        if runner is not None:
            runner.cancel()
            return job
        self._queue.remove(job_id)
        tell = Teller(job.id, job.correlation_id, self._now).event
        event = tell(
            ev.JobCancelled,
            stage=job.stage,
            message=stopped(len(job.artifacts)),
            artifacts=job.artifacts,
        )
        await self._log.append(job_id, self._log.run(job_id), [event])
        return await self.get(job_id)

    async def pause(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        job = await self._open_job(job_id, "paused")
        runner = self._runners.get(job_id)
        if job.status is not JobStatus.RUNNING or (runner is None and self._works):
            raise Conflict(
                Code.JOB_STATE,
                f"Job {job_id} is {job.status.word}; only a running job can be paused",
                "Wait until it runs, or cancel it.",
            )
        if runner is not None:
            await runner.pause()
        else:  # left running by an engine that is gone
            self._queue.remove(job_id)
            await self._say(job, JobStatus.PAUSED)
        self._make_room()
        return await self.get(job_id)

    async def resume(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        job = await self._open_job(job_id, "resumed")
        if job.status is not JobStatus.PAUSED:
            raise Conflict(
                Code.JOB_STATE,
                f"Job {job_id} is {job.status.word}, not paused",
                "There is nothing to resume.",
            )
        runner = self._runners.get(job_id)
        if runner is not None:
            await runner.resume()
        else:
            await self._say(job, JobStatus.RUNNING)
            self._queue.put(job_id, job.priority)
        return await self.get(job_id)

    async def _say(self, job: Job, status: JobStatus) -> None:
        tell = Teller(job.id, job.correlation_id, self._now).event
        event = tell(ev.JobStatusChanged, status=status, stage=job.stage, percent=job.percent)
        await self._log.append(job.id, self._log.run(job.id), [event])

    async def retry(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        record = await self._record(job_id)
        check_retry(record.job)
        await asyncio.to_thread(_check_providers, record.request, self._settings)
        to = Path(record.deliver_to) if record.deliver_to else None
        return await self._add(record.request, record.job.correlation_id, to, record)

    async def _open_job(self, job_id: str, what: str) -> Job:
        job = self._log.job(job_id)
        if job is None:
            job = (await self._record(job_id)).job
            raise Conflict(
                Code.JOB_STATE,
                f"Job {job_id} has ended ({job.status.word}); it can't be {what}",
                f"See it with: aura-tui show {job_id}",
            )
        return job

    # -- Archive

    @property
    def published(self) -> int:
        """See :class:`~aura_tui.service.Archive`."""
        return self._log.published

    async def recorded(self, job_id: str | None, *, after: int, limit: int) -> Recorded:
        """See :class:`~aura_tui.service.Archive`."""
        return await self._archive.recorded(job_id, after, limit)

    async def probe(self) -> None:
        """See :class:`~aura_tui.service.Archive`."""
        # Looked at first: a write would take the space that is kept back for the end of a job.
        # In a thread: a home on a network that hangs is not to hold up the loop.
        usage = await asyncio.to_thread(shutil.disk_usage, self.home.root)
        if usage.free < _FULL_BYTES:
            raise EngineError(Code.DISK_FULL, "The disk is full", "Free some space.")
        await self._log.do(lambda store: store.set_meta("probed", int(time.time())))

    # -- JobService: reading

    async def get(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`. An open job is in memory, folded already."""
        return self._log.job(job_id) or await super().get(job_id)

    async def events(
        self, job_id: str | None = None, *, after: int | None = None
    ) -> AsyncIterator[ev.Envelope]:
        """See :class:`~aura_tui.service.JobService`."""
        n = (await self._record(job_id)).n if job_id is not None else None
        async for envelope in self._log.follow(n, job_id, after or 0):
            yield envelope
            if job_id is not None and isinstance(envelope.event, ev.TERMINAL_EVENTS):
                return
        if not self._closing:
            return
        raise EngineError(
            Code.ENGINE_GONE,
            "The engine has ended; the job goes on at its next start",
            f"Go on with: aura-tui watch {job_id or '@latest'}",
        )

    async def queue(self) -> QueueState:
        """See :class:`~aura_tui.service.JobService`."""
        jobs = self._log.open_jobs()
        waiting = self._queue.waiting()
        return QueueState(
            queued=len(waiting),
            # One that an earlier engine left running waits like any other to be taken up; one that
            # was just taken counts, though it hasn't said so yet.
            running=sum(
                job.status is not JobStatus.PAUSED for job in jobs if job.id not in waiting
            ),
            paused=sum(job.status is JobStatus.PAUSED for job in jobs),
            waiting=waiting,
        )


def _check_providers(request: JobRequest, settings: Settings) -> None:
    """What only providers know: names, voices, themes, folders. Raises InputError."""
    from aura_tui.pipeline.check import check_choices

    check_choices(request, settings)
