"""The job's clock: active seconds; it ticks between events and stops in a pause.

The time between an engine that died and the one that resumed the job doesn't count: the events show
it by a second "running" status, followed by a stage that starts again. For a job that has ended the
clock shows the job's own figure, as every other view does.

Events carry the engine's time, the screen has its own. The smallest difference seen between the
two is the offset of the clocks (a larger one includes delay). So the clock is right for a remote
engine whose clock is off, and for a recording from last year.
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
    """When a stage ran, in active seconds of the job; ``ended_s`` None: it is still running."""

    began_s: float
    ended_s: float | None


class RunClock:
    """Counts active seconds from all events of one job, fed in order."""

    def __init__(self) -> None:
        self._skew: timedelta | None = None
        self._elapsed_s = 0.0
        self._since: datetime | None = None  # running, and counting from here
        self._spans: dict[Stage, Span] = {}
        self._idle_s = 0.0  # before a repeated status: not active time if the engine restarted
        self.pauses_s: deque[float] = deque(maxlen=MAX_PAUSES)  # active seconds at which each began

    @property
    def ticking(self) -> bool:
        """Whether the clock is running."""
        return self._since is not None

    @property
    def told_s(self) -> float:
        """Active seconds as of the last event."""
        return self._elapsed_s

    def start_at(self, seconds: float) -> None:
        """What is known before the job's events are there."""
        self._elapsed_s = seconds

    def feed(self, job: Job, envelope: Envelope, now: datetime) -> None:
        """Take in ``envelope``, received at ``now`` (aware UTC); ``job`` is the job after it."""
        event = envelope.event
        skew = now - event.timestamp
        self._skew = skew if self._skew is None else min(self._skew, skew)
        at = job.last_event_at or event.timestamp
        if self._since is not None:
            gap_s = max(0.0, (at - self._since).total_seconds())
            self._elapsed_s += gap_s
            if isinstance(event, JobStatusChanged):
                self._idle_s = gap_s
        # The engine's measurement is better than our sum, unless the clock would step back.
        if isinstance(event, StepProgressed):
            self._elapsed_s = max(self._elapsed_s, job.elapsed_s or 0.0)
            self._idle_s = 0.0
        if self._since is not None and job.view_status is JobStatus.PAUSED:
            self.pauses_s.append(self._elapsed_s)
        self._since = at if job.view_status is JobStatus.RUNNING else None
        if isinstance(event, StepStatusChanged):
            self._mark(event)
        if job.status.ended:  # every view shows the same number for an ended job
            self._elapsed_s = active_s(job)

    def _mark(self, event: StepStatusChanged) -> None:
        """Record the span of the stage; a reused or skipped one never started, so its span has no
        length. ``event`` must be legal."""
        if event.status is StepStatus.STARTED and (event.attempt > 1 or not self._spans):
            self._elapsed_s -= self._idle_s  # an engine died and the next one resumed the job
        self._idle_s = 0.0
        at_s = self._elapsed_s
        if event.status is StepStatus.STARTED:
            self._spans[event.step] = Span(at_s, None)
        else:
            self._spans[event.step] = Span(self._spans.get(event.step, (at_s,))[0], at_s)

    def span(self, stage: Stage) -> Span | None:
        """When ``stage`` ran; None before it started."""
        return self._spans.get(stage)

    def stop(self) -> None:
        """Stop at the last event: no more will come."""
        self._since = None

    def elapsed_s(self, now: datetime) -> float:
        """Active seconds until ``now``."""
        if self._since is None or self._skew is None:
            return self._elapsed_s
        return self._elapsed_s + max(0.0, (now - self._skew - self._since).total_seconds())

    def step_s(self, step: Step, now: datetime) -> float | None:
        """Seconds ``step`` took, or has taken so far; None before it started."""
        if step.duration_ms is not None:
            return step.duration_ms / 1000
        if step.started_at is not None and step.ended_at is not None:
            took_s = (step.ended_at - step.started_at).total_seconds()
            # A stage whose start was never reported has no length.
            instant = step.status in (StepStatus.REUSED, StepStatus.SKIPPED)
            return took_s if took_s or instant else None
        span = self._spans.get(step.stage)
        if step.status is not StepStatus.STARTED or span is None:
            return None
        return max(0.0, self.elapsed_s(now) - span.began_s)
