"""One command's life with a job in the foreground: engine, view, signals, exit status.

Exit statuses (DESIGN 3): 0 succeeded, 1 the job failed, 2 wrong use, 3 no engine or it refuses,
4 cancelled, 5 the output can't be written, 130 Ctrl-C. A hang-up, SIGTERM, or a reader of stdout
that closed its pipe (SIGPIPE) leaves the job resumable, with 128 + the signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from aura_tui import outlet, unforeseen
from aura_tui.errors import AuraError, Code, EngineError, OutputError, ReaderGone
from aura_tui.model.status import JobStatus
from aura_tui.model.text import clean, one_line
from aura_tui.process import stop_here
from aura_tui.recorder import Recorder
from aura_tui.service import Linked, LinkStatus, Supervised, waiting_out_outages
from aura_tui.tasks import Supervisor

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from aura_tui.model.job import Job
    from aura_tui.service import JobService
    from aura_tui.settings import Settings

T = TypeVar("T")

EXIT_OF_STATUS = {
    JobStatus.SUCCEEDED: 0,
    JobStatus.FAILED: 1,
    JobStatus.CANCELED: 4,
}
EXIT_INTERRUPTED = 130
EXIT_UNWRITTEN = 5
EXIT_LEFT = 3  # the engine went away and the job has not ended
_MAX_CHARS = 20_000  # of what is said at once: several paths, at most
LINK_TELLER = "connection reporter"
HEALTH_TELLER = "engine health reporter"
_LEAVING = (signal.SIGHUP, signal.SIGTERM)


class Foreground(NamedTuple):
    """What to follow. ``open`` gives the service; ``begin`` the job's id on it, None: all jobs.

    ``owns`` says that the work is ours: Ctrl-C cancels the job, else it only stops looking.
    ``remote``: the engine's files are on another machine. ``record``: where the run is written to.
    """

    open: Callable[[], AbstractAsyncContextManager[JobService]]
    begin: Callable[[JobService], Awaitable[str]] | None
    settings: Settings
    owns: bool
    read_only: bool = False
    remote: bool = False
    record: Path | None = None
    mode: str = ""
    hand_over: Callable[[], None] | None = None  # leaves what isn't over to a background engine
    where: str = ""  # what commands need to reach the same engine: " --server URL"
    go_on: Callable[[], int] = lambda: 0  # the same of what others gave to an engine that has ended


def show_board(what: Foreground) -> int:
    """Show the board until the person leaves it."""
    # What is made up to the first frame stays: looking for garbage in it is a tenth of the wait.
    gc.disable()  # until that frame, see ui/board.py
    try:
        return unforeseen.run(_board(what), _tell)
    finally:
        gc.enable()


async def _board(what: Foreground) -> int:
    async with contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(_go_on, what)
        return await _shown(what, ending)


async def _go_on(what: Foreground) -> None:
    """What other terminals gave to our engine, which has ended, goes on."""
    with contextlib.suppress(AuraError):  # with the next engine, then
        if count := await asyncio.to_thread(what.go_on):
            jobs = (
                "A job from another terminal goes"
                if count == 1
                else f"{count} jobs from other terminals go"
            )
            print_error(f"{jobs} on in the background; see: aura-tui jobs")


async def _shown(what: Foreground, ending: contextlib.AsyncExitStack) -> int:
    from aura_tui.ui.board import board
    from aura_tui.ui.live import Look
    from aura_tui.ui.plain import end_lines
    from aura_tui.ui.screens.leave import Leave

    recorder = Recorder(what)
    look = Look(
        settings=what.settings,
        owns=what.owns,
        read_only=what.read_only,
        remote=what.remote,
        mode=what.mode,
        background=what.hand_over is not None,
    )
    loop = asyncio.get_running_loop()
    begin = recorder.begin if what.begin is not None else None
    task = asyncio.create_task(board(recorder.open, begin, look))
    heard: list[int] = []

    def leave(number: int) -> None:
        heard.append(number)
        task.cancel()

    for each in _LEAVING:
        loop.add_signal_handler(each, leave, int(each))
    try:
        outcome = await task
    except AuraError as e:
        _say_accepted(what, recorder.job_id, e)
        raise
    except asyncio.CancelledError:
        if not heard:
            raise
        how = "goes on with" if what.hand_over is not None else "goes on; see it with"
        print_error(f"Left; a run that was not over {how}: aura-tui watch{what.where}")
        return 128 + heard[0]
    if outcome.leave in (Leave.BACKGROUND, Leave.STOP):
        ending.pop_all()  # of every job that was under way, it was asked what becomes of it
    for notice in outcome.notices:  # the board is gone with its screen; this stays
        print_error(f"Warning: {notice}")
    if outcome.job is not None and outcome.job.status.ended:
        for line in end_lines(outcome.job):
            outlet.OUTPUT.say(line)
    if outcome.leave is Leave.BACKGROUND:
        assert what.hand_over is not None
        await asyncio.to_thread(what.hand_over)
        print_error("The work goes on in the background; aura-tui shows it, from any terminal")
        return 0
    if outcome.interrupted:
        if outcome.job is not None and not what.owns:
            _say_without_us(what, outcome.job)
        return EXIT_INTERRUPTED
    if what.begin is None:
        if outcome.leave is Leave.STOP:
            print_error("The work stays as it is; it goes on with: aura-tui")
        elif outcome.leave is Leave.CANCEL:
            print_error("Cancelled; what was finished is kept, see: aura-tui jobs")
        return 0
    if outcome.job is None:
        return EXIT_LEFT
    if what.hand_over is not None:
        _say_resumable(what, outcome.job)
    elif what.owns:
        _say_without_us(what, outcome.job)
    # A board on somebody else's engine may be left at any time: that is no failure.
    return EXIT_OF_STATUS.get(outcome.job.status, EXIT_LEFT if what.owns else 0)


def show_lines(what: Foreground, *, json: bool) -> int:
    """Follow as plain lines or JSON lines until the job ends or a signal comes."""
    return unforeseen.run(_follow(what, json=json), _tell)


async def _follow(what: Foreground, *, json: bool) -> int:
    async with contextlib.AsyncExitStack() as ending:
        ending.push_async_callback(_go_on, what)
        return await _followed(what, json=json)


async def _followed(what: Foreground, *, json: bool) -> int:
    signals: asyncio.Queue[int] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    recorder = Recorder(what)
    begins = _Begins(what.remote, signals)
    for each in (signal.SIGINT, *_LEAVING):
        loop.add_signal_handler(each, begins.hear, int(each))
    loop.add_signal_handler(signal.SIGTSTP, stop_here)
    try:
        async with recorder.open() as service, _told_of_engine(service):
            begins.service = service
            print_notices(service)
            job_id = await recorder.begin(service)
            begins.end()
            return await _viewed(what, service, job_id, signals, json=json)
    except asyncio.CancelledError:
        if begins.over or signals.empty():
            raise
        print_error(f"Left before the engine had confirmed it; see: aura-tui jobs{what.where}")
        return _exit_of_signal(signals.get_nowait())
    except AuraError as e:
        _say_accepted(what, recorder.job_id, e)
        raise


class _Begins:
    """Signals before there is a job. They wait for it, unless it is kept up by an engine that is
    away."""

    def __init__(self, remote: bool, signals: asyncio.Queue[int]) -> None:
        self.service: object = None
        self.over = False
        self._remote = remote
        self._signals = signals
        self._task = asyncio.current_task()

    def end(self) -> None:
        """There is one."""
        self.over = True

    def hear(self, number: int) -> None:
        """A signal came."""
        self._signals.put_nowait(number)
        if not self.over and self._is_kept_up():
            assert self._task is not None
            self._task.cancel()

    def _is_kept_up(self) -> bool:
        if isinstance(self.service, Linked):
            return self.service.link.status is not LinkStatus.LIVE or self._signals.qsize() > 1
        return self.service is None and self._remote


def _exit_of_signal(number: int) -> int:
    return EXIT_INTERRUPTED if number == signal.SIGINT else 128 + number


async def _viewed(
    what: Foreground,
    service: JobService,
    job_id: str,
    signals: asyncio.Queue[int],
    *,
    json: bool,
) -> int:
    """Show the job until its end or a signal; the exit status."""
    from aura_tui.ui.json_lines import follow_json
    from aura_tui.ui.plain import follow_plain

    view: Coroutine[object, object, Job] = (
        follow_json(service, job_id, sys.stdout.buffer)
        if json
        else follow_plain(service, job_id, sys.stdout)
    )
    beside = [asyncio.create_task(_say_waiting(service, job_id))]
    with waiting_out_outages():
        following = asyncio.create_task(view)
    interrupts = 0
    try:
        while True:
            heard = asyncio.create_task(signals.get())
            await asyncio.wait((following, heard), return_when=asyncio.FIRST_COMPLETED)
            if following.done():
                heard.cancel()
                if isinstance(following.exception(), OutputError):
                    await _say_left(what, service, job_id)
                job = following.result()
                break
            if heard.cancelled():  # by nobody of ours: the next signal is waited for anew
                continue
            number = heard.result()
            if number == signal.SIGINT and what.owns and interrupts == 0:
                interrupts += 1
                print_error("Cancelling; once more to leave at once")
                beside.append(asyncio.create_task(_cancel(service, job_id)))
                continue
            await _end(following)
            if number != signal.SIGINT or not what.owns or _is_away(service):
                await _say_left(what, service, job_id)
            return _exit_of_signal(number)
    finally:
        for task in beside:
            await _end(task)
    if interrupts:
        return EXIT_INTERRUPTED
    if job.status.ended:
        return EXIT_OF_STATUS[job.status]
    if what.mode:
        print_error(f"The recording stops before the end of job {job_id}")
    else:
        print_error(f"The engine has nothing more to tell of job {job_id}")
        _say_resumable(what, job)
    return EXIT_LEFT


async def _cancel(service: JobService, job_id: str) -> None:
    try:
        await service.cancel(job_id)
    except EngineError as e:
        print_error(f"Could not cancel job {job_id}: {e.message}")
    except AuraError:  # it has just ended by itself
        pass


async def _say_waiting(service: JobService, job_id: str) -> None:
    """A job behind others looks like a hang unless that is said."""
    try:
        queue = await service.queue()
    except AuraError:  # the link has just gone; that is told, and heals
        return
    if job_id in queue.waiting:
        before = queue.waiting.index(job_id) + queue.running
        if before:
            jobs = "another job" if before == 1 else f"{before} other jobs"
            print_error(f"Waiting for {jobs} before it; see: aura-tui jobs")


@contextlib.asynccontextmanager
async def _told_of_engine(service: JobService) -> AsyncIterator[None]:
    """Print what becomes of the engine and of the way to it while the block lasts."""
    supervisor = Supervisor()
    if isinstance(service, Linked):
        supervisor.keep(LINK_TELLER, _LinkTeller(service).tell, may_end=True)
    if isinstance(service, Supervised):
        supervisor.keep(HEALTH_TELLER, _HealthTeller(service).tell)
    try:
        yield
    finally:
        await supervisor.aclose()


class _LinkTeller:
    """Says that a connection that lived is lost, and why: once for each reason; and that it is
    back."""

    def __init__(self, service: Linked) -> None:
        self._service = service
        self._told: str | None = None  # "" while it lives

    async def tell(self) -> None:
        from aura_tui.ui import phrases

        async for link in self._service.links():
            if link.status is LinkStatus.LIVE:
                if self._told and link.gap_s is not None:
                    print_error(f"Connection restored after {phrases.lasting(link.gap_s)}")
                self._told = ""
            elif link.status is LinkStatus.WAITING and self._told is not None:
                text = f"Connection lost: {link.reason}; retrying until it is back"
                if link.absent:
                    text = "No engine is at work here; the work goes on in the background"
                elif link.stopped:
                    text = link.reason
                if self._told != text:
                    print_error(text)
                self._told = text


class _HealthTeller:
    """Says what fails in the engine, and that it is well again."""

    def __init__(self, service: Supervised) -> None:
        self._service = service
        self._told: tuple[str, ...] = ()

    async def tell(self) -> None:
        from aura_tui.ui.follow import new_among, troubles

        async for reasons in troubles(self._service):
            for reason in new_among(reasons, self._told):
                print_error(f"Engine failing: {reason}")
            if self._told and not reasons:
                print_error("The engine works again")
            self._told = reasons


async def _end(task: asyncio.Task[Any]) -> None:
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError, AuraError):
        await task


def _is_away(service: JobService) -> bool:
    return isinstance(service, Linked) and service.link.status is not LinkStatus.LIVE


async def _say_left(what: Foreground, service: JobService, job_id: str) -> None:
    """The same of a job that was looked at; its engine may have gone."""
    if what.mode == "recorded":  # nothing runs
        return
    job: Job | None = None
    if not _is_away(service):
        with contextlib.suppress(AuraError):
            job = await service.get(job_id)
    if job is not None and isinstance(service, Linked) and not _is_away(service):
        _say_without_us(what, job)
    elif job is None or not job.status.ended:
        _say_stays(what, job_id)


def _say_accepted(what: Foreground, job_id: str, error: AuraError) -> None:
    """Whatever became of the connection, the job is known there."""
    if job_id and isinstance(error, EngineError):
        print_error(
            f"Job {job_id} was accepted; follow it with: aura-tui watch {job_id}{what.where}"
        )


def _say_resumable(what: Foreground, job: Job) -> None:
    if not job.status.ended:
        _say_stays(what, job.id)


def _say_without_us(what: Foreground, job: Job) -> None:
    """Another process's engine has it: that needs no terminal of ours."""
    if job.status is JobStatus.PAUSED:
        print_error(f"The run stays paused; go on with: aura-tui resume {job.id}{what.where}")
    elif not job.status.ended:
        print_error(
            f"The run goes on without this terminal; see it with: aura-tui watch {job.id}"
            f"{what.where}"
        )


