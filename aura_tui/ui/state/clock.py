"""The clock of a run: seconds at work, ticking between events, standing still in a pause.

Between an engine that died and the one that took the job up nobody was at work: a status that says
"running" of a running job, then a stage that starts again, tell of it. What is known of a run that
has ended is what its job says, here as in every other view.

Events carry the engine's time, the screen has its own. The smallest difference seen between the
two is how far apart the clocks are (any larger one was also delay): so a remote engine whose
clock is off, and a recording of last year, both tick right.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.format.words import active_s
from aura_tui.model.events import JobStatusChanged, StepProgressed, StepStatusChanged
from aura_tui.model.status import JobStatus, StepStatus

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job, Step
    from aura_tui.model.stages import Stage


MAX_PAUSES = 100


class Span(NamedTuple):
    """When a stage was at work, in the run's seconds at work; ``ended_s`` None: it still is."""

    began_s: float
    ended_s: float | None


class RunClock:
    """Fed with every event of one job, in order."""

    def __init__(self) -> None:
        self._skew: timedelta | None = None
        self._elapsed_s = 0.0
        self._since: datetime | None = None  # running, and counting from here
        self._spans: dict[Stage, Span] = {}
        self._idle_s = 0.0  # before a status that said nothing new: no work, if the engine is anew
        self.pauses_s: deque[float] = deque(maxlen=MAX_PAUSES)  # each at so many seconds at work

    @property
    def ticking(self) -> bool:
        """Whether time at work passes now."""
        return self._since is not None

    @property
    def told_s(self) -> float:
        """Seconds at work as of the last event."""
        return self._elapsed_s

    def feed(self, job: Job, envelope: Envelope, now: datetime) -> None:
        """``job`` is the job after ``envelope``, which came ``now`` (aware UTC)."""
        event = envelope.event
        skew = now - event.timestamp
        self._skew = skew if self._skew is None else min(self._skew, skew)
        at = job.last_event_at or event.timestamp
        if self._since is not None:
            gap_s = max(0.0, (at - self._since).total_seconds())
            self._elapsed_s += gap_s
            if isinstance(event, JobStatusChanged):
                self._idle_s = gap_s
        # What the engine measured is better than what we add up, unless it would step back.
        if isinstance(event, StepProgressed):
            self._elapsed_s = max(self._elapsed_s, job.elapsed_s or 0.0)
            self._idle_s = 0.0
        if self._since is not None and job.status is JobStatus.PAUSED:
            self.pauses_s.append(self._elapsed_s)
        self._since = at if job.status is JobStatus.RUNNING else None
        if isinstance(event, StepStatusChanged):
            self._mark(event)
        if job.status.ended:  # the same number wherever an ended job is told of
            self._elapsed_s = active_s(job)

    def _mark(self, event: StepStatusChanged) -> None:
        """``event`` was legal. A stage that was reused or skipped never began: it has a moment."""
        if event.status is StepStatus.STARTED and (event.attempt > 1 or not self._spans):
            self._elapsed_s -= self._idle_s  # an engine died, and the next one took the job up
        self._idle_s = 0.0
        at_s = self._elapsed_s
        if event.status is StepStatus.STARTED:
            self._spans[event.step] = Span(at_s, None)
        else:
            self._spans[event.step] = Span(self._spans.get(event.step, (at_s,))[0], at_s)

    def span(self, stage: Stage) -> Span | None:
        """When ``stage`` was at work; None before it began."""
        return self._spans.get(stage)

    def stop(self) -> None:
        """Nothing more will come; stand still at the last event."""
        self._since = None

    def elapsed_s(self, now: datetime) -> float:
        """Seconds at work until ``now``."""
        if self._since is None or self._skew is None:
            return self._elapsed_s
        return self._elapsed_s + max(0.0, (now - self._skew - self._since).total_seconds())

    def step_s(self, step: Step, now: datetime) -> float | None:
        """Seconds ``step`` took, or has taken so far; None before it began."""
        if step.duration_ms is not None:
            return step.duration_ms / 1000
        if step.started_at is not None and step.ended_at is not None:
            took_s = (step.ended_at - step.started_at).total_seconds()
            # A stage of which only its end was told has begun and ended in one moment.
            instant = step.status in (StepStatus.REUSED, StepStatus.SKIPPED)
            return took_s if took_s or instant else None
        span = self._spans.get(step.stage)
        if step.status is not StepStatus.STARTED or span is None:
            return None
        return max(0.0, self.elapsed_s(now) - span.began_s)
