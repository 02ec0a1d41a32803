"""What a command follows in the foreground, and the messages about the job at the end.

Exit statuses (DESIGN 3): 0 succeeded, 1 the job failed, 2 usage error, 3 no engine or no access,
4 cancelled, 5 the output can't be written, 130 Ctrl-C. A hang-up, SIGTERM, or a reader of stdout
that closed its pipe (SIGPIPE) leaves the job resumable, with 128 + the signal.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.cli.session.messages import print_error
from aura_tui.errors import AuraError, EngineError
from aura_tui.model.status import JobStatus
from aura_tui.model.text.plural import counted

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from aura_tui.model.job import Job
    from aura_tui.service import JobService
    from aura_tui.settings import Settings


_LEAVE_SIGNALS = (signal.SIGHUP, signal.SIGTERM)


class ForegroundJob(NamedTuple):
    """What to follow. ``open`` opens the service; ``begin`` returns the job's id on it (None: show
    all jobs).

    ``owns``: this command submitted the job, so Ctrl-C cancels it; else Ctrl-C stops watching.
    ``remote``: the engine's files are on another machine. ``record``: the file for a recording.
    """

    open: Callable[[], AbstractAsyncContextManager[JobService]]
    begin: Callable[[JobService], Awaitable[str]] | None
    settings: Settings
    owns: bool
    read_only: bool = False
    remote: bool = False
    record: Path | None = None
    mode: str = ""
    hand_over: Callable[[], None] | None = None  # hands unfinished jobs to a background engine
    place: str = ""  # the host of a remote engine, else the home
    where: str = ""  # the option that commands need to reach the same engine: " --server URL"
    # As hand_over, for jobs that other terminals submitted to our engine; returns their number.
    continue_jobs: Callable[[], int] = lambda: 0
    # Lets jobs of our engine wait for a person once it has stopped: all, or only our own.
    interrupt: Callable[[bool], None] = lambda everything: None
    has_active: Callable[[], bool] = lambda: True  # whether a job is queued or running; blocks
    log_failure: Callable[[AuraError | OSError], None] = lambda error: None  # to the engine's log


def leave_signals() -> tuple[signal.Signals, ...]:
    """The signals that end the command, not its job. nohup lets it ignore a hang-up."""
    return tuple(each for each in _LEAVE_SIGNALS if signal.getsignal(each) is not signal.SIG_IGN)


class Ending:
    """What becomes of our engine's jobs when the command ends before them."""

    def __init__(self, what: ForegroundJob) -> None:
        self._what = what
        self._hung_up = False
        self.decided = False  # the user has decided it for all jobs
        self.job_id = ""  # the one that is followed, once it is known

    @property
    def hands_over(self) -> bool:
        """Whether a hang-up lets the jobs continue in the background."""
        return self._hung_up

    def on_signal(self, number: int) -> None:
        """Handle a signal that ends the command, while the engine still runs."""
        what = self._what
        background = what.settings.engine.on_hangup == "background"
        if number == signal.SIGHUP and background and what.hand_over is not None:
            self._hung_up = True
        elif number != signal.SIGINT:
            what.interrupt(False)

    async def settle(self) -> None:
        """Continue jobs in the background, now that the engine has stopped: after a hang-up all of
        them, else those that other terminals submitted."""
        what = self._what
        if self.decided:
            return
        if self._hung_up:
            await self._hand_over()
            return
        with contextlib.suppress(AuraError):  # they then continue with the next engine
            if count := await asyncio.to_thread(what.continue_jobs):
                jobs = counted(
                    count,
                    "job from another terminal continues",
                    "jobs from other terminals continue",
                )
                print_error(f"{jobs} in the background; see: aura-tui jobs")

    async def _hand_over(self) -> None:
        """The terminal is gone, and stderr may be: a failure goes to the engine's log."""
        what = self._what
        assert what.hand_over is not None
        try:
            if await asyncio.to_thread(what.has_active):
                await asyncio.to_thread(what.hand_over)
                watch = f"aura-tui watch {self.job_id}".strip()
                print_error(f"Hung up. Still running in the background. Watch it with: {watch}")
        except (AuraError, OSError) as e:  # the next engine resumes the jobs
            what.log_failure(e)
            print_error("Hung up. The background engine did not start. Resume with: aura-tui watch")


def say_accepted(what: ForegroundJob, job_id: str, error: AuraError) -> None:
    """Report the id of a job that the engine accepted before the connection failed."""
    if job_id and isinstance(error, EngineError):
        print_error(
            f"The engine accepted job {job_id}. Follow it with: aura-tui watch {job_id}{what.where}"
        )


def say_resumable(what: ForegroundJob, job: Job) -> None:
    if not job.status.ended:
        say_unchanged(what, job.id)


def say_continues(what: ForegroundJob, job: Job) -> None:
    """Report that the job continues without this terminal, in another process's engine."""
    if job.status is JobStatus.PAUSED:
        print_error(f"The job stays paused. Resume it with: aura-tui resume {job.id}{what.where}")
    elif not job.status.ended:
        print_error(
            f"Still running in the background. Watch it with: aura-tui watch {job.id}{what.where}"
        )


def say_unchanged(what: ForegroundJob, job_id: str) -> None:
    print_error(f"Stopped. Resume with: aura-tui watch {job_id}{what.where}")
