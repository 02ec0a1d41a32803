"""The embedded JobService: one engine on one AURA_HOME, in this process."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import secrets
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

import msgspec

from aura_tui.brief.title import title_of
from aura_tui.engine import engine_log, home, retention, settings_drift, stop_request
from aura_tui.engine import lock as lock_
from aura_tui.engine.delivery import check_folder
from aura_tui.engine.dispatcher import STANDSTILL_S, Dispatcher
from aura_tui.engine.event_log import EventLog
from aura_tui.engine.job_settings import settings_of, with_settings
from aura_tui.engine.queries import StoreQueries
from aura_tui.engine.queue import PriorityQueue
from aura_tui.engine.run.context import RunnerDeps
from aura_tui.engine.run.event_factory import EventFactory
from aura_tui.engine.run.history import HISTORY_JOBS, expected_providers, history_of
from aura_tui.engine.run.retry_plan import check_retry
from aura_tui.engine.run.runner import Runner
from aura_tui.engine.store.event_reader import EventReader
from aura_tui.engine.store.open import open_store
from aura_tui.engine.store.store import IdempotencyKey
from aura_tui.errors import Code, Conflict, EngineError, Faults
from aura_tui.model import events as ev
from aura_tui.model.job import Job
from aura_tui.model.status import JobStatus
from aura_tui.model.text.plural import counted
from aura_tui.pipeline.cache import ArtifactCache
from aura_tui.pipeline.stages.table import Stages, real_stages
from aura_tui.system.tasks import Supervisor, TaskFailure, report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
    from typing import TypeVar

    from aura_tui.engine.settings_drift import EngineKind
    from aura_tui.engine.store.store import Record, Store
    from aura_tui.model.eta import History, Work
    from aura_tui.model.request import JobRequest
    from aura_tui.service import QueueState, Recorded
    from aura_tui.settings import Settings

    T = TypeVar("T")


_FULL_BYTES = 256 * 1024  # a disk with less free counts as full
_WATCH_S = 1.0
_LOCKED_S = 2.0  # report another process's lock on the database after that


class EmbeddedService(StoreQueries):
    """A :class:`~aura_tui.service.JobService` that does the work itself.

    ``work=False`` holds the engine's lock without starting jobs, for a command that changes a job
    and exits. ``kind``: the command that runs it. Use it as an async context manager.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        work: bool = True,
        kind: EngineKind = "foreground",
        stages: Callable[[], Stages] = real_stages,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        super().__init__(home.Home(settings.home), settings)
        self._settings = settings
        self._runs_jobs = work
        self._kind: EngineKind = kind
        self._stages = stages
        self._now = now
        self._background = Supervisor(self._task_failed)
        self._locked_s = 0.0  # how long another process has locked the database
        self._closing = False
        self._key_locks: WeakValueDictionary[bytes, asyncio.Lock] = WeakValueDictionary()
        self._swept = False
        self._spared: frozenset[str] | None = None  # None: closing interrupts no job

    # -- lifecycle

    async def __aenter__(self) -> EmbeddedService:
        # In a thread: it waits and tries again if another process has the lock.
        self._lock = await asyncio.to_thread(lock_.acquire, self.home)
        if self._runs_jobs:
            stop_request.remove(self.home)  # of an earlier engine
        try:
            opened = await asyncio.to_thread(open_store, self.home.store)
            self.notices += opened.notices
            self._log = EventLog(
                opened.store, self._now_ms, self.home.reserve, died=self._writer_died
            )
            self._archive = EventReader(self.home.store)
        except BaseException:
            self._lock.release()
            raise
        self._dispatcher = Dispatcher(
            self._log,
            PriorityQueue(),
            max(1, self._settings.engine.concurrency) if self._runs_jobs else 0,
            self._new_runner,
            self._now,
            self._task_failed,
        )
        try:
            if not opened.clean:
                await asyncio.to_thread(retention.sweep_partial, self.home)
            if self._runs_jobs:
                await asyncio.to_thread(
                    settings_drift.publish, self.home, self._settings, self._kind
                )
            await self._restore_jobs()
        except BaseException:
            await self._archive.close()
            await self._log.close()
            self._lock.release()
            raise
        if self._runs_jobs:
            self._background.keep("Retention sweep", self._sweep)
            self._background.keep("Queue watch", self._watch)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def interrupt_on_close(self, *, but: Iterable[str] = ()) -> None:
        """Let the open jobs wait for a person once this has closed, since a person stops them, but
        not those with the ids ``but``. Without this, the next engine resumes them."""
        spared = frozenset(but)
        self._spared = spared if self._spared is None else self._spared & spared

    def will_interrupt(self, job: Job) -> bool:
        """Whether :meth:`interrupt_on_close` applies to the job, or a person stops the engine."""
        if stop_request.is_for_us(self.home):
            return True
        return self._spared is not None and job.id not in self._spared

    async def interrupt_jobs(self) -> None:
        """See :class:`~aura_tui.service.Interrupting`."""
        if self._spared is not None or stop_request.is_for_us(self.home):
            await self._dispatcher.aclose(interrupt=self.will_interrupt)

    async def aclose(self) -> None:
        """Suspend running jobs, write pending events, and release the home."""
        if self._closing:
            return
        self._closing = True
        self._log.stop_waiting()
        await self._background.aclose()
        await self._dispatcher.aclose(interrupt=self.will_interrupt)
        for job in self._log.open_jobs():
            if job.status is JobStatus.PAUSED and self.will_interrupt(job):
                with contextlib.suppress(EngineError):  # the log reports it
                    await self._keep_resuming(job.id, resumes=False)
        if self._runs_jobs and not self._swept:  # it ran only for a short job
            with contextlib.suppress(EngineError, OSError):  # the next engine sweeps
                await self._sweep_once()
        damaged = self._archive.damaged
        await self._archive.close()
        await self._log.close(damaged=damaged)
        settings_drift.withdraw(self.home)
        self._lock.release()

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)

    async def _restore_jobs(self) -> None:
        """Queue the running and queued jobs that an earlier engine left; paused ones stay, and
        interrupted ones unless the settings resume them."""
        resume_all = self._settings.engine.on_start == "resume"

        def left(store: Store) -> list[tuple[Record, bool]]:
            found = []
            for record in map(with_settings, store.open_records()):
                if record.job.status.ended:  # its engine died before it updated the row
                    store.snapshot(record.n, record.job)
                else:
                    found.append((record, store.resumes(record.n)))
            return found

        found = await self._log.do(left)
        for record, _ in found:
            self._log.track(record)
        for record, resumes in found:
            if record.job.active or (resumes and not record.job.interrupted):
                self._dispatcher.put(record.job)
            elif record.job.interrupted and resume_all and self._runs_jobs:
                await self._dispatcher.continue_interrupted(record.job)

    async def _read(self, work: Callable[[Store], T]) -> T:
        return await self._archive.read(work)

    # -- running jobs

    def _new_runner(self, job: Job) -> Runner:
        deps = RunnerDeps(
            home=self.home,
            settings=self._settings,
            pieces=ArtifactCache(self.home.pieces),
            sink=self._log,
            now=self._now,
            record=self._record,
            next_run=self._log.next_run,
            history=self._history,
            log_tail=self._log_tail,
            finished=self._store_work,
            stages=self._stages,
            task_failed=self._task_failed,
        )
        return Runner(job, self._log.run(job.id), deps)

    async def _history(self, record: Record) -> History:
        finished = await self._read(lambda s: s.finished_work(HISTORY_JOBS))
        return history_of(finished, expected_providers(record.request, self._settings))

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(_WATCH_S)
            self._dispatcher.check()
            locked_s = self._log.busy_s
            if not locked_s and self._locked_s > _LOCKED_S:
                self._dispatcher.warn(
                    f"Another program locked the database for {self._locked_s:.0f} s; "
                    "events were delayed, none are lost"
                )
            self._locked_s = locked_s

    def troubles(self) -> tuple[str, ...]:
        """See :class:`~aura_tui.service.Supervised`."""
        reasons = [failure.reason for failure in self._background.failures]
        if self._log.failure is not None:
            reasons.append(self._log.failure.message)
        if (locked_s := self._log.busy_s) > _LOCKED_S:
            reasons.append(f"another program has locked the database for {locked_s:.0f} s")
        if (stands_s := self._dispatcher.standstill_s) >= STANDSTILL_S:
            count = len(self._dispatcher.waiting())
            jobs = counted(count, "job waits", "jobs wait")
            reasons.append(
                f"the queue is stalled: {jobs}, and no job has started for {stands_s:.0f} s"
            )
        return tuple(reasons)

    def _task_failed(self, failure: TaskFailure) -> None:
        engine_log.write(self.home, failure)
        report(failure)

    def _writer_died(self, error: BaseException) -> None:
        self._task_failed(
            TaskFailure(name="Database writer", error=error, at=self._now(), restarts_in_s=0.0)
        )

    def _log_tail(self, job_id: str) -> tuple[str, ...]:
        job = self._log.job(job_id)
        return job.log if job else ()

    async def _store_work(self, job_id: str, work: Work) -> None:
        n = self._log.row(job_id)
        if n is not None:
            await self._log.do(lambda store: store.set_work(n, work))

    async def _sweep(self) -> None:
        """Sweep at the start (once the first jobs are running), then regularly."""
        await asyncio.sleep(5)
        while True:
            await self._sweep_once()
            await asyncio.sleep(retention.every_s(self._settings.engine))

    async def _sweep_once(self) -> None:
        self._swept = True
        await retention.sweep(self._log, self.home, self._settings.engine, self._now().timestamp())

    # -- JobService: changes

    async def submit(
        self,
        request: JobRequest,
        *,
        correlation_id: str | None = None,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """See :class:`~aura_tui.service.JobService`."""

        async def make(key: IdempotencyKey | None) -> Job:
            await _check_request(request, deliver_to, self._settings)
            return await self._add(request, correlation_id, deliver_to, key=key)

        content = (request, deliver_to)
        return await self._idempotent(idempotency_key, request.origin.owner, content, make)

    async def _idempotent(
        self,
        text: str | None,
        owner: str,
        content: object,
        make: Callable[[IdempotencyKey | None], Awaitable[Job]],
    ) -> Job:
        """The job that was created with the owner's idempotency key ``text``, or the one that
        ``make`` creates now. ``content`` is everything that identifies the request."""
        if text is None:
            return await make(None)
        key = IdempotencyKey(
            hashlib.sha256(f"{owner}\0{text}".encode("utf-8", "surrogatepass")).digest(),
            hashlib.sha256(msgspec.json.encode(content, enc_hook=str)).digest(),
            self._now_ms(),
        )
        # Of two concurrent requests the second waits and finds the job of the first.
        lock = self._key_locks.setdefault(key.key, asyncio.Lock())
        async with lock:
            # The writer's connection sees a job that a cancelled caller was adding, too.
            job_id = await self._log.do(lambda store: store.job_for_key(key))
            return await (make(key) if job_id is None else self.get(job_id))

    async def _add(
        self,
        request: JobRequest,
        correlation_id: str | None,
        deliver_to: Path | None,
        retry: Record | None = None,
        key: IdempotencyKey | None = None,
    ) -> Job:
        now = self._now()
        to = str(deliver_to.absolute()) if deliver_to else None
        job = Job(
            id=secrets.token_hex(5),
            correlation_id=(correlation_id or secrets.token_hex(8))[:100],
            title=title_of(request.brief),
            created_at=now,
            queued_at=now,
            priority=request.priority,
            attempt=retry.job.attempt + 1 if retry else 1,
            retry_of=retry.job.id if retry else None,
            settings=settings_of(request, self._settings, to),
            owner=request.origin.owner,
        )
        lineage = retry.lineage if retry else job.id
        new_event = EventFactory(job.id, job.correlation_id, self._now).event
        await self._log.add(
            job,
            request,
            lineage,
            to,
            new_event(ev.JobStatusChanged, status=JobStatus.QUEUED),
            self._dispatcher.put,
            key,
        )
        return await self.get(job.id)

    async def cancel(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        await self._open_job(job_id, "cancelled")
        if not await self._dispatcher.cancel(job_id):
            await self._open_job(job_id, "cancelled")
        return await self.get(job_id)

    async def pause(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        await self._open_job(job_id, "paused")
        if not await self._dispatcher.pause(job_id):
            await self._open_job(job_id, "paused")
        await self._keep_resuming(job_id, resumes=False)
        return await self.get(job_id)

    async def resume(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        await self._open_job(job_id, "resumed")
        runs = await self._dispatcher.resume(job_id)
        # A paused job that waits for a slot resumes under the next engine, too.
        paused = (job := self._log.job(job_id)) is not None and job.status is JobStatus.PAUSED
        await self._keep_resuming(job_id, resumes=paused and not runs)
        return await self.get(job_id)

    async def _keep_resuming(self, job_id: str, *, resumes: bool) -> None:
        n = self._log.row(job_id)
        if n is not None:
            await self._log.do(lambda store: store.set_resumes(n, resumes))

    async def retry(
        self,
        job_id: str,
        *,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        record = await self._record(job_id)
        return await self._idempotent(
            idempotency_key,
            record.job.owner,
            ("retry", job_id) if deliver_to is None else ("retry", job_id, deliver_to),
            lambda key: self._retry(record, deliver_to, key),
        )

    async def _retry(
        self, record: Record, deliver_to: Path | None, key: IdempotencyKey | None
    ) -> Job:
        job_id = record.job.id
        check_retry(record.job)
        await _check_request(record.request, None, self._settings)
        to = deliver_to or (Path(record.deliver_to) if record.deliver_to else None)
        if to is not None:
            await asyncio.to_thread(check_folder, to)
        # No await between this check and the log's entry: two concurrent retries make one job.
        other = self._log.open_job_of(record.lineage)
        if other is not None:
            raise Conflict(
                Code.JOB_STATE,
                f"Job {job_id} is already being retried as job {other}",
                f"Follow that job with: aura-tui watch {other}",
                job_id=other,
            )
        return await self._add(record.request, record.job.correlation_id, to, record, key)

    async def delete(self, job_id: str) -> None:
        """See :class:`~aura_tui.service.JobService`."""
        record = await self._record(job_id)
        if self._log.job(job_id) is not None:
            raise Conflict(
                Code.JOB_STATE,
                f"Job {job_id} is {record.job.word}; only finished jobs can be deleted",
                "Cancel the job first, or wait until it ends.",
            )
        await self._dispatcher.wait_released(job_id)
        await retention.delete_job(self._log, self.home, record.n, job_id)

    async def _open_job(self, job_id: str, what: str) -> Job:
        job = self._log.job(job_id)
        if job is None:
            job = (await self._record(job_id)).job
            raise Conflict(
                Code.JOB_STATE,
                f"Job {job_id} has already ended ({job.status.word}) and can't be {what}",
                f"Show it with: aura-tui show {job_id}",
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
        # Check first: a write would use the space that is reserved for a job's last events.
        # In a thread: a home on a hanging network share must not block the loop.
        usage = await asyncio.to_thread(shutil.disk_usage, self.home.root)
        if usage.free < _FULL_BYTES:
            raise EngineError(Code.DISK_FULL, "The disk is full", "Free some space.")
        await self._log.do(lambda store: store.set_meta("probed", self._now_ms() // 1000))

    # -- JobService: reading

    async def get(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`. An open job is in memory, already folded."""
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
            if job_id is not None:
                await self._record(job_id)  # raises NotFound if it was deleted meanwhile
            return
        raise EngineError(
            Code.ENGINE_GONE,
            "The engine stopped; the job resumes when an engine starts",
            f"Resume with: aura-tui watch {job_id or '@latest'}",
        )

    async def queue(self) -> QueueState:
        """See :class:`~aura_tui.service.JobService`."""
        return self._dispatcher.state()


async def _check_request(request: JobRequest, deliver_to: Path | None, settings: Settings) -> None:
    """Raise InvalidRequest with all faults, including those that only providers and disks know."""
    from aura_tui.pipeline.preflight import check_request, check_tools

    faults = Faults()
    with faults.collect():
        await asyncio.to_thread(check_request, request, settings)
    with faults.collect():
        if deliver_to is not None:
            await asyncio.to_thread(check_folder, deliver_to)
    faults.check()
    await check_tools(settings)
