"""Follows a job as plain lines or JSON lines, from its first event to the exit status."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from aura_tui.cli.session.exit_status import EXIT_INTERRUPTED, EXIT_LEFT, EXIT_OF_STATUS
from aura_tui.cli.session.foreground import (
    Ending,
    ForegroundJob,
    leave_signals,
    say_accepted,
    say_continues,
    say_resumable,
    say_unchanged,
)
from aura_tui.cli.session.messages import print_error, print_notices, report_error
from aura_tui.errors import AuraError, EngineError, OutputError, ReaderGone
from aura_tui.model.text.plural import plural
from aura_tui.replay.recorder import Recorder
from aura_tui.service import Connected, Supervised, waiting_out_outages
from aura_tui.system import crash_report
from aura_tui.system.processes import suspend_with_children
from aura_tui.system.tasks import Supervisor, TaskFailure, report

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine

    from aura_tui.model.job import Job
    from aura_tui.service import JobService

CONNECTION_REPORTER = "connection reporter"
HEALTH_REPORTER = "engine health reporter"
LISTENER = "signal listener"
VIEW = "job view"
CANCELLER = "cancel request"
_LOOK_S = 1.0
_SIGNAL_S = 0.1


def show_lines(what: ForegroundJob, *, json: bool) -> int:
    """Follow as plain lines or JSON lines until the job ends or a signal arrives."""
    return crash_report.run_reporting(_follow(what, json=json), report_error)


async def _follow(what: ForegroundJob, *, json: bool) -> int:
    ending = Ending(what)
    try:
        return await _follow_job(what, ending, json=json)
    finally:
        await ending.settle()


async def _follow_job(what: ForegroundJob, ending: Ending, *, json: bool) -> int:
    signals: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    recorder = Recorder(what)
    start_signals = _StartSignals(what.remote, signals)
    for each in (signal.SIGINT, *leave_signals()):
        loop.add_signal_handler(each, start_signals.on_signal, int(each))
    suspend_with_children(loop)
    try:
        async with recorder.open() as service, _reporting_engine(service):
            start_signals.service = service
            print_notices(service)
            job_id = await recorder.begin(service)
            start_signals.end()
            return await _view(what, service, job_id, signals, ending, json=json)
    except asyncio.CancelledError:
        if start_signals.ended or signals.empty():
            raise
        print_error(f"Stopped before the engine confirmed the job. See: aura-tui jobs{what.where}")
        return _exit_of_signal(signals.get_nowait())
    except AuraError as e:
        say_accepted(what, recorder.job_id, e)
        raise


class _StartSignals:
    """Handles signals that arrive before the job has started. They wait for that, unless the engine
    is unavailable: then they cancel the start."""

    def __init__(self, remote: bool, signals: asyncio.Queue[int]) -> None:
        self.service: object = None
        self.ended = False
        self._remote = remote
        self._signals = signals
        self._task = asyncio.current_task()

    def end(self) -> None:
        """The job has started."""
        self.ended = True

    def on_signal(self, number: int) -> None:
        """Handle a signal."""
        self._signals.put_nowait(number)
        if not self.ended and self._waits_for_engine():
            assert self._task is not None
            self._task.cancel()

    def _waits_for_engine(self) -> bool:
        if isinstance(self.service, Connected):
            return not self.service.connection.is_live or self._signals.qsize() > 1
        return self.service is None and self._remote


def _exit_of_signal(number: int) -> int:
    return EXIT_INTERRUPTED if number == signal.SIGINT else 128 + number


async def _view(
    what: ForegroundJob,
    service: JobService,
    job_id: str,
    signals: asyncio.Queue[int],
    ending: Ending,
    *,
    json: bool,
) -> int:
    """Show the job until its end or a signal; returns the exit status."""
    from aura_tui.views.json_lines import follow_json
    from aura_tui.views.plain import follow_plain

    view: Coroutine[object, object, Job] = (
        follow_json(service, job_id, sys.stdout.buffer)
        if json
        else follow_plain(service, job_id, sys.stdout)
    )
    supervisor = Supervisor()
    supervisor.keep("queue reporter", lambda: _say_waiting(service, job_id), may_end=True)
    with waiting_out_outages():
        following = asyncio.create_task(view, name=VIEW)
    interrupts = 0
    on_terminal = sys.stdout.isatty()
    ending.job_id = job_id
    try:
        while True:
            received = asyncio.create_task(signals.get(), name=LISTENER)
            await asyncio.wait((following, received), return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                error = None if following.cancelled() else following.exception()
                if isinstance(error, ReaderGone):
                    # A terminal that closes takes the reader along; its signal may come just after.
                    await asyncio.wait((received,), timeout=_SIGNAL_S)
                    gone = signal.SIGHUP if on_terminal else None
                    number = received.result() if received.done() else gone
                    if number is not None:
                        ending.on_signal(number)
                received.cancel()
                if ending.hands_over:
                    return _exit_of_signal(signal.SIGHUP)
                if isinstance(error, OutputError):
                    await _say_stopped(what, service, job_id)
                job = following.result()
                break
            if received.cancelled() or received.exception() is not None:
                died = asyncio.CancelledError() if received.cancelled() else received.exception()
                now = datetime.now(UTC)
                report(TaskFailure(name=LISTENER, error=died, at=now, restarts_in_s=0.0))
                continue
            number = received.result()
            if number == signal.SIGINT and what.owns and interrupts == 0:
                interrupts += 1
                print_error("Cancelling. Press Ctrl-C again to exit at once")
                supervisor.keep(CANCELLER, lambda: _cancel(service, job_id), may_end=True)
                continue
            await _end(following)
            ending.on_signal(number)
            if ending.hands_over:
                return _exit_of_signal(number)
            if number != signal.SIGINT or not what.owns or _is_away(service):
                await _say_stopped(what, service, job_id)
            return _exit_of_signal(number)
    finally:
        await supervisor.aclose()
    if interrupts:
        return EXIT_INTERRUPTED
    if job.status.ended:
        return EXIT_OF_STATUS[job.status]
    if what.mode:
        print_error(f"The recording ends before job {job_id} does")
    elif job.interrupted:
        print_error(f"Job {job_id} was stopped")
        say_resumable(what, job)
    else:
        print_error(f"The engine sends no more events for job {job_id}")
        say_resumable(what, job)
    return EXIT_LEFT


async def _cancel(service: JobService, job_id: str) -> None:
    try:
        await service.cancel(job_id)
    except EngineError as e:
        print_error(f"Could not cancel job {job_id}: {e.message}")
    except AuraError:  # it has just ended
        pass


async def _say_waiting(service: JobService, job_id: str) -> None:
    """Report the queue position: waiting would look like a hang otherwise."""
    try:
        queue = await service.queue()
    except AuraError:  # the connection was just lost; _ConnectionReporter reports that
        return
    if job_id in queue.waiting:
        before = queue.waiting.index(job_id) + queue.running
        if before:
            jobs = plural(before, "another job", f"{before} other jobs")
            print_error(f"Queued behind {jobs}; see: aura-tui jobs")


@contextlib.asynccontextmanager
async def _reporting_engine(service: JobService) -> AsyncIterator[None]:
    """Print changes of the engine's health and of the connection while the block runs."""
    supervisor = Supervisor()
    if isinstance(service, Connected):
        supervisor.keep(CONNECTION_REPORTER, _ConnectionReporter(service).report, may_end=True)
    if isinstance(service, Supervised):
        supervisor.keep(HEALTH_REPORTER, _HealthReporter(service).report)
    try:
        yield
    finally:
        await supervisor.aclose()


