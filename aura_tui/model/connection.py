"""The connection to an engine in another process: one state machine.

Everything that affects a state of the connection lives here: the states, the events, the table of
transitions, and the machine that walks it. Three parts drive machines of this kind: each stream of
a client has one, the client has one over all of its streams (``client/connection_state.py``), and
a reader of a home has one (``engine/presence.py``). Views read :class:`Connection`, and take their
texts from ``format/connection.py``.

::

    connecting  the first attempt; nothing has answered yet
    live        the engine answers
    retrying    it broke; attempts go on, the next one at ``retry_at`` (None: now)
    suspended   the engine's process is stopped (SIGSTOP, Ctrl-Z): the kernel keeps the connection
    no engine   no process holds the home, so there is nobody to answer
    lost        the engine refuses us (a token, a certificate): no further attempt helps by itself

No state is terminal: a connection that is lost is live again with the next answer, and tries again
with the next stream that somebody opens. What the kernel says of the engine's process is worth more
than what a socket says: while it is suspended, neither an answer that was still on its way nor a
timeout changes the state; where no process holds the home, a failed attempt is no news.

No times are read here, no texts for people are made, and nothing is sent or awaited.
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
    """The states, see the module."""

    CONNECTING = "connecting"
    LIVE = "live"
    RETRYING = "retrying"
    SUSPENDED = "suspended"
    NO_ENGINE = "no engine"
    LOST = "lost"


class ConnectionEvent(Enum):
    """What happens to a connection."""

    ATTEMPT = "attempt"  # an attempt to connect begins
    OPENED = "opened"  # the engine answered
    BROKEN = "broken"  # an attempt failed, or an open connection broke: another attempt may help
    REFUSED = "refused"  # the engine refused us: no other attempt helps
    ENGINE_SUSPENDED = "engine suspended"  # its process was stopped
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
        _E.ATTEMPT: _S.LIVE,  # of one more stream: the others are well
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
        _E.OPENED: _S.SUSPENDED,  # it was on its way already
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

# The events that bring news of a state that lasts: another reason, the time of the next attempt.
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
    """The connection as of now. Times are this machine's, aware UTC.

    ``since``: when it became live, or, in every other state, when it ceased to be (before it first
    was: when it was made). ``attempt`` is the number of the attempt that is under way or comes next
    (0 while live), ``reason`` says why it is not live, ``code`` is the error behind that where the
    engine gave one. ``heard_at`` is when the engine last sent anything, heartbeats included.

    After a break ``gap_s`` is how long nothing came and ``recovered`` how many missed events have
    come since; while it is ``recovering``, more of them may come. Where the engine no longer has
    them, ``notice`` says so: what is shown from then on is a fresh snapshot.
    ``can_start``: where there is no engine, reconnecting starts one.
    ``polled_s``: the engine has no stream of all jobs, and is asked for their list so often.
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

    @property
    def is_live(self) -> bool:
        """Whether the engine answers."""
        return self.status is ConnectionStatus.LIVE

    @property
    def can_reconnect(self) -> bool:
        """Whether asking for the next attempt now, or for an engine, changes anything."""
        if self.status is ConnectionStatus.NO_ENGINE:
            return self.can_start
        return self.status in (ConnectionStatus.CONNECTING, ConnectionStatus.RETRYING)


class IllegalTransition(Exception):
    """A mistake of ours: the table has no such cell."""


class ConnectionMachine:
    """A connection, from event to event. ``now`` gives the time (aware UTC)."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._was_live = False
        self._broken_at: datetime | None = None
        self._back_from: datetime | None = None  # the break of which not all was recovered yet
        self.connection = Connection(status=ConnectionStatus.CONNECTING, since=now())

    @property
    def status(self) -> ConnectionStatus:
        """The state."""
        return self.connection.status

    def heard(self) -> None:
        """The engine sent something: no event, for it changes no state."""
        self.connection = replace(self.connection, heard_at=self._now())

    def caught_up(self) -> None:
        """All that was missed in the last break has come: the next one is another break."""
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
        """Take the step that the table names, with the news that the event brings. Raises
        IllegalTransition, and changes nothing, where the table has none."""
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
