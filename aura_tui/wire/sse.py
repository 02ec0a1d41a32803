"""Writes server-sent events: frames, the retry hint, heartbeats.

https://html.spec.whatwg.org/multipage/server-sent-events.html. A stream starts with ``OPENING``
and a heartbeat; then each job event is one frame with its id. Heartbeats, ``shutdown`` and
``error`` have no id, so a reader resumes from the last job event. ``data`` is always one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aura_tui.model.events import EVENT_NAMES, Envelope, Heartbeat, Shutdown, StreamFailed
from aura_tui.model.ids import COUNTER_BITS, COUNTER_MASK
from aura_tui.wire import event_json

if TYPE_CHECKING:
    from collections.abc import Iterable

HEARTBEAT_S: Final = 10.0  # heartbeat interval of an idle stream
# A comment keeps a stream alive between its heartbeats: readers notice a frozen server in seconds,
# for 4 bytes a second. The response announces it: older servers send heartbeats alone.
KEEP_ALIVE_S: Final = 2.0
KEEP_ALIVE: Final = b":\n\n"
RETRY_MS: Final = 1000  # how long a reader waits before it reconnects
OPENING: Final = b"retry: %d\n" % RETRY_MS  # not a block of its own: a frame follows directly

# Values of `event:` for events of the connection.
HEARTBEAT: Final = "heartbeat"
SHUTDOWN: Final = "shutdown"
ERROR: Final = "error"


_FRAME: Final = b"id: %d-%d\nevent: %b\ndata: %b\n\n"  # the id as in model.ids.format_id
_NAMES: Final = {name: name.encode() for name in EVENT_NAMES.values()}


def frame(event_id: int, name: str, data: bytes) -> bytes:
    """The frame of a job event; ``data`` is its JSON on one line
    (:func:`aura_tui.wire.event_json.encode`)."""
    head = _NAMES.get(name) or name.encode()
    return _FRAME % (event_id >> COUNTER_BITS, event_id & COUNTER_MASK, head, data)


def frames(rows: Iterable[tuple[int, object, bytes, bytes, object]]) -> list[bytes]:
    """Like :func:`frame`, for rows of the store: id, job, name, data, checksum."""
    # The hot path when a long history is replayed.
    return [
        _FRAME % (event_id >> COUNTER_BITS, event_id & COUNTER_MASK, name, data)
        for event_id, _, name, data, _ in rows
    ]


def envelope_frame(envelope: Envelope) -> bytes:
    """Like :func:`frame`, from an envelope."""
    event = envelope.event
    return frame(envelope.id, EVENT_NAMES[type(event)], event_json.encode(event))


def connection_frame(event: Heartbeat | Shutdown | StreamFailed) -> bytes:
    """The frame of a connection event, without an id."""
    name = EVENT_NAMES[type(event)]
    return b"event: %s\ndata: %s\n\n" % (name.encode(), event_json.encode(event))
