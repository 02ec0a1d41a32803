"""When each stage was at work, beside what it usually takes: the timeline's numbers, undrawn.

All times are seconds at work from the run's begin, pauses left out; so a stage that a person held
for an hour is not a slow one. What is to come lies where it usually would.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model.job import Step
from aura_tui.model.stages import Stage
from aura_tui.model.status import StepStatus

if TYPE_CHECKING:
    from datetime import datetime

    from aura_tui.ui.state.run import RunState

# Slow is what a person would call so: half as long again, and not by a blink.
SLOW_FACTOR = 1.5
SLOW_BY_S = 2.0

# Where an axis may end: far enough apart that a run that grows is rarely scaled anew.
_ENDS_S = (
    *(10, 15, 20, 30, 40, 60, 90, 120, 180, 240, 360, 480, 600, 900, 1200, 1800, 2400),
    *(3600, 5400, 7200, 10_800, 14_400, 21_600, 28_800, 43_200, 86_400),
)
_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10_800, 21_600, 43_200)
_DAY_S = 86_400


class Lane(NamedTuple):
    """One stage. ``began_s`` None: where it lies can't be told. ``ended_s``: until when it was at
    work, so far; it took ``took_s``; both None: it hasn't begun. (A stage that was taken up again
    after a crash took longer than its last go, which is what is drawn.)

    ``usual_s`` None: nobody knows. ``pauses_s``: when it was held, on the run's clock.
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
        """Where the lane's ink ends: its time so far, or its usual one where that is longer."""
        began_s = self.began_s or 0.0
        ended_s = began_s if self.ended_s is None else self.ended_s
        usual_s = 0.0 if self.status in _INSTANT else self.usual_s or 0.0
        return max(ended_s, began_s + usual_s)


_INSTANT = (StepStatus.REUSED, StepStatus.SKIPPED)  # no work was done: there is nothing to compare


def is_slow(took_s: float | None, usual_s: float | None) -> bool:
    """Whether ``took_s`` is clearly longer than usual; not where either is unknown."""
    if took_s is None or usual_s is None:
        return False
    return took_s > usual_s * SLOW_FACTOR and took_s - usual_s > SLOW_BY_S


def usual_s(state: RunState, stage: Stage) -> float | None:
    """Seconds that ``stage`` usually takes for a job of this size; None where nobody knows."""
    return state.typical.seconds.get(stage) if state.typical is not None else None


def lanes(state: RunState, now: datetime) -> list[Lane]:
    """The five stages of ``state`` as of ``now``."""
    seen = state.seen(now)
    elapsed_s = state.clock.elapsed_s(seen)
    found: list[Lane] = []
    at_s: float | None = 0.0  # where the next stage begins
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
    """Seconds that ``step`` took, or has taken so far as far as the board knows."""
    return state.clock.step_s(step, state.seen(now))


def axis_end_s(found: list[Lane]) -> int:
    """The least round length that holds all ``found``."""
    needed_s = max((lane.end_s for lane in found if lane.began_s is not None), default=0.0)
    for end_s in _ENDS_S:
        if needed_s <= end_s:
            return end_s
    return -int(-needed_s // _DAY_S) * _DAY_S


def tick_step_s(end_s: int, most: int) -> int:
    """The distance of an axis' ticks: a round one that ends at ``end_s``, with ``most`` ticks at
    most."""
    return next(
        (step for step in _STEPS_S if not end_s % step and end_s // step <= most), max(1, end_s)
    )
