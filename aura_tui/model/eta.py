"""Estimates the time remaining as a range, or None. Pure; the engine supplies the measurements.

There are two sources: how long each stage took in similar jobs on this machine, and the current
speed of the running stage. History dominates while a stage is young, the current speed once a
third of it is done. If no similar job has measured a later stage, there is no estimate at all.
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

# The current speed counts only after this much of a stage: earlier, one slow first item skews it.
_MIN_PERCENT = 3.0
_MIN_ELAPSED_S = 1.0
# Without history, the range around the current speed: wide at the start, narrow at the end.
_SPREAD_START, _SPREAD_END = 0.4, 0.1
_MAX_S = 1e8  # three years: a longer measurement is broken
# Size ratios: up to the first, earlier jobs predict best; beyond the second, they are ignored.
_NEAR, _LIKE = 1.5, 4.0
# Every stage has a fixed cost, so N times as much work takes N to the power of these times as
# long. Rendering four times as much took 2.3 to 2.7 times as long.
_GROWTH_LOW, _GROWTH, _GROWTH_HIGH = 0.5, 0.75, 1.0
# Relative range below and above an estimate from one earlier job; it narrows with more of them.
_ONE_LOW, _ONE_HIGH = 0.3, 0.5


class Work(msgspec.Struct, frozen=True, kw_only=True):
    """The size of a job, which its duration scales with: video length, frame size, frame rate."""

    video_s: float
    width: int
    height: int
    fps: int

    def units(self, stage: Stage) -> float:
        """The amount of work in ``stage``, to compare jobs by: megapixels for Rendering, seconds
        of video for the others."""
        if stage is Stage.RENDERING:
            return max(0.1, self.video_s * self.fps * self.width * self.height / 1e6)
        return max(0.1, self.video_s)


class Past(NamedTuple):
    """How long a stage took in an earlier job, and the size of that job."""

    work: Work
    seconds: float


# The durations of each stage in earlier jobs, newest last.
History = dict[Stage, tuple[Past, ...]]


class Usual(NamedTuple):
    """Likely, low and high seconds of a stage, based on this many ``runs``."""

    seconds: float
    low: float
    high: float
    runs: int


# The share of a stage that is not yet finished, 0-1; 1 for a stage that is missing here.
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
    """Estimate the time to the end of the job, ``elapsed_s`` into ``stage`` at ``percent`` (0-100).

    ``shares``: see :data:`Shares`. Reused work counts towards ``percent`` and costs no time.
    None if no similar job was measured, or if ``percent`` or ``elapsed_s`` isn't finite.
    """
    if not (math.isfinite(percent) and math.isfinite(elapsed_s)):
        return None
    percent, elapsed_s = min(100.0, max(0.0, percent)), max(0.0, elapsed_s)
    known = _usual(history, work, stage)
    share = _share(shares, stage)
    if share < 1.0:  # percent of the part that isn't reused
        percent = 100.0 if share == 0.0 else max(0.0, 100.0 - (100.0 - percent) / share)
    current = _current_stage(known, share, percent, elapsed_s) if share else (0.0, 0.0, 0.0)
    if current is None:
        return None
    later = _total(history, work, list(Stage)[stage.position + 1 :], shares)
    if later is None:
        return None
    mid, low, high = (a + b for a, b in zip(current, later[:3], strict=True))
    low, high = min(low, mid), max(high, mid)
    runs = min((n for n in (known.runs if known else 0, later[3]) if n), default=0)
    return Eta(seconds=mid, low=low, high=high, runs=runs) if high < _MAX_S else None


def forecast(history: Mapping[Stage, Sequence[Past]], work: Work, shares: Shares) -> Eta | None:
    """Estimate a job before it starts; ``shares`` of its stages are unfinished. None: unknown."""
    found = _total(history, work, list(Stage), shares)
    if found is None or not found[2] < _MAX_S:
        return None
    mid, low, high, runs = found
    # At least 1 s: even a job that reuses everything has to find and join it.
    return Eta(seconds=max(1.0, mid), low=low, high=max(1.0, high), runs=runs)


def typical(history: Mapping[Stage, Sequence[Past]], work: Work) -> dict[Stage, Usual]:
    """How long each stage usually takes for this much ``work``; stages without similar jobs in
    ``history`` are left out."""
    found = {stage: _usual(history, work, stage) for stage in history}
    return {stage: usual for stage, usual in found.items() if usual is not None}


def _total(
    history: Mapping[Stage, Sequence[Past]],
    work: Work,
    stages: Sequence[Stage],
    shares: Mapping[Stage, float],
) -> tuple[float, float, float, int] | None:
    """Likely, low and high seconds of ``stages``, and how many jobs the least known of them is
    based on (0: nothing to do in any). None if one of them has no similar job in ``history``."""
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
    """The usual duration, based on the earlier jobs closest in size to ``work``; None: no similar
    job."""
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


def _current_stage(
    known: Usual | None, share: float, percent: float, elapsed_s: float
) -> tuple[float, float, float] | None:
    """Likely, low and high seconds left in the running stage; None: unknown."""
    paced: float | None = None
    if percent >= _MIN_PERCENT and elapsed_s >= _MIN_ELAPSED_S:
        paced = elapsed_s * (100.0 - percent) / percent
    if known is None:
        if paced is None:
            return None
        spread = _SPREAD_START + (_SPREAD_END - _SPREAD_START) * percent / 100.0
        return paced, paced * (1 - spread), paced * (1 + spread)

    def left(usual: float) -> float:
        # Beyond its usual time, a stage still has a quarter of its unfinished percent left.
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
    """``HH:MM:SS`` as on the wire; "" for None, a negative or a non-finite number. Hours may
    exceed two digits."""
    if seconds is None or not 0.0 <= seconds < math.inf:
        return ""
    whole = int(seconds + 0.5)
    return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"
