"""The connection of a client: one state machine, driven by its open streams and by reports about
the engine's process.

Each stream has a :class:`StreamState`. The connection is in the state of its worst stream; with
none open it keeps the state of the last one. ``model/connection.py`` defines states and
transitions.
"""

from __future__ import annotations

import asyncio
import math
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from aura_tui.model.connection import (
    LATE_S,
    ConnectionEvent,
    ConnectionMachine,
    ConnectionStatus,
)
from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime

    from aura_tui.errors import AuraError
    from aura_tui.model.connection import Connection

# From best to worst, and the event that moves the connection into its worst stream's state. Reports
# about the process arrive separately, so no stream is ever suspended or without an engine.
_STREAM_EVENTS: Final = {
    ConnectionStatus.LIVE: ConnectionEvent.OPENED,
    ConnectionStatus.CONNECTING: ConnectionEvent.ATTEMPT,
    ConnectionStatus.RETRYING: ConnectionEvent.BROKEN,
    ConnectionStatus.LOST: ConnectionEvent.REFUSED,
}
_SEVERITY: Final = {status: number for number, status in enumerate(_STREAM_EVENTS)}
_MAX_REASON: Final = 300


class StreamState:
    """The state of one stream."""

    def __init__(self, connection: ConnectionState) -> None:
        self._parent = connection
        self._machine = ConnectionMachine(connection.now)
        self.recovered = 0
        self.recovering = False
        self.notice = ""
        self.polled_s: float | None = None
        self.late_s = LATE_S

    @property
    def connection(self) -> Connection:
        """The connection in the state of this stream alone."""
        return self._machine.connection

    def attempt(self, failed: int) -> None:
        """An attempt starts, after ``failed`` failures since the stream last worked."""
        reason = self.connection.reason
        self._fire(ConnectionEvent.ATTEMPT, reason=reason, attempt=failed + 1)

    def opened(self, *, polled_s: float | None = None, late_s: float = LATE_S) -> None:
        """The server answers. ``polled_s`` is the shortest polling interval; None for a stream.
        ``late_s`` is how long the server is silent at most while it is healthy."""
        self.polled_s, self.late_s = polled_s, late_s
        was_live = self.connection.is_live
        self._fire(ConnectionEvent.OPENED)
        if not was_live:
            self._parent.reached()

    def broken(self, failed: int, reason: str, retry_at: datetime) -> None:
        """The stream broke, ``failed`` times since it last worked; the next attempt is at
        ``retry_at``."""
        self._fire(ConnectionEvent.BROKEN, reason=reason, attempt=failed + 1, retry_at=retry_at)

    def refused(self, error: AuraError) -> None:
        """The stream failed permanently."""
        self._fire(ConnectionEvent.REFUSED, error=error)

    def heard(self) -> None:
        """Bytes arrived."""
        self._parent.heard()

    def troubled(self, reasons: tuple[str, ...]) -> None:
        """The engine reported its internal failures; () if there are none."""
        self._parent.troubles = tuple(clean_line(reason, _MAX_REASON) for reason in reasons)

    def start_recovery(self) -> None:
        """Missed events are arriving now."""
        self.recovering = True
        self._parent.changed()

    def event_recovered(self) -> None:
        """A missed event arrived."""
        self.recovered += 1
        self._parent.changed()

    def caught_up(self) -> None:
        """All missed events have arrived."""
        if self.recovering:
            self.recovering = False
            self._parent.caught_up()

    def note(self, text: str) -> None:
        """Set the notice for the user about the state that is shown from now on."""
        self.notice = clean_line(text, _MAX_REASON)
        self._parent.changed()

    def close(self) -> None:
        """The stream has ended."""
        self._parent.remove(self)

    def _fire(
        self,
        event: ConnectionEvent,
        *,
        reason: str = "",
        error: AuraError | None = None,
        attempt: int = 0,
        retry_at: datetime | None = None,
    ) -> None:
        if error is not None:
            reason = error.message
        was_live = self.connection.is_live
        self._machine.fire(
            event,
            reason=clean_line(reason, _MAX_REASON),
            code=error.code if error is not None else None,
            attempt=attempt,
            retry_at=retry_at,
        )
        if was_live and not self.connection.is_live:
            if not self.recovering:  # still the same break until all missed events have arrived
                self.recovered = 0
            self.recovering, self.notice, self.polled_s = False, "", None
        self._parent.follow_streams()


