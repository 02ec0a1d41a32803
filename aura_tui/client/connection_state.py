"""The connection of a client: one state machine, driven by the streams that are open and by what
is known of the engine's process.

Each stream is a :class:`StreamState`. The connection is as well as its worst stream; with none
open it stays as the last one left it. The states and their table are ``model/connection.py``'s.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from aura_tui.model.connection import ConnectionEvent, ConnectionMachine, ConnectionStatus
from aura_tui.model.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable
    from datetime import datetime

    from aura_tui.errors import AuraError
    from aura_tui.model.connection import Connection

# From well to ill, and the event by which the whole follows its worst stream there. What is known
# of the process comes on its own ways, so no stream is ever suspended or without an engine.
_FOLLOWING: Final = {
    ConnectionStatus.LIVE: ConnectionEvent.OPENED,
    ConnectionStatus.CONNECTING: ConnectionEvent.ATTEMPT,
    ConnectionStatus.RETRYING: ConnectionEvent.BROKEN,
    ConnectionStatus.LOST: ConnectionEvent.REFUSED,
}
_ILLNESS: Final = {status: number for number, status in enumerate(_FOLLOWING)}
_MAX_REASON: Final = 300


class StreamState:
    """One stream's part of the connection."""

    def __init__(self, connection: ConnectionState) -> None:
        self._whole = connection
        self._machine = ConnectionMachine(connection.now)
        self.recovered = 0
        self.recovering = False
        self.notice = ""
        self.polled_s: float | None = None

    @property
    def connection(self) -> Connection:
        """As this stream has it."""
        return self._machine.connection

    def attempt(self, failed: int) -> None:
        """An attempt begins, after so many that have failed since the stream was well."""
        reason = self.connection.reason
        self._fire(ConnectionEvent.ATTEMPT, reason=reason, attempt=failed + 1)

    def opened(self, *, polled_s: float | None = None) -> None:
        """The server answers; ``polled_s``: when it is asked, that often at most."""
        self.polled_s = polled_s
        self._fire(ConnectionEvent.OPENED)

    def broken(self, failed: int, reason: str, retry_at: datetime) -> None:
        """It broke, ``failed`` times since it was well; the next attempt is at ``retry_at``."""
        self._fire(ConnectionEvent.BROKEN, reason=reason, attempt=failed + 1, retry_at=retry_at)

    def refused(self, error: AuraError) -> None:
        """It broke for good."""
        self._fire(ConnectionEvent.REFUSED, error=error)

    def heard(self) -> None:
        """Bytes came."""
        self._whole.heard()

    def troubled(self, reasons: tuple[str, ...]) -> None:
        """The engine says what fails in it; () while all is well."""
        self._whole.troubles = tuple(clean_line(reason, _MAX_REASON) for reason in reasons)

    def start_recovery(self) -> None:
        """What had been missed comes now."""
        self.recovering = True
        self._whole.changed()

    def event_recovered(self) -> None:
        """An event came that had been missed."""
        self.recovered += 1
        self._whole.changed()

    def caught_up(self) -> None:
        """All of that has come."""
        if self.recovering:
            self.recovering = False
            self._whole.caught_up()

    def note(self, text: str) -> None:
        """What a person should know of the state that is shown from now on."""
        self.notice = clean_line(text, _MAX_REASON)
        self._whole.changed()

    def close(self) -> None:
        """The stream is over."""
        self._whole.remove(self)

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
            if not self.recovering:  # one break, until all that was missed has come
                self.recovered = 0
            self.recovering, self.notice, self.polled_s = False, "", None
        self._whole.follow_streams()


