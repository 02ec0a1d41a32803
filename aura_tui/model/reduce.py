"""``reduce(job, envelope) -> job``: pure and total. The only way a job changes.

Invariants, for any events in any order: transitions follow the tables of ``status.py``; an ended
job never changes; progress never falls; created <= queued <= started <= ended; an event that is
older than the last one, illegal, or about another job only increments the ``ignored`` count.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from aura_tui.model import events as ev
from aura_tui.model.job import LOG_TAIL, MAX_WARNINGS, Eta, Job, Step
from aura_tui.model.status import STEP_TRANSITIONS, TRANSITIONS, JobStatus, StepStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime

    from aura_tui.model.stages import Stage


def fold(job: Job, envelopes: Iterable[ev.Envelope]) -> Job:
    """Apply ``reduce`` to each envelope in turn."""
    for envelope in envelopes:
        job = reduce(job, envelope)
    return job


def reduce(job: Job, envelope: ev.Envelope) -> Job:
    """The job after ``envelope``. Never raises."""
    event = envelope.event
    if event.job_id != job.id or envelope.id <= job.last_event_id or job.status.ended:
        return replace(job, ignored=job.ignored + 1)
    changes = _FOLDS[type(event)](job, event)
    if changes is None:
        return replace(job, ignored=job.ignored + 1)
    at = event.timestamp
    if job.last_event_at is not None and at < job.last_event_at:
        at = job.last_event_at  # the engine's clock stepped back; a job's times never do
    return replace(job, last_event_id=envelope.id, last_event_at=at, **changes)


# Each fold returns the changed fields, or None if the event is illegal in the job's state.
_Changes = dict[str, Any] | None


def _not_before(at: datetime, *floors: datetime | None) -> datetime:
    return max((at, *(floor for floor in floors if floor is not None)))


def _enter(job: Job, status: JobStatus, at: datetime) -> _Changes:
    """The changes of a transition, or None if the table doesn't allow it."""
    if status is job.status:
        return {}
    if status not in TRANSITIONS[job.status]:
        return None
    changes: dict[str, Any] = {"status": status}
    if status is JobStatus.RUNNING and job.started_at is None:
        changes["started_at"] = _not_before(at, job.queued_at)
    if status.ended:
        changes["interrupted"] = False
        changes["ended_at"] = _not_before(at, job.queued_at, job.started_at, job.last_event_at)
        changes["eta"] = None
    return changes


def _job_status(job: Job, event: ev.JobStatusChanged) -> _Changes:
    if event.status.ended:
        return None  # the terminal events end a job: they carry its result
    changes = _enter(job, event.status, event.timestamp)
    if changes is None:
        return None
    changes["percent"] = max(job.percent, event.percent)
    changes["interrupted"] = event.interrupted and event.status is not JobStatus.PAUSED
    if event.stage is not None and not _behind(event.stage, job.stage):
        changes["stage"] = event.stage
    if event.status is JobStatus.PAUSED or event.interrupted:
        changes["eta"] = None
    return changes


def _behind(stage: Stage, than: Stage | None) -> bool:
    return than is not None and stage.position < than.position


def _with_step(job: Job, step: Step) -> tuple[Step, ...]:
    i = step.stage.position
    return (*job.steps[:i], step, *job.steps[i + 1 :])


def _step_status(job: Job, event: ev.StepStatusChanged) -> _Changes:
    step = job.step(event.step)
    if job.status is JobStatus.QUEUED or event.status not in STEP_TRANSITIONS[step.status]:
        return None
    at = _not_before(event.timestamp, job.started_at, step.started_at)
    if event.status is StepStatus.STARTED:
        if event.attempt <= step.attempt:
            return None
        step = Step(
            stage=step.stage,
            status=StepStatus.STARTED,
            attempt=event.attempt,
            started_at=at,
            warnings=step.warnings,
        )
        stage = job.stage if _behind(event.step, job.stage) else event.step
        percent = max(job.percent, _or(event.percent, event.step.start_percent))
        return {"steps": _with_step(job, step), "stage": stage, "percent": percent}
    changes: dict[str, Any] = {
        "status": event.status,
        "attempt": max(step.attempt, event.attempt),
        "started_at": step.started_at or at,
        "ended_at": at,
        "duration_ms": event.duration_ms,
    }
    percent = job.percent
    if event.status.done:
        changes["percent"] = 100.0
        percent = max(percent, _or(event.percent, event.step.end_percent))
    steps = _with_step(job, replace(step, **changes))
    # Count the stages that reported no progress, too.
    active_s = sum(s.duration_ms or 0 for s in steps) / 1000
    elapsed_s = max(_or(job.elapsed_s, 0.0), active_s)
    return {"steps": steps, "percent": percent, "elapsed_s": elapsed_s}


