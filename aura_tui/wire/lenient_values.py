"""Lenient readers of single values and flat JSON objects: bounded; they never raise.

Field names match in any case, with or without underscores; synonyms of fields, stages and statuses
are resolved; a value of the wrong type counts as absent. ``event_json.py`` reads events with it,
``decode.py`` the responses to requests.
"""

from __future__ import annotations

import json
import math
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from aura_tui.model import events as ev
from aura_tui.model.stages import Stage, parse_stage
from aura_tui.model.status import JobStatus, StepStatus, parse_status, parse_step_status

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_EVENT_BYTES: Final = 1 << 20


def parse(data: bytes, limit: int = MAX_EVENT_BYTES) -> object:
    """Parse JSON; None if it is invalid or longer than ``limit`` bytes."""
    if len(data) > limit:
        return None
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:  # other writers send a BOM, NaN, lone surrogates, or bytes that aren't UTF-8
        return json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def plain_name(name: str) -> str:
    """A field name for matching: in lower case, without underscores and hyphens."""
    return name.replace("_", "").replace("-", "").lower()


# Synonyms of our fields, by plain name: the left one may stand for the right one.
_FIELD_SYNONYMS = {
    "stage": "step",
    "step": "stage",
    "stepname": "step",
    "stagename": "step",
    "progress": "progresspct",
    "stageprogress": "progresspct",
    "stepprogress": "progresspct",
    "overallpercent": "percent",
    "overallprogress": "percent",
    "stagepercent": "progresspct",
    "detail": "substagedetail",
    "etasecond": "etaseconds",
    "eta": "etaseconds",
    "estimatedremainingseconds": "etaseconds",
    "estimatedsecondsremaining": "etaseconds",
    "error": "errormessage",
    "reason": "message",
    "outputfile": "outputpath",
    "level": "severity",
    "errorcode": "code",
    "guidance": "remediation",
    "filepath": "path",
    "filename": "name",
    "url": "path",
    "mimetype": "type",
    "contenttype": "type",
    "size": "sizebytes",
    "bytes": "sizebytes",
}


def build(kind: type[msgspec.Struct], tree: dict[str, Any]) -> msgspec.Struct | None:
    """Build a ``kind`` from the fields that are present; None if a required one is missing."""
    fields = {plain_name(f.name): f for f in msgspec.structs.fields(kind)}
    given: dict[str, object] = {}
    for key, value in tree.items():
        plain = plain_name(key)
        if plain in fields and value is not None:
            given[plain] = value
    for key, value in tree.items():  # a field's own name wins over its synonyms
        plain = _FIELD_SYNONYMS.get(plain_name(key), "")
        if plain in fields and plain not in given:
            given[plain] = value
    if "code" in fields and as_text(given.get("code")) is None:
        given["code"] = ""  # older senders leave it out
    if kind in (ev.Artifact, ev.ArtifactMade):
        _complete_artifact(given)
    values: dict[str, object] = {}
    if kind is ev.StepProgressed:
        _complete_progress(given)
        if "progresspct" not in given and "percent" in given:
            values["progress_pct"] = None
    for plain, field in fields.items():
        reader = as_step_status if field.type is StepStatus else _READERS[field.name]
        value = reader(given[plain]) if plain in given else None
        if value is not None:
            values[field.name] = value
        elif field.name == "timestamp":
            values["timestamp"] = datetime.fromtimestamp(0, UTC)  # unknown: not later than others
        elif field.required:
            return None
    return kind(**values)


def _complete_artifact(given: dict[str, object]) -> None:
    """Fill in an artifact from older senders, which may give only a path, and ``video`` or
    ``subtitle`` as its type."""
    path, kind = as_text(given.get("path")) or "", as_text(given.get("type")) or ""
    given["path"] = path
    if as_text(given.get("name")) is None:
        given["name"] = path.replace("\\", "/").rsplit("/", 1)[-1] or None
    if kind.lower() in _MEDIA_TYPES:
        given["type"] = _MEDIA_TYPES[kind.lower()]


