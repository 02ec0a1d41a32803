"""Jobs as JSON: what ``GET /api/jobs/{id}`` and ``--json`` give. Shaped here alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from aura_tui.model.events import Artifact, Metrics, Output, Problem
from aura_tui.model.ids import format_id
from aura_tui.model.status import JobStatus, StepStatus

if TYPE_CHECKING:
    from aura_tui.model.job import Job, Step


class StepPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A stage of a job. ``name`` is the wire's name of the stage."""

    name: str
    status: StepStatus
    progress_pct: float
    attempt: int = 0
    duration_ms: int | None = None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    started_at: datetime | None = None
    completed_at: datetime | None = None
    metrics: Metrics | None = None


class JobPayload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A job."""

    job_id: str
    status: JobStatus
    stage: str
    percent: float
    title: str
    correlation_id: str
    created_at: datetime
    queued_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    priority: int = 0
    attempt: int = 1
    retry_of: str | None = None
    elapsed_seconds: float | None = None
    eta_seconds: float | None = None
    eta_low_seconds: float | None = None
    eta_high_seconds: float | None = None
    message: str = ""
    steps: tuple[StepPayload, ...] = ()
    errors: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    output: Output | None = None
    log_path: str = ""
    suggested_actions: tuple[str, ...] = ()
    last_event_id: str = ""


def job_payload(job: Job) -> JobPayload:
    """The job as programs get it."""
    eta = job.eta
    return JobPayload(
        job_id=job.id,
        status=job.status,
        stage=job.stage.value if job.stage else "",
        percent=round(job.percent, 2),
        title=job.title,
        correlation_id=job.correlation_id,
        created_at=job.created_at,
        queued_at=job.queued_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        priority=job.priority,
        attempt=job.attempt,
        retry_of=job.retry_of,
        elapsed_seconds=job.elapsed_s,
        eta_seconds=eta.seconds if eta else None,
        eta_low_seconds=eta.low if eta else None,
        eta_high_seconds=eta.high if eta else None,
        message=job.message,
        steps=tuple(_step(step) for step in job.steps),
        errors=job.errors,
        warnings=job.warnings,
        artifacts=job.artifacts,
        output=job.output,
        log_path=job.log_path,
        suggested_actions=job.suggested_actions,
        last_event_id=format_id(job.last_event_id),
    )


def _step(step: Step) -> StepPayload:
    return StepPayload(
        name=step.stage.value,
        status=step.status,
        progress_pct=round(step.percent, 2),
        attempt=step.attempt,
        duration_ms=step.duration_ms,
        errors=step.errors,
        warnings=step.warnings,
        started_at=step.started_at,
        completed_at=step.ended_at,
        metrics=step.metrics,
    )
