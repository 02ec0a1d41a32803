"""Three clocks kept apart: when the link, the job, and its progress last gave a sign.

A link that is down says nothing about the job behind it. A job that is paused is not silent. A job
that is silent over a live link is not cut off. :func:`health_of` says which of these is the case,
in words, and nothing where all is well.

All times are this machine's, as things arrived here: between two machines' clocks no silence can
be measured. For a run that one joins late, silences therefore count from when one joined. Only an
engine that is known to be gone was at this machine, too, and told its times by the same clock: what
it left behind is as old as its last event, whenever one reads that.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.format import words
from aura_tui.model.sanitize import clean_line
from aura_tui.model.status import JobStatus
from aura_tui.service import Link, LinkStatus

if TYPE_CHECKING:
    from datetime import datetime

    from aura_tui.model.events import Severity

# An engine says something every 10 s at least: one heartbeat that is late and a half.
LATE_S = 15.0
# A stage at work reports every 0.1 to 0.5 s. Some calls of a provider take seconds; and over a
# link no silence shorter than LATE_S can be told from a late heartbeat.
SILENT_S = 15.0
# Log lines and retries of a provider come, back-offs of up to a minute between them: past that,
# people want to know that nothing moves.
UNMOVED_S = 60.0
# Where the engine itself warns that a stage may be stuck.
STALL_S = 120.0


class Kind(Enum):
    """What is to be said of a run that is not simply at work."""

    LOST = "lost"  # the link, for good
    DOWN = "down"  # the link; it is tried again
    CONNECTING = "connecting"  # for the first time
    UNHEARD = "unheard"  # the link says it is live, but nothing comes over it
    FAILING = "failing"  # the engine, by its own account
    SILENT = "silent"  # the engine is there, the job says nothing
    UNMOVED = "unmoved"  # the job talks, and gets nowhere
    PAUSED = "paused"
    QUEUED = "queued"


class Health(NamedTuple):
    """``forms``: the same said ever shorter, for narrow places."""

    kind: Kind
    severity: Severity
    forms: tuple[str, ...]

    @property
    def text(self) -> str:
        """At full length."""
        return self.forms[0]

    def within(self, width: int) -> str:
        """The longest form that fits; the shortest where none does."""
        return next((form for form in self.forms if len(form) <= width), self.forms[-1])


class Heartbeat:
    """The three clocks, and the link's state. ``link`` None: the engine is in this process."""

    def __init__(self) -> None:
        self.link: Link | None = None
        self.down_since: datetime | None = None  # not live since; None: live, or no link at all
        self.event_at: datetime | None = None
        self.told_at: datetime | None = None  # when the newest event happened, by its own word
        self.moved_at: datetime | None = None

    @property
    def gone_since(self) -> datetime | None:
        """Since when the link is down, or an engine that was never met gave no sign."""
        link = self.link
        unmet = link is not None and link.absent and link.heard_at is None
        if self.down_since is None or self.told_at is None or not unmet:
            return self.down_since
        return min(self.down_since, self.told_at)

    @property
    def heard_at(self) -> datetime | None:
        """When anything last came from the engine; an event is a sign of life as well."""
        link = self.link
        said = link.heard_at if link is not None else None
        event_at = self.told_at if link is not None and link.absent else self.event_at
        return max((at for at in (said, event_at) if at is not None), default=None)

    def set_link(self, link: Link | None) -> bool:
        """The link as it is now. Returns whether it has come back after a break, with all that
        was missed."""
        was, self.link = self.link, link
        if link is None or link.status is LinkStatus.LIVE:
            self.down_since = None
        elif self.down_since is None:
            self.down_since = link.since
        # By `since`: a break may be over before anyone has looked.
        if was is None or link is None or link.status is not LinkStatus.LIVE:
            return False
        back = link.gap_s is not None and not link.recovering
        return back and (was.since != link.since or was.recovering)

    def event(self, now: datetime, *, moved: bool, told_at: datetime | None = None) -> None:
        """An event of the job came, that of ``told_at``; ``moved``: its progress or a state did."""
        self.event_at = now
        self.told_at = now if told_at is None else min(now, told_at)
        if moved:
            self.moved_at = now

    def event_s(self, now: datetime) -> float:
        """Seconds without an event; a gap in the link doesn't count."""
        return self._silence_s(self.event_at, now)

    def moved_s(self, now: datetime) -> float:
        """Seconds without progress; a gap in the link doesn't count."""
        return self._silence_s(self.moved_at, now)

    def heard_s(self, now: datetime) -> float:
        """Seconds since the engine said anything at all."""
        return self._silence_s(self.heard_at, now)

    def age_s(self, now: datetime) -> float | None:
        """How old the newest that came is, while the link is down; None while it is not."""
        if self.down_since is None or self.heard_at is None:
            return None
        return max(0.0, (now - self.heard_at).total_seconds())

    def _silence_s(self, at: datetime | None, now: datetime) -> float:
        if at is None:
            return 0.0
        if self.link is not None and self.link.status is LinkStatus.LIVE:
            at = max(at, self.link.since)
        return max(0.0, (now - at).total_seconds())


