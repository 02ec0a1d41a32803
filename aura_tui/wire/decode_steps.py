"""The stages of a job in a server's answer. What it doesn't say of a stage follows from the job's
status and from the stage that the job is in."""

from __future__ import annotations

from typing import Any

import msgspec

from aura_tui.model import events as ev
from aura_tui.model.job import MAX_WARNINGS, Step
from aura_tui.model.sanitize import clean
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
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
    """The stages of a job in ``status`` that is in ``stage``. What the list doesn't say of them
    follows from that."""
    told: dict[Stage, Step] = {}
    for item in listed[:50]:
        step = _step(Fields(item), status, stage) if isinstance(item, dict) else None
        if step is not None:  # some have two steps where we have one stage
            known = told.get(step.stage)
            told[step.stage] = step if known is None else _both(known, step)
    return tuple(told.get(each) or _implied(each, status, stage) for each in Stage)


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
        duration_ms = duration_ms or None  # where a step says no state, 0 is what was never set
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


# What a stage that had begun is, once its job has ended in another way than well.
_HALTED = {JobStatus.FAILED: StepStatus.FAILED, JobStatus.CANCELED: StepStatus.CANCELLED}


def _inferred(
    stage: Stage, job: JobStatus, at: Stage | None, *, begun: bool, whole: bool, failed: bool
) -> StepStatus:
    """The status of a stage that says none. ``begun``, ``whole`` and ``failed`` are what its
    numbers and errors say."""
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
    """A stage of a job that names only the one it is in. How far that one is, nobody says."""
    status = _inferred(stage, job, at, begun=False, whole=False, failed=False)
    if status is StepStatus.PENDING:
        return Step(stage=stage)
    return Step(stage=stage, status=status, percent=100.0 if status.done else None, attempt=1)


def _both(first: Step, second: Step) -> Step:
    """Two steps of another server that are one stage here."""
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
    """The percent of a job whose server says none: by our stages' shares of the whole."""
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
