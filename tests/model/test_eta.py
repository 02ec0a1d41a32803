"""Time remaining: an honest range, or nothing."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.model.eta import History, Past, Work, estimate, forecast, hms, typical
from aura_tui.model.stages import Stage

WORK = Work(video_s=60, width=1280, height=720, fps=30)
RENDERING = Stage.RENDERING


def took(*seconds: float, work: Work = WORK) -> tuple[Past, ...]:
    return tuple(Past(work, s) for s in seconds)


EVERY: History = {stage: took(10, 20, 30) for stage in Stage}
TINY = Work(video_s=8, width=256, height=144, fps=10)
LARGE = Work(video_s=180, width=2560, height=1440, fps=30)


def test_nothing_is_known_before_anything_was_measured() -> None:
    assert estimate({}, WORK, stage=RENDERING, percent=0, elapsed_s=0) is None
    assert estimate({}, WORK, stage=RENDERING, percent=2, elapsed_s=30) is None
    assert estimate({}, WORK, stage=RENDERING, percent=50, elapsed_s=0.5) is None


@pytest.mark.parametrize("unknown", list(Stage)[1:])
def test_a_stage_to_come_that_no_run_has_measured_makes_the_whole_unknown(unknown: Stage) -> None:
    history = {stage: past for stage, past in EVERY.items() if stage is not unknown}
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
    assert eta.seconds == pytest.approx(5 * 20)
    assert eta.low < eta.seconds < eta.high
    assert eta.runs == 3


@pytest.mark.parametrize("times", [0.3, 0.5, 2.0, 3.9])
def test_a_run_of_like_size_tells_more_time_for_more_work_and_less_surely(times: float) -> None:
    like = Work(video_s=WORK.video_s, width=WORK.width, height=round(WORK.height * times), fps=30)
    same = estimate(EVERY, WORK, stage=RENDERING, percent=0, elapsed_s=0)
    other = estimate(EVERY, like, stage=RENDERING, percent=0, elapsed_s=0)
    assert same
    assert other
    # Between a cost that doesn't grow at all and one that grows as the work does.
    assert min(1, times) < other.seconds / same.seconds < max(1, times)
    assert other.high / other.low > same.high / same.low


@pytest.mark.parametrize(("past", "work"), [(TINY, LARGE), (LARGE, TINY)])
def test_runs_of_another_size_tell_nothing(past: Work, work: Work) -> None:
    history: History = {stage: took(0.2, 0.1, work=past) for stage in Stage}
    assert typical(history, work) == {}
    assert forecast(history, work, {}) is None
    for stage in list(Stage)[:-1]:
        assert estimate(history, work, stage=stage, percent=50, elapsed_s=9) is None
    # Then the last stage is judged by its own pace, from its first percents on.
    for percent in (3, 10, 50):
        eta = estimate(history, work, stage=RENDERING, percent=percent, elapsed_s=percent * 0.5)
        assert eta
        assert eta.seconds == pytest.approx((100 - percent) * 0.5)
        assert eta.runs == 0


def test_runs_of_the_same_size_tell_more_than_those_of_like_size() -> None:
    like = Work(video_s=WORK.video_s / 3, width=WORK.width, height=WORK.height, fps=30)
    history: History = {RENDERING: took(1, 1, 1, 1, work=like) + took(9, 11)}
    usual = typical(history, WORK)[RENDERING]
    assert usual.seconds == pytest.approx(10)
    assert usual.runs == 2
    assert typical({RENDERING: took(1, 1, 1, 1, work=like)}, WORK)[RENDERING].runs == 4


def test_few_runs_make_a_wide_range() -> None:
    widths = []
    for runs in (1, 4, 16):
        history: History = {stage: took(*[10] * runs) for stage in Stage}
        eta = forecast(history, WORK, {})
        assert eta
        assert eta.seconds == pytest.approx(50)
        assert eta.runs == runs
        if runs == 1:
            assert eta.low == pytest.approx(35)
            assert eta.high == pytest.approx(75)
        widths.append(eta.high - eta.low)
    assert widths == sorted(widths, reverse=True)
    assert len(set(widths)) == 3


def test_the_runs_are_those_of_the_least_known_stage() -> None:
    for least in (Stage.VOICE, Stage.VISUALS, RENDERING):
        history = {**EVERY, least: took(10)}
        eta = estimate(history, WORK, stage=Stage.VOICE, percent=10, elapsed_s=2)
        assert eta is not None
        assert eta.runs == 1


def test_what_is_there_already_costs_no_time() -> None:
    shares = {Stage.SCRIPT: 0.0, Stage.VOICE: 0.0, Stage.VISUALS: 0.25, RENDERING: 1 / 3}
    left = 20 / 4 + 20 + 20 / 3
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
    history: History = {s: past for s, past in EVERY.items() if s is not Stage.VOICE}
    assert forecast(history, WORK, {}) is None
    assert forecast(history, WORK, {Stage.VOICE: 0.0}) is not None
    whole = forecast({}, WORK, dict.fromkeys(Stage, 0.0))
    assert whole is not None
    assert (whole.seconds, whole.runs) == (1.0, 0)  # a moment, not nothing


def test_typical_is_the_median_of_what_was_measured() -> None:
    history: History = {RENDERING: took(30, 10, 20), Stage.VOICE: took(math.nan)}
    found = typical(history, WORK)
    assert found.keys() == {RENDERING}
    assert found[RENDERING].seconds == pytest.approx(20)
    assert found[RENDERING].runs == 3


def test_a_time_past_belief_is_unknown() -> None:
    broken = {**EVERY, RENDERING: took(9e7)}
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
    history: History = {RENDERING: took(s_per_percent * 100) * 3}
    before = math.inf
    for percent in sorted(percents):
        elapsed = percent * s_per_percent
        eta = estimate(history, WORK, stage=RENDERING, percent=percent, elapsed_s=elapsed)
        assert eta is not None
        assert eta.seconds <= before * (1 + 1e-9) + 1e-6
        before = eta.seconds


_any = st.floats() | st.floats(0, 200)
_work = st.builds(
    Work, video_s=_any, width=st.integers(), height=st.integers(), fps=st.integers()
) | st.just(WORK)
_past = st.lists(st.builds(Past, _work, _any), max_size=4).map(tuple)


@settings(deadline=None)
@given(
    st.dictionaries(st.sampled_from(Stage), _past),
    _work,
    st.sampled_from(Stage),
    _any,
    _any,
    st.dictionaries(st.sampled_from(Stage), _any),
)
def test_no_measure_makes_nonsense(
    history: History,
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
    for usual in typical(history, work).values():
        assert 0 <= usual.low <= usual.seconds <= usual.high < math.inf
        assert usual.runs > 0


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
