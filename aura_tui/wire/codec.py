"""Events and JSON. The writer is strict; the reader is tolerant, bounded, and never raises.

Written: camelCase, empty and unknown values left out, times as RFC 3339 in UTC. Read: field names
whatever their case and underscores; synonyms of fields, stages and statuses; a field of the wrong
type is treated as absent; an event that lacks what it can't do without is None, like an unknown
one.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from aura_tui.model import events as ev
from aura_tui.model.ids import format_id, parse_id
from aura_tui.model.stages import Stage, parse_stage
from aura_tui.model.status import JobStatus, StepStatus, parse_status, parse_step_status

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_EVENT_BYTES: Final = 1 << 20

_encoder = msgspec.json.Encoder()


def encode(event: ev.AnyEvent) -> bytes:
    """The event's ``data``: one JSON object on one line, UTF-8."""
    return _encoder.encode(event)


def encode_line(envelope: ev.Envelope) -> bytes:
    """``{"id","event","data"}`` and a newline: a line of ``--progress json``, or a recording."""
    head = f'{{"id":"{format_id(envelope.id)}","event":"{ev.EVENT_NAMES[type(envelope.event)]}"'
    return head.encode() + b',"data":' + encode(envelope.event) + b"}\n"


def decode_line(line: bytes) -> ev.Envelope | None:
    """A line of :func:`encode_line`, as tolerantly as :func:`decode`; None if it is no event."""
    tree = _json(line)
    if not isinstance(tree, dict):
        return None
    line_of = {_plain(key): value for key, value in tree.items()}
    event_id, name, data = line_of.get("id"), line_of.get("event"), line_of.get("data")
    if not isinstance(event_id, str) or not isinstance(name, str) or not isinstance(data, dict):
        return None
    number = parse_id(event_id)
    event = _read(name, data)
    if number is None or event is None or isinstance(event, ev.ConnectionEvent):
        return None
    return ev.Envelope(number, event)


# Our own writing, as it comes back from the store: one pass, straight into the type.
_strict: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(type_) for name, type_ in ev.EVENT_TYPES.items()
}


def decode(name: str, data: bytes) -> ev.AnyEvent | None:
    """The event, or None for an unknown name or data that can't be one. Never raises."""
    decoder = _strict.get(name)
    # Older senders give the step's own progress as `percent`: for the tolerant reader to see.
    ours = decoder is not None and (name != "step-progress" or b'"progressPct":' in data)
    if decoder is not None and ours and len(data) <= MAX_EVENT_BYTES:
        try:
            event: ev.AnyEvent = decoder.decode(data)
            return event
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass  # another dialect, or damage: the tolerant reader tells
    tree = _json(data)
    return _read(name, tree) if isinstance(tree, dict) else None


def _json(data: bytes) -> object:
    if len(data) > MAX_EVENT_BYTES:
        return None
    try:
        return msgspec.json.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        pass
    try:  # what other writers send: a BOM, NaN, half an emoji, a byte that is no UTF-8
        return json.loads(data.decode("utf-8-sig", "replace"))
    except (ValueError, RecursionError):
        return None


def _plain(name: str) -> str:
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


def _read(name: str, tree: dict[str, Any]) -> ev.AnyEvent | None:
    kind = ev.EVENT_TYPES.get(name.strip().lower())
    if kind is None:
        return None
    return _build(kind, tree)  # type: ignore[return-value]  # _build makes a `kind` or None


def _build(kind: type[msgspec.Struct], tree: dict[str, Any]) -> msgspec.Struct | None:
    fields = {_plain(f.name): f for f in msgspec.structs.fields(kind)}
    given: dict[str, object] = {}
    for key, value in tree.items():
        plain = _plain(key)
        if plain in fields:
            given[plain] = value
    for key, value in tree.items():  # a field's own name wins over its synonyms
        plain = _FIELD_SYNONYMS.get(_plain(key), "")
        if plain in fields and plain not in given:
            given[plain] = value
    if kind is ev.StepProgressed:
        if "progresspct" not in given and "percent" in given:
            given["progresspct"] = given.pop("percent")  # older senders: the step's own progress
        step, pct = _stage(given.get("step")), _float(given.get("progresspct"))
        if "percent" not in given and step is not None and pct is not None:
            given["percent"] = step.overall_percent(pct)
    values: dict[str, object] = {}
    for plain, field in fields.items():
        reader = _step_status if field.type is StepStatus else _READERS[field.name]
        value = reader(given[plain]) if plain in given else None
        if value is not None:
            values[field.name] = value
        elif field.name == "timestamp":
            values["timestamp"] = datetime.fromtimestamp(0, UTC)  # unknown: never later than any
        elif field.required:
            return None
    return kind(**values)


def _text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        try:
            return str(value)
        except ValueError:  # more digits than Python writes
            return None
    return None


def _float(value: object) -> float | None:
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


def _int(value: object) -> int | None:
    number = _float(value)
    return int(number) if number is not None and math.isfinite(number) else None


def _time(value: object) -> datetime | None:
    try:
        if isinstance(value, str):
            return msgspec.convert(value[:40], datetime)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            # Milliseconds, as JavaScript has them, are far past any second of our era.
            return datetime.fromtimestamp(value / 1000 if value > 1e11 else value, UTC)
    except (msgspec.MsgspecError, ValueError, OverflowError, OSError):
        return None
    return None


def _stage(value: object) -> Stage | None:
    return parse_stage(value) if isinstance(value, str) else None


def _severity(value: object) -> str | None:
    folded = {"warn": "warning", "err": "error", "fatal": "error", "debug": "info"}
    text = value.lower() if isinstance(value, str) else ""
    text = folded.get(text, text)
    return text if text in ("info", "warning", "error") else None


def _list(of: Callable[[object], object]) -> Callable[[object], tuple[object, ...] | None]:
    def read(value: object) -> tuple[object, ...] | None:
        if not isinstance(value, list):
            return None
        items = (of(item) for item in value[: ev.MAX_ITEMS])
        return tuple(item for item in items if item is not None)

    return read


def _nested(kind: type[msgspec.Struct]) -> Callable[[object], msgspec.Struct | None]:
    return lambda value: _build(kind, value) if isinstance(value, dict) else None


def _problem(value: object) -> msgspec.Struct | None:
    if isinstance(value, str):  # some senders give bare messages
        return ev.Problem(code="", message=value)
    return _build(ev.Problem, value) if isinstance(value, dict) else None


def _job_status(value: object) -> JobStatus | None:
    return parse_status(value) if isinstance(value, str) else None


def _step_status(value: object) -> StepStatus | None:
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
        _text,
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
        ),
        _float,
    ),
    **dict.fromkeys(
        (
            "attempt",
            "duration_ms",
            "current_item",
            "total_items",
            "eta_runs",
            "size_bytes",
            "projected_bytes",
            "reused",
            "made",
        ),
        _int,
    ),
    "timestamp": _time,
    "step": _stage,
    "stage": _stage,
    "severity": _severity,
    "status": _job_status,  # a step's own is told by its type
    "metrics": _nested(ev.Metrics),
    "output": _nested(ev.Output),
    "artifacts": _list(_nested(ev.Artifact)),
    "errors": _list(_problem),
    "logs": _list(_text),
    "suggested_actions": _list(_text),
}
