"""The state of the job on the board: the folded job, its log, and the person's choices.

No drawing here and no service; screens draw it, the app feeds it.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.format import connection as connection_words
from aura_tui.model import events as ev
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.ui.state.clock import RunClock
from aura_tui.ui.state.health import Health, Heartbeat, connection_health, health_of
from aura_tui.ui.state.items import Items

if TYPE_CHECKING:
    from datetime import datetime

    from aura_tui.model.connection import Connection
    from aura_tui.model.job import Eta, Job, Step
    from aura_tui.service import Typical

LOG_LINES = 1000
_GAPS = 50  # connection breaks that are kept
RECORDED = "recorded"  # the mark of a replay


class Asked(Enum):
    """A command that was sent and hasn't taken effect yet; ``value`` is its text on the screen."""

    CANCEL = "cancelling\u2026"
    PAUSE = "pausing\u2026"
    RESUME = "resuming\u2026"

    def happened(self, job: Job) -> bool:
        """Whether the command has taken effect in ``job``."""
        return {
            Asked.CANCEL: job.status.ended,
            Asked.PAUSE: job.view_status is not JobStatus.RUNNING,
            Asked.RESUME: job.view_status is not JobStatus.PAUSED,
        }[self]


class LogLine(NamedTuple):
    """A line of the log pane. ``source``: a stage, "Connection", or "" for the job itself."""

    at: datetime
    source: str
    severity: ev.Severity
    text: str