class ConnectionState:
    """The connection over all streams of a service; notifies its watchers.

    ``on_reached`` is called when something reaches the server: a request that it answers, a stream
    that opens, bytes after a silence.
    """

    def __init__(
        self, now: Callable[[], datetime], on_reached: Callable[[], None] = lambda: None
    ) -> None:
        self.now = now
        self.reached = on_reached
        self.troubles: tuple[str, ...] = ()  # the engine's internal failures, as last reported
        self._machine = ConnectionMachine(now)
        self._streams: list[StreamState] = []
        self._last: StreamState | None = None  # the one that was closed last
        self._change = asyncio.Event()
        self._closed = False

    def stream(self) -> StreamState:
        """Add a stream, before its first attempt."""
        stream = StreamState(self)
        self._streams.append(stream)
        self.follow_streams()
        return stream

    def remove(self, stream: StreamState) -> None:
        """Remove a stream; if it was the last, the connection keeps its state."""
        if stream in self._streams:
            self._streams.remove(stream)
            stream.notice, self._last = "", stream
            self.caught_up()
            self.follow_streams()

    def heard(self) -> None:
        """The engine sent something."""
        before = self._machine.connection.heard_at
        self._machine.heard()
        if before is not None and (self.now() - before).total_seconds() >= self._late_s:
            self.reached()
            self.changed()

    def follow_streams(self) -> None:
        """Move to the state of the worst stream."""
        if self._streams:
            was_live = self._machine.connection.is_live
            worst = max(
                self._streams, key=lambda each: _SEVERITY[each.connection.status]
            ).connection
            self._machine.fire(
                _STREAM_EVENTS[worst.status],
                reason=worst.reason,
                code=worst.code,
                attempt=worst.attempt,
                retry_at=worst.retry_at,
            )
            if was_live and not self._machine.connection.is_live:
                for stream in self._streams:  # the others' counts belong to an earlier break
                    if stream.connection.is_live and not stream.recovering:
                        stream.recovered = 0
        self.changed()

    def caught_up(self) -> None:
        """A stream has caught up; the connection has caught up when no stream is recovering."""
        if not any(stream.recovering for stream in self._streams):
            self._machine.caught_up()
        self.changed()

    def answered(self) -> None:
        """The engine answered a request. Without a stream, that makes the connection live."""
        if not self._streams:
            self._machine.fire(ConnectionEvent.OPENED)
        self._machine.heard()
        self.reached()
        self.changed()

    def refused(self, error: AuraError) -> None:
        """The engine refused a request permanently (because of its token, for example)."""
        if not self._streams:
            reason = clean_line(error.message, _MAX_REASON)
            self._machine.fire(ConnectionEvent.REFUSED, reason=reason, code=error.code)
            self.changed()

    def engine_gone(self, reason: str) -> None:
        """No process holds the home; ``reason`` says why the engine stopped."""
        reason = clean_line(reason, _MAX_REASON)
        self._machine.fire(ConnectionEvent.ENGINE_GONE, reason=reason, can_start=True)
        self.changed()

    def engine_back(self) -> None:
        """An engine is running, if none was."""
        if self._machine.status is ConnectionStatus.NO_ENGINE:
            self._returned(ConnectionEvent.ENGINE_BACK)

    def engine_suspended(self, reason: str) -> None:
        """The engine's process is suspended, as ``reason`` says."""
        reason = clean_line(reason, _MAX_REASON)
        self._machine.fire(ConnectionEvent.ENGINE_SUSPENDED, reason=reason)
        self.changed()

    def engine_resumed(self) -> None:
        """The engine's process continues, if it was suspended."""
        if self._machine.status is ConnectionStatus.SUSPENDED:
            self._returned(ConnectionEvent.ENGINE_RESUMED)

    def _returned(self, event: ConnectionEvent) -> None:
        self._machine.fire(event)
        was_met = self._machine.connection.heard_at is not None
        if was_met and all(stream.connection.is_live for stream in self._streams):
            self._machine.fire(ConnectionEvent.OPENED)  # no stream will notice it
        self.changed()

    @property
    def connection(self) -> Connection:
        """The connection now."""
        now = replace(self._machine.connection, late_s=self._late_s)
        streams = self._streams or ([self._last] if self._last is not None else [])
        if not streams:
            return now
        polled = (stream.polled_s for stream in streams if stream.polled_s is not None)
        # Each stream recovers on its own; the same missed event may arrive on several.
        back = now.gap_s is not None
        return replace(
            now,
            recovered=max(stream.recovered for stream in streams) if back else 0,
            recovering=back and any(stream.recovering for stream in self._streams),
            notice=next((stream.notice for stream in streams if stream.notice), ""),
            polled_s=next(polled, None),
            partial=now.status is ConnectionStatus.RETRYING
            and any(stream.connection.is_live for stream in self._streams),
        )

    @property
    def _late_s(self) -> float:
        """As of the stream that is heard most often. Without a stream nothing sends heartbeats."""
        known = (stream.late_s for stream in self._streams)
        return min(known, default=math.inf)

    async def changes(self) -> AsyncGenerator[Connection]:
        """Yield the current connection, then each change; changes that arrive while the reader is
        busy are merged."""
        last: Connection | None = None
        while not self._closed:
            change = self._change
            connection = self.connection
            # A new `heard_at` alone is not a change.
            if last is None or replace(connection, heard_at=None) != replace(last, heard_at=None):
                last = connection
                yield connection
                continue
            await change.wait()

    def changed(self) -> None:
        """Wake the watchers."""
        change, self._change = self._change, asyncio.Event()
        change.set()

    def close(self) -> None:
        """End every watch."""
        self._closed = True
        self.changed()
