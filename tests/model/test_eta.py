"""Time remaining: an honest range, or nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.model.eta import History, Work, estimate, forecast, hms, typical
from aura_tui.model.stages import Stage

WORK = Work(video_s=60, width=1280, height=720, fps=30)
EVERY = {stage: (0.1, 0.2, 0.3) for stage in Stage}
UNITS = {stage: WORK.units(stage) for stage in Stage}
RENDERING = Stage.RENDERING


def test_nothing_is_known_before_anything_was_measured() -> None:
    assert estimate({}, WORK, stage=RENDERING, percent=0, elapsed_s=0) is None
    assert estimate({}, WORK, stage=RENDERING, percent=2, elapsed_s=30) is None
    assert estimate({}, WORK, stage=RENDERING, percent=50, elapsed_s=0.5) is None


@pytest.mark.parametrize("unknown", list(Stage)[1:])
def test_a_stage_to_come_that_no_run_has_measured_makes_the_whole_unknown(unknown: Stage) -> None:
    history = {stage: rates for stage, rates in EVERY.items() if stage is not unknown}
    assert estimate(history, WORK, stage=Stage.SCRIPT, percent=50, elapsed_s=9) is None
    assert estimate(EVERY, WORK, stage=Stage.SCRIPT, percent=50, elapsed_s=9) is not None


def test_the_last_stage_is_judged_by_its_own_pace_when_there_was_no_earlier_run() -> None:
    eta = estimate({}, WORK, stage=RENDERING, percent=25, elapsed_s=10)
    assert eta is not None
    assert eta.seconds == pytest.approx(30)
    assert eta.low < 30 < eta.high
    assert eta.runs == 0


def test_a_stage_that_has_not_begun_takes_what_it_took_before() -> None:
    eta = estimate(EVERY, WORK, stage=Stage.SCRIPT, percent=0, elapsed_s=0)
    assert eta is not None
    assert eta.seconds == pytest.approx(sum(0.2 * units for units in UNITS.values()))
    assert eta.low < eta.seconds < eta.high
    assert eta.runs == 3


def test_larger_frames_take_longer_to_render() -> None:
    large = Work(video_s=60, width=1920, height=1080, fps=30)
    small_eta = estimate(EVERY, WORK, stage=RENDERING, percent=0, elapsed_s=0)
    large_eta = estimate(EVERY, large, stage=RENDERING, percent=0, elapsed_s=0)
    assert small_eta
    assert large_eta
    assert large_eta.seconds == pytest.approx(small_eta.seconds * 2.25)


def test_the_runs_are_those_of_the_least_known_stage() -> None:
    for least in (Stage.VOICE, Stage.VISUALS, RENDERING):
        history = {**EVERY, least: (0.1,)}
        eta = estimate(history, WORK, stage=Stage.VOICE, percent=10, elapsed_s=2)
        assert eta is not None
        assert eta.runs == 1


def test_what_is_there_already_costs_no_time() -> None:
    shares = {Stage.SCRIPT: 0.0, Stage.VOICE: 0.0, Stage.VISUALS: 0.25, RENDERING: 1 / 3}
    usual = {stage: 0.2 * units for stage, units in UNITS.items()}
    left = usual[Stage.VISUALS] / 4 + usual[Stage.COMPOSITION] + usual[RENDERING] / 3
    for eta in (
        estimate(EVERY, WORK, stage=Stage.SCRIPT, percent=0, elapsed_s=0, shares=shares),
        forecast(EVERY, WORK, shares),
    ):
        assert eta is not None
        assert eta.seconds == pytest.approx(left)
        assert eta.low < eta.seconds < eta.high


def test_the_pace_is_that_of_what_is_made() -> None:
    # Three quarters were there: 85 % after ten seconds means 40 % of what is made in them.
    eta = estimate({}, WORK, stage=RENDERING, percent=85, elapsed_s=10, shares={RENDERING: 0.25})
    assert eta is not None
    assert eta.seconds == pytest.approx(15)
    # Before the first new one is begun there is no pace.
    assert (
        estimate({}, WORK, stage=RENDERING, percent=75, elapsed_s=10, shares={RENDERING: 0.25})
        is None
    )


def test_a_stage_with_nothing_to_make_needs_no_measure() -> None:
    history: History = {s: rates for s, rates in EVERY.items() if s is not Stage.VOICE}
    assert forecast(history, WORK, {}) is None
    assert forecast(history, WORK, {Stage.VOICE: 0.0}) is not None
    whole = forecast({}, WORK, dict.fromkeys(Stage, 0.0))
    assert whole is not None
    assert (whole.seconds, whole.runs) == (1.0, 0)  # a moment, not nothing


def test_typical_is_the_median_of_what_was_measured() -> None:
    history = {RENDERING: (0.3, 0.1, 0.2), Stage.VOICE: (math.nan,)}
    assert typical(history, WORK) == {RENDERING: pytest.approx(0.2 * UNITS[RENDERING])}


def test_a_time_past_belief_is_unknown() -> None:
    broken = {**EVERY, RENDERING: (1e7,)}
    assert estimate(broken, WORK, stage=RENDERING, percent=0, elapsed_s=0) is None
    assert estimate({}, WORK, stage=RENDERING, percent=3, elapsed_s=1e8) is None


@given(st.floats(0.01, 1000), st.lists(st.floats(3, 100), min_size=2, max_size=20))
def test_at_a_steady_pace_the_time_left_falls(s_per_percent: float, percents: list[float]) -> None:
    before = math.inf
    for percent in sorted(percents):
        elapsed = percent * s_per_percent
        eta = estimate({}, WORK, stage=RENDERING, percent=percent, elapsed_s=elapsed)
        if eta is None:
            continue
        assert eta.seconds <= before + 1e-6
        assert eta.seconds == pytest.approx((100 - percent) * s_per_percent, abs=1e-6)
        before = eta.seconds


@given(st.floats(0.01, 1000), st.lists(st.floats(0, 100), min_size=2, max_size=20))
def test_as_usual_the_time_left_falls_from_the_first_percent(
    s_per_percent: float, percents: list[float]
) -> None:
    history = {RENDERING: (s_per_percent * 100 / UNITS[RENDERING],) * 3}
    before = math.inf
    for percent in sorted(percents):
        elapsed = percent * s_per_percent
        eta = estimate(history, WORK, stage=RENDERING, percent=percent, elapsed_s=elapsed)
        assert eta is not None
        assert eta.seconds <= before * (1 + 1e-9) + 1e-6
        before = eta.seconds


_any = st.floats() | st.floats(0, 200)
_rates = st.lists(_any, max_size=4).map(tuple)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(Stage), _rates),
    st.builds(Work, video_s=_any, width=st.integers(), height=st.integers(), fps=st.integers()),
    st.sampled_from(Stage),
    _any,
    _any,
    st.dictionaries(st.sampled_from(Stage), _any),
)
def test_no_measure_makes_nonsense(
    history: dict[Stage, tuple[float, ...]],
    work: Work,
    stage: Stage,
    percent: float,
    elapsed_s: float,
    shares: dict[Stage, float],
) -> None:
    for eta in (
        estimate(history, work, stage=stage, percent=percent, elapsed_s=elapsed_s, shares=shares),
        forecast(history, work, shares),
    ):
        if eta is not None:
            assert 0 <= eta.low <= eta.seconds <= eta.high < math.inf
            assert eta.runs >= 0
    assert all(seconds >= 0 for seconds in typical(history, work).values())


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0, "00:00:00"),
        (0.4, "00:00:00"),
        (59.5, "00:01:00"),
        (90, "00:01:30"),
        (3599.9, "01:00:00"),
        (400_000, "111:06:40"),
        (-1, ""),
        (math.nan, ""),
        (math.inf, ""),
    ],
)
def test_hms(seconds: float | None, text: str) -> None:
    assert hms(seconds) == text
