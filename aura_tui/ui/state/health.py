"""Health of a job on the board: when the connection, the job and its progress last gave a sign.

A connection that is down says nothing about the job behind it. A paused job is not silent. A job
that is silent over a live connection is not cut off. :func:`health_of` says in words which of these
is the case, and returns None while all is well.

All times are arrival times on this machine, because a silence can't be measured between the clocks
of two machines. For a job that the board joins late, a silence counts from that moment. The
exception is an engine that is known to be gone: it ran on this machine with the same clock, so its
data is as old as its last event.
"""

from __future__ import annotations

import math
from datetime import timedelta
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.format import connection as connection_words
from aura_tui.format import words
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from datetime import datetime

    from aura_tui.model.connection import Connection
    from aura_tui.model.events import Severity

# A running stage reports every 0.1 to 0.5 s. Some provider calls take seconds.
SILENT_S = 15.0
# Log lines and provider retries arrive with back-offs of up to a minute between them: after that,
# people want to know that nothing moves.
UNMOVED_S = 60.0
# Where the engine itself warns that a stage may be stuck.
STALL_S = 120.0


class Kind(Enum):
    """Why a job needs a remark beside its progress."""

    LOST = "lost"  # the connection, for good
    DOWN = "down"  # the connection; it reconnects, or a person can restore it
    CONNECTING = "connecting"  # the first attempt
    UNHEARD = "unheard"  # the connection is live, but nothing comes over it
    FAILING = "failing"  # the engine reported a failure
    SILENT = "silent"  # the engine is alive, the job sends nothing
    UNMOVED = "unmoved"  # the job sends events without progress
    PAUSED = "paused"
    QUEUED = "queued"


OF_CONNECTION = frozenset({Kind.LOST, Kind.DOWN, Kind.CONNECTING, Kind.UNHEARD})

_KINDS: dict[ConnectionStatus, tuple[Kind, Severity]] = {
    ConnectionStatus.CONNECTING: (Kind.CONNECTING, "info"),
    ConnectionStatus.RETRYING: (Kind.DOWN, "warning"),
    ConnectionStatus.SUSPENDED: (Kind.DOWN, "warning"),
    ConnectionStatus.NO_ENGINE: (Kind.DOWN, "warning"),
    ConnectionStatus.LOST: (Kind.LOST, "error"),
}


class Health(NamedTuple):
    """A remark on the job's health. ``forms``: the same text, ever shorter, for narrow places."""

    kind: Kind
    severity: Severity
    forms: tuple[str, ...]

    @property
    def text(self) -> str:
        """The longest form."""
        return self.forms[0]

    def within(self, width: int) -> str:
        """The longest form that fits ``width`` cells, or the shortest if none does."""
        return next((form for form in self.forms if len(form) <= width), self.forms[-1])


class Heartbeat:
    """The three clocks, and the connection. ``connection`` None: the engine is in this process."""

    def __init__(self) -> None:
        self.connection: Connection | None = None
        self.event_at: datetime | None = None
        self.told_at: datetime | None = None  # the newest event's own time
        self.moved_at: datetime | None = None

    @property
    def down_since(self) -> datetime | None:
        """When the connection went down; None if something is heard over it, or there is none."""
        connection = self.connection
        if connection is None or connection.is_live or connection.partial:
            return None
        return connection.since

    def valid_until(self, now: datetime) -> datetime:
        """Until when what is known was up to date: now, or when the connection broke or the engine
        fell silent."""
        connection = self.connection
        if connection is None:
            return now
        until = min(now, self.down_since or now)
        late_s = self.heard_s(now) - connection.late_s
        if late_s > 0 and not self._is_left_behind:
            until = min(until, now - timedelta(seconds=late_s))
        return until

    def due_s(self, now: datetime) -> float | None:
        """Seconds until time alone changes what is said of the connection; None: never."""
        connection = self.connection
        if connection is None or math.isinf(connection.late_s):
            return None
        if not connection.is_live:
            return 1.0 - (now - connection.since).total_seconds() % 1.0
        heard_s = self.heard_s(now)
        return max(connection.late_s - heard_s, 1.0 - heard_s % 1.0)

    @property
    def gone_since(self) -> datetime | None:
        """As ``down_since``; for an engine that was never reached: when it last gave a sign."""
        if self.down_since is None or self.told_at is None or not self._is_left_behind:
            return self.down_since
        if self.connection is not None and self.connection.heard_at is not None:
            return self.down_since
        return min(self.down_since, self.told_at)

    @property
    def _is_left_behind(self) -> bool:
        """Whether the engine is known to be gone: it ran on this machine."""
        connection = self.connection
        return connection is not None and connection.status is ConnectionStatus.NO_ENGINE

    @property
    def heard_at(self) -> datetime | None:
        """When the engine last sent anything; an event counts, too."""
        said = self.connection.heard_at if self.connection is not None else None
        event_at = self.told_at if self._is_left_behind else self.event_at
        return max((at for at in (said, event_at) if at is not None), default=None)

    def set_connection(self, connection: Connection | None) -> bool:
        """Set the connection; returns whether it was restored after a break, with all missed
        events."""
        was, self.connection = self.connection, connection
        # By `since`: a break may be over before anyone has looked.
        if was is None or connection is None or not connection.is_live:
            return False
        back = connection.gap_s is not None and not connection.recovering
        return back and (was.since != connection.since or was.recovering)

    def event(self, now: datetime, *, moved: bool, told_at: datetime | None = None) -> None:
        """Note an event of the job, whose own time is ``told_at``; ``moved``: it changed the
        progress or a state."""
        self.event_at = now
        self.told_at = now if told_at is None else min(now, told_at)
        if moved:
            self.moved_at = now

    def event_s(self, now: datetime) -> float:
        """Seconds without an event; a gap in the connection doesn't count."""
        return self._silence_s(self.event_at, now)

    def moved_s(self, now: datetime) -> float:
        """Seconds without progress; a gap in the connection doesn't count."""
        return self._silence_s(self.moved_at, now)

    def heard_s(self, now: datetime) -> float:
        """Seconds since the engine last sent anything."""
        return self._silence_s(self.heard_at, now)

    def quiet_s(self, now: datetime) -> float | None:
        """Seconds since a live engine last sent anything if it is late; else None."""
        if self.connection is None or not self.connection.is_live:
            return None
        heard_s = self.heard_s(now)
        return heard_s if heard_s >= self.connection.late_s else None

    def age_s(self, now: datetime) -> float | None:
        """Age of the newest data in seconds while the connection is down, else None."""
        if self.down_since is None or self.heard_at is None:
            return None
        return max(0.0, (now - self.heard_at).total_seconds())

    def _silence_s(self, at: datetime | None, now: datetime) -> float:
        if at is None:
            return 0.0
        if self.connection is not None and self.connection.is_live:
            at = max(at, self.connection.since)
        return max(0.0, (now - at).total_seconds())