_MEDIA_TYPES: Final = {
    "video": "video/mp4",
    "subtitle": "application/x-subrip",
    "text/srt": "application/x-subrip",
}


def _complete_progress(given: dict[str, object]) -> None:
    """Fill in ``percent`` (the job's) from ``progressPct`` (the step's), using our stages' shares
    of the job; not the reverse, because another engine's stages have other shares. Also fill in
    seconds from clock texts."""
    step, pct = as_stage(given.get("step")), as_number(given.get("progresspct"))
    if "percent" not in given and step is not None and pct is not None:
        given["percent"] = step.overall_percent(pct)
    for clock, seconds in (
        ("estimatedtimeremaining", "etaseconds"),
        ("elapsedtime", "elapsedseconds"),
    ):
        if as_duration(given.get(seconds)) is None and as_number(given.get(clock)) is None:
            given[seconds] = as_duration(given.get(clock))


def as_text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:  # more digits than Python writes
            return None
    return None


def as_number(value: object) -> float | None:
    """A number; may be infinite or NaN, which some writers put into JSON."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        try:
            value = float(value[:40])
        except ValueError:
            return None
    if isinstance(value, (int, float)):
        try:
            return float(value)
        except OverflowError:
            return None
    return None


# A .NET TimeSpan ("1.02:03:04.5": days, hours, minutes, seconds), and ISO 8601 up to days.
_TIME_SPAN = re.compile(r"(?:(\d{1,7})\.)?(\d{1,4}):(\d{1,2}):(\d{1,2}(?:\.\d{1,9})?)")
_ISO_DURATION = re.compile(
    r"P(?:(\d{1,7})D)?(?:T(?:(\d{1,7})H)?(?:(\d{1,7})M)?(?:(\d{1,9}(?:[.,]\d{1,9})?)S)?)?", re.I
)


def as_duration(value: object) -> float | None:
    """Seconds: a number, a TimeSpan's ``HH:MM:SS``, or ISO 8601 (``PT1M30S``)."""
    number = as_number(value)
    if number is not None or not isinstance(value, str):
        return number
    text = value.strip()[:40]
    found = _TIME_SPAN.fullmatch(text) or _ISO_DURATION.fullmatch(text)
    if found is None or not any(found.groups()):
        return None
    parts = (float((part or "0").replace(",", ".")) for part in found.groups())
    days, hours, minutes, seconds = parts
    return days * 86_400 + hours * 3600 + minutes * 60 + seconds


def as_whole(value: object) -> int | None:
    number = as_number(value)
    return int(number) if number is not None and math.isfinite(number) else None


def as_bool(value: object) -> bool | None:
    return value if isinstance(value, bool) else None


def as_time(value: object) -> datetime | None:
    """Read RFC 3339, or seconds or milliseconds since the epoch; naive without an offset. None for
    year 1, which .NET writes for an unset time."""
    try:
        if isinstance(value, str):
            time = msgspec.convert(value[:40], datetime)
            return time if time.year > 1 else None
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            # JavaScript counts milliseconds: as seconds they would be in the year 5000 and later.
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    except (msgspec.MsgspecError, ValueError, OverflowError, OSError):
        return None
    return None


def as_stage(value: object) -> Stage | None:
    return parse_stage(value) if isinstance(value, str) else None


def as_severity(value: object) -> str | None:
    folded = {"warn": "warning", "err": "error", "fatal": "error", "debug": "info"}
    text = value.lower() if isinstance(value, str) else ""
    text = folded.get(text, text)
    return text if text in ("info", "warning", "error") else None


def as_list(of: Callable[[object], object]) -> Callable[[object], tuple[object, ...] | None]:
    def read(value: object) -> tuple[object, ...] | None:
        if not isinstance(value, list):
            return None
        items = (of(item) for item in value[: ev.MAX_ITEMS])
        return tuple(item for item in items if item is not None)

    return read