class ConnectionState:
    """The connection over all streams of a service, and those who watch it."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.now = now
        self.troubles: tuple[str, ...] = ()  # of the engine, as it last reported
        self._machine = ConnectionMachine(now)
        self._streams: list[StreamState] = []
        self._last: StreamState | None = None  # of those that are closed
        self._change = asyncio.Event()
        self._closed = False

    def stream(self) -> StreamState:
        """A new stream, before its first attempt."""
        stream = StreamState(self)
        self._streams.append(stream)
        self.follow_streams()
        return stream

    def remove(self, stream: StreamState) -> None:
        """Forget a stream; with none left, the connection stays as this one was."""
        if stream in self._streams:
            self._streams.remove(stream)
            stream.notice, self._last = "", stream
            self.caught_up()
            self.follow_streams()

    def heard(self) -> None:
        """The engine sent something."""
        self._machine.heard()

    def follow_streams(self) -> None:
        """Go where the worst stream is."""
        if self._streams:
            was_live = self._machine.connection.is_live
            worst = max(self._streams, key=lambda each: _ILLNESS[each.connection.status]).connection
            self._machine.fire(
                _FOLLOWING[worst.status],
                reason=worst.reason,
                code=worst.code,
                attempt=worst.attempt,
                retry_at=worst.retry_at,
            )
            if was_live and not self._machine.connection.is_live:
                for stream in self._streams:  # what the others had missed was an earlier break's
                    if stream.connection.is_live and not stream.recovering:
                        stream.recovered = 0
        self.changed()

    def caught_up(self) -> None:
        """A stream has all that it had missed; the connection has, when none recovers any more."""
        if not any(stream.recovering for stream in self._streams):
            self._machine.caught_up()
        self.changed()

    def answered(self) -> None:
        """The engine answered a request: without a stream that says otherwise, it is live."""
        if not self._streams:
            self._machine.fire(ConnectionEvent.OPENED)
        self._machine.heard()
        self.changed()

    def refused(self, error: AuraError) -> None:
        """The engine refused a request for good (a token, say)."""
        if not self._streams:
            reason = clean_line(error.message, _MAX_REASON)
            self._machine.fire(ConnectionEvent.REFUSED, reason=reason, code=error.code)
            self.changed()

    def engine_gone(self, reason: str) -> None:
        """No process holds the home, and ``reason`` says what became of the engine."""
        reason = clean_line(reason, _MAX_REASON)
        self._machine.fire(ConnectionEvent.ENGINE_GONE, reason=reason, can_start=True)
        self.changed()

    def engine_back(self) -> None:
        """An engine is there, if none was."""
        if self._machine.status is ConnectionStatus.NO_ENGINE:
            self._returned(ConnectionEvent.ENGINE_BACK)

    def engine_suspended(self, reason: str) -> None:
        """The engine's process is stopped, as ``reason`` says."""
        reason = clean_line(reason, _MAX_REASON)
        self._machine.fire(ConnectionEvent.ENGINE_SUSPENDED, reason=reason)
        self.changed()

    def engine_resumed(self) -> None:
        """The engine's process runs, if it was suspended."""
        if self._machine.status is ConnectionStatus.SUSPENDED:
            self._returned(ConnectionEvent.ENGINE_RESUMED)

    def _returned(self, event: ConnectionEvent) -> None:
        self._machine.fire(event)
        was_met = self._machine.connection.heard_at is not None
        if was_met and all(stream.connection.is_live for stream in self._streams):
            self._machine.fire(ConnectionEvent.OPENED)  # no stream is to find that out
        self.changed()

    @property
    def connection(self) -> Connection:
        """As of now."""
        now = self._machine.connection
        streams = self._streams or ([self._last] if self._last is not None else [])
        if not streams:
            return now
        polled = (stream.polled_s for stream in streams if stream.polled_s is not None)
        # Each stream recovers by itself; what came on several was missed once.
        back = now.gap_s is not None
        return replace(
            now,
            recovered=max(stream.recovered for stream in streams) if back else 0,
            recovering=back and any(stream.recovering for stream in self._streams),
            notice=next((stream.notice for stream in streams if stream.notice), ""),
            polled_s=next(polled, None),
        )

    async def changes(self) -> AsyncGenerator[Connection]:
        """The connection as it is, then each change; changes that nobody looked at meanwhile are
        one."""
        last: Connection | None = None
        while not self._closed:
            change = self._change
            connection = self.connection
            # That it was heard is no change.
            if last is None or replace(connection, heard_at=None) != replace(last, heard_at=None):
                last = connection
                yield connection
                continue
            await change.wait()

    def changed(self) -> None:
        """Wake those who watch."""
        change, self._change = self._change, asyncio.Event()
        change.set()

    def close(self) -> None:
        """End every watch."""
        self._closed = True
        self.changed()