def health_of(
    pulse: Heartbeat,
    status: JobStatus | None,
    now: datetime,
    *,
    queue_ahead: int | None = None,
    troubles: tuple[str, ...] = (),
    reconnect_key: str = "R",
) -> Health | None:
    """The remark on a job in ``status`` (None: not known yet), or None if it needs none.

    ``queue_ahead``: how many jobs run before a queued one, None if unknown. ``troubles``: failures
    that the engine reports. ``reconnect_key``: the key that reconnects.
    """
    if status is not None and status.ended:
        return None
    return (
        connection_health(pulse, now, reconnect_key=reconnect_key)
        or _of_engine(troubles)
        or _of_job(pulse, status, now, queue_ahead)
    )


def _of_engine(troubles: tuple[str, ...]) -> Health | None:
    if not troubles:
        return None
    reason = clean_line(troubles[0], 200)
    return Health(Kind.FAILING, "error", (f"engine failing: {reason}", "engine failing"))


def connection_health(
    pulse: Heartbeat, now: datetime, *, reconnect_key: str = "R"
) -> Health | None:
    """The remark on the connection; None while it is live and heard, or if there is none."""
    connection = pulse.connection
    forms: tuple[str, ...]
    if connection is None:
        return None
    if connection.is_live:
        silence_s = pulse.heard_s(now)
        if silence_s < connection.late_s:
            return None
        lasting = words.lasting(silence_s)
        forms = (f"last heard {lasting} ago", f"unheard {lasting}", "unheard")
        return Health(Kind.UNHEARD, "warning", forms)
    kind, severity = _KINDS[connection.status]
    forms = connection_words.forms(connection, now, pulse.gone_since, reconnect_key=reconnect_key)
    return Health(kind, severity, forms)


def _of_job(
    pulse: Heartbeat, status: JobStatus | None, now: datetime, queue_ahead: int | None
) -> Health | None:
    if status is JobStatus.QUEUED and queue_ahead is not None:
        text = f"queued behind {queue_ahead}" if queue_ahead > 0 else "next in the queue"
        return Health(Kind.QUEUED, "info", (text,))
    if status is JobStatus.PAUSED:
        return Health(Kind.PAUSED, "info", ("paused",))
    if status is not JobStatus.RUNNING:
        return None
    silent_s, unmoved_s = pulse.event_s(now), pulse.moved_s(now)
    if silent_s >= SILENT_S:
        text = f"job silent for {words.lasting(silent_s)}"
        # Without a connection there may be no engine at all, but a recording.
        forms = (f"engine alive, {text}", text) if pulse.connection is not None else (text,)
        return Health(Kind.SILENT, _grave(silent_s), forms)
    if unmoved_s >= UNMOVED_S:
        text = f"no progress for {words.lasting(unmoved_s)}"
        return Health(Kind.UNMOVED, _grave(unmoved_s), (text,))
    return None


def _grave(silence_s: float) -> Severity:
    return "warning" if silence_s >= STALL_S else "info"
