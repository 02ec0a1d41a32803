"""Makes the events that lead from one state of a job to another, to merge a snapshot into a stream.

Views only fold events. If a server can't replay what happened (it keeps no history, or lost it),
the job's current state is turned into events: valid ones, in order, which a fold that has them
already ignores.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.model import events as ev
from aura_tui.model.job import Job, Step
from aura_tui.model.status import STEP_TRANSITIONS, JobStatus, StepStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aura_tui.model.stages import Stage

_LONG_AGO = datetime.fromtimestamp(0, UTC)


def empty_job(job_id: str) -> Job:
    """A job about which nothing is known yet."""
    return Job(id=job_id, correlation_id="", title="", created_at=_LONG_AGO, queued_at=_LONG_AGO)


def completed(job: Job, listed: Job) -> Job:
    """``job`` with the fields that only the server's list has. The correlation id is the list's: an
    answer for one job may have that of the request."""
    changes: dict[str, object] = {"title": listed.title}
    if listed.correlation_id:
        changes["correlation_id"] = listed.correlation_id
    if listed.status is job.status:
        for name in ("started_at", "ended_at", "log", "log_path", "suggested_actions"):
            if not getattr(job, name):
                changes[name] = getattr(listed, name)
        if listed.errors:  # an answer for one job may have only its message
            changes["errors"] = listed.errors
    return replace(job, **changes)


def catch_up(before: Job, now: Job, at: datetime) -> Iterator[ev.AnyJobEvent]:
    """Yield the events from ``before`` to ``now``, including its end. Events whose time the job
    doesn't have get the time ``at``."""
    factory = _EventFactory(now, at, reached=now.percent)
    yield from factory.start(before)
    if before.status is JobStatus.PAUSED and now.status is not JobStatus.PAUSED:
        yield factory.status(JobStatus.RUNNING)
    for step in now.steps:
        yield from factory.step(before.step(step.stage), step)
    known = set(before.artifacts)
    for artifact in now.artifacts:
        if artifact not in known:
            yield factory.artifact(artifact)
    if now.status is JobStatus.PAUSED and before.status is not JobStatus.PAUSED:
        yield factory.status(JobStatus.PAUSED)
    elif not now.status.ended and (
        now.percent > before.percent
        or now.interrupted is not before.interrupted
        or (now.interrupted and now.status is not before.status)
    ):
        yield factory.status(now.status)
    if now.status.ended and not before.status.ended:
        yield factory.end()


def implied_before(
    before: Job, event: ev.AnyJobEvent, reached: float | None = None
) -> Iterator[ev.AnyJobEvent]:
    """Yield the missing events that must have happened before ``event``.

    Some servers report only a stage's progress: that implies that the stage has started and the
    ones before it have ended. ``reached`` is the job's percent as reported by the server; None:
    compute it from our stages' shares.
    """
    if before.status.ended:
        return
    job = replace(before, correlation_id=event.correlation_id)
    factory = _EventFactory(job, event.timestamp, reached)
    runs = isinstance(event, (ev.StepStatusChanged, ev.StepProgressed, ev.StepErred))
    if runs or isinstance(event, (ev.JobCompleted, ev.JobFailed)):
        if before.status in (JobStatus.QUEUED, JobStatus.PAUSED):
            yield factory.status(JobStatus.RUNNING)
    elif not isinstance(event, (ev.JobStatusChanged, ev.JobCancelled)):
        return
    yield from _steps_before(before, event, factory)


def _steps_before(
    before: Job, event: ev.AnyJobEvent, factory: _EventFactory
) -> Iterator[ev.AnyJobEvent]:
    stage: Stage | None = None
    if isinstance(event, (ev.StepProgressed, ev.StepErred, ev.StepStatusChanged)):
        stage = event.step
    elif isinstance(event, ev.JobStatusChanged) and event.status is JobStatus.RUNNING:
        stage = event.stage
        if stage is not None and before.status is JobStatus.QUEUED:
            yield factory.status(JobStatus.RUNNING)
    elif isinstance(event, ev.JobFailed):
        stage = event.stage or before.stage
    whole = isinstance(event, ev.JobCompleted)
    halted = _HALTED.get(type(event))
    for step in before.steps:
        if whole or _passed(step, stage):
            if step.status in (StepStatus.PENDING, StepStatus.STARTED):
                yield from factory.step(step, _finished(step))
        elif step.stage is stage and _needs_start(step, event):
            percent = 0.0 if isinstance(event, ev.StepProgressed) else None
            begun = replace(step, status=StepStatus.STARTED, attempt=1, percent=percent)
            yield from factory.step(step, begun)
            step = begun
        if halted is not None and step.status is StepStatus.STARTED and not _passed(step, stage):
            yield from factory.step(step, replace(step, status=halted))


# The status of a running stage after the end of its job.
_HALTED = {ev.JobFailed: StepStatus.FAILED, ev.JobCancelled: StepStatus.CANCELLED}


def _passed(step: Step, stage: Stage | None) -> bool:
    return stage is not None and step.stage.position < stage.position


def _needs_start(step: Step, event: ev.AnyJobEvent) -> bool:
    if step.status is not StepStatus.PENDING:
        return False
    if isinstance(event, ev.StepStatusChanged):
        return event.status not in STEP_TRANSITIONS[step.status]
    return True


