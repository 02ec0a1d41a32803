"""A job and its steps, as views show them. Built by folding events; see ``reduce.py``."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from aura_tui.model.events import Artifact, Metrics, Output, Problem
from aura_tui.model.job_settings import JobSettings
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus

INTERRUPTED: Final = "interrupted"  # in place of the status; it is none of its own on the wire
# What Job.word can be.
JOB_WORDS: Final = tuple(
    dict.fromkeys(
        (
            *(each.word for each in JobStatus if not each.ended),
            INTERRUPTED,
            *(each.word for each in JobStatus),
        )
    )
)
LOG_TAIL = 10
MAX_WARNINGS = 50


class Eta(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Time remaining in seconds: the likely value and its probable range.

    ``runs`` is the number of earlier jobs it is based on; 0: only on this job's current speed.
    """

    seconds: float
    low: float
    high: float
    runs: int = 0


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stage of a job. ``percent`` is 0-100 of the stage; None if the engine reports only the
    job's."""

    stage: Stage
    status: StepStatus = StepStatus.PENDING
    percent: float | None = 0.0
    attempt: int = 0
    message: str = ""
    detail: str = ""
    item: int | None = None
    total: int | None = None
    done: int | None = None  # finished items; None: not counted
    active: tuple[int, ...] = ()  # numbers of the items in progress
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: int | None = None
    metrics: Metrics | None = None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


class Job(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A job. ``last_event_id`` is the newest folded event; ``ignored`` counts events that were
    older, illegal, or about another job. Times are aware UTC.

    ``interrupted``: a person stopped it, queued or running; no engine resumes it unasked.
    """

    id: str
    correlation_id: str
    title: str
    created_at: datetime
    queued_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    status: JobStatus = JobStatus.QUEUED
    interrupted: bool = False
    stage: Stage | None = None
    percent: float = 0.0
    priority: int = 0
    attempt: int = 1
    retry_of: str | None = None
    settings: JobSettings | None = None  # None: unknown (an engine of an earlier release)
    owner: str = ""  # name of the token that created it; "" is the engine's own user
    steps: tuple[Step, ...] = tuple(Step(stage=stage) for stage in Stage)
    elapsed_s: float | None = None  # active seconds, as of the last progress
    eta: Eta | None = None
    artifacts: tuple[Artifact, ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[Problem, ...] = ()
    log: tuple[str, ...] = ()  # the last LOG_TAIL lines
    log_path: str = ""
    message: str = ""  # why it failed or was cancelled
    suggested_actions: tuple[str, ...] = ()
    output: Output | None = None
    last_event_id: int = 0
    last_event_at: datetime | None = None
    ignored: int = 0

    def step(self, stage: Stage) -> Step:
        """The step of ``stage``."""
        return self.steps[stage.position]

    @property
    def word(self) -> str:
        """Its status for use in a sentence; an interrupted job is ``interrupted``."""
        return INTERRUPTED if self.interrupted else self.status.word

    @property
    def view_status(self) -> JobStatus:
        """The status for signs, colours and groups: an interrupted job waits for a person, too, and
        looks like a paused one."""
        return JobStatus.PAUSED if self.interrupted else self.status

    @property
    def active(self) -> bool:
        """Whether it runs or will run without a person: queued or running, and not interrupted."""
        return self.status in (JobStatus.QUEUED, JobStatus.RUNNING) and not self.interrupted


def as_created(job: Job) -> Job:
    """The job as it was before its first event."""
    return Job(
        id=job.id,
        correlation_id=job.correlation_id,
        title=job.title,
        created_at=job.created_at,
        queued_at=job.queued_at,
        priority=job.priority,
        attempt=job.attempt,
        retry_of=job.retry_of,
        settings=job.settings,
        owner=job.owner,
    )


_PENDING_STEPS = tuple(Step(stage=stage) for stage in Stage)


def as_listed(job: Job) -> Job:
    """An ended job for a list row: without its settings, stages, files and log. A list may hold ten
    thousand of them; a detail view fetches the full job."""
    return msgspec.structs.replace(
        job,
        settings=None,
        steps=_PENDING_STEPS,
        artifacts=(),
        warnings=(),
        errors=(),
        log=(),
        log_path="",
        message="",
        suggested_actions=(),
        output=None,
    )


def since(job: Job) -> datetime:
    """The time that a job's age counts from: when it ended, or was created if it hasn't."""
    return job.ended_at or job.created_at
