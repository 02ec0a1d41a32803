"""Statuses of jobs and steps, and the only table of their transitions."""

from __future__ import annotations

from enum import StrEnum


class JobStatus(StrEnum):
    """A job's status, in the wire's spelling."""

    QUEUED = "Queued"
    RUNNING = "Running"
    PAUSED = "Paused"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    CANCELED = "Canceled"

    ended: bool  # terminal: no transition leaves it; set below from the table

    @property
    def word(self) -> str:
        """The status for use in a sentence; the wire spells CANCELED with one l."""
        return "cancelled" if self is JobStatus.CANCELED else self.value.lower()


class StepStatus(StrEnum):
    """A stage's status in ``step-status``; PENDING is the initial one and never sent."""

    PENDING = "pending"
    STARTED = "started"
    COMPLETED = "completed"
    FAILED = "failed"
    SKIPPED = "skipped"
    REUSED = "reused"
    CANCELLED = "cancelled"

    @property
    def done(self) -> bool:
        """Whether the stage needs no more work."""
        return self in (StepStatus.COMPLETED, StepStatus.REUSED, StepStatus.SKIPPED)


_J = JobStatus
_S = StepStatus

# Everything that affects job transitions lives here. Repeating a status is always allowed.
TRANSITIONS: dict[JobStatus, frozenset[JobStatus]] = {
    _J.QUEUED: frozenset({_J.RUNNING, _J.CANCELED}),
    _J.RUNNING: frozenset({_J.PAUSED, _J.SUCCEEDED, _J.FAILED, _J.CANCELED}),
    _J.PAUSED: frozenset({_J.RUNNING, _J.CANCELED}),
    _J.SUCCEEDED: frozenset(),
    _J.FAILED: frozenset(),
    _J.CANCELED: frozenset(),
}

for _status, _next in TRANSITIONS.items():
    _status.ended = not _next

# A step starts again, with a higher attempt, when its job resumes after a crash.
STEP_TRANSITIONS: dict[StepStatus, frozenset[StepStatus]] = {
    _S.PENDING: frozenset({_S.STARTED, _S.REUSED, _S.SKIPPED, _S.CANCELLED}),
    _S.STARTED: frozenset({_S.STARTED, _S.COMPLETED, _S.FAILED, _S.REUSED, _S.CANCELLED}),
    _S.COMPLETED: frozenset({_S.STARTED}),
    _S.REUSED: frozenset({_S.STARTED}),
    _S.SKIPPED: frozenset(),
    _S.FAILED: frozenset({_S.STARTED}),
    _S.CANCELLED: frozenset(),
}

_STATUS_SYNONYMS = {
    **{status.value.lower(): status for status in JobStatus},
    "done": _J.SUCCEEDED,
    "completed": _J.SUCCEEDED,
    "success": _J.SUCCEEDED,
    "cancelled": _J.CANCELED,
    "error": _J.FAILED,
    "pending": _J.QUEUED,
    "inprogress": _J.RUNNING,
    "processing": _J.RUNNING,
    "skipped": _J.CANCELED,
}
_STEP_SYNONYMS = {
    **{status.value: status for status in StepStatus},
    "canceled": _S.CANCELLED,
    "succeeded": _S.COMPLETED,
    "done": _S.COMPLETED,
    "running": _S.STARTED,
    "cached": _S.REUSED,
}


def _plain(text: str) -> str:
    return text.strip().lower().replace("_", "").replace("-", "") if len(text) <= 40 else ""


def parse_status(text: str) -> JobStatus | None:
    """The job status for a wire text in any case or dialect; None if unknown."""
    return _STATUS_SYNONYMS.get(_plain(text))


def parse_step_status(text: str) -> StepStatus | None:
    """The step status for a wire text in any case or dialect; None if unknown."""
    return _STEP_SYNONYMS.get(_plain(text))
