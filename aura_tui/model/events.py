"""The typed events: a closed union of what happened. One model for engine, store, wire and views.

Fields are named as on the wire, in snake case. An event is validated when it is made: numbers are
finite and within range, texts cleaned and bounded, times aware. ``wire/codec.py`` turns events
into JSON and back; nothing here knows JSON.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import Literal

import msgspec

from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text import clean

MAX_MESSAGE_CHARS = 4000
MAX_ITEMS = 200
Severity = Literal["info", "warning", "error"]


# A frozen Struct is written once, when it is made; this is that moment.
_force = msgspec.structs.force_setattr


def _texts(event: msgspec.Struct, names: tuple[str, ...], limit: int = MAX_MESSAGE_CHARS) -> None:
    for name in names:
        value = getattr(event, name)
        if value and not (len(value) <= limit and value.isprintable()):
            _force(event, name, clean(value, limit))


def _lines(event: msgspec.Struct, name: str) -> None:
    _force(event, name, tuple(clean(v, MAX_MESSAGE_CHARS) for v in getattr(event, name)))


def _bounded(event: msgspec.Struct, name: str) -> None:
    value = getattr(event, name)
    if len(value) > MAX_ITEMS:
        _force(event, name, value[:MAX_ITEMS])


def _percent(event: msgspec.Struct, name: str) -> None:
    value = getattr(event, name)
    if not 0.0 <= value <= 100.0:
        _force(event, name, 100.0 if value > 100.0 else 0.0)  # NaN becomes 0


def _number(event: msgspec.Struct, name: str) -> None:
    value = getattr(event, name)
    if value is not None and not (math.isfinite(value) and 0.0 <= value <= 1e12):
        _force(event, name, None)


def _whole(event: msgspec.Struct, name: str) -> None:
    value = getattr(event, name)
    if value is not None and not 0 <= value <= 1 << 53:
        _force(event, name, 0 if name in ("size_bytes", "attempt") else None)


def _utc(event: msgspec.Struct) -> None:
    value: datetime = event.timestamp  # type: ignore[attr-defined]  # both bases have it
    if value.tzinfo is not UTC:
        aware = value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        _force(event, "timestamp", aware)


class Problem(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", omit_defaults=True
):
    """An error as people and programs get it: stable code, what failed, what to do next."""

    code: str
    message: str
    remediation: str = ""

    def __post_init__(self) -> None:
        _texts(self, ("code", "message", "remediation"))


class Artifact(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", omit_defaults=True
):
    """A finished file: ``type`` is a media type, ``path`` where it lies on the engine's disk."""

    name: str
    path: str
    type: str = "application/octet-stream"
    size_bytes: int = 0

    def __post_init__(self) -> None:
        _texts(self, ("name", "path", "type"))
        _whole(self, "size_bytes")


class Output(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", omit_defaults=True
):
    """What a job was for."""

    video_path: str = ""
    subtitle_path: str = ""
    size_bytes: int = 0

    def __post_init__(self) -> None:
        _texts(self, ("video_path", "subtitle_path"))
        _whole(self, "size_bytes")


class Metrics(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", omit_defaults=True
):
    """Numbers beside a stage's progress; None where the stage doesn't know.

    ``fps``: frames encoded a second. ``speed``: seconds of video made a second.
    """

    fps: float | None = None
    speed: float | None = None
    size_bytes: int | None = None
    projected_bytes: int | None = None
    provider: str | None = None
    reused: int | None = None
    made: int | None = None

    def __post_init__(self) -> None:
        for name in ("fps", "speed"):
            _number(self, name)
        for name in ("size_bytes", "projected_bytes", "reused", "made"):
            _whole(self, name)
        _texts(self, ("provider",), 200)


class JobEvent(
    msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel", omit_defaults=True
):
    """What every event of a job has. ``timestamp`` is aware UTC."""

    job_id: str
    correlation_id: str = ""
    timestamp: datetime

    def __post_init__(self) -> None:
        _texts(self, ("job_id", "correlation_id"), 200)
        _utc(self)


class JobStatusChanged(JobEvent, frozen=True, kw_only=True, gc=False):
    """``job-status``: the status, or the stage at work, is now this. ``percent`` of the job."""

    status: JobStatus
    stage: Stage | None = None
    percent: float = 0.0

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _percent(self, "percent")


class StepStatusChanged(JobEvent, frozen=True, kw_only=True, gc=False):
    """``step-status``: a stage started or ended. ``attempt`` counts from 1 within the job."""

    step: Stage
    status: StepStatus
    phase: str = ""
    attempt: int = 1
    duration_ms: int | None = None  # active time, pauses left out; None while it runs

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("phase",), 50)
        _whole(self, "attempt")
        _whole(self, "duration_ms")


