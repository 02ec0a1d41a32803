"""Events as JSON. The writer is strict; the reader is lenient, bounded, and never raises.

The writer uses camelCase, leaves out empty and unknown values, and gives times as RFC 3339 in UTC.
The reader ignores case and underscores in field names, knows synonyms of fields, stages and
statuses, and treats a field of the wrong type as absent. It returns None for an unknown event and
for one without a required field.
"""

from __future__ import annotations

from typing import Any

import msgspec

from aura_tui.model import events as ev
from aura_tui.model.ids import format_id, parse_id
from aura_tui.wire.lenient_values import (
    MAX_EVENT_BYTES,  # re-exported for readers of events
    build,
    parse,
    plain_name,
)

_encoder = msgspec.json.Encoder()


def encode(event: ev.AnyEvent) -> bytes:
    """The event's ``data``: one JSON object on one line, UTF-8."""
    return _encoder.encode(event)


def encode_line(envelope: ev.Envelope) -> bytes:
    """``{"id","event","data"}`` and a newline: a line of ``--progress json``, or a recording."""
    head = f'{{"id":"{format_id(envelope.id)}","event":"{ev.EVENT_NAMES[type(envelope.event)]}"'
    return head.encode() + b',"data":' + encode(envelope.event) + b"}\n"


def decode_line(line: bytes) -> ev.Envelope | None:
    """Decode a line of :func:`encode_line`, as leniently as :func:`decode`; None if it isn't an
    event of a job."""
    tree = parse(line)
    if not isinstance(tree, dict):
        return None
    line_of = {plain_name(key): value for key, value in tree.items()}
    event_id, name, data = line_of.get("id"), line_of.get("event"), line_of.get("data")
    if not isinstance(event_id, str) or not isinstance(name, str) or not isinstance(data, dict):
        return None
    number = parse_id(event_id)
    event = _read(name, data)
    if number is None or event is None or isinstance(event, ev.ConnectionEvent):
        return None
    return ev.Envelope(number, event)


# For events that this program wrote, e.g. from the store: one pass, directly into the type.
_strict: dict[str, msgspec.json.Decoder[Any]] = {
    name: msgspec.json.Decoder(type_) for name, type_ in ev.EVENT_TYPES.items()
}


def decode(name: str, data: bytes, *, job_id: str = "") -> ev.AnyEvent | None:
    """The event, or None for an unknown name or invalid data. Never raises.

    ``job_id`` is used if the data has none: the stream of a single job may leave it out.
    """
    decoder = _strict.get(name)
    # Older senders give the step's progress as `percent`; only the lenient reader handles that.
    is_strict = decoder is not None and (name != "step-progress" or b'"progressPct":' in data)
    if decoder is not None and is_strict and len(data) <= MAX_EVENT_BYTES:
        try:
            event: ev.AnyEvent = decoder.decode(data)
            return event
        except (msgspec.MsgspecError, ValueError, RecursionError):
            pass  # another dialect, or damaged: the lenient reader decides
    tree = parse(data)
    return _read(name, tree, job_id) if isinstance(tree, dict) else None


_NAME_SYNONYMS = {"job-canceled": "job-cancelled"}


def _read(name: str, tree: dict[str, Any], job_id: str = "") -> ev.AnyEvent | None:
    name = name.strip().lower()
    kind = ev.EVENT_TYPES.get(_NAME_SYNONYMS.get(name, name))
    if kind is None:
        return None
    if job_id and not any(plain_name(key) == "jobid" for key in tree):
        tree["jobId"] = job_id
    return build(kind, tree)  # type: ignore[return-value]  # build makes a `kind` or None
