"""Decodes the stages of a job in a server's answer. Missing values are inferred from the job's
status and its current stage."""

from __future__ import annotations

from typing import Any

import msgspec

from aura_tui.model import events as ev
from aura_tui.model.job import MAX_WARNINGS, Step
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text.sanitize import clean
from aura_tui.wire.fields import Fields
from aura_tui.wire.lenient_values import (
    as_list,
    as_problem,
    as_stage,
    as_step_status,
    as_struct,
    as_text,
    as_whole,
)


def read_steps(listed: list[Any], status: JobStatus, stage: Stage | None) -> tuple[Step, ...]:
    """The stages of a job with this ``status`` and current ``stage``; infers from these what the
    list doesn't contain."""
    found: dict[Stage, Step] = {}
    for item in listed[:50]:
        step = _step(Fields(item), status, stage) if isinstance(item, dict) else None
        if step is not None:  # some servers have two steps for one of our stages
            known = found.get(step.stage)
            found[step.stage] = step if known is None else _both(known, step)
    return tuple(found.get(each) or _implied(each, status, stage) for each in Stage)


def _step(fields: Fields, of_job: JobStatus, at: Stage | None) -> Step | None:
    stage = fields.get(as_stage, "name", "step", "stage")
    if stage is None:
        return None
    metrics = fields.get(as_struct(ev.Metrics), "metrics")
    errors = fields.get(as_list(as_problem), "errors") or ()
    percent = fields.percent("progresspct", "progress", "percent")
    started_at = fields.time("startedat", "startedutc")
    ended_at = fields.time("completedat", "endedat", "completedutc", "endedutc")
    duration_ms = fields.count("durationms")
    status = fields.get(as_step_status, "status", "state")
    if status is None:
        begun = bool(percent or duration_ms or started_at)
        whole = percent == 100.0 or ended_at is not None
        status = _inferred(stage, of_job, at, begun=begun, whole=whole, failed=bool(errors))
        duration_ms = duration_ms or None  # without a status, 0 means that it was never set
    if percent is None:
        percent = 100.0 if status.done else 0.0 if status is StepStatus.PENDING else None
    return Step(
        stage=stage,
        status=status,
        percent=percent,
        attempt=fields.count("attempt") or 0,
        message=clean(fields.get(as_text, "message") or "", 500),
        detail=clean(fields.get(as_text, "substagedetail", "detail") or "", 500),
        item=fields.count("currentitem"),
        total=fields.count("totalitems"),
        done=fields.count("doneitems"),
        active=(fields.get(as_list(as_whole), "activeitems") or ())[: ev.MAX_ACTIVE],  # type: ignore[arg-type]  # of whole numbers
        started_at=started_at,
        ended_at=ended_at,
        duration_ms=duration_ms,
        metrics=metrics if isinstance(metrics, ev.Metrics) else None,
        errors=errors[-MAX_WARNINGS:],  # type: ignore[arg-type]  # what as_problem makes
        warnings=text_lines(fields, "warnings", MAX_WARNINGS),
    )


# The status of a started stage after its job has failed or was cancelled.
_HALTED = {JobStatus.FAILED: StepStatus.FAILED, JobStatus.CANCELED: StepStatus.CANCELLED}


def _inferred(
    stage: Stage, job: JobStatus, at: Stage | None, *, begun: bool, whole: bool, failed: bool
) -> StepStatus:
    """The status of a stage without one. ``begun``, ``whole`` and ``failed`` come from its numbers
    and errors."""
    if job is JobStatus.SUCCEEDED:
        return StepStatus.COMPLETED
    if failed and job is JobStatus.FAILED:
        return StepStatus.FAILED
    if whole or (at is not None and stage.position < at.position):
        return StepStatus.COMPLETED
    if job is JobStatus.QUEUED or not (begun or stage is at):
        return StepStatus.PENDING
    return _HALTED.get(job, StepStatus.STARTED)


def _implied(stage: Stage, job: JobStatus, at: Stage | None) -> Step:
    """A stage of a job that reports only its current stage, without a percent."""
    status = _inferred(stage, job, at, begun=False, whole=False, failed=False)
    if status is StepStatus.PENDING:
        return Step(stage=stage)
    return Step(stage=stage, status=status, percent=100.0 if status.done else None, attempt=1)


def _both(first: Step, second: Step) -> Step:
    """Merge two steps of another server into one stage."""
    states = (first.status, second.status)
    halted = next((s for s in states if s in (StepStatus.FAILED, StepStatus.CANCELLED)), None)
    same = first.status if first.status is second.status else None
    done = StepStatus.COMPLETED if first.status.done and second.status.done else None
    status = halted or same or done or StepStatus.STARTED
    lengths = [step.duration_ms for step in (first, second) if step.duration_ms is not None]
    begun = [step.started_at for step in (first, second) if step.started_at is not None]
    ended = [step.ended_at for step in (first, second) if step.ended_at is not None]
    latest = second if second.status is not StepStatus.PENDING else first
    return msgspec.structs.replace(
        latest,
        status=status,
        percent=100.0 if status.done else 0.0 if status is StepStatus.PENDING else None,
        started_at=min(begun, default=None),
        ended_at=max(ended) if len(ended) == 2 else None,
        duration_ms=sum(lengths) if lengths else None,
        errors=(*first.errors, *second.errors)[-MAX_WARNINGS:],
        warnings=(*first.warnings, *second.warnings)[-MAX_WARNINGS:],
    )


def by_stages(steps: tuple[Step, ...]) -> float:
    """The percent of a job without one, from our stages' shares."""
    reached = [
        step.stage.overall_percent(step.percent)
        for step in steps
        if step.status is not StepStatus.PENDING and step.percent is not None
    ]
    return max(reached, default=0.0)


def text_lines(fields: Fields, name: str, most: int) -> tuple[str, ...]:
    """The last ``most`` lines of a list of texts, cleaned."""
    read = as_list(as_text)
    lines = fields.get(read, name) or ()
    return tuple(clean(str(line), ev.MAX_MESSAGE_CHARS) for line in lines[-most:])
