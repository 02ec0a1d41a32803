"""The connection to an engine in another process: one state machine.

Everything that affects the state of a connection lives here: the states, the events, the table of
transitions, and the machine. It is used in three places: each stream of a client has one, the
client has one over all of its streams (``client/connection_state.py``), and a reader of a home has
one (``engine/presence.py``). Views read :class:`Connection` and get their texts from
``format/connection.py``.

::

    connecting  the first attempt; nothing has answered yet
    live        the engine answers
    retrying    it broke; the next attempt is at ``retry_at`` (None: now)
    suspended   the engine's process is suspended (SIGSTOP, Ctrl-Z): the kernel keeps the connection
    no engine   no process holds the home
    lost        the engine refuses us (a token, a certificate): retrying doesn't help

No state is terminal: a lost connection is live again with the next answer, and tries again with the
next stream that is opened. The state of the engine's process takes precedence over the socket:
while it is suspended, neither a late answer nor a timeout changes the state; if no process holds
the home, a failed attempt changes nothing.

Nothing here reads the time, makes texts for people, sends or awaits.
"""

from __future__ import annotations

from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec.structs import replace

from aura_tui.errors import Code

if TYPE_CHECKING:
    from collections.abc import Callable


class ConnectionStatus(Enum):
    """The states; see the module."""

    CONNECTING = "connecting"
    LIVE = "live"
    RETRYING = "retrying"
    SUSPENDED = "suspended"
    NO_ENGINE = "no engine"
    LOST = "lost"


class ConnectionEvent(Enum):
    """What happens to a connection."""

    ATTEMPT = "attempt"  # an attempt to connect starts
    OPENED = "opened"  # the engine answered
    BROKEN = "broken"  # an attempt failed, or an open connection broke: retrying may help
    REFUSED = "refused"  # the engine refused us: retrying doesn't help
    ENGINE_SUSPENDED = "engine suspended"  # its process was suspended
    ENGINE_RESUMED = "engine resumed"  # ... and continues
    ENGINE_GONE = "engine gone"  # no process holds the home
    ENGINE_BACK = "engine back"  # ... and now one does


_S, _E = ConnectionStatus, ConnectionEvent

TRANSITIONS: Final[dict[ConnectionStatus, dict[ConnectionEvent, ConnectionStatus]]] = {
    _S.CONNECTING: {
        _E.ATTEMPT: _S.CONNECTING,
        _E.OPENED: _S.LIVE,
        _E.BROKEN: _S.RETRYING,
        _E.REFUSED: _S.LOST,
        _E.ENGINE_SUSPENDED: _S.SUSPENDED,
        _E.ENGINE_GONE: _S.NO_ENGINE,
    },
    _S.LIVE: {
        _E.ATTEMPT: _S.LIVE,  # of a further stream; the others are live
        _E.OPENED: _S.LIVE,
        _E.BROKEN: _S.RETRYING,
        _E.REFUSED: _S.LOST,
        _E.ENGINE_SUSPENDED: _S.SUSPENDED,
        _E.ENGINE_GONE: _S.NO_ENGINE,
    },
    _S.RETRYING: {
        _E.ATTEMPT: _S.RETRYING,
        _E.OPENED: _S.LIVE,
        _E.BROKEN: _S.RETRYING,
        _E.REFUSED: _S.LOST,
        _E.ENGINE_SUSPENDED: _S.SUSPENDED,
        _E.ENGINE_GONE: _S.NO_ENGINE,
    },
    _S.SUSPENDED: {
        _E.ATTEMPT: _S.SUSPENDED,
        _E.OPENED: _S.SUSPENDED,  # a late answer
        _E.BROKEN: _S.SUSPENDED,  # a suspended engine sends no heartbeats
        _E.REFUSED: _S.LOST,
        _E.ENGINE_SUSPENDED: _S.SUSPENDED,
        _E.ENGINE_RESUMED: _S.RETRYING,
        _E.ENGINE_GONE: _S.NO_ENGINE,
    },
    _S.NO_ENGINE: {
        _E.ATTEMPT: _S.NO_ENGINE,
        _E.OPENED: _S.LIVE,
        _E.BROKEN: _S.NO_ENGINE,
        _E.REFUSED: _S.LOST,
        _E.ENGINE_SUSPENDED: _S.SUSPENDED,
        _E.ENGINE_GONE: _S.NO_ENGINE,
        _E.ENGINE_BACK: _S.RETRYING,
    },
    _S.LOST: {
        _E.ATTEMPT: _S.CONNECTING,
        _E.OPENED: _S.LIVE,
        _E.BROKEN: _S.RETRYING,
        _E.REFUSED: _S.LOST,
        _E.ENGINE_SUSPENDED: _S.LOST,
        _E.ENGINE_GONE: _S.LOST,
    },
}

