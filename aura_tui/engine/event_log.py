"""The event log: assigns ids, folds open jobs, and feeds readers without gaps or repeats.

``append`` assigns ids on the event loop, in order; the writer's thread commits all pending events
as one transaction (``store/writer.py``); then, on the loop again, the events are folded and
readers wake. So readers see only durable events, in the order of their ids. Frequent events
survive a crash of the process (WAL); a batch that changes a status is also synced to disk first.
"""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from typing import TYPE_CHECKING, TypeVar

from aura_tui.engine.ports import Fenced
from aura_tui.engine.store.store import Record, Store, row_of
from aura_tui.engine.store.writer import Work, Writer
from aura_tui.errors import Code, EngineError
from aura_tui.model.events import (
    TERMINAL_EVENTS,
    AnyJobEvent,
    Envelope,
    JobStatusChanged,
    StepStatusChanged,
)
from aura_tui.model.ids import IdClock
from aura_tui.model.reduce import reduce

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

    from aura_tui.engine.store.store import IdempotencyKey
    from aura_tui.model.job import Job
    from aura_tui.model.request import JobRequest

    T = TypeVar("T")

_SYNCED = (JobStatusChanged, StepStatusChanged, *TERMINAL_EVENTS)
_RING = 8192  # events kept in memory for readers that follow closely
_PAGE = 1000