def _finished(step: Step) -> Step:
    return replace(step, status=StepStatus.COMPLETED, attempt=max(1, step.attempt))


def _further(before: Step, now: Step) -> bool:
    """Whether a stage's progress has changed. An unknown percent counts as a change for a stage
    that has just started."""
    if now.percent is None:
        return before.percent == 0.0
    return now.percent > (before.percent or 0.0)


class _EventFactory:
    """Makes events of a job."""

    def __init__(self, job: Job, at: datetime, reached: float | None) -> None:
        """``reached`` is the job's percent, which no event exceeds; None: unknown."""
        self._job = job
        self._reached = job.percent if reached is None else reached
        self._most = 100.0 if reached is None else reached
        self._at = at
        self._same = {"job_id": job.id, "correlation_id": job.correlation_id}

    def _event(
        self, kind: type[ev.AnyJobEvent], at: datetime | None, **fields: object
    ) -> ev.AnyJobEvent:
        return kind(timestamp=at or self._at, **self._same, **fields)  # type: ignore[arg-type]  # each caller gives the fields of its kind

    def status(self, status: JobStatus, at: datetime | None = None) -> ev.AnyJobEvent:
        job = self._job
        return self._event(
            ev.JobStatusChanged,
            at,
            status=status,
            stage=job.stage,
            percent=job.percent,
            interrupted=job.interrupted and status is job.status,
        )

    def start(self, before: Job) -> Iterator[ev.AnyJobEvent]:
        """The event from queued to running, if the job has started."""
        job = self._job
        if before.status is not JobStatus.QUEUED or job.status is JobStatus.QUEUED:
            return
        # A job that was cancelled in the queue never ran.
        idle = job.started_at is None and all(s.status is StepStatus.PENDING for s in job.steps)
        if job.status is JobStatus.CANCELED and idle:
            return
        yield self._event(ev.JobStatusChanged, job.started_at, status=JobStatus.RUNNING)

    def step(self, before: Step, now: Step) -> Iterator[ev.AnyJobEvent]:
        """The events from one state of a stage to another."""
        stage, status = now.stage, now.status
        if status is StepStatus.PENDING:
            return
        attempt = max(1, now.attempt)  # some servers count from 0, or not at all
        fresh = now.attempt > before.attempt or before.status is StepStatus.PENDING
        direct = status in STEP_TRANSITIONS[before.status] and status is not StepStatus.STARTED
        began = before.status is StepStatus.STARTED and now.attempt <= before.attempt
        if fresh and not (direct and before.status is StepStatus.PENDING):
            yield self._event(
                ev.StepStatusChanged,
                now.started_at,
                step=stage,
                status=StepStatus.STARTED,
                percent=min(self._most, stage.start_percent),
                attempt=attempt,
            )
            began = True
        for problem in now.errors[len(before.errors) :]:
            yield self._event(
                ev.StepErred,
                None,
                step=stage,
                code=problem.code,
                message=problem.message,
                remediation=problem.remediation,
            )
        if status is StepStatus.STARTED:
            if began and (_further(before, now) or now.message != before.message):
                yield self._progress(now)
        elif status is not before.status:
            yield self._event(
                ev.StepStatusChanged,
                now.ended_at,
                step=stage,
                status=status,
                percent=min(self._most, stage.end_percent) if status.done else None,
                attempt=attempt,
                duration_ms=now.duration_ms,
            )

    def _progress(self, step: Step) -> ev.AnyJobEvent:
        eta = self._job.eta
        return self._event(
            ev.StepProgressed,
            None,
            step=step.stage,
            progress_pct=step.percent,
            percent=self._reached
            if step.percent is None
            else min(self._most, step.stage.overall_percent(step.percent)),
            message=step.message,
            substage_detail=step.detail,
            current_item=step.item,
            total_items=step.total,
            done_items=step.done,
            active_items=step.active,
            elapsed_seconds=self._job.elapsed_s,
            eta_seconds=eta.seconds if eta else None,
            eta_low_seconds=eta.low if eta else None,
            eta_high_seconds=eta.high if eta else None,
            eta_runs=eta.runs if eta else None,
            metrics=step.metrics,
        )

    def artifact(self, artifact: ev.Artifact) -> ev.AnyJobEvent:
        return self._event(
            ev.ArtifactMade,
            None,
            name=artifact.name,
            path=artifact.path,
            type=artifact.type,
            size_bytes=artifact.size_bytes,
        )

    def end(self) -> ev.AnyJobEvent:
        """The terminal event of a job that has ended."""
        job = self._job
        if job.status is JobStatus.SUCCEEDED:
            output = job.output or ev.Output()
            return self._event(
                ev.JobCompleted,
                job.ended_at,
                output_path=output.video_path,
                artifacts=job.artifacts,
                output=output,
            )
        if job.status is JobStatus.CANCELED:
            return self._event(
                ev.JobCancelled,
                job.ended_at,
                stage=job.stage,
                message=job.message,
                artifacts=job.artifacts,
            )
        return self._event(
            ev.JobFailed,
            job.ended_at,
            stage=job.stage,
            error_message=job.message,
            errors=job.errors,
            logs=job.log,
            log_path=job.log_path,
            suggested_actions=job.suggested_actions,
        )
