"""What the board knows of the run it shows: the folded job, its log, and the person's choices.

No drawing here and no service; screens draw it, the app feeds it.
"""

from __future__ import annotations

from collections import deque
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model import events as ev
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.ui.clock import RunClock

if TYPE_CHECKING:
    from datetime import datetime

    from aura_tui.model.job import Job, Step
    from aura_tui.model.stages import Stage

LOG_LINES = 1000


class Asked(Enum):
    """What was asked of the engine and has not happened yet; ``value`` says so to people."""

    CANCEL = "cancelling\u2026"
    PAUSE = "pausing\u2026"
    RESUME = "resuming\u2026"


class Opened(Enum):
    """How much of a stage's details shows. BRIEF: its errors, a line each."""

    CLOSED = 0
    BRIEF = 1
    WHOLE = 2


class LogLine(NamedTuple):
    """A line of the log pane. ``source`` is a stage's name, "" for the job itself."""

    at: datetime
    source: str
    severity: ev.Severity
    text: str


class RunState:
    """One run on the board."""

    def __init__(self) -> None:
        self.job: Job | None = None
        self.clock = RunClock()
        self.asked: Asked | None = None
        self.over = False  # no event will come any more, ended or not
        self.log: deque[LogLine] = deque(maxlen=LOG_LINES)
        self.logged = 0  # lines ever, also those the ring has lost
        self._chosen: dict[Stage, bool] = {}

    @property
    def ended(self) -> bool:
        """Whether the run is over."""
        return self.job is not None and self.job.status.ended

    def apply(self, job: Job, envelope: ev.Envelope, now: datetime) -> None:
        """Take in an event and the job after it."""
        changed = job.last_event_id == envelope.id
        self.job = job
        if not changed:
            return
        self.clock.feed(job, envelope, now)
        self._settle(job)
        line = _log_line(envelope.event)
        if line is not None:
            self.log.append(line)
            self.logged += 1

    def finish(self) -> None:
        """The service has no more to tell."""
        self.over = True
        self.asked = None
        self.clock.stop()

    def _settle(self, job: Job) -> None:
        happened = {
            Asked.CANCEL: job.status.ended,
            Asked.PAUSE: job.status is not JobStatus.RUNNING,
            Asked.RESUME: job.status is not JobStatus.PAUSED,
        }
        if self.asked is not None and (happened[self.asked] or job.status.ended):
            self.asked = None

    def opened(self, step: Step) -> Opened:
        """How much of a stage shows: what the person chose, else all of the one at work. A failed
        one always shows why; once the result panel tells the rest, in brief."""
        if step.status is StepStatus.FAILED:
            whole = self._chosen.get(step.stage, not self.ended)
            return Opened.WHOLE if whole else Opened.BRIEF
        at_work = step.status is StepStatus.STARTED and not self.ended
        return Opened.WHOLE if self._chosen.get(step.stage, at_work) else Opened.CLOSED

    def toggle(self, step: Step) -> None:
        """The person opens or closes a stage; that stays, whatever the stage does."""
        self._chosen[step.stage] = self.opened(step) is not Opened.WHOLE


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
