"""The JSON payloads of ``GET`` responses and ``--json``: jobs and their parts.

Defined only here. A job's payload is complete, so that a reader can rebuild the same job from it.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

import msgspec

from aura_tui.model.events import Artifact, Metrics, Output, Problem
from aura_tui.model.ids import format_id
from aura_tui.model.job_settings import JobSettings
from aura_tui.model.status import JobStatus, StepStatus

if TYPE_CHECKING:
    from aura_tui.model.job import Eta, Job, Step
    from aura_tui.service import JobPage, QueueState, RetryPlan, Typical

_encoder = msgspec.json.Encoder()


class _Payload(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """Base of payloads: camelCase, without empty and unknown fields."""


class _FullPayload(_Payload, frozen=True, kw_only=True, omit_defaults=False):
    """Base of payloads that always have every field: empty lists, and null for unknown values."""


class StepPayload(_FullPayload, frozen=True, kw_only=True):
    """A stage of a job. ``name`` is its wire name."""

    name: str
    status: StepStatus
    progress_pct: float | None
    attempt: int = 0
    message: str = ""
    substage_detail: str = ""
    current_item: int | None = None
    total_items: int | None = None
    done_items: int | None = None
    active_items: tuple[int, ...] = ()
    duration_ms: int | None = None
    errors: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    started_at: datetime | None = None
    completed_at: datetime | None = None
    metrics: Metrics | None = None


class JobPayload(_FullPayload, frozen=True, kw_only=True):
    """A job. ``created_utc``, ``started_utc`` and ``ended_utc`` are the same times under the names
    that Aura Video Studio's clients read. ``interrupted``: a person stopped it, and it waits until
    it is resumed; its status stays the one it had."""

    job_id: str
    status: JobStatus
    interrupted: bool = False
    stage: str
    percent: float
    title: str
    correlation_id: str
    created_at: datetime
    queued_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    created_utc: datetime
    started_utc: datetime | None = None
    ended_utc: datetime | None = None
    priority: int = 0
    attempt: int = 1
    retry_of: str | None = None
    settings: JobSettings | None = None
    elapsed_seconds: float | None = None
    eta_seconds: float | None = None
    eta_low_seconds: float | None = None
    eta_high_seconds: float | None = None
    eta_runs: int | None = None
    message: str = ""
    steps: tuple[StepPayload, ...] = ()
    errors: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    output: Output | None = None
    logs: tuple[str, ...] = ()  # the last lines
    log_path: str = ""
    suggested_actions: tuple[str, ...] = ()
    last_event_id: str = ""
    last_event_at: datetime | None = None
    ignored: int = 0


class PagePayload(_Payload, frozen=True, kw_only=True):
    """``GET /api/jobs``, newest first. ``cursor`` fetches the next page; left out on the last."""

    jobs: tuple[JobPayload, ...]
    cursor: str | None = None


class QueuePayload(_FullPayload, frozen=True, kw_only=True):
    """``GET /api/queue``: the engine's counts; ``waiting`` lists the caller's jobs, next first."""

    queued: int
    running: int
    paused: int
    waiting: tuple[str, ...]


class EtaPayload(_Payload, frozen=True, kw_only=True):
    """Seconds: the likely value and its range, based on ``runs`` similar jobs."""

    seconds: float
    low: float
    high: float
    runs: int = 0


class TypicalPayload(_Payload, frozen=True, kw_only=True):
    """``GET /api/jobs/{id}/typical``: seconds by the wire name of the stage."""

    runs: int
    seconds: dict[str, float]


class PlannedStepPayload(_Payload, frozen=True, kw_only=True):
    """A stage of a retry. ``total`` is left out if it isn't known yet."""

    name: str
    reused: int
    total: int | None = None


class RetryPlanPayload(_Payload, frozen=True, kw_only=True):
    """``GET /api/jobs/{id}/retry-plan``."""

    steps: tuple[PlannedStepPayload, ...]
    eta: EtaPayload | None = None


class ProgressPayload(_FullPayload, frozen=True, kw_only=True):
    """``GET /api/jobs/{id}/progress``: only the job's numbers, for polling clients."""

    job_id: str
    status: JobStatus
    stage: str
    percent: float
    progress_pct: float | None  # of the running stage
    message: str = ""
    elapsed_seconds: float | None = None
    eta_seconds: float | None = None
    eta_low_seconds: float | None = None
    eta_high_seconds: float | None = None
    last_event_id: str = ""


class FailurePayload(_FullPayload, frozen=True, kw_only=True):
    """``GET /api/jobs/{id}/failure-details``: why a job failed."""

    job_id: str
    correlation_id: str
    status: JobStatus
    stage: str
    error_message: str
    errors: tuple[Problem, ...] = ()
    logs: tuple[str, ...] = ()
    log_path: str = ""
    suggested_actions: tuple[str, ...] = ()


class ArtifactsPayload(_Payload, frozen=True, kw_only=True):
    """``GET /api/jobs/{id}/artifacts``."""

    artifacts: tuple[Artifact, ...]


class StorePayload(_Payload, frozen=True, kw_only=True):
    """Whether events can be stored; ``reason`` says why not."""

    writable: bool
    reason: str = ""