def health_of(
    pulse: Heartbeat,
    status: JobStatus | None,
    now: datetime,
    *,
    queue_ahead: int | None = None,
    troubles: tuple[str, ...] = (),
) -> Health | None:
    """What to say of a job in ``status`` (None: not known yet); None where nothing is to be said.

    ``queue_ahead``: how many jobs run before a queued one, None where nobody knows.
    ``troubles``: what the engine says fails in it.
    """
    if status is not None and status.ended:
        return None
    return _of_link(pulse, now) or _of_engine(troubles) or _of_job(pulse, status, now, queue_ahead)


def _of_engine(troubles: tuple[str, ...]) -> Health | None:
    if not troubles:
        return None
    reason = clean_line(troubles[0], 200)
    return Health(Kind.FAILING, "error", (f"engine failing: {reason}", "engine failing"))


def _of_link(pulse: Heartbeat, now: datetime) -> Health | None:
    link = pulse.link
    if link is None:
        return None
    reason = clean_line(link.reason, 200)
    if link.status is LinkStatus.LOST:
        lost = f"link lost: {reason}" if reason else "link lost"
        return Health(Kind.LOST, "error", (lost, "link lost"))
    if link.status is LinkStatus.CONNECTING and pulse.heard_at is None and link.attempt <= 1:
        return Health(Kind.CONNECTING, "info", ("connecting",))
    if pulse.gone_since is not None:
        gone = words.lasting((now - pulse.gone_since).total_seconds())
        if link.stopped:
            return Health(Kind.DOWN, "warning", _stopped(reason, gone))
        if link.absent:
            return Health(Kind.DOWN, "warning", _no_engine(link, gone))
        when, short = _next_try(link, now)
        shorter = (
            f"link down for {gone}, {when}",
            f"link down {gone}, {short}",
            f"link down {gone}",
        )
        why = (f"{shorter[0]}: {reason}",) if reason else ()
        return Health(Kind.DOWN, "warning", (*why, *shorter))
    silence_s = pulse.heard_s(now)
    if silence_s >= LATE_S:
        lasting = words.lasting(silence_s)
        return Health(
            Kind.UNHEARD, "warning", (f"nothing heard for {lasting}", f"unheard {lasting}")
        )
    return None


def _stopped(reason: str, gone: str) -> tuple[str, ...]:
    first = f"the engine is stopped (Ctrl-Z) for {gone}"
    return (reason, f"{first}; fg there lets it go on", f"{first}; fg there", "stopped: fg there")


def _no_engine(link: Link, gone: str) -> tuple[str, ...]:
    first = f"no engine at work here for {gone}"
    if link.can_begin:
        return (
            f"{first}; R has one go on in the background",
            f"{first}; R starts one",
            "no engine; R starts one",
            "no engine: R",
        )
    return (
        f"{first}; the work goes on with: aura-tui watch",
        f"{first}; aura-tui watch",
        first,
        "no engine here",
    )


def _next_try(link: Link, now: datetime) -> tuple[str, str]:
    if link.status is LinkStatus.WAITING and link.retry_at is not None and link.retry_at > now:
        # Rounded up: at "0 s" it has begun.
        left_s = -int(-(link.retry_at - now).total_seconds() // 1)
        number = link.attempt + 1
        left = words.lasting(left_s)
        return f"next try in {left} (attempt {number})", f"try {number} in {left}"
    number = link.attempt + (link.status is LinkStatus.WAITING)
    return f"trying now (attempt {max(1, number)})", "trying now"


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
        # Without a link there may be no engine behind it at all, but a recording.
        forms = (f"engine alive, {text}", text) if pulse.link is not None else (text,)
        return Health(Kind.SILENT, _grave(silent_s), forms)
    if unmoved_s >= UNMOVED_S:
        text = f"no progress for {words.lasting(unmoved_s)}"
        return Health(Kind.UNMOVED, _grave(unmoved_s), (text,))
    return None


def _grave(silence_s: float) -> Severity:
    return "warning" if silence_s >= STALL_S else "info"
