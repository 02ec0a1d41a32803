"""The typed events: a closed union of what happened. One model for engine, store, wire and views.

Fields have their wire names in snake case. The constructor makes every event valid: numbers are
finite and within range, texts cleaned and bounded, times aware. ``wire/event_json.py`` turns events
into JSON and back; nothing here knows JSON.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, TypeVar

import msgspec

from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text.sanitize import clean

MAX_MESSAGE_CHARS = 4000
MAX_ITEMS = 200
MAX_ACTIVE = 32  # items in progress that an event lists
MAX_LIST_CHARS = 50_000  # per list: keeps an event well below the wire reader's MAX_EVENT_BYTES
Severity = Literal["info", "warning", "error"]


T = TypeVar("T")


def _always_written(value: T) -> T:
    """A default that is written to JSON despite ``omit_defaults``: readers rely on the field."""
    return msgspec.field(default_factory=lambda: value)


# Sets a field of a frozen Struct; used only in __post_init__.
_force = msgspec.structs.force_setattr


def _texts(event: msgspec.Struct, names: tuple[str, ...], limit: int = MAX_MESSAGE_CHARS) -> None:
    for name in names:
        value = getattr(event, name)
        if value and not (len(value) <= limit and value.isprintable()):
            _force(event, name, clean(value, limit))


def _lines(event: msgspec.Struct, name: str) -> None:
    lines = getattr(event, name)[:MAX_ITEMS]
    _force(event, name, tuple(clean(line, MAX_MESSAGE_CHARS) for line in lines))


def _bounded(event: msgspec.Struct, name: str) -> None:
    """Keep the first items of a list, up to MAX_ITEMS and MAX_LIST_CHARS."""
    items: tuple[str | Problem | Artifact, ...] = getattr(event, name)
    kept, chars = 0, 0
    for item in items[:MAX_ITEMS]:
        chars += _chars(item)
        if chars > MAX_LIST_CHARS:
            break
        kept += 1
    if kept < len(items):
        _force(event, name, items[:kept])


def _chars(item: str | Problem | Artifact) -> int:
    if isinstance(item, str):
        return len(item)
    if isinstance(item, Problem):
        return len(item.code) + len(item.message) + len(item.remediation)
    return len(item.name) + len(item.path) + len(item.type)


def _phase(event: StepStatusChanged | StepProgressed) -> None:
    _texts(event, ("phase",), 50)
    if not event.phase:
        _force(event, "phase", event.step.phase)


def _percent(event: msgspec.Struct, name: str) -> None:
    value = getattr(event, name)
    if not 0.0 <= value <= 100.0:
        _force(event, name, 100.0 if value > 100.0 else 0.0)  # NaN becomes 0


def _number(event: msgspec.Struct, name: str) -> None:
    value = getattr(event, name)
    if value is not None and not 0.0 <= value <= 1e12:  # also true for NaN
        _force(event, name, None)


def _whole(event: msgspec.Struct, name: str) -> None:
    value = getattr(event, name)
    if value is not None and not 0 <= value <= 1 << 53:
        _force(event, name, 0 if name in ("size_bytes", "attempt") else None)


def _utc(event: msgspec.Struct) -> None:
    value: datetime = event.timestamp  # type: ignore[attr-defined]  # both bases have it
    if value.tzinfo is UTC:
        return
    if value.tzinfo is not None:
        try:
            value = value.astimezone(UTC)
        except OverflowError:  # within a day of year 1 or 9999
            value = value.replace(tzinfo=None)
    _force(event, "timestamp", value.replace(tzinfo=UTC))


class _Data(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    gc=False,
    rename="camel",
    omit_defaults=True,
    forbid_unknown_fields=True,  # an unknown field means another dialect: use the lenient reader
):
    pass


class Problem(_Data, frozen=True, kw_only=True, gc=False):
    """An error, for people and programs: a stable code, what failed, what to do next."""

    code: str
    message: str
    remediation: str = ""

    def __post_init__(self) -> None:
        _texts(self, ("code", "message", "remediation"))


class Artifact(_Data, frozen=True, kw_only=True, gc=False):
    """A finished file: ``type`` is a media type, ``path`` its location on the engine's disk."""

    name: str
    path: str
    type: str = _always_written("application/octet-stream")
    size_bytes: int = _always_written(0)

    def __post_init__(self) -> None:
        _texts(self, ("name", "path", "type"))
        _whole(self, "size_bytes")


