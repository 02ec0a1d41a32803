"""Time remaining: an honest range, or None. Pure; the engine feeds it what it measured.

Two sources. Earlier runs on this machine tell what each stage took, where they had about as much
to do; the run itself gives the pace of the stage at work. History leads while a stage is young,
its own pace once it has done a third. A stage to come that no run like this has measured makes
the whole unknown: a number from nothing would be nonsense.
"""

from __future__ import annotations

import math
import statistics
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from aura_tui.model.job import Eta
from aura_tui.model.stages import Stage

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

# A pace is believed after this much of a stage: before, one slow first item rules it.
_MIN_PERCENT = 3.0
_MIN_ELAPSED_S = 1.0
# Where no earlier run is known, the range around a pace: wide at the start, narrow at the end.
_SPREAD_START, _SPREAD_END = 0.4, 0.1
_MAX_S = 1e8  # three years: a measure past it is broken
# Runs of nearly the same size tell the most; past the larger factor they tell nothing.
_NEAR, _LIKE = 1.5, 4.0
# A part of every stage's cost doesn't grow with its work: the time of N times as much work grows
# as N to the power of these. Rendering four times as much took 2.3 to 2.7 times as long.
_GROWTH_LOW, _GROWTH, _GROWTH_HIGH = 0.5, 0.75, 1.0
# What one earlier run tells, downwards and upwards; more of them tell it better.
_ONE_LOW, _ONE_HIGH = 0.3, 0.5


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """How much a job has to do: video length, frame size and rate. All that pace scales with."""

    video_s: float
    width: int
    height: int
    fps: int

    def units(self, stage: Stage) -> float:
        """Units of work in ``stage``: by them, runs of other sizes are told to be like it."""
        if stage is Stage.RENDERING:
            return max(0.1, self.video_s * self.fps * self.width * self.height / 1e6)
        return max(0.1, self.video_s)


class Past(NamedTuple):
    """What a stage took in an earlier run, and how much that run had to do."""

    work: Work
    seconds: float


# What each stage took in earlier runs, newest last.
History = dict[Stage, tuple[Past, ...]]


class Usual(NamedTuple):
    """Likely, low and high seconds of a stage, judged from so many ``runs``."""

    seconds: float
    low: float
    high: float
    runs: int


# How much of a stage is still to be made, 0-1: the rest is there already. 1 where it isn't named.
Shares = dict[Stage, float]


def estimate(
    history: Mapping[Stage, Sequence[Past]],
    work: Work,
    *,
    stage: Stage,
    percent: float,
    elapsed_s: float,
    shares: Mapping[Stage, float] = MappingProxyType({}),
) -> Eta | None:
    """Time to the end of the job, ``elapsed_s`` into ``stage`` at ``percent`` (0-100) of it.

    ``shares``: see :data:`Shares`. What is there already counts into ``percent`` and costs no
    time. None where it can't be told: nothing like it measured, or a measure that is no number.
    """
    if not (math.isfinite(percent) and math.isfinite(elapsed_s)):
        return None
    percent, elapsed_s = min(100.0, max(0.0, percent)), max(0.0, elapsed_s)
    known = _usual(history, work, stage)
    share = _share(shares, stage)
    if share < 1.0:  # how far the part is that costs time
        percent = 100.0 if share == 0.0 else max(0.0, 100.0 - (100.0 - percent) / share)
    here = _here(known, share, percent, elapsed_s) if share else (0.0, 0.0, 0.0)
    if here is None:
        return None
    later = _whole(history, work, list(Stage)[stage.position + 1 :], shares)
    if later is None:
        return None
    mid, low, high = (a + b for a, b in zip(here, later[:3], strict=True))
    low, high = min(low, mid), max(high, mid)
    runs = min((n for n in (known.runs if known else 0, later[3]) if n), default=0)
    return Eta(seconds=mid, low=low, high=high, runs=runs) if high < _MAX_S else None


def forecast(history: Mapping[Stage, Sequence[Past]], work: Work, shares: Shares) -> Eta | None:
    """What a run that hasn't begun takes, of which ``shares`` are to be made; None: not known."""
    found = _whole(history, work, list(Stage), shares)
    if found is None or not found[2] < _MAX_S:
        return None
    mid, low, high, runs = found
    # Finding what is there, and joining it, is never done in no time.
    return Eta(seconds=max(1.0, mid), low=low, high=max(1.0, high), runs=runs)


