"""A job and its steps: what every view draws. Made by folding events; see ``reduce.py``."""

from __future__ import annotations

from datetime import datetime

import msgspec

from aura_tui.model.events import Artifact, Metrics, Output, Problem
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus

LOG_TAIL = 10
MAX_WARNINGS = 50


class Eta(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Time remaining in seconds: the likely value and the range it probably lies in.

    ``runs`` is how many earlier runs it was judged from; 0: from this run alone.
    """

    seconds: float
    low: float
    high: float
    runs: int = 0


class Step(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One stage of a job. ``percent`` is 0-100 within the stage; None where the engine reports
    the job's alone."""

    stage: Stage
    status: StepStatus = StepStatus.PENDING
    percent: float | None = 0.0
    attempt: int = 0
    message: str = ""
    detail: str = ""
    item: int | None = None
    total: int | None = None
    done: int | None = None  # of the items; None where nobody counted
    active: tuple[int, ...] = ()  # numbers of the items at work
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_ms: int | None = None
    metrics: Metrics | None = None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


class Job(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A job. ``last_event_id`` is the newest event folded in; ``ignored`` counts those that were
    older than it, or illegal, or about another job. Times are aware UTC."""

    id: str
    correlation_id: str
    title: str
    created_at: datetime
    queued_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    status: JobStatus = JobStatus.QUEUED
    stage: Stage | None = None
    percent: float = 0.0
    priority: int = 0
    attempt: int = 1
    retry_of: str | None = None
    owner: str = ""  # the token that made it; "" is the engine's own user
    steps: tuple[Step, ...] = tuple(Step(stage=stage) for stage in Stage)
    elapsed_s: float | None = None  # active seconds, as of the last progress
    eta: Eta | None = None
    artifacts: tuple[Artifact, ...] = ()
    warnings: tuple[str, ...] = ()
    errors: tuple[Problem, ...] = ()
    log: tuple[str, ...] = ()  # the last LOG_TAIL lines
    log_path: str = ""
    message: str = ""  # why it ended, where it didn't succeed
    suggested_actions: tuple[str, ...] = ()
    output: Output | None = None
    last_event_id: int = 0
    last_event_at: datetime | None = None
    ignored: int = 0

    def step(self, stage: Stage) -> Step:
        """The step of ``stage``."""
        return self.steps[stage.position]


def as_created(job: Job) -> Job:
    """The job before its first event: what it is, and nothing of what happened to it."""
    return Job(
        id=job.id,
        correlation_id=job.correlation_id,
        title=job.title,
        created_at=job.created_at,
        queued_at=job.queued_at,
        priority=job.priority,
        attempt=job.attempt,
        retry_of=job.retry_of,
        owner=job.owner,
    )


_UNTOLD = tuple(Step(stage=stage) for stage in Stage)


def as_listed(job: Job) -> Job:
    """An ended job as one line tells it: without its stages, files and log. A list may hold ten
    thousand of them; whoever shows one whole asks for it."""
    return msgspec.structs.replace(
        job,
        steps=_UNTOLD,
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
    """What a job's age counts from: its end, or while it has none, its making."""
    return job.ended_at or job.created_at