class Output(_Data, frozen=True, kw_only=True, gc=False):
    """The result of a job. ``duration_seconds``: the length of the video; ``asked_seconds``: the
    requested length, None if the text decided it."""

    video_path: str = ""
    subtitle_path: str = ""
    size_bytes: int = _always_written(0)
    duration_seconds: float | None = None
    asked_seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("duration_seconds", "asked_seconds"):
            _number(self, name)
        _texts(self, ("video_path", "subtitle_path"))
        _whole(self, "size_bytes")


class Metrics(_Data, frozen=True, kw_only=True, gc=False):
    """Numbers that accompany a stage's progress; None if unknown.

    ``reused`` and ``made`` count finished pieces out of ``pieces``; for a stage with one piece per
    scene its items tell the total. ``fps``: frames encoded per second. ``speed``: seconds of video
    encoded per second. ``playable_seconds``: how much of the video is finished from the start
    without a gap.
    """

    fps: float | None = None
    speed: float | None = None
    size_bytes: int | None = None
    projected_bytes: int | None = None
    provider: str | None = None
    reused: int | None = None
    made: int | None = None
    pieces: int | None = None
    playable_seconds: float | None = None

    def __post_init__(self) -> None:
        for name in ("fps", "speed", "playable_seconds"):
            _number(self, name)
        for name in ("size_bytes", "projected_bytes", "reused", "made", "pieces"):
            _whole(self, name)
        _texts(self, ("provider",), 200)


class JobEvent(_Data, frozen=True, kw_only=True, gc=False):
    """Base of all events of a job. ``timestamp`` is aware UTC."""

    job_id: str
    correlation_id: str = ""
    timestamp: datetime

    def __post_init__(self) -> None:
        _texts(self, ("job_id", "correlation_id"), 200)
        _utc(self)


class JobStatusChanged(JobEvent, frozen=True, kw_only=True, gc=False):
    """``job-status``: the job's status or running stage changed. ``percent`` is of the job.

    ``interrupted``: a person stopped its engine; the job waits until it is resumed.
    """

    status: JobStatus
    stage: Stage | None = None
    percent: float = _always_written(0.0)
    interrupted: bool = False

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _percent(self, "percent")


class StepStatusChanged(JobEvent, frozen=True, kw_only=True, gc=False):
    """``step-status``: a stage started or ended.

    ``attempt`` counts from 1 within the job; ``phase`` defaults to the stage's. ``percent`` is the
    job's from now on; None: computed from the stage's nominal range.
    """

    step: Stage
    status: StepStatus
    phase: str = ""
    percent: float | None = None
    attempt: int = _always_written(1)
    duration_ms: int | None = None  # active time, pauses left out; None while it runs

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _phase(self)
        if self.percent is not None:
            _percent(self, "percent")
        _whole(self, "attempt")
        _whole(self, "duration_ms")