def part(
    history: Mapping[Stage, Sequence[Past]], work: Work, stage: Stage, shares: Shares
) -> float | None:
    """Of the time from the begin of ``stage`` to the job's end, the part (0-1) that is its own.
    None where that isn't known, or nothing is left to do."""
    here = _whole(history, work, [stage], shares)
    later = _whole(history, work, list(Stage)[stage.position + 1 :], shares)
    if here is None or later is None:
        return None
    return here[0] / whole if 0 < (whole := here[0] + later[0]) < _MAX_S else None


def typical(history: Mapping[Stage, Sequence[Past]], work: Work) -> dict[Stage, Usual]:
    """What each stage takes for as much as ``work``; those that no run like it measured aside."""
    found = {stage: _usual(history, work, stage) for stage in history}
    return {stage: usual for stage, usual in found.items() if usual is not None}


def _whole(
    history: Mapping[Stage, Sequence[Past]],
    work: Work,
    stages: Sequence[Stage],
    shares: Mapping[Stage, float],
) -> tuple[float, float, float, int] | None:
    """Likely, low and high seconds of ``stages``, and the runs of the least known of them (0:
    none has anything to do). None where no run like this has measured one."""
    mid = low = high = 0.0
    runs = 0
    for stage in stages:
        share = _share(shares, stage)
        if not share:
            continue
        usual = _usual(history, work, stage)
        if usual is None:
            return None
        mid += usual.seconds * share
        low += usual.low * share
        high += usual.high * share
        runs = min(runs, usual.runs) if runs else usual.runs
    return mid, min(low, mid), max(high, mid), runs


def _share(shares: Mapping[Stage, float], stage: Stage) -> float:
    share = shares.get(stage, 1.0)
    return min(1.0, max(0.0, share)) if math.isfinite(share) else 1.0


def _usual(history: Mapping[Stage, Sequence[Past]], work: Work, stage: Stage) -> Usual | None:
    """From the earlier runs most like ``work``; None where none is like it."""
    units = work.units(stage)
    like = [
        (units / past.work.units(stage), past.seconds)
        for past in history.get(stage, ())
        if 0.0 <= past.seconds < _MAX_S
    ]
    for factor in (_NEAR, _LIKE):
        if found := [(times, s) for times, s in like if 1 / factor <= times <= factor]:
            break
    else:
        return None
    mid = statistics.median(s * times**_GROWTH for times, s in found)
    lows, highs = (
        [s * most(times**_GROWTH_LOW, times**_GROWTH_HIGH) for times, s in found]
        for most in (min, max)
    )
    few = math.sqrt(len(found))
    return Usual(
        seconds=mid,
        low=min(_quantile(lows, 0.2), mid * (1 - _ONE_LOW / few)),
        high=max(_quantile(highs, 0.8), mid * (1 + _ONE_HIGH / few)),
        runs=len(found),
    )


def _here(
    known: Usual | None, share: float, percent: float, elapsed_s: float
) -> tuple[float, float, float] | None:
    paced: float | None = None
    if percent >= _MIN_PERCENT and elapsed_s >= _MIN_ELAPSED_S:
        paced = elapsed_s * (100.0 - percent) / percent
    if known is None:
        if paced is None:
            return None
        spread = _SPREAD_START + (_SPREAD_END - _SPREAD_START) * percent / 100.0
        return paced, paced * (1 - spread), paced * (1 + spread)

    def left(usual: float) -> float:
        # Past its usual time, a stage still has what its own progress says is left.
        usual *= share
        return max(usual - elapsed_s, usual * (100.0 - percent) / 100.0 * 0.25)

    weight = min(1.0, percent / 33.0) if paced is not None else 0.0
    pace = paced or 0.0
    return (
        pace * weight + left(known.seconds) * (1 - weight),
        pace * weight * 0.9 + left(known.low) * (1 - weight),
        pace * weight * 1.1 + left(known.high) * (1 - weight),
    )


def _quantile(values: Sequence[float], q: float) -> float:
    """The q-quantile by linear interpolation between order statistics."""
    ordered = sorted(values)
    at = q * (len(ordered) - 1)
    i = int(at)
    j = min(i + 1, len(ordered) - 1)
    return ordered[i] + (ordered[j] - ordered[i]) * (at - i)


def clock(seconds: float) -> str:
    """``0:07``, ``12:07``, ``1:02:03``; never rounded up."""
    whole = int(max(0.0, min(seconds, 3_599_999.0)))
    hours, minutes, rest = whole // 3600, whole // 60 % 60, whole % 60
    return f"{hours}:{minutes:02d}:{rest:02d}" if hours else f"{minutes}:{rest:02d}"


def hms(seconds: float | None) -> str:
    """``HH:MM:SS`` as the wire has it; "" for None or no length of time. Hours may exceed two
    digits."""
    if seconds is None or not 0.0 <= seconds < math.inf:
        return ""
    whole = int(seconds + 0.5)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