class RunState:
    """One job on the board.

    ``typical`` and ``queue_ahead`` come from the service; None if unknown. ``mode`` is a mark for
    the header: "read only", "recorded", or "". ``gaps`` are the connection breaks so far, by the
    time of the reconnect; all jobs share them.
    """

    def __init__(self, *, mode: str = "", gaps: dict[datetime, LogLine] | None = None) -> None:
        self.job: Job | None = None
        self.clock = RunClock()
        self.pulse = Heartbeat()
        self.typical: Typical | None = None
        self.queue_ahead: int | None = None
        self.starts: Eta | None = None  # when a queued job is expected to start
        self.mode = mode
        self._gaps = {} if gaps is None else gaps
        self._met = {*self._gaps}  # breaks already noted
        self._past = [*self._gaps.values()]  # those not in the log yet
        self.asked: Asked | None = None
        self.troubles: tuple[str, ...] = ()  # failures that the engine reports
        self.partial = False  # only the list's line of the job is known yet
        self.over = False  # no event will come any more, ended or not
        self.log: deque[LogLine] = deque(maxlen=LOG_LINES)
        self.logged = 0  # total lines, dropped ones included
        self.items: dict[Stage, Items] = {stage: Items() for stage in Stage}
        self._chosen: dict[Stage, bool] = {}

    @property
    def ended(self) -> bool:
        """Whether the job has ended."""
        return self.job is not None and self.job.status.ended

    @property
    def connection(self) -> Connection | None:
        """The connection to the engine; None: the engine is in this process."""
        return self.pulse.connection

    def apply(self, job: Job, envelope: ev.Envelope, now: datetime) -> None:
        """Take in an event and the job after it."""
        changed = job.last_event_id == envelope.id
        before, self.job = self.job, job
        if not changed:
            return
        event = envelope.event
        moved = _moved(before, job, event)
        self.pulse.event(now, moved=moved, told_at=event.timestamp)
        self.clock.feed(job, envelope, now)
        self._settle(job)
        if isinstance(event, ev.StepProgressed):
            span = self.clock.span(event.step)
            at_s = self.clock.told_s - span.began_s if span is not None else 0.0
            self.items[event.step].tell(event, at_s)
        elif isinstance(event, ev.StepStatusChanged) and event.status is StepStatus.STARTED:
            self.items[event.step] = Items()
        line = _log_line(event)
        if line is not None:
            self._note(line)

    def set_connection(self, connection: Connection | None, now: datetime) -> None:
        """The connection as it is; cheap enough for every draw, which keeps ``heard_at`` fresh."""
        if self.pulse.set_connection(connection) and connection is not None:
            severity: ev.Severity = "warning" if connection.notice else "info"
            at, text = connection.since, connection_words.gap(connection)
            line = self._gaps.setdefault(at, LogLine(at, "Connection", severity, text))
            if at not in self._met:
                self._met.add(at)
                self._note(line)
            while len(self._gaps) > _GAPS:
                self._gaps.pop(next(iter(self._gaps)))

    def tell_gaps(self) -> None:
        """Log the connection breaks since the last line, once the job's history is complete."""
        if not self.ended:
            self._note(None)

    def _note(self, line: LogLine | None) -> None:
        """Log ``line`` (if any), and before it the connection breaks during the job."""
        begun = self.job.created_at if self.job is not None else None
        while self._past and (line is None or self._past[0].at <= line.at):
            gap = self._past.pop(0)
            if begun is not None and gap.at >= begun:
                self._append(gap)
        if line is not None:
            self._append(line)

    def _append(self, line: LogLine) -> None:
        self.log.append(line)
        self.logged += 1

    def liveness(self, now: datetime, *, reconnect_key: str = "R") -> Health | None:
        """The remark on the connection or the job, if any. ``reconnect_key``: the key that
        reconnects."""
        if self.over:
            return None
        status = self.job.view_status if self.job is not None else None
        return health_of(
            self.pulse,
            status,
            now,
            queue_ahead=self.queue_ahead,
            troubles=self.troubles,
            reconnect_key=reconnect_key,
        )

    def connection_health(self, now: datetime, *, reconnect_key: str = "R") -> Health | None:
        """The remark on the connection, whatever the job is."""
        return connection_health(self.pulse, now, reconnect_key=reconnect_key)

    def seen(self, now: datetime) -> datetime:
        """Until when the board's data is valid: now, or when the connection broke or the engine
        fell silent."""
        return self.pulse.valid_until(now)

    def age_s(self, now: datetime) -> float | None:
        """Age of the board's data in seconds; None while it is current, or there is none."""
        return None if self.over or self.ended else self.pulse.age_s(now)

    def due_s(self, now: datetime) -> float | None:
        """Seconds until time alone changes the view; None: only an event or the connection will."""
        waits = [self.pulse.due_s(now)]
        if self.clock.ticking and not (self.over or self.ended) and self.seen(now) == now:
            waits.append(1.0 - self.clock.elapsed_s(now) % 1.0)
        return min((wait for wait in waits if wait is not None), default=None)

    def finish(self) -> None:
        """Note that no more events will come."""
        self.over = True
        self.asked = None
        self.clock.stop()

    def _settle(self, job: Job) -> None:
        if self.asked is not None and (self.asked.happened(job) or job.status.ended):
            self.asked = None

    def opened(self, step: Step) -> bool:
        """Whether a stage shows its details: the person's choice, else while it runs, or has just
        failed. The result panel says why a job has failed."""
        news = step.status in (StepStatus.STARTED, StepStatus.FAILED) and not self.ended
        return self._chosen.get(step.stage, news)

    def toggle(self, step: Step) -> None:
        """Open or close a stage for good, whatever the stage does."""
        self._chosen[step.stage] = not self.opened(step)
        self.items[step.stage].show_from(None)


def _moved(before: Job | None, job: Job, event: ev.AnyJobEvent) -> bool:
    """Whether a state, a percentage or an item changed."""
    if before is None or isinstance(event, ev.StepStatusChanged):
        return True
    if isinstance(event, ev.StepProgressed):
        was, step = before.step(event.step), job.step(event.step)
        further = (step.percent or 0.0) > (was.percent or 0.0) or job.percent > before.percent
        return further or step.item != was.item
    return job.status is not before.status or job.percent > before.percent


def _log_line(event: ev.AnyJobEvent) -> LogLine | None:
    if isinstance(event, ev.JobLogged):
        source = event.stage.title if event.stage is not None else ""
        return LogLine(event.timestamp, source, event.severity, event.message)
    if isinstance(event, ev.Warned):
        source = event.step.title if event.step is not None else ""
        return LogLine(event.timestamp, source, "warning", event.message)
    if isinstance(event, ev.StepErred):
        text = " ".join(part for part in (event.code, event.message) if part)
        return LogLine(event.timestamp, event.step.title, "error", text)
    return None
