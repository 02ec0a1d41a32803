"""Changes of one or several jobs: which jobs, the question before many, a line for each result."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Final, NamedTuple

from aura_tui.cli.connection import where
from aura_tui.cli.session.exit_status import exit_of
from aura_tui.cli.session.messages import print_error, report_error
from aura_tui.cli.session.once import run_once
from aura_tui.connect.job_ref import resolve
from aura_tui.errors import AuraError, Code, EngineError, InputError, OutputError
from aura_tui.model.job import INTERRUPTED
from aura_tui.model.status import JobStatus
from aura_tui.model.text.plural import counted
from aura_tui.model.text.sanitize import clean_line, one_line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from aura_tui.connect.locator import EngineLocator
    from aura_tui.model.job import Job
    from aura_tui.service import JobService

_TEARDOWN_S = 60.0  # for a cancelled job to end, which includes joining a partial video
_LOOK_S = 0.05
_PAGE = 500
_NAMED = 10  # jobs in the question


class Verb(NamedTuple):
    """A change. ``statuses``: those that it applies to, as ``Job.word``. ``wanted``: the status
    that it leads to."""

    name: str
    done: str
    participle: str
    statuses: tuple[str, ...]
    wanted: frozenset[JobStatus]


_GOING: Final = frozenset({JobStatus.QUEUED, JobStatus.RUNNING})
CANCEL: Final = Verb(
    "cancel",
    "Cancelled",
    "cancelled",
    ("queued", "running", "paused", INTERRUPTED),
    frozenset({JobStatus.CANCELED}),
)
PAUSE: Final = Verb("pause", "Paused", "paused", ("running",), frozenset({JobStatus.PAUSED}))
RESUME: Final = Verb("resume", "Resumed", "resumed", ("paused", INTERRUPTED), _GOING)
RETRY: Final = Verb("retry", "Retried", "retried", ("failed", "cancelled"), _GOING)


class Selection(NamedTuple):
    """The jobs as the command line names them: ``names``, or all with one of the ``statuses``, or
    (``every``) all that the change applies to. ``yes``: without a question."""

    names: tuple[str, ...]
    statuses: tuple[str, ...] = ()
    every: bool = False
    yes: bool = False

    @property
    def one(self) -> str | None:
        """The only job that is named; None if there are several or none."""
        return self.names[0] if len(self.names) == 1 and not self.statuses else None


def check(verb: Verb, selection: Selection) -> None:
    """Raise InputError unless the selection says which jobs, in one way, and ``verb`` can apply to
    them."""
    by_state = bool(selection.statuses or selection.every)
    if by_state == bool(selection.names):
        raise InputError(
            Code.OPTION_INVALID,
            "Job ids can't be used with --status or --all"
            if by_state
            else f"No jobs given to {verb.name}",
            f"Use one of: aura-tui {verb.name} JOB..., --status S, --all.",
        )
    for status in selection.statuses:
        if status not in verb.statuses:
            *most, last = verb.statuses
            words = f"{', '.join(most)} or {last}" if most else last
            raise InputError(
                Code.OPTION_INVALID,
                f"Only {words} jobs can be {verb.participle}, not {status} ones",
                f"Use --status with: {', '.join((*most, last))}; or --all.",
                field="status",
            )
    if by_state and not selection.yes and not _asks():
        raise InputError(
            Code.OPTION_INVALID,
            f"Can't ask whether to {verb.name} these jobs: no terminal",
            "Add --yes, or name the jobs.",
            field="yes",
        )


def change(
    locator: EngineLocator,
    verb: Verb,
    selection: Selection,
    act: Callable[[JobService, str], Awaitable[Job]],
) -> int:
    """Apply ``verb`` to each job of the selection with ``act``; returns the worst exit status.

    Prints a line for each job. Raises the error of a single named job; of several, each error is
    printed and the others continue, up to one of the engine itself.
    """
    check(verb, selection)
    names: Sequence[str] = selection.names
    if not names:
        found = _matching(locator, verb, selection)
        if not found:
            print_error(f"No jobs to {verb.name}")
            return 0
        if not selection.yes and not _confirmed(verb, found):
            print_error("Nothing changed")
            return 2
        names = [job.id for job in found]

    async def all_of(service: JobService) -> int:
        return await _Changes(locator, verb, act).apply(service, names)

    # A changed job must continue after this command; others can be changed without an engine.
    return run_once(locator.background if verb.wanted is _GOING else locator.one_shot, all_of)


class _Changes:
    def __init__(
        self,
        locator: EngineLocator,
        verb: Verb,
        act: Callable[[JobService, str], Awaitable[Job]],
    ) -> None:
        self._locator = locator
        self._verb = verb
        self._act = act
        self._status = 0

    async def apply(self, service: JobService, names: Sequence[str]) -> int:
        changed: dict[str, Job] = {}  # by the id of the job that was named
        tried: set[str] = set()
        for index, name in enumerate(names):
            try:
                job_id = await resolve(service, name)
                if job_id not in tried:
                    tried.add(job_id)
                    changed[job_id] = await self._act(service, job_id)
            except OutputError:
                raise
            except AuraError as e:
                if len(names) == 1:
                    raise
                self._status = max(self._status, exit_of(e))
                if not isinstance(e, EngineError):
                    print_error(f"Error: {one_line(e.message)} [{e.code}]")
                else:
                    report_error(e)
                    if left := len(names) - index - 1:
                        print_error(f"{counted(left, 'more job was', 'more jobs were')} not tried")
                    break
        for job_id, job in changed.items():
            await self._report(job_id, job)
        return self._status

    async def _report(self, job_id: str, job: Job) -> None:
        verb = self._verb
        if verb is CANCEL and not job.status.ended:
            job = await _wait_until_ended(self._locator, job.id)
        if verb is RETRY:
            line = f"{verb.done} {job_id} as {job.id}"
        elif job.status in verb.wanted:
            line = f"{verb.done} {job.id}"
        else:
            line = f"Requested to {verb.name} job {job.id}; its status is {job.status.word}"
        sys.stdout.write(f"{line}\n")


async def _wait_until_ended(locator: EngineLocator, job_id: str) -> Job:
    """The job once it has ended, or its state after a timeout. An engine in another process
    acknowledges a cancel before it is done, and may itself end with the job."""
    until = time.monotonic() + _TEARDOWN_S
    async with locator.read_only() as reader:
        while True:
            job = await reader.get(job_id)
            if job.status.ended or time.monotonic() > until:
                return job
            await asyncio.sleep(_LOOK_S)


def _matching(locator: EngineLocator, verb: Verb, selection: Selection) -> list[Job]:
    """The jobs with a wanted status, newest first. For a retry only the last attempt of each."""
    wanted = frozenset(selection.statuses or verb.statuses)
    found: list[Job] = []
    retried: set[str | None] = set()

    async def look(service: JobService) -> int:
        cursor: str | None = None
        while True:
            page = await service.list(limit=_PAGE, cursor=cursor)
            found.extend(job for job in page.jobs if job.word in wanted)
            retried.update(job.retry_of for job in page.jobs)
            cursor = page.cursor
            if cursor is None:
                return 0

    run_once(locator.read_only, look)
    return [job for job in found if verb is not RETRY or job.id not in retried]


def _asks() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()


def _confirmed(verb: Verb, jobs: Sequence[Job]) -> bool:
    """Ask on the terminal; only y or yes confirms."""
    for job in jobs[:_NAMED]:
        print_error(f"  {job.id}  {job.word:11}  {clean_line(job.title, 60)}")
    if (more := len(jobs) - _NAMED) > 0:
        print_error(f"  and {more} more")
    sys.stderr.write(f"{verb.name.capitalize()} {counted(len(jobs), 'job')}? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def detached(locator: EngineLocator, act: Callable[[JobService], Awaitable[Job]]) -> int:
    """Let ``act`` start a job on an engine that outlives this process; print its id, and return."""

    async def start(service: JobService) -> int:
        job = await act(service)
        # First, because the job runs even if its id can't be written to stdout.
        print_error(
            f"Running in the background. Follow it with: aura-tui watch {job.id}{where(locator)}"
        )
        sys.stdout.write(f"{job.id}\n")
        return 0

    return run_once(locator.background, start)