def _say_stays(what: Foreground, job_id: str) -> None:
    print_error(f"Stopped. Resume with: aura-tui watch {job_id}{what.where}")


def print_error(text: str) -> None:
    """A line on stderr; a stderr that is gone (a hang-up) is no error, a stuck one no reason to
    wait while an engine is at work in here. Whatever a path or a setting in it has, only text
    gets to the terminal."""
    outlet.ERRORS.say(clean(text, _MAX_CHARS))


def print_notices(service: object) -> None:
    """What a person should know of how the engine was opened."""
    for notice in getattr(service, "notices", ()):
        print_error(f"Warning: {notice}")


def once(
    open_: Callable[[], AbstractAsyncContextManager[T]], act: Callable[[T], Awaitable[int]]
) -> int:
    """Open, act, close; the status ``act`` gives."""

    async def main() -> int:
        async with open_() as service:
            print_notices(service)
            return await act(service)

    return unforeseen.run(main(), _tell)


def _tell(error: AuraError) -> None:
    print_error(explain(error))


def explain(error: AuraError) -> str:
    """An error as the terminal gets it: what failed, its code, what to do next."""
    return f"Error: {one_line(error.message)} [{error.code}]\n  {one_line(error.remediation)}"


def exit_of(error: AuraError) -> int:
    """The exit status of an error that no job's end stands for."""
    if isinstance(error, ReaderGone):
        return 128 + signal.SIGPIPE
    if isinstance(error, EngineError):
        return 3
    if isinstance(error, OutputError) or error.code is Code.DISK_FULL:
        return EXIT_UNWRITTEN
    return 2