class _ConnectionReporter:
    """Reports a lost connection, once for each reason, and its return."""

    def __init__(self, service: Connected) -> None:
        self._service = service
        self._reported: str | None = None  # None: it was never live; "": it is live

    async def report(self) -> None:
        from aura_tui.format import connection as connection_words

        async for connection in self._service.connection_changes():
            if connection.is_live:
                if self._reported:
                    print_error(connection_words.restored(connection))
                self._reported = ""
            elif self._reported is not None and (text := connection_words.line(connection)):
                if self._reported != text:
                    print_error(text)
                self._reported = text


class _HealthReporter:
    """Reports internal failures of the engine, and its recovery."""

    def __init__(self, service: Supervised) -> None:
        self._service = service
        self._reported: tuple[str, ...] = ()

    async def report(self) -> None:
        from aura_tui.views.fold import new_among, troubles

        async for reasons in troubles(self._service):
            for reason in new_among(reasons, self._reported):
                print_error(f"Engine failing: {reason}")
            if self._reported and not reasons:
                print_error("The engine recovered")
            self._reported = reasons


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, AuraError):
        await task


def _is_away(service: JobService) -> bool:
    return isinstance(service, Connected) and not service.connection.is_live


async def _say_stopped(what: ForegroundJob, service: JobService, job_id: str) -> None:
    """Report how to resume or watch a job that this command no longer follows."""
    if what.mode == "recorded":  # nothing runs
        return
    job: Job | None = None
    # The database can be read without an engine; an unavailable engine doesn't answer in time.
    with contextlib.suppress(AuraError, TimeoutError):
        async with asyncio.timeout(_LOOK_S):
            job = await service.get(job_id)
    if job is not None and isinstance(service, Connected) and not _is_away(service):
        say_continues(what, job)
    elif job is None or not job.status.ended:
        say_unchanged(what, job_id)