class StepProgressed(JobEvent, frozen=True, kw_only=True, gc=False):
    """``step-progress``: ``progress_pct`` of the stage, ``percent`` of the job, both 0-100.

    ``progress_pct`` is None if an engine reports only the job's percent. ``eta_*`` is None without
    an estimate; ``eta_runs`` is the number of earlier jobs it is based on (0: current speed only).
    ``current_item`` is the number of the reported item, from 1; None if there are no items. Items
    may finish in any order: ``done_items`` counts the finished ones (None: not counted),
    ``active_items`` lists the numbers of those in progress.
    """

    step: Stage
    phase: str = ""
    progress_pct: float | None = _always_written(0.0)
    percent: float = _always_written(0.0)
    message: str = ""
    substage_detail: str = ""
    current_item: int | None = None
    total_items: int | None = None
    done_items: int | None = None
    active_items: tuple[int, ...] = ()
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
        _phase(self)
        _texts(self, ("elapsed_time", "estimated_time_remaining"), 50)
        _texts(self, ("message", "substage_detail"), 500)
        _percent(self, "percent")
        if self.progress_pct is not None:
            _percent(self, "progress_pct")
        for name in ("elapsed_seconds", "eta_seconds", "eta_low_seconds", "eta_high_seconds"):
            _number(self, name)
        for name in ("current_item", "total_items", "done_items", "eta_runs"):
            _whole(self, name)
        numbers = tuple(n for n in self.active_items[:MAX_ACTIVE] if 0 <= n <= 1 << 53)
        if numbers != self.active_items:
            _force(self, "active_items", numbers)


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
    severity: Severity = _always_written("info")

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("message",))


class Warned(JobEvent, frozen=True, kw_only=True, gc=False):
    """``warning``: a problem that doesn't stop the job."""

    message: str
    step: Stage | None = None

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("message",))


class ArtifactMade(JobEvent, frozen=True, kw_only=True, gc=False):
    """``artifact``: a file is complete."""

    name: str
    path: str
    type: str = _always_written("application/octet-stream")
    size_bytes: int = _always_written(0)

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _texts(self, ("name", "path", "type"))
        _whole(self, "size_bytes")


class JobCompleted(JobEvent, frozen=True, kw_only=True, gc=False):
    """``job-completed``: the job succeeded; lists the artifacts."""

    status: JobStatus = _always_written(JobStatus.SUCCEEDED)
    output_path: str = ""
    artifacts: tuple[Artifact, ...] = ()
    output: Output = Output()

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _force(self, "status", JobStatus.SUCCEEDED)  # the event type implies it, whatever was sent
        _texts(self, ("output_path",))
        _bounded(self, "artifacts")


class JobFailed(JobEvent, frozen=True, kw_only=True, gc=False):
    """``job-failed``: the job failed; gives the reason, the last 10 log lines and remedies."""

    status: JobStatus = _always_written(JobStatus.FAILED)
    stage: Stage | None = None
    error_message: str = ""
    errors: tuple[Problem, ...] = ()
    logs: tuple[str, ...] = ()
    log_path: str = ""
    suggested_actions: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _force(self, "status", JobStatus.FAILED)
        _texts(self, ("error_message", "log_path"))
        for name in ("logs", "suggested_actions"):
            _lines(self, name)
        for name in ("errors", "logs", "suggested_actions"):
            _bounded(self, name)


class JobCancelled(JobEvent, frozen=True, kw_only=True, gc=False):
    """``job-cancelled``: the job was cancelled; lists the artifacts that are kept."""

    status: JobStatus = _always_written(JobStatus.CANCELED)
    stage: Stage | None = None
    message: str = ""
    artifacts: tuple[Artifact, ...] = ()

    def __post_init__(self) -> None:
        JobEvent.__post_init__(self)
        _force(self, "status", JobStatus.CANCELED)
        _texts(self, ("message",))
        _bounded(self, "artifacts")


class ConnectionEvent(_Data, frozen=True, kw_only=True, gc=False):
    """Base of events about the connection itself; never stored, never part of a job."""

    timestamp: datetime

    def __post_init__(self) -> None:
        _utc(self)


class Heartbeat(ConnectionEvent, frozen=True, kw_only=True, gc=False):
    """``heartbeat``: the engine is alive. ``reasons`` list its current faults."""

    reasons: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        ConnectionEvent.__post_init__(self)
        _lines(self, "reasons")
        _bounded(self, "reasons")


class Shutdown(ConnectionEvent, frozen=True, kw_only=True, gc=False):
    """``shutdown``: the engine is stopping; its jobs resume when it is back."""

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

# The event names on the wire, defined only here.
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
    """A job event with its id (the integer form of :mod:`aura_tui.model.ids`)."""

    id: int
    event: AnyJobEvent
