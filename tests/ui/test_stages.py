"""A stage's numbers can be read: while it works they stand for half a second."""

from __future__ import annotations

from datetime import timedelta

from aura_tui.model.events import Metrics
from aura_tui.model.job import Step
from aura_tui.model.stages import Stage
from aura_tui.model.status import StepStatus
from aura_tui.ui.widgets.stages import StageRow
from tests.ui.recordings import BEGIN


def step(fps: float | None, status: StepStatus = StepStatus.STARTED) -> Step:
    metrics = None if fps is None else Metrics(fps=fps)
    return Step(stage=Stage.RENDERING, status=status, metrics=metrics)


def fps(row: StageRow, shown: Step, after_s: float) -> float | None:
    metrics = row._readable(shown, BEGIN + timedelta(seconds=after_s)).metrics
    return None if metrics is None else metrics.fps


def test_numbers_stand_for_half_a_second_while_the_stage_works() -> None:
    row = StageRow(Stage.RENDERING)
    assert fps(row, step(None), 0.0) is None
    assert fps(row, step(100), 0.1) == 100  # the first at once
    assert fps(row, step(110), 0.2) == 100
    assert fps(row, step(120), 0.59) == 100
    assert fps(row, step(130), 0.61) == 130


def test_the_last_numbers_of_a_stage_are_exact() -> None:
    row = StageRow(Stage.RENDERING)
    assert fps(row, step(100), 0.0) == 100
    assert fps(row, step(150, StepStatus.COMPLETED), 0.1) == 150