def as_struct(kind: type[msgspec.Struct]) -> Callable[[object], msgspec.Struct | None]:
    return lambda value: build(kind, value) if isinstance(value, dict) else None


def as_problem(value: object) -> msgspec.Struct | None:
    """Read an error from an object, or from a bare message as some senders give it."""
    if isinstance(value, str):
        return ev.Problem(code="", message=value)
    if not isinstance(value, dict):
        return None
    if not any(plain_name(key) == "message" for key in value):
        message = next((value[key] for key in value if plain_name(key) in _MESSAGE_NAMES), None)
        value = {**value, "message": message}
    return build(ev.Problem, value)


_MESSAGE_NAMES: Final = ("errormessage", "error", "detail", "description", "title")


def as_job_status(value: object) -> JobStatus | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return _JOB_STATUS_NUMBERS.get(value)
    return parse_status(value) if isinstance(value, str) else None


def as_step_status(value: object) -> StepStatus | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return _STEP_STATUS_NUMBERS.get(value)
    return parse_step_status(value) if isinstance(value, str) else None


# Older Aura servers write enumerations as numbers, in the order of their source code.
_JOB_STATUS_NUMBERS: Final = {
    0: JobStatus.QUEUED,
    1: JobStatus.RUNNING,
    2: JobStatus.SUCCEEDED,  # Done
    3: JobStatus.FAILED,
    4: JobStatus.CANCELED,  # Skipped: it never ran
    5: JobStatus.CANCELED,
    6: JobStatus.SUCCEEDED,
}
_STEP_STATUS_NUMBERS: Final = {
    0: StepStatus.PENDING,
    1: StepStatus.STARTED,
    2: StepStatus.COMPLETED,
    3: StepStatus.FAILED,
    4: StepStatus.SKIPPED,
    5: StepStatus.CANCELLED,
}


_READERS: dict[str, Callable[[object], object]] = {
    **dict.fromkeys(
        (
            "job_id",
            "correlation_id",
            "phase",
            "message",
            "substage_detail",
            "elapsed_time",
            "estimated_time_remaining",
            "code",
            "remediation",
            "name",
            "path",
            "type",
            "output_path",
            "error_message",
            "log_path",
            "reason",
            "video_path",
            "subtitle_path",
            "provider",
            "brief_name",
            "resolution",
            "aspect",
            "voice",
            "language",
            "theme",
            "script",
            "speech",
            "visuals",
            "output_folder",
        ),
        as_text,
    ),
    **dict.fromkeys(
        (
            "percent",
            "progress_pct",
            "fps",
            "speed",
            "rate",
            "pitch",
        ),
        as_number,
    ),
    **dict.fromkeys(
        (
            "elapsed_seconds",
            "eta_seconds",
            "eta_low_seconds",
            "eta_high_seconds",
            "playable_seconds",
            "duration_seconds",
            "asked_seconds",
            "target_seconds",
            "pause",
        ),
        as_duration,
    ),
    **dict.fromkeys(
        (
            "attempt",
            "duration_ms",
            "current_item",
            "total_items",
            "done_items",
            "eta_runs",
            "size_bytes",
            "projected_bytes",
            "reused",
            "made",
            "pieces",
            "brief_bytes",
            "brief_words",
            "quality",
            "video_bitrate_k",
            "audio_bitrate_k",
        ),
        as_whole,
    ),
    **dict.fromkeys(("burned_captions", "motion", "fresh", "interrupted"), as_bool),
    "timestamp": as_time,
    "step": as_stage,
    "stage": as_stage,
    "severity": as_severity,
    "status": as_job_status,  # `build` uses as_step_status if the field's type is StepStatus
    "metrics": as_struct(ev.Metrics),
    "output": as_struct(ev.Output),
    "artifacts": as_list(as_struct(ev.Artifact)),
    "errors": as_list(as_problem),
    "logs": as_list(as_text),
    "reasons": as_list(as_text),
    "active_items": as_list(as_whole),
    "suggested_actions": as_list(as_text),
}
