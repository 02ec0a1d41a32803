"""Server-sent events, as they are written: frames, the retry hint, heartbeats.

https://html.spec.whatwg.org/multipage/server-sent-events.html. A stream begins with ``OPENING``
and a heartbeat; then each event of a job is one frame with its id. Heartbeats, ``shutdown`` and
``error`` have no id: a reader's last id stays the one to go on from. ``data`` is always one line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aura_tui.model.events import EVENT_NAMES, Envelope, Heartbeat, Shutdown, StreamFailed
from aura_tui.model.ids import COUNTER_BITS, COUNTER_MASK
from aura_tui.wire import event_json

if TYPE_CHECKING:
    from collections.abc import Iterable

HEARTBEAT_S: Final = 10.0  # a silent stream says something this often
RETRY_MS: Final = 1000  # how long a reader waits before its second try
OPENING: Final = b"retry: %d\n" % RETRY_MS  # no block of its own: it goes ahead of a frame

# Events of a connection, as `event:` has them.
HEARTBEAT: Final = "heartbeat"
SHUTDOWN: Final = "shutdown"
ERROR: Final = "error"


_FRAME: Final = b"id: %d-%d\nevent: %b\ndata: %b\n\n"  # the id as model.ids.format_id has it
_NAMES: Final = {name: name.encode() for name in EVENT_NAMES.values()}


def frame(event_id: int, name: str, data: bytes) -> bytes:
    """A job's event; ``data`` is its JSON on one line (:func:`aura_tui.wire.event_json.encode`)."""
    head = _NAMES.get(name) or name.encode()
    return _FRAME % (event_id >> COUNTER_BITS, event_id & COUNTER_MASK, head, data)


def frames(rows: Iterable[tuple[int, object, bytes, bytes, object]]) -> list[bytes]:
    """As :func:`frame`, of rows of the store: id, whose, name, data, checksum."""
    # A replay of a long history is made of this line.
    return [
        _FRAME % (event_id >> COUNTER_BITS, event_id & COUNTER_MASK, name, data)
        for event_id, _, name, data, _ in rows
    ]


def envelope_frame(envelope: Envelope) -> bytes:
    """As :func:`frame`, from the event itself."""
    event = envelope.event
    return frame(envelope.id, EVENT_NAMES[type(event)], event_json.encode(event))


def connection_frame(event: Heartbeat | Shutdown | StreamFailed) -> bytes:
    """What a connection says of itself: without an id."""
    name = EVENT_NAMES[type(event)]
    return b"event: %s\ndata: %s\n\n" % (name.encode(), event_json.encode(event))