class EventLog:
    """The log of one engine. All methods belong to the event loop."""

    def __init__(
        self,
        store: Store,
        now_ms: Callable[[], int],
        reserve: Path,
        *,
        died: Callable[[BaseException], None] = lambda error: None,
    ) -> None:
        """``reserve`` is a file to delete when the disk is full. ``died`` gets the error that
        ended the writer's thread, which is then replaced."""
        self._loop = asyncio.get_running_loop()
        self._ids = IdClock(now_ms, store.last_id())
        self._lineages: dict[str, str] = {}
        self._rows: dict[str, int] = {}
        self._runs: dict[str, int] = {}
        self._jobs: dict[str, Job] = {}
        self._ring: list[Envelope] = []
        self._ring_start = self._ids.last  # every event above this id is in the ring
        self._published = self._ids.last
        self._wake = self._loop.create_future()
        self._failure: EngineError | None = None
        self._abandoned: dict[str, EngineError] = {}
        self._closed = False
        self._writer = Writer(store, reserve, broken=self._fail, died=died)

    # -- jobs that are open

    def track(self, record: Record) -> None:
        """Fold the job's events into :meth:`job` from now on."""
        self._rows[record.job.id] = record.n
        self._runs[record.job.id] = record.run
        self._jobs[record.job.id] = record.job
        self._lineages[record.job.id] = record.lineage

    def job(self, job_id: str) -> Job | None:
        """An open job as of its last durable event; None if it has ended or doesn't exist."""
        return self._jobs.get(job_id)

    def open_jobs(self) -> tuple[Job, ...]:
        """All open jobs, oldest first."""
        return tuple(self._jobs.values())

    def row(self, job_id: str) -> int | None:
        """The row number of an open job."""
        return self._rows.get(job_id)

    def run(self, job_id: str) -> int:
        """The current run of an open job."""
        return self._runs[job_id]

    def open_job_of(self, lineage: str) -> str | None:
        """The id of the open job in that chain of retries (it may still be being added); None if
        all have ended."""
        return next((job_id for job_id, of in self._lineages.items() if of == lineage), None)

    @property
    def last_id(self) -> int:
        """The newest id assigned."""
        return self._ids.last

    @property
    def published(self) -> int:
        """The newest id that readers see."""
        return self._published

    async def add(
        self,
        job: Job,
        request: JobRequest,
        lineage: str,
        deliver_to: str | None,
        first: AnyJobEvent,
        on_published: Callable[[Job], None],
        key: IdempotencyKey | None = None,
    ) -> None:
        """Store a new job, its first event and its key: all or none.

        Calls ``on_published`` with the job in the step in which readers first see it, even if the
        caller has been cancelled by then.
        """
        done: asyncio.Future[None] = self._loop.create_future()
        envelope = Envelope(self._ids.next(), first)
        self._lineages[job.id] = lineage

        def run(store: Store) -> int:
            n = store.add(job, request, lineage, deliver_to)
            store.append([row_of(envelope.id, n, first)])
            if key is not None:
                store.save_key(key, n)
            return n

        def publish(n: object) -> None:
            assert isinstance(n, int)
            self.track(
                Record(
                    n=n,
                    run=0,
                    lineage=lineage,
                    deliver_to=deliver_to,
                    request=request,
                    work=None,
                    job=job,
                )
            )
            self._publish([envelope])
            on_published(self._jobs[job.id])
            if not done.done():
                done.set_result(None)

        def fail(error: Exception) -> None:
            del self._lineages[job.id]
            if not done.done():
                done.set_exception(error)

        try:
            self._put(Work(run, True, publish, fail))
        except BaseException:
            del self._lineages[job.id]
            raise
        await done

    async def next_run(self, job_id: str) -> int:
        """Start a new run of the job and return its number, which appends must give from now on.

        Raises Fenced if the job has ended meanwhile.
        """
        n, run = self._rows.get(job_id), self._runs.get(job_id, 0) + 1
        if n is None:
            raise Fenced(job_id)
        await self.do(lambda store: store.set_run(n, run))
        if self._rows.get(job_id) != n:
            raise Fenced(job_id)
        self._runs[job_id] = run
        self._abandoned.pop(job_id, None)
        return run

    def abandon(self, job_id: str, error: EngineError) -> None:
        """Raise ``error`` in readers that follow this job alone: no runner has it, and its end
        can't be written. The job stays open; :meth:`next_run` clears this."""
        self._abandoned[job_id] = error
        self._wake_readers()

    # -- writing

    def append(self, job_id: str, run: int, events: Sequence[AnyJobEvent]) -> asyncio.Future[int]:
        """See :class:`~aura_tui.engine.ports.EventSink`."""
        n = self._rows.get(job_id)
        if n is None or self._runs[job_id] != run:
            raise Fenced(job_id)
        done: asyncio.Future[int] = self._loop.create_future()
        done.add_done_callback(_retrieve)
        envelopes = [Envelope(self._ids.next(), event) for event in events]
        rows = [row_of(envelope.id, n, envelope.event) for envelope in envelopes]
        synced = any(isinstance(event, _SYNCED) for event in events)

        def publish(_: object) -> None:
            self._publish(envelopes)
            if not done.done():
                done.set_result(envelopes[-1].id if envelopes else self._published)

        def fail(error: Exception) -> None:
            if not done.done():
                done.set_exception(error)

        self._put(Work(lambda store: store.append(rows), synced, publish, fail))
        return done

    async def do(self, work: Callable[[Store], T], *, synced: bool = False) -> T:
        """Run ``work`` in the writer's thread, inside its transaction."""
        done: asyncio.Future[T] = self._loop.create_future()

        def finish(result: object) -> None:
            if not done.done():
                done.set_result(result)  # type: ignore[arg-type]  # what `work` returned

        def fail(error: Exception) -> None:
            if not done.done():
                done.set_exception(error)

        self._put(Work(work, synced, finish, fail))
        return await done

    def _put(self, work: Work) -> None:
        if self._failure is not None:
            raise self._failure
        if self._closed:
            raise EngineError(Code.ENGINE_GONE, "The engine has stopped", "Start the engine again.")
        self._writer.put(work)

    def _publish(self, envelopes: list[Envelope]) -> None:
        for envelope in envelopes:
            job = self._jobs.get(envelope.event.job_id)
            if job is None:
                continue
            job = reduce(job, envelope)
            self._jobs[job.id] = job
            if isinstance(envelope.event, _SYNCED):
                self._keep(job)
            if job.status.ended:
                del self._jobs[job.id], self._rows[job.id], self._runs[job.id]
                del self._lineages[job.id]
                self._abandoned.pop(job.id, None)
        if not envelopes:
            return
        self._ring += envelopes
        if len(self._ring) > 2 * _RING:
            self._ring_start = self._ring[_RING - 1].id
            del self._ring[:_RING]
        self._published = envelopes[-1].id
        self._wake_readers()

    def _wake_readers(self) -> None:
        wake, self._wake = self._wake, self._loop.create_future()
        wake.set_result(None)

    def _keep(self, job: Job) -> None:
        """Store a snapshot. If it is lost, the next load folds the log instead."""
        n = self._rows[job.id]
        if self._failure is None and not self._closed:
            self._writer.put(Work(lambda store: store.snapshot(n, job), False, _ignore, _ignore))

    # -- reading

    async def follow(
        self, n: int | None, job_id: str | None, after: int
    ) -> AsyncIterator[Envelope]:
        """Yield events above ``after``, then new ones until the log closes or the job ends.

        ``n`` and ``job_id`` are the row and id of one job; both None: all jobs.
        """
        cursor = after
        while True:
            upto = self._published
            if cursor >= self._ring_start:
                page = self._ring[bisect_right(self._ring, cursor, key=lambda e: e.id) :]
            else:
                # History: up to what is published now; the ring continues exactly there.
                page = await self.do(lambda store, at=cursor: store.events(n, at, _PAGE))  # type: ignore[misc]  # a default binds the loop's value
                page = [envelope for envelope in page if envelope.id <= upto]
                if page:
                    upto = page[-1].id
            for envelope in page:
                if job_id is None or envelope.event.job_id == job_id:
                    yield envelope
            cursor = max(cursor, upto)
            if cursor >= self._published:
                if self._failure is not None:
                    raise self._failure
                if self._closed:
                    return
                if job_id is not None and job_id not in self._jobs:
                    return  # nothing comes after its end
                if job_id in self._abandoned:
                    raise self._abandoned[job_id]
                await asyncio.shield(self._wake)

    def _fail(self, failure: EngineError) -> None:
        if self._failure is None:
            self._failure = failure
            self._wake_readers()

    @property
    def busy_s(self) -> float:
        """How long another process has locked the database; 0.0 if none has."""
        return self._writer.busy_s

    @property
    def failure(self) -> EngineError | None:
        """The error that stopped all writing; None if there is none."""
        return self._failure

    def stop_waiting(self) -> None:
        """Limit the wait for another process's lock: the engine is stopping."""
        self._writer.stop_waiting()

    async def close(self, *, damaged: bool = False) -> None:
        """Write pending work, mark the store as clean, and end the readers.

        ``damaged``: a reader met a damaged row, so the next start must check the store.
        """
        if self._closed:
            return
        last = self._ids.last

        def finish(store: Store) -> None:
            for job in self._jobs.values():
                store.snapshot(self._rows[job.id], job)
            store.set_meta("last_id", last)
            # The next start checks a store in which damage was found.
            store.set_meta("clean", 0 if damaged or store.damaged else 1)

        self.stop_waiting()
        try:
            if self._failure is None:
                await self.do(lambda _: None)  # all that was appended is folded then
                await self.do(finish, synced=True)
        except EngineError:
            pass  # reported where it happened; the next start checks the file
        finally:
            self._closed = True
            await self._writer.close()
            if not self._wake.done():
                self._wake.set_result(None)


def _ignore(_: object) -> None:
    """Ignore the outcome: nobody waits for it."""


def _retrieve(future: asyncio.Future[int]) -> None:
    # Most appends are not awaited; the log keeps a failure and raises it at the next one.
    if not future.cancelled():
        future.exception()
