"""The stages' parts of a job that nothing was measured for yet."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_tui.model.eta import Work
from aura_tui.model.prior import likely_seconds, part_of_rest, prior_seconds
from aura_tui.model.stages import Stage

BUILT_IN = {Stage.SCRIPT: "outline", Stage.VOICE: "espeak", Stage.VISUALS: "cards"}
NETWORK = {Stage.SCRIPT: "llm", Stage.VOICE: "openai", Stage.VISUALS: "openai"}
SIZES = {"360p": (640, 360), "720p": (1280, 720), "1080p": (1920, 1080)}

sides = st.integers(128, 3840)
works = st.builds(
    Work, video_s=st.floats(5, 3600), width=sides, height=sides, fps=st.integers(5, 60)
)
providers = st.fixed_dictionaries(
    {},
    optional={
        Stage.SCRIPT: st.sampled_from(["outline", "llm", "none such"]),
        Stage.VOICE: st.sampled_from(["espeak", "piper", "openai"]),
        Stage.VISUALS: st.sampled_from(["cards", "folder", "openai"]),
    },
)
seconds = st.floats(allow_nan=True, allow_infinity=True)
measures = st.dictionaries(st.sampled_from(Stage), seconds)


def of(length_s: float, size: str, by: dict[Stage, str] = BUILT_IN) -> dict[Stage, float]:
    width, height = SIZES[size]
    found = prior_seconds(Work(video_s=length_s, width=width, height=height, fps=30), by)
    return parts(found)


def parts(found: dict[Stage, float]) -> dict[Stage, float]:
    total = sum(found.values())
    return {stage: 100 * s / total for stage, s in found.items()}


def test_the_parts_are_near_those_that_were_measured() -> None:
    for length_s, size, measured in (
        (10, "360p", (5.3, 15.7, 19.7, 1.8, 57.5)),
        (10, "720p", (1.7, 4.6, 7.1, 0.5, 86.1)),
        (10, "1080p", (0.7, 2.7, 8.2, 0.5, 87.9)),
        (30, "720p", (1.3, 9.6, 4.0, 0.3, 84.8)),
        (60, "360p", (1.7, 18.3, 8.1, 1.3, 70.6)),
        (60, "720p", (0.4, 5.0, 3.7, 0.3, 90.6)),
        (60, "1080p", (0.4, 3.0, 3.0, 0.3, 93.3)),
        (180, "360p", (0.5, 12.3, 4.0, 0.9, 82.2)),
    ):
        for part, percent in zip(of(length_s, size).values(), measured, strict=True):
            assert part == pytest.approx(percent, abs=12), (length_s, size)
    slides = parts(prior_seconds(Work(video_s=2793, width=128, height=128, fps=5), BUILT_IN))
    assert slides[Stage.RENDERING] == pytest.approx(50, abs=15)
    assert slides[Stage.VOICE] == pytest.approx(43, abs=15)


def test_rendering_takes_more_of_larger_frames_and_less_beside_a_network_provider() -> None:
    for length_s in (10, 60, 600):
        rendering = [of(length_s, size)[Stage.RENDERING] for size in SIZES]
        assert rendering == sorted(set(rendering))
        assert of(length_s, "720p", NETWORK)[Stage.RENDERING] < rendering[1]


@given(work=works, by=providers, measured=measures)
def test_each_stage_has_a_part_and_the_percent_rises_to_100(
    work: Work, by: dict[Stage, str], measured: dict[Stage, float]
) -> None:
    likely = likely_seconds(measured, prior_seconds(work, by))
    percent = 0.0
    for stage in Stage:
        part = part_of_rest(likely, stage, {})
        assert 0.0 < part <= 1.0
        percent += (100.0 - percent) * part
    assert percent == pytest.approx(100.0)


def test_a_stage_that_was_not_measured_takes_its_part_of_the_others_time() -> None:
    prior = prior_seconds(Work(video_s=60, width=1280, height=720, fps=30), BUILT_IN)
    slow: dict[Stage, float] = {
        stage: 3 * s for stage, s in prior.items() if stage is not Stage.RENDERING
    }
    assert likely_seconds(slow, prior) == pytest.approx({s: 3 * t for s, t in prior.items()})
    assert likely_seconds({}, prior) == prior


def test_what_is_finished_takes_no_part() -> None:
    times = dict(zip(Stage, (1.0, 2.0, 3.0, 4.0, 10.0), strict=True))
    assert part_of_rest(times, Stage.SCRIPT, {}) == pytest.approx(1 / 20)
    assert part_of_rest(times, Stage.VISUALS, {Stage.VISUALS: 0.5}) == pytest.approx(1.5 / 15.5)
    assert part_of_rest(times, Stage.VOICE, {Stage.VOICE: 0.0}) == 0
    assert part_of_rest(times, Stage.RENDERING, dict.fromkeys(Stage, 0.0)) == 1
    assert part_of_rest(times, Stage.VOICE, {Stage.VOICE: math.nan}) == pytest.approx(2 / 19)