# Engines without an announced heartbeat interval send one every 10 s: one and a half late.
LATE_S: Final = 15.0

# The events that update a state without changing it: a new reason, the time of the next attempt.
_NEWS: Final[dict[ConnectionStatus, tuple[ConnectionEvent, ...]]] = {
    _S.CONNECTING: (_E.ATTEMPT,),
    _S.LIVE: (),
    _S.RETRYING: (_E.ATTEMPT, _E.BROKEN),
    _S.SUSPENDED: (_E.ENGINE_SUSPENDED,),
    _S.NO_ENGINE: (_E.ENGINE_GONE,),
    _S.LOST: (_E.REFUSED,),
}
# Events may have been missed after these. A suspended process keeps its connections.
_BREAKS: Final = (_E.BROKEN, _E.ENGINE_GONE)


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a connection. Times are this machine's, aware UTC.

    ``since``: when it became live, or in every other state, when it stopped being live (before the
    first time: when it was created). ``attempt`` is the number of the current or next attempt (0
    while live), ``reason`` says why it is not live, ``code`` is the engine's error code for that,
    if any. ``heard_at`` is when the engine last sent anything, including heartbeats.

    After a break ``gap_s`` is how long nothing arrived, and ``recovered`` how many missed events
    have arrived since; while ``recovering``, more may arrive. If the engine no longer has them,
    ``notice`` says so: views then show a new snapshot.
    ``can_start``: reconnecting starts an engine if none is running.
    ``late_s``: a healthy engine is never silent for so long; infinite if nothing would be sent.
    ``partial``: it is retrying, but one of its streams is live.
    ``polled_s``: the polling interval, for an engine without a stream of all jobs; else None.
    """

    status: ConnectionStatus
    since: datetime
    attempt: int = 0
    reason: str = ""
    code: Code | None = None
    retry_at: datetime | None = None
    heard_at: datetime | None = None
    gap_s: float | None = None
    recovered: int = 0
    recovering: bool = False
    notice: str = ""
    can_start: bool = False
    polled_s: float | None = None
    late_s: float = LATE_S
    partial: bool = False

    @property
    def is_live(self) -> bool:
        """Whether the engine answers."""
        return self.status is ConnectionStatus.LIVE

    @property
    def can_reconnect(self) -> bool:
        """Whether a request to reconnect has an effect: an attempt now, or starting an engine."""
        if self.status is ConnectionStatus.NO_ENGINE:
            return self.can_start
        return self.status in (ConnectionStatus.CONNECTING, ConnectionStatus.RETRYING)


class IllegalTransition(Exception):
    """A bug of ours: the table has no such transition."""


class ConnectionMachine:
    """The state machine of a connection. ``now`` returns the time (aware UTC)."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._was_live = False
        self._broken_at: datetime | None = None
        self._back_from: datetime | None = None  # the start of a break not fully recovered yet
        self.connection = Connection(status=ConnectionStatus.CONNECTING, since=now())

    @property
    def status(self) -> ConnectionStatus:
        """The state."""
        return self.connection.status

    def heard(self) -> None:
        """The engine sent something. This changes no state, so it is not an event."""
        self.connection = replace(self.connection, heard_at=self._now())

    def caught_up(self) -> None:
        """All events missed in the last break have arrived: the next break is a new one."""
        self._back_from = None

    def fire(
        self,
        event: ConnectionEvent,
        *,
        reason: str = "",
        code: Code | None = None,
        attempt: int = 0,
        retry_at: datetime | None = None,
        can_start: bool = False,
    ) -> None:
        """Make the transition for ``event``, with its data. Raises IllegalTransition, and changes
        nothing, if the table has none."""
        was = self.connection
        status = TRANSITIONS[was.status].get(event)
        if status is None:
            raise IllegalTransition(f"no {event.value!r} while {was.status.value!r}")
        now = self._now()
        if event in _BREAKS and self._was_live and self._broken_at is None:
            self._broken_at = self._back_from or was.heard_at or now
        if status is was.status and event not in _NEWS[status]:
            return
        live = status is ConnectionStatus.LIVE
        gap_s = None
        if live:
            if self._broken_at is not None:
                gap_s = max(0.0, (now - self._broken_at).total_seconds())
            self._back_from, self._broken_at = self._broken_at, None
            self._was_live = True
        elif status is ConnectionStatus.LOST:
            self._broken_at = self._back_from = None
        self.connection = Connection(
            status=status,
            since=was.since if live == was.is_live else now,
            attempt=attempt,
            reason=reason,
            code=code,
            retry_at=retry_at,
            heard_at=was.heard_at,
            gap_s=gap_s,
            can_start=can_start,
        )
