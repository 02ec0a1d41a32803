"""The run's clock ticks while work is done, stands still in a pause, and never steps back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aura_tui.model.reduce import fold, reduce
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.ui.clock import RunClock
from tests.ui.recordings import BEGIN, Tape, start, success


def fed(tape: Tape, skew: timedelta = timedelta(), delay: timedelta = timedelta()) -> RunClock:
    """A clock that saw the tape; our time is ``skew`` ahead, the first event came late."""
    clock, job = RunClock(), tape.job
    for n, envelope in enumerate(tape.envelopes):
        job = reduce(job, envelope)
        late = delay if n == 0 else timedelta()
        clock.feed(job, envelope, envelope.event.timestamp + skew + late)
    return clock


def test_it_ticks_between_events() -> None:
    tape = Tape()
    start(tape)
    clock = fed(tape)
    assert clock.ticking
    assert clock.elapsed_s(tape.now + timedelta(seconds=42)) == pytest.approx(42)


@pytest.mark.parametrize("skew", [timedelta(days=-400), timedelta(hours=3), timedelta(days=9000)])
def test_clocks_that_are_apart_don_t_matter(skew: timedelta) -> None:
    tape = Tape()
    start(tape)
    clock = fed(tape, skew, delay=timedelta(seconds=30))
    assert clock.elapsed_s(tape.now + skew + timedelta(seconds=5)) == pytest.approx(5)


def test_it_stands_still_in_a_pause_and_goes_on_after_it() -> None:
    tape = Tape()
    start(tape)
    tape.wait(10)
    tape.status(JobStatus.PAUSED)
    clock = fed(tape)
    assert not clock.ticking
    assert clock.elapsed_s(tape.now + timedelta(hours=1)) == pytest.approx(10)
    tape.wait(3600)
    tape.status(JobStatus.RUNNING)
    tape.wait(5)
    tape.progress(Stage.SCRIPT, 10)
    assert fed(tape).elapsed_s(tape.now) == pytest.approx(15)


def test_it_never_steps_back_when_an_event_says_less() -> None:
    tape = Tape()
    start(tape)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    tape.wait(10)
    tape.active_s = 2
    tape.progress(Stage.SCRIPT, 10)
    assert fed(tape).elapsed_s(tape.now) == pytest.approx(10)


def test_it_takes_over_what_the_engine_measured() -> None:
    tape = Tape()
    start(tape)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    tape.active_s = 500  # before a crash, of which no event tells the length
    tape.progress(Stage.SCRIPT, 10)
    assert fed(tape).elapsed_s(tape.now) == pytest.approx(500)


def test_it_stops_with_the_run() -> None:
    tape = success()
    clock = fed(tape)
    assert not clock.ticking
    took = (tape.now - BEGIN).total_seconds()
    assert clock.elapsed_s(tape.now + timedelta(days=1)) == pytest.approx(took, abs=0.3)


def test_a_step_has_its_own_time() -> None:
    tape = Tape()
    start(tape)
    tape.wait(3)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    tape.wait(4)
    tape.progress(Stage.SCRIPT, 50)
    clock, job = RunClock(), tape.job
    for envelope in tape.envelopes:
        job = reduce(job, envelope)
        clock.feed(job, envelope, envelope.event.timestamp)
    now = tape.now + timedelta(seconds=1)
    assert clock.step_s(job.step(Stage.SCRIPT), now) == pytest.approx(5)
    assert clock.step_s(job.step(Stage.VOICE), now) is None


def test_a_step_that_was_cut_short_took_what_it_took() -> None:
    tape = Tape()
    start(tape)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    tape.wait(4)
    tape.step(Stage.SCRIPT, StepStatus.CANCELLED)
    job = fold(tape.job, tape.envelopes)
    assert RunClock().step_s(job.step(Stage.SCRIPT), tape.now) == pytest.approx(4)


def test_it_remembers_when_each_stage_was_at_work_pauses_left_out() -> None:
    tape = Tape()
    start(tape)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    tape.wait(4)
    tape.status(JobStatus.PAUSED)
    tape.wait(100)
    tape.status(JobStatus.RUNNING)
    tape.wait(1)
    tape.step(Stage.SCRIPT, StepStatus.COMPLETED)
    tape.step(Stage.VOICE, StepStatus.REUSED)
    tape.step(Stage.VISUALS, StepStatus.STARTED)
    clock = fed(tape)
    assert [clock.span(stage) for stage in list(Stage)[:4]] == [(0, 5), (5, 5), (5, None), None]
    assert [*clock.pauses_s] == [4]
