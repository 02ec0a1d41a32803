"""Decides who owns each open job of an engine: which jobs wait, run, or are parked.

An open job has exactly one owner at any moment:

    waiting   the queue: it starts or resumes when a slot is free
    running   a runner: from the moment it leaves the queue (while its record is read, too)
    later     a timer: the store couldn't be written, or the runner died; then it waits again
    writing   the store: it is writing the event that ends or parks a job without a runner, or
              continues an interrupted one
    parked    the user: it is paused or interrupted, and no runner has it

Each change of owner is one synchronous step: a method reads a job's owner after its last await and
sets the new one before the next await, so a job is never without an owner.
:meth:`Dispatcher.check` looks for such jobs all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aura_tui.engine.run.event_factory import EventFactory
from aura_tui.engine.run.runner import cancel_message
from aura_tui.errors import Code, Conflict, EngineError
from aura_tui.model import events as ev
from aura_tui.model.status import JobStatus
from aura_tui.model.text.plural import counted
from aura_tui.service import QueueState
from aura_tui.system.tasks import TaskFailure

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.engine.event_log import EventLog
    from aura_tui.engine.ports import JobQueue
    from aura_tui.engine.run.runner import Runner
    from aura_tui.model.job import Job

STORE_AGAIN_S = 5.0  # until a job is queued again after the store couldn't be written
CRASH_AGAIN_S = 1.0  # the same after its runner died; doubled each time
MAX_CRASHES = 3  # of one job's runner; then the job fails
STANDSTILL_S = 10.0


class Dispatcher:
    """Owns the open jobs of one engine. All methods belong to the event loop."""

    def __init__(
        self,
        log: EventLog,
        queue: JobQueue,
        limit: int,
        new_runner: Callable[[Job], Runner],
        now: Callable[[], datetime],
        report: Callable[[TaskFailure], None],
    ) -> None:
        """``limit`` is the maximum number of running jobs; 0 starts none."""
        self._log = log
        self._queue = queue
        self._limit = limit
        self._new_runner = new_runner
        self._now = now
        self._report = report
        self._runners: dict[str, Runner] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._later: dict[str, asyncio.TimerHandle] = {}
        self._writing: dict[str, asyncio.Future[int]] = {}
        self._crashes: dict[str, int] = {}
        self._stands_since: float | None = None  # loop time
        self._closed = False

    # -- state

    def runner(self, job_id: str) -> Runner | None:
        """The runner that owns the job; None if there is none."""
        return self._runners.get(job_id)

    @property
    def active(self) -> int:
        """How many jobs use a slot: runners that are not paused."""
        return sum(not runner.paused for runner in self._runners.values())

    def waiting(self) -> tuple[str, ...]:
        """Ids of the jobs that wait for a slot, in the order in which they start or resume."""
        return (*self._queue.waiting(), *self._later)

    def state(self) -> QueueState:
        """The queue's counts. A job that an earlier engine left running counts as waiting until
        it starts again; one that just left the queue counts as running before its first event. One
        that leaves the queue without a start (cancelled, parked) is not counted any more, nor is
        an interrupted one."""
        waiting = self.waiting()
        gone = {*waiting, *self._writing}
        others = [job for job in self._log.open_jobs() if job.id not in gone]
        return QueueState(
            queued=len(waiting),
            running=sum(job.active for job in others),
            paused=sum(job.status is JobStatus.PAUSED for job in others),
            waiting=waiting,
        )

    @property
    def standstill_s(self) -> float:
        """How long jobs have waited although a slot is free; 0.0 if none do."""
        since = self._stands_since
        return 0.0 if since is None else asyncio.get_running_loop().time() - since

    # -- owners

    def put(self, job: Job) -> None:
        """Queue a new job, or one that an earlier engine left."""
        self._queue.put(job.id, job.priority)
        self._fill()

    async def cancel(self, job_id: str) -> bool:
        """Cancel the job: it is Canceled once its event arrives. False if it has ended."""
        job = await self._settled(job_id)
        if job is None:
            return False
        runner = self._runners.get(job_id)
        if runner is not None:
            if not runner.cancel():
                raise _stopping()
            self._queue.remove(job_id)
            self._fill()
        else:
            cancelled = self._events_of(job).event(
                ev.JobCancelled,
                stage=job.stage,
                message=cancel_message(len(job.artifacts)),
                artifacts=job.artifacts,
            )
            await asyncio.shield(self._write(job, cancelled))
        return True

    async def pause(self, job_id: str) -> bool:
        """Pause a running job. False if it has ended; raises Conflict if it isn't running."""
        job = await self._settled(job_id)
        if job is None:
            return False
        runner = self._runners.get(job_id)
        waiting = job_id in self.waiting()
        if runner is not None and runner.paused and waiting:
            self._queue.remove(job_id)  # it was waiting for a slot to resume
        elif runner is not None and runner.pausable and job.status is JobStatus.RUNNING:
            paused = runner.pause()
            self._fill()
            await paused
        elif runner is None and waiting and job.status is JobStatus.PAUSED:
            self._queue.remove(job_id)
        elif runner is None and job.status is JobStatus.RUNNING and not job.interrupted:
            parked = self._events_of(job).event(
                ev.JobStatusChanged,
                status=JobStatus.PAUSED,
                stage=job.stage,
                percent=job.percent,
            )
            await asyncio.shield(self._write(job, parked))
        elif self._closed:
            raise _stopping()
        else:
            word = "about to finish" if runner is not None and runner.ending else job.word
            raise Conflict(
                Code.JOB_STATE,
                f"Job {job_id} is {word}; only running jobs can be paused",
                "Wait until the job runs, or cancel it.",
            )
        return True

    async def resume(self, job_id: str) -> bool:
        """Resume a paused or interrupted job as soon as a slot is free; returns whether one was.

        Never queues a job twice. Raises Conflict if it is neither.
        """
        job = await self._settled(job_id)
        runner = self._runners.get(job_id)
        if job is not None and job.interrupted:
            await self.continue_interrupted(job)
            if (runner := self._runners.get(job_id)) is None:
                return False
            await runner.wait_running()
            return True
        paused = runner.paused if runner is not None else job and job.status is JobStatus.PAUSED
        if job is None or not paused or (runner is not None and runner.ending):
            raise _not_paused(job_id, job)
        if job_id in self.waiting():
            return False
        self._queue.put_back(job_id, job.priority)
        self._fill()
        runner = self._runners.get(job_id)
        if runner is None or runner.paused:
            if self._limit:
                running = counted(self._limit, "job")
                waits = self._events_of(job).event(
                    ev.JobLogged,
                    message=f"Waiting to resume: {running} running, the limit set by concurrency",
                    stage=job.stage,
                )
                self._log.append(job_id, self._log.run(job_id), [waits])
            return False
        await runner.wait_running()
        return True

    async def continue_interrupted(self, job: Job) -> None:
        """Queue an interrupted job. Raises EngineError if that can't be stored."""
        await self._write_status(job, interrupted=False)

    async def _write_status(self, job: Job, *, interrupted: bool) -> None:
        """Write that a job without a runner is interrupted, or no longer is."""
        status = self._events_of(job).event(
            ev.JobStatusChanged,
            status=job.status,
            stage=job.stage,
            percent=job.percent,
            interrupted=interrupted,
        )
        await asyncio.shield(self._write(job, status))

    async def _settled(self, job_id: str) -> Job | None:
        """The job, once no event of ours about it is being written; None if it has ended."""
        while (writing := self._writing.get(job_id)) is not None:
            await asyncio.wait((writing,))
        return self._log.job(job_id)

    async def wait_released(self, job_id: str) -> None:
        """Wait until the runner of an ended job is gone: it may still be closing files."""
        while (task := self._tasks.get(job_id)) is not None:
            await asyncio.wait((self._runners[job_id].leftover() or task,))

    def _events_of(self, job: Job) -> EventFactory:
        return EventFactory(job.id, job.correlation_id, self._now)

    def _write(self, job: Job, *events: ev.AnyJobEvent) -> asyncio.Future[int]:
        """Write the events that end or park a job without a runner, or queue an interrupted one.
        Raises as the log does."""
        writing = self._log.append(job.id, self._log.run(job.id), events)
        self._take_out(job.id)
        self._writing[job.id] = writing

        def written(_: object) -> None:
            del self._writing[job.id]
            current = self._log.job(job.id)
            if current is None or not current.active or self._closed:
                return
            if writing.cancelled() or writing.exception() is not None:
                self._wait_later(current, STORE_AGAIN_S)
            else:  # no longer interrupted
                self._queue.put_back(current.id, current.priority)
                self._fill()

        writing.add_done_callback(written)
        return writing

    def _take_out(self, job_id: str) -> None:
        self._queue.remove(job_id)
        timer = self._later.pop(job_id, None)
        if timer is not None:
            timer.cancel()

    def _fill(self) -> None:
        """Start or resume waiting jobs while a slot is free."""
        while not self._closed and self.active < self._limit and self._log.failure is None:
            job_id = self._queue.take()
            if job_id is None:
                break
            job = self._log.job(job_id)
            runner = self._runners.get(job_id)
            if runner is not None:
                runner.resume()
            elif job is not None:
                self._start(job)

    def _start(self, job: Job) -> None:
        try:
            runner = self._new_runner(job)
            task = runner.start()
        except Exception as e:
            self._crashed(job, e)
            return
        self._runners[job.id] = runner
        self._tasks[job.id] = task
        task.add_done_callback(lambda _: self._over(runner, task))

    def _over(self, runner: Runner, task: asyncio.Task[None]) -> None:
        job_id = runner.job_id
        work = runner.leftover()
        if work is not None:  # somebody else cancelled its task
            work.add_done_callback(lambda _: self._over(runner, task))
            return
        del self._runners[job_id], self._tasks[job_id]
        self._queue.remove(job_id)
        if self._closed:
            return
        job = self._log.job(job_id)
        error = asyncio.CancelledError() if task.cancelled() else task.exception()
        if job is None:
            self._crashes.pop(job_id, None)
            if error is not None:
                self._report_death(job_id, error)
        elif isinstance(error, EngineError):
            self._log.abandon(job_id, error)
            self._wait_later(job, STORE_AGAIN_S)
        else:
            self._crashed(job, error)
        self._fill()

    def _report_death(self, job_id: str, error: BaseException | None) -> None:
        self._report(TaskFailure(name=f"Job {job_id}", error=error, at=datetime.now(UTC)))

    def _crashed(self, job: Job, error: BaseException | None) -> None:
        """Restart or fail a job whose runner ended before it."""
        self._report_death(job.id, error)
        count = self._crashes[job.id] = self._crashes.get(job.id, 0) + 1
        if count < MAX_CRASHES:
            self._wait_later(job, CRASH_AGAIN_S * 2 ** (count - 1))
            return
        del self._crashes[job.id]
        problem = ev.Problem(
            code=Code.INTERNAL.value,
            message=f"Internal error: the job's task stopped unexpectedly {count} times",
            remediation="Please report it with engine.log from AURA_HOME; a retry may help.",
        )
        new_event = self._events_of(job).event
        try:
            self._write(
                job,
                new_event(ev.JobStatusChanged, status=JobStatus.RUNNING, stage=job.stage),
                new_event(
                    ev.JobFailed,
                    stage=job.stage,
                    error_message=problem.message,
                    errors=(problem,),
                    suggested_actions=(f"aura-tui retry {job.id}  (reuses finished work)",),
                ),
            )
        except EngineError:
            self._wait_later(job, STORE_AGAIN_S)

    def _wait_later(self, job: Job, wait_s: float) -> None:
        if not job.active:
            return  # it stays parked until the user resumes it

        def again() -> None:
            del self._later[job.id]
            self._queue.put_back(job.id, job.priority)
            self._fill()

        self._later[job.id] = asyncio.get_running_loop().call_later(wait_s, again)

    # -- the watch

    def check(self) -> None:
        """Queue jobs that have no owner, and notice a stalled queue."""
        for job in self._log.open_jobs():
            owned = (
                job.id in self._runners
                or job.id in self._writing
                or job.id in self.waiting()
                or not job.active
            )
            if not owned:
                error = LookupError("no owner")
                self._report_death(job.id, error)
                self._queue.put_back(job.id, job.priority)
        self._fill()
        stands = bool(self._queue.waiting()) and self.active < self._limit
        if not stands:
            self._stands_since = None
        elif self._stands_since is None:
            self._stands_since = asyncio.get_running_loop().time()

    def warn(self, message: str) -> None:
        """Put a warning into the log of every running job."""
        for runner in self._runners.values():
            runner.warn(message)

    async def aclose(self, *, interrupt: Callable[[Job], bool] = lambda _: False) -> None:
        """Suspend running jobs and wait for their runners to end. Marks the open jobs for which
        ``interrupt`` is true as interrupted, also those that wait."""
        self._closed = True
        for timer in self._later.values():
            timer.cancel()
        chosen = {job.id for job in self._log.open_jobs() if interrupt(job)}
        for job_id, runner in self._runners.items():
            runner.suspend(interrupt=job_id in chosen)
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)
        for job_id in chosen:
            job = self._log.job(job_id)
            if job is not None and job.active:  # no runner has published it
                with contextlib.suppress(EngineError):
                    await self._write_status(job, interrupted=True)
        for runner in tuple(self._runners.values()):
            if (work := runner.leftover()) is not None:  # somebody else cancelled its task
                await asyncio.wait((work,))


def _stopping() -> EngineError:
    return EngineError(Code.ENGINE_GONE, "The engine is stopping", "Try again in a moment.")


def _not_paused(job_id: str, job: Job | None) -> Conflict:
    word = job.status.word if job is not None else "over"
    return Conflict(
        Code.JOB_STATE,
        f"Job {job_id} is {word}, not paused",
        "Only paused and interrupted jobs can be resumed.",
    )
