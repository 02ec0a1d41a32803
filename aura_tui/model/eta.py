"""Time remaining: an honest range, or None. Pure; the engine feeds it what it measured.

Two sources. Earlier runs on this machine give each stage's seconds per unit of work; the run
itself gives the pace of the stage at work. History leads while a stage is young, its own pace once
it has done a third. A stage to come that no run has measured makes the whole unknown: a number
from nothing would be nonsense.
"""

from __future__ import annotations

import math
import statistics
from types import MappingProxyType
from typing import TYPE_CHECKING

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


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """How much a job has to do: video length, frame size and rate. All that pace scales with."""

    video_s: float
    width: int
    height: int
    fps: int

    def units(self, stage: Stage) -> float:
        """Units of work in ``stage``; runs of other sizes compare by seconds per unit."""
        if stage is Stage.RENDERING:
            return max(0.1, self.video_s * self.fps * self.width * self.height / 1e6)
        return max(0.1, self.video_s)


# Seconds per unit of each stage in earlier runs, newest last.
History = dict[Stage, tuple[float, ...]]

# How much of a stage is still to be made, 0-1: the rest is there already. 1 where it isn't named.
Shares = dict[Stage, float]


def estimate(
    history: Mapping[Stage, Sequence[float]],
    work: Work,
    *,
    stage: Stage,
    percent: float,
    elapsed_s: float,
    shares: Mapping[Stage, float] = MappingProxyType({}),
) -> Eta | None:
    """Time to the end of the job, ``elapsed_s`` into ``stage`` at ``percent`` (0-100) of it.

    ``shares``: see :data:`Shares`. What is there already counts into ``percent`` and costs no
    time. None where it can't be told: nothing measured, or a measure that is no number.
    """
    if not (math.isfinite(percent) and math.isfinite(elapsed_s)):
        return None
    percent, elapsed_s = min(100.0, max(0.0, percent)), max(0.0, elapsed_s)
    known = _sound(history.get(stage, ()))
    share = _share(shares, stage)
    if share < 1.0:  # how far the part is that costs time
        percent = 100.0 if share == 0.0 else max(0.0, 100.0 - (100.0 - percent) / share)
    here = _here(known, work.units(stage) * share, percent, elapsed_s) if share else (0.0, 0.0, 0.0)
    if here is None:
        return None
    later = _whole(history, work, list(Stage)[stage.position + 1 :], shares)
    if later is None:
        return None
    mid, low, high = (a + b for a, b in zip(here, later[:3], strict=True))
    low, high = min(low, mid), max(high, mid)
    runs = min((n for n in (len(known), later[3]) if n), default=0)
    return Eta(seconds=mid, low=low, high=high, runs=runs) if high < _MAX_S else None


def forecast(history: Mapping[Stage, Sequence[float]], work: Work, shares: Shares) -> Eta | None:
    """What a run that hasn't begun takes, of which ``shares`` are to be made; None: not known."""
    found = _whole(history, work, list(Stage), shares)
    if found is None or not found[2] < _MAX_S:
        return None
    mid, low, high, runs = found
    # Finding what is there, and joining it, is never done in no time.
    return Eta(seconds=max(1.0, mid), low=low, high=max(1.0, high), runs=runs)


def typical(history: Mapping[Stage, Sequence[float]], work: Work) -> dict[Stage, float]:
    """The median seconds of each stage that was measured, for as much as ``work``."""
    sound = {stage: _sound(rates) for stage, rates in history.items()}
    return {s: statistics.median(rates) * work.units(s) for s, rates in sound.items() if rates}


def _whole(
    history: Mapping[Stage, Sequence[float]],
    work: Work,
    stages: Sequence[Stage],
    shares: Mapping[Stage, float],
) -> tuple[float, float, float, int] | None:
    """Likely, low and high seconds of ``stages``, and the runs of the least known of them (0:
    none has anything to do). None where one was never measured."""
    mid = low = high = 0.0
    runs = 0
    for stage in stages:
        units = work.units(stage) * _share(shares, stage)
        if not units:
            continue
        rates = _sound(history.get(stage, ()))
        if not rates:
            return None
        mid += statistics.median(rates) * units
        low += _quantile(rates, 0.2) * units
        high += _quantile(rates, 0.8) * units
        runs = min(runs, len(rates)) if runs else len(rates)
    return mid, min(low, mid), max(high, mid), runs


def _share(shares: Mapping[Stage, float], stage: Stage) -> float:
    share = shares.get(stage, 1.0)
    return min(1.0, max(0.0, share)) if math.isfinite(share) else 1.0


def _sound(rates: Sequence[float]) -> list[float]:
    return [rate for rate in rates if 0.0 <= rate < _MAX_S]


def _here(
    rates: Sequence[float], units: float, percent: float, elapsed_s: float
) -> tuple[float, float, float] | None:
    paced: float | None = None
    if percent >= _MIN_PERCENT and elapsed_s >= _MIN_ELAPSED_S:
        paced = elapsed_s * (100.0 - percent) / percent
    if not rates:
        if paced is None:
            return None
        spread = _SPREAD_START + (_SPREAD_END - _SPREAD_START) * percent / 100.0
        return paced, paced * (1 - spread), paced * (1 + spread)

    def left(rate: float) -> float:
        # Past its usual time, a stage still has what its own progress says is left.
        usual = rate * units
        return max(usual - elapsed_s, usual * (100.0 - percent) / 100.0 * 0.25)

    weight = min(1.0, percent / 33.0) if paced is not None else 0.0
    pace = paced or 0.0
    return (
        pace * weight + left(statistics.median(rates)) * (1 - weight),
        pace * weight * 0.9 + left(_quantile(rates, 0.2)) * (1 - weight),
        pace * weight * 1.1 + left(_quantile(rates, 0.8)) * (1 - weight),
    )


def _quantile(rates: Sequence[float], q: float) -> float:
    """The q-quantile by linear interpolation between order statistics."""
    ordered = sorted(rates)
    at = q * (len(ordered) - 1)
    i = int(at)
    j = min(i + 1, len(ordered) - 1)
    return ordered[i] + (ordered[j] - ordered[i]) * (at - i)


def hms(seconds: float | None) -> str:
    """``HH:MM:SS`` as the wire has it; "" for None or no length of time. Hours may exceed two
    digits."""
    if seconds is None or not 0.0 <= seconds < math.inf:
        return ""
    whole = int(seconds + 0.5)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
