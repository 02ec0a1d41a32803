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


LEAVE_SIGNALS = (signal.SIGHUP, signal.SIGTERM)


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


async def continue_in_background(what: ForegroundJob) -> None:
    """Continue the jobs that other terminals submitted to our engine, which has ended."""
    with contextlib.suppress(AuraError):  # they then continue with the next engine
        if count := await asyncio.to_thread(what.continue_jobs):
            jobs = counted(
                count, "job from another terminal continues", "jobs from other terminals continue"
            )
            print_error(f"{jobs} in the background; see: aura-tui jobs")


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