def _step_progress(job: Job, event: ev.StepProgressed) -> _Changes:
    step = job.step(event.step)
    if job.status is JobStatus.QUEUED or step.status is not StepStatus.STARTED:
        return None
    step = replace(
        step,
        percent=_further(step.percent, event.progress_pct),
        message=event.message,
        detail=event.substage_detail,
        item=event.current_item,
        total=event.total_items,
        done=event.done_items,
        active=event.active_items,
        metrics=event.metrics or step.metrics,
    )
    eta = None
    if event.eta_seconds is not None:
        eta = Eta(
            seconds=event.eta_seconds,
            low=min(event.eta_seconds, _or(event.eta_low_seconds, event.eta_seconds)),
            high=max(event.eta_seconds, _or(event.eta_high_seconds, event.eta_seconds)),
            runs=event.eta_runs or 0,
        )
    return {
        "steps": _with_step(job, step),
        "percent": max(job.percent, event.percent),
        "elapsed_s": max(_or(job.elapsed_s, 0.0), _or(event.elapsed_seconds, 0.0)),
        "eta": eta if job.view_status is JobStatus.RUNNING else None,
    }


def _further(percent: float | None, reported: float | None) -> float | None:
    """The percent of a stage after a progress report; None while none has given one (0 is only
    the initial value)."""
    if reported is None:
        return percent or None
    return max(percent or 0.0, reported)


def _or(value: float | None, default: float) -> float:
    return default if value is None else value


def _step_error(job: Job, event: ev.StepErred) -> _Changes:
    if job.status is JobStatus.QUEUED:
        return None
    problem = ev.Problem(code=event.code, message=event.message, remediation=event.remediation)
    step = job.step(event.step)
    step = replace(step, errors=(*step.errors, problem)[-MAX_WARNINGS:])
    return {"steps": _with_step(job, step)}


def _log(job: Job, event: ev.JobLogged) -> _Changes:
    return {"log": (*job.log, event.message)[-LOG_TAIL:]}


def _warning(job: Job, event: ev.Warned) -> _Changes:
    changes: dict[str, Any] = {"warnings": (*job.warnings, event.message)[-MAX_WARNINGS:]}
    if event.step is not None:
        step = job.step(event.step)
        step = replace(step, warnings=(*step.warnings, event.message)[-MAX_WARNINGS:])
        changes["steps"] = _with_step(job, step)
    return changes


def _artifact(job: Job, event: ev.ArtifactMade) -> _Changes:
    made = ev.Artifact(
        name=event.name, path=event.path, type=event.type, size_bytes=event.size_bytes
    )
    return {"artifacts": _merge(job.artifacts, (made,))}


def _merge(old: tuple[ev.Artifact, ...], new: tuple[ev.Artifact, ...]) -> tuple[ev.Artifact, ...]:
    """One artifact per name, the newest, in order of first appearance."""
    by_name = {artifact.name: artifact for artifact in (*old, *new)}
    return tuple(by_name.values())[-ev.MAX_ITEMS :]


def _completed(job: Job, event: ev.JobCompleted) -> _Changes:
    changes = _enter(job, JobStatus.SUCCEEDED, event.timestamp)
    if changes is None:
        return None
    output = event.output
    if not output.video_path and event.output_path:
        output = replace(output, video_path=event.output_path)
    return {
        **changes,
        "percent": 100.0,
        "output": output,
        # The final event lists the delivered files: they replace the earlier ones.
        "artifacts": _merge((), event.artifacts) or job.artifacts,
    }


def _failed(job: Job, event: ev.JobFailed) -> _Changes:
    changes = _enter(job, JobStatus.FAILED, event.timestamp)
    if changes is None:
        return None
    return {
        **changes,
        "stage": event.stage or job.stage,
        "message": event.error_message,
        "errors": event.errors,
        "log_path": event.log_path,
        "suggested_actions": event.suggested_actions,
        "log": event.logs[-LOG_TAIL:] or job.log,
    }


def _cancelled(job: Job, event: ev.JobCancelled) -> _Changes:
    changes = _enter(job, JobStatus.CANCELED, event.timestamp)
    if changes is None:
        return None
    return {
        **changes,
        "stage": event.stage or job.stage,
        "message": event.message,
        "artifacts": _merge(job.artifacts, event.artifacts),
    }


_FOLDS: dict[type[ev.AnyJobEvent], Callable[[Job, Any], _Changes]] = {
    ev.JobStatusChanged: _job_status,
    ev.StepStatusChanged: _step_status,
    ev.StepProgressed: _step_progress,
    ev.StepErred: _step_error,
    ev.JobLogged: _log,
    ev.Warned: _warning,
    ev.ArtifactMade: _artifact,
    ev.JobCompleted: _completed,
    ev.JobFailed: _failed,
    ev.JobCancelled: _cancelled,
}
