"""How numbers are said."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from aura_tui.format import words
from aura_tui.model.events import Metrics, StepProgressed
from aura_tui.model.job import Eta, Step
from aura_tui.model.stages import Stage


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-3, "0:00"), (7.99, "0:07"), (727, "12:07"), (3723, "1:02:03"), (1e12, "999:59:59")],
)
def test_a_duration_is_never_rounded_up(seconds: float, text: str) -> None:
    assert words.duration(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 KB"),
        (999_400, "999 KB"),
        (999_600, "1.0 MB"),
        (6_104_332, "6.1 MB"),
        (150_000_000, "150 MB"),
        (3_200_000_000, "3.2 GB"),
        (5_000_000_000_000, "5.0 TB"),
    ],
)
def test_sizes_are_decimal_and_short(count: int, text: str) -> None:
    assert words.size(count) == text


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0, 0, "under 10 s"),
        (4, 9.9, "under 10 s"),
        (2, 30, "under 30 s"),
        (36, 49, "35-50 s"),
        (55, 55, "about 55 s"),
        (240, 360, "4-6 min"),
        (20, 170, "under 3 min"),
        (300, 300, "about 5 min"),
        (5400, 7100, "1.5-2 h"),
        (7200, 7200, "about 2 h"),
        (1, 1e12, "days"),
    ],
)
def test_time_left_is_a_range_worth_its_guess(low: float, high: float, text: str) -> None:
    assert words.time_left(Eta(seconds=(low + high) / 2, low=low, high=high)) == text


def test_an_unknown_time_left_is_unknown_not_0() -> None:
    assert words.time_left(None) == "unknown"


@pytest.mark.parametrize(
    ("runs", "text"),
    [
        (0, "based on current speed"),
        (1, "based on 1 similar job"),
        (14, "based on 14 similar jobs"),
    ],
)
def test_a_range_says_its_basis(runs: int, text: str) -> None:
    assert words.basis(Eta(seconds=1, low=1, high=1, runs=runs)) == text


def test_what_a_step_is_at_is_not_said_twice() -> None:
    step = Step(stage=Stage.VOICE, item=3, total=8, message="Scene 3 of 8", detail="espeak")
    assert words.current(step) == "scene 3 of 8  espeak"


def test_items_that_make_no_sense_are_bounded_or_left_out() -> None:
    assert words.item(Step(stage=Stage.VOICE, item=9, total=8)) == "scene 8 of 8"
    assert words.item(Step(stage=Stage.VOICE, item=1, total=0)) == ""
    assert words.item(Step(stage=Stage.VOICE, item=None, total=8)) == ""


def test_metrics_name_only_what_was_measured() -> None:
    assert words.metrics(None) == []
    assert words.metrics(Metrics(reused=3, provider="es\npeak")) == ["es peak", "3 reused"]
    full = Metrics(fps=143.2, speed=4.8, size_bytes=2_200_000, projected_bytes=6_100_000, made=2)
    assert words.metrics(full) == ["143 fps", "2.2 MB of ~6.1 MB", " 4.8x speed", "2 new"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "0 s"),
        (40.9, "40 s"),
        (119, "119 s"),
        (120, "2 min"),
        (7199, "119 min"),
        (7200, "2 h"),
        (172799, "47 h"),
        (172800, "2 d"),
    ],
)
def test_how_long_something_has_lasted_is_one_unit_never_rounded_up(
    seconds: float, text: str
) -> None:
    assert words.lasting(seconds) == text


@pytest.mark.parametrize(("seconds", "text"), [(0.02, "<1 s"), (1, "0:01"), (9.9, "0:09")])
def test_a_usual_time_is_never_no_time(seconds: float, text: str) -> None:
    assert words.usual(seconds) == text


def progressed(message: str, detail: str, **more: Any) -> StepProgressed:
    return StepProgressed(
        job_id="1",
        correlation_id="",
        timestamp=datetime(2026, 3, 14, tzinfo=UTC),
        step=Stage.VOICE,
        message=message,
        substage_detail=detail,
        current_item=3,
        total_items=8,
        **more,
    )


def test_what_was_told_of_an_item_leaves_its_number_out() -> None:
    assert words.describe_item(progressed("Scene 3 of 8", "Three steps")) == "Three steps"
    assert words.describe_item(progressed("Encoding scene 3 of 8", "frame 9")) == "frame 9"
    assert words.describe_item(progressed("Speaking\x1b[1m", "")) == "Speaking"
    assert (
        words.describe_item(progressed("Speaking scene 3", "Three steps", done_items=5))
        == "Three steps"
    )
    assert (
        words.describe_item(progressed("Speaking scene 3", "", done_items=5)) == "Speaking scene 3"
    )


@pytest.mark.parametrize(
    ("active", "text"),
    [
        ((), "5 of 11 scenes done"),
        ((3,), "5 of 11 scenes done; now scene 3"),
        ((3, 8), "5 of 11 scenes done; now scenes 3 and 8"),
        ((3, 5, 7, 8), "5 of 11 scenes done; now scenes 3, 5, 7 and 8"),
        ((3, 5, 7, 8, 9, 11), "5 of 11 scenes done; now scenes 3, 5, 7, 8 and 2 more"),
    ],
)
def test_scenes_done_in_any_order_are_counted_and_those_at_work_named(
    active: tuple[int, ...], text: str
) -> None:
    step = Step(stage=Stage.RENDERING, item=8, total=11, done=5, active=active, message="Encoding")
    assert words.current(step) == f"{text}  Encoding"
    assert words.item(step) == "5 of 11 scenes done"
    assert words.activity(step) == "  ".join([*text.split("; now ")[1:], "Encoding"])
