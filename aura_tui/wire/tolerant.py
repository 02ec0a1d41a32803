"""What a tolerant reader does with single values and flat objects: bounded, and never raising.

Field names are matched whatever their case and underscores; synonyms of fields, stages and
statuses are folded; a value of the wrong type is as if absent. ``codec.py`` reads events with it,
``reading.py`` the answers to requests.
"""

from __future__ import annotations

import json
import math
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
    """What the JSON says; None for what is none, or is longer than ``limit`` bytes."""
    if len(data) > limit:
        return None
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:  # what other writers send: a BOM, NaN, half an emoji, a byte that is no UTF-8
        return json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def plain_name(name: str) -> str:
    """A field's name as it is matched: in lower case, without underscores and hyphens."""
    return name.replace("_", "").replace("-", "").lower()


# Other spellings of our fields, by plain name. What stands left may be said for what stands right.
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
    "detail": "substagedetail",
    "etasecond": "etaseconds",
    "error": "errormessage",
    "reason": "message",
    "outputfile": "outputpath",
    "level": "severity",
    "mimetype": "type",
    "contenttype": "type",
    "size": "sizebytes",
    "bytes": "sizebytes",
}


def build(kind: type[msgspec.Struct], tree: dict[str, Any]) -> msgspec.Struct | None:
    """A ``kind`` out of the fields that are there; None without one that it can't do without."""
    fields = {plain_name(f.name): f for f in msgspec.structs.fields(kind)}
    given: dict[str, object] = {}
    for key, value in tree.items():
        plain = plain_name(key)
        if plain in fields:
            given[plain] = value
    for key, value in tree.items():  # a field's own name wins over its synonyms
        plain = _FIELD_SYNONYMS.get(plain_name(key), "")
        if plain in fields and plain not in given:
            given[plain] = value
    if kind is ev.StepProgressed:
        if "progresspct" not in given and "percent" in given:
            given["progresspct"] = given.pop("percent")  # older senders: the step's own progress
        step, pct = as_stage(given.get("step")), as_number(given.get("progresspct"))
        if "percent" not in given and step is not None and pct is not None:
            given["percent"] = step.overall_percent(pct)
    values: dict[str, object] = {}
    for plain, field in fields.items():
        reader = as_step_status if field.type is StepStatus else _READERS[field.name]
        value = reader(given[plain]) if plain in given else None
        if value is not None:
            values[field.name] = value
        elif field.name == "timestamp":
            values["timestamp"] = datetime.fromtimestamp(0, UTC)  # unknown: never later than any
        elif field.required:
            return None
    return kind(**values)


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
    """Maybe infinite or NaN, as JSON of some writers has them."""
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


def as_whole(value: object) -> int | None:
    number = as_number(value)
    return int(number) if number is not None and math.isfinite(number) else None


def as_time(value: object) -> datetime | None:
    """From RFC 3339, or seconds or milliseconds since the epoch; naive without an offset."""
    try:
        if isinstance(value, str):
            return msgspec.convert(value[:40], datetime)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            # Milliseconds, as JavaScript has them, are far past any second of our era.
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
    """An error as an object, or as the bare message that some senders give."""
    if isinstance(value, str):
        return ev.Problem(code="", message=value)
    return build(ev.Problem, value) if isinstance(value, dict) else None


def as_job_status(value: object) -> JobStatus | None:
    return parse_status(value) if isinstance(value, str) else None


def as_step_status(value: object) -> StepStatus | None:
    return parse_step_status(value) if isinstance(value, str) else None


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
        ),
        as_text,
    ),
    **dict.fromkeys(
        (
            "percent",
            "progress_pct",
            "elapsed_seconds",
            "eta_seconds",
            "eta_low_seconds",
            "eta_high_seconds",
            "fps",
            "speed",
            "playable_seconds",
            "duration_seconds",
            "asked_seconds",
        ),
        as_number,
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
        ),
        as_whole,
    ),
    "timestamp": as_time,
    "step": as_stage,
    "stage": as_stage,
    "severity": as_severity,
    "status": as_job_status,  # a step's own is told by its type
    "metrics": as_struct(ev.Metrics),
    "output": as_struct(ev.Output),
    "artifacts": as_list(as_struct(ev.Artifact)),
    "errors": as_list(as_problem),
    "logs": as_list(as_text),
    "active_items": as_list(as_whole),
    "suggested_actions": as_list(as_text),
}