class StepProgressed(JobEvent, frozen=True, kw_only=True, gc=False):
    """``step-progress``. ``progress_pct`` is within the step, ``percent`` of the job, 0-100.

    ``eta_*`` is None where nobody can know; ``eta_runs`` says from how many earlier runs it was
    judged (0: from this run alone). ``current_item`` is 1-based, None where there are no items.
    """

    step: Stage
    phase: str = ""
    progress_pct: float = 0.0
    percent: float = 0.0
    message: str = ""
    substage_detail: str = ""
    current_item: int | None = None
    total_items: int | None = None
    elapsed_time: str = ""
    estimated_time_remaining: str = ""
    elapsed_seconds: float | None = None
    eta_seconds: float | None = None
    eta_low_seconds: float | None = None
    eta_high_seconds: float | None = None
    eta_runs: int | None = None
    metrics: Metrics | None = None

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("phase", "elapsed_time", "estimated_time_remaining"), 50)
        _texts(self, ("message", "substage_detail"), 500)
        for name in ("progress_pct", "percent"):
            _percent(self, name)
        for name in ("elapsed_seconds", "eta_seconds", "eta_low_seconds", "eta_high_seconds"):
            _number(self, name)
        for name in ("current_item", "total_items", "eta_runs"):
            _whole(self, name)


class StepErred(JobEvent, frozen=True, kw_only=True, gc=False):
    """``step-error``: why a stage failed."""

    step: Stage
    code: str
    message: str
    remediation: str = ""

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("code", "message", "remediation"))


class JobLogged(JobEvent, frozen=True, kw_only=True, gc=False):
    """``job-log``: a line of the job's log."""

    message: str
    stage: Stage | None = None
    severity: Severity = "info"

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("message",))


class Warned(JobEvent, frozen=True, kw_only=True, gc=False):
    """``warning``: something a person should know although the job goes on."""

    message: str
    step: Stage | None = None

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("message",))


class ArtifactMade(JobEvent, frozen=True, kw_only=True, gc=False):
    """``artifact``: a file is finished and whole."""

    name: str
    path: str
    type: str = "application/octet-stream"
    size_bytes: int = 0

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("name", "path", "type"))
        _whole(self, "size_bytes")


class JobCompleted(JobEvent, frozen=True, kw_only=True, gc=False):
    """``job-completed``: the end, with what was made."""

    status: JobStatus = JobStatus.SUCCEEDED
    output_path: str = ""
    artifacts: tuple[Artifact, ...] = ()
    output: Output = Output()

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("output_path",))
        _bounded(self, "artifacts")


class JobFailed(JobEvent, frozen=True, kw_only=True, gc=False):
    """``job-failed``: the end, with why, the log's last 10 lines, and what one can do."""

    status: JobStatus = JobStatus.FAILED
    stage: Stage | None = None
    error_message: str = ""
    errors: tuple[Problem, ...] = ()
    logs: tuple[str, ...] = ()
    log_path: str = ""
    suggested_actions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("error_message", "log_path"))
        for name in ("errors", "logs", "suggested_actions"):
            _bounded(self, name)
        for name in ("logs", "suggested_actions"):
            _lines(self, name)


class JobCancelled(JobEvent, frozen=True, kw_only=True, gc=False):
    """``job-cancelled``: the end, with what was finished and kept."""

    status: JobStatus = JobStatus.CANCELED
    stage: Stage | None = None
    message: str = ""
    artifacts: tuple[Artifact, ...] = ()

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("message",))
        _bounded(self, "artifacts")


class ConnectionEvent(msgspec.Struct, frozen=True, kw_only=True, gc=False, rename="camel"):
    """What a connection says of itself; never stored, never part of a job."""

    timestamp: datetime

    def __post_init__(self) -> None:
        _utc(self)


class Heartbeat(ConnectionEvent, frozen=True, kw_only=True, gc=False):
    """``heartbeat``: the engine is alive."""


class Shutdown(ConnectionEvent, frozen=True, kw_only=True, gc=False):
    """``shutdown``: the engine ends in an orderly way; jobs go on when it is back."""

    reason: str = ""

    def __post_init__(self) -> None:
        ConnectionEvent.__post_init__(self)
        _texts(self, ("reason",))


class StreamFailed(ConnectionEvent, frozen=True, kw_only=True, gc=False):
    """``error``: the stream can't be served."""

    message: str = ""
    code: str = ""

    def __post_init__(self) -> None:
        ConnectionEvent.__post_init__(self)
        _texts(self, ("message", "code"))


AnyJobEvent = (
    JobStatusChanged
    | StepStatusChanged
    | StepProgressed
    | StepErred
    | JobLogged
    | Warned
    | ArtifactMade
    | JobCompleted
    | JobFailed
    | JobCancelled
)
AnyEvent = AnyJobEvent | Heartbeat | Shutdown | StreamFailed

# The wire's names: the only list of them.
EVENT_NAMES: dict[type[AnyEvent], str] = {
    JobStatusChanged: "job-status",
    StepStatusChanged: "step-status",
    StepProgressed: "step-progress",
    StepErred: "step-error",
    JobLogged: "job-log",
    Warned: "warning",
    ArtifactMade: "artifact",
    JobCompleted: "job-completed",
    JobFailed: "job-failed",
    JobCancelled: "job-cancelled",
    Heartbeat: "heartbeat",
    Shutdown: "shutdown",
    StreamFailed: "error",
}
EVENT_TYPES: dict[str, type[AnyEvent]] = {name: type_ for type_, name in EVENT_NAMES.items()}
TERMINAL_EVENTS = (JobCompleted, JobFailed, JobCancelled)


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """An event of a job with its id (the integer form of :mod:`aura_tui.model.ids`)."""

    id: int
    event: AnyJobEvent