class FFmpegPayload(_Payload, frozen=True, kw_only=True):
    """Whether a usable FFmpeg was found; ``reason`` says why not."""

    found: bool
    version: str = ""
    reason: str = ""


class HealthPayload(_Payload, frozen=True, kw_only=True):
    """``GET /api/health``. ``status``: ok, degraded (the engine answers, but jobs would fail), or
    failing; ``reasons`` say why. ``pid`` is the engine's process, ``startedAt`` when it took its
    home, ``freeBytes`` the room left on the home's disk.

    Callers without access get only ``service`` and ``status``.
    """

    service: str
    status: str
    version: str | None = None
    store: StorePayload | None = None
    ffmpeg: FFmpegPayload | None = None
    queue_length: int | None = None
    running: int | None = None
    streams: int | None = None
    reasons: tuple[str, ...] = ()
    pid: int | None = None
    started_at: datetime | None = None
    free_bytes: int | None = None


def encode(payload: msgspec.Struct) -> bytes:
    """Encode a payload as JSON."""
    return _encoder.encode(payload)


def job_payload(job: Job) -> JobPayload:
    """The payload of a job."""
    eta = job.eta
    return JobPayload(
        job_id=job.id,
        status=job.status,
        interrupted=job.interrupted,
        stage=job.stage.value if job.stage else "",
        percent=job.percent,
        title=job.title,
        correlation_id=job.correlation_id,
        created_at=job.created_at,
        queued_at=job.queued_at,
        started_at=job.started_at,
        ended_at=job.ended_at,
        created_utc=job.created_at,
        started_utc=job.started_at,
        ended_utc=job.ended_at,
        priority=job.priority,
        attempt=job.attempt,
        retry_of=job.retry_of,
        settings=job.settings,
        elapsed_seconds=job.elapsed_s,
        eta_seconds=eta.seconds if eta else None,
        eta_low_seconds=eta.low if eta else None,
        eta_high_seconds=eta.high if eta else None,
        eta_runs=eta.runs if eta else None,
        message=job.message,
        steps=tuple(_step(step) for step in job.steps),
        errors=job.errors,
        warnings=job.warnings,
        artifacts=job.artifacts,
        output=job.output,
        logs=job.log,
        log_path=job.log_path,
        suggested_actions=job.suggested_actions,
        last_event_id=format_id(job.last_event_id),
        last_event_at=job.last_event_at,
        ignored=job.ignored,
    )


def _step(step: Step) -> StepPayload:
    return StepPayload(
        name=step.stage.value,
        status=step.status,
        progress_pct=step.percent,
        attempt=step.attempt,
        message=step.message,
        substage_detail=step.detail,
        current_item=step.item,
        total_items=step.total,
        done_items=step.done,
        active_items=step.active,
        duration_ms=step.duration_ms,
        errors=step.errors,
        warnings=step.warnings,
        started_at=step.started_at,
        completed_at=step.ended_at,
        metrics=step.metrics,
    )


def page_payload(page: JobPage) -> PagePayload:
    """The payload of a page of jobs."""
    return PagePayload(jobs=tuple(map(job_payload, page.jobs)), cursor=page.cursor)


def queue_payload(queue: QueueState) -> QueuePayload:
    """The payload of the queue's state."""
    return QueuePayload(
        queued=queue.queued, running=queue.running, paused=queue.paused, waiting=queue.waiting
    )


def typical_payload(typical: Typical) -> TypicalPayload:
    """The payload of the usual stage durations."""
    return TypicalPayload(
        runs=typical.runs,
        seconds={stage.value: seconds for stage, seconds in typical.seconds.items()},
    )


def retry_plan_payload(plan: RetryPlan) -> RetryPlanPayload:
    """The payload of a retry plan: what a retry would reuse and redo."""
    return RetryPlanPayload(
        steps=tuple(
            PlannedStepPayload(name=step.stage.value, reused=step.reused, total=step.total)
            for step in plan.steps
        ),
        eta=_eta(plan.eta) if plan.eta else None,
    )


def _eta(eta: Eta) -> EtaPayload:
    return EtaPayload(seconds=eta.seconds, low=eta.low, high=eta.high, runs=eta.runs)


def progress_payload(job: Job) -> ProgressPayload:
    """The payload of a job's numbers."""
    eta = job.eta
    step = job.step(job.stage) if job.stage else None
    return ProgressPayload(
        job_id=job.id,
        status=job.status,
        stage=job.stage.value if job.stage else "",
        percent=job.percent,
        progress_pct=step.percent if step else 0.0,
        message=step.message if step else "",
        elapsed_seconds=job.elapsed_s,
        eta_seconds=eta.seconds if eta else None,
        eta_low_seconds=eta.low if eta else None,
        eta_high_seconds=eta.high if eta else None,
        last_event_id=format_id(job.last_event_id),
    )


def failure_payload(job: Job) -> FailurePayload:
    """The payload of a failure: why a job failed."""
    return FailurePayload(
        job_id=job.id,
        correlation_id=job.correlation_id,
        status=job.status,
        stage=job.stage.value if job.stage else "",
        error_message=job.message,
        errors=job.errors,
        logs=job.log,
        log_path=job.log_path,
        suggested_actions=job.suggested_actions,
    )
