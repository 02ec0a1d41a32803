"""The timeline's numbers: when each stage ran, and how long it usually takes.

All times are active seconds since the job's start, without pauses: a stage that was paused for an
hour isn't slow. Pending stages are placed by their usual times.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model.job import Step
from aura_tui.model.stages import Stage
from aura_tui.model.status import StepStatus

if TYPE_CHECKING:
    from datetime import datetime

    from aura_tui.ui.state.run import RunState

# Slow: half as long again as usual, and by a noticeable time.
SLOW_FACTOR = 1.5
SLOW_BY_S = 2.0

# Ends of the axis: far enough apart that a growing job is rarely rescaled.
_ENDS_S = (
    *(10, 15, 20, 30, 40, 60, 90, 120, 180, 240, 360, 480, 600, 900, 1200, 1800, 2400),
    *(3600, 5400, 7200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400),
)
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_DAY_S = 86_400


class Lane(NamedTuple):
    """One stage. ``began_s`` None: its start is unknown. ``ended_s``: until when it ran so far, and
    ``took_s`` how long; both None: it hasn't started. (A stage that was resumed after a crash took
    longer than its last attempt, which is what is drawn.)

    ``usual_s`` None: unknown. ``pauses_s``: when it was paused, on the job's clock.
    """

    stage: Stage
    status: StepStatus
    began_s: float | None
    ended_s: float | None
    took_s: float | None
    usual_s: float | None
    pauses_s: tuple[float, ...] = ()

    @property
    def slow(self) -> bool:
        """Whether it takes, or took, clearly longer than usual."""
        return is_slow(self.took_s, self.usual_s)

    @property
    def end_s(self) -> float:
        """Where the lane ends: its time so far, or its usual time if that is longer."""
        began_s = self.began_s or 0.0
        ended_s = began_s if self.ended_s is None else self.ended_s
        usual_s = 0.0 if self.status in _INSTANT else self.usual_s or 0.0
        return max(ended_s, began_s + usual_s)


_INSTANT = (StepStatus.REUSED, StepStatus.SKIPPED)  # no work was done, nothing to compare


def is_slow(took_s: float | None, usual_s: float | None) -> bool:
    """Whether ``took_s`` is clearly longer than usual; False if either is unknown."""
    if took_s is None or usual_s is None:
        return False
    return took_s > usual_s * SLOW_FACTOR and took_s - usual_s > SLOW_BY_S


def usual_s(state: RunState, stage: Stage) -> float | None:
    """Seconds that ``stage`` usually takes for a job of this size; None if unknown."""
    return state.typical.seconds.get(stage) if state.typical is not None else None


def lanes(state: RunState, now: datetime) -> list[Lane]:
    """The five stages of ``state`` as of ``now``."""
    seen = state.seen(now)
    elapsed_s = state.clock.elapsed_s(seen)
    found: list[Lane] = []
    at_s: float | None = 0.0  # where the next stage starts
    for stage in Stage:
        step = state.job.step(stage) if state.job is not None else Step(stage=stage)
        usual = usual_s(state, stage)
        span = state.clock.span(stage)
        if span is not None:
            ended_s = elapsed_s if span.ended_s is None else span.ended_s
            held = tuple(at for at in state.clock.pauses_s if span.began_s <= at <= ended_s)
            took_s = state.clock.step_s(step, seen)
            if took_s is None:
                took_s = ended_s - span.began_s
            found.append(Lane(stage, step.status, span.began_s, ended_s, took_s, usual, held))
            at_s = ended_s if span.ended_s is not None else found[-1].end_s
            continue
        to_come = at_s is not None and usual is not None and not state.ended and not state.over
        found.append(Lane(stage, step.status, at_s if to_come else None, None, None, usual))
        at_s = at_s + usual if at_s is not None and usual is not None else None
    return found


def taken_s(state: RunState, step: Step, now: datetime) -> float | None:
    """Seconds that ``step`` took, or has taken so far by the board's data."""
    return state.clock.step_s(step, state.seen(now))


def axis_end_s(found: list[Lane]) -> int:
    """The smallest round length that holds all ``found``."""
    needed_s = max((lane.end_s for lane in found if lane.began_s is not None), default=0.0)
    for end_s in _ENDS_S:
        if needed_s <= end_s:
            return end_s
    return -int(-needed_s // _DAY_S) * _DAY_S


def tick_step_s(end_s: int, most: int) -> int:
    """Distance between the axis' ticks: a round number that divides ``end_s`` into at most ``most``
    ticks."""
    return next(
        (step for step in _STEPS_S if not end_s % step and end_s // step <= most), max(1, end_s)
    )
