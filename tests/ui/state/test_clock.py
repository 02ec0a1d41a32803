"""The run's clock ticks while work is done, stands still in a pause, and never steps back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from aura_tui.format.words import active_s
from aura_tui.model import events as ev
from aura_tui.model.reduce import fold, reduce
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.ui.state.clock import RunClock
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


def taken_up_again(dead_s: float) -> Tape:
    """Killed ten seconds into Voice, and gone on with after ``dead_s``."""
    tape = Tape()
    start(tape)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    tape.wait(2)
    tape.step(Stage.SCRIPT, StepStatus.COMPLETED, 2)
    tape.step(Stage.VOICE, StepStatus.STARTED)
    tape.wait(10)
    tape.progress(Stage.VOICE, 40)
    tape.now += timedelta(seconds=dead_s)
    tape.status(JobStatus.RUNNING, Stage.SCRIPT)
    tape.log("Taken up again")
    tape.tell(
        ev.StepStatusChanged,
        step=Stage.SCRIPT,
        phase=Stage.SCRIPT.phase,
        status=StepStatus.STARTED,
        attempt=2,
    )
    tape.wait(1)
    tape.progress(Stage.SCRIPT, 40)
    return tape


def test_the_time_between_two_engines_is_no_work() -> None:
    tape = taken_up_again(dead_s=3600)
    assert fed(tape).elapsed_s(tape.now) == pytest.approx(13)


def test_a_status_that_is_only_repeated_takes_no_time_away() -> None:
    tape = Tape()
    start(tape)
    tape.step(Stage.SCRIPT, StepStatus.STARTED)
    for _ in range(10):
        tape.wait(3)
        tape.status(JobStatus.RUNNING, Stage.SCRIPT)
    tape.step(Stage.SCRIPT, StepStatus.COMPLETED, 30)
    tape.step(Stage.VOICE, StepStatus.STARTED)
    assert fed(tape).elapsed_s(tape.now) == pytest.approx(30)


def test_at_the_end_it_tells_what_every_other_view_tells() -> None:
    tape = taken_up_again(dead_s=3600)
    tape.wait(5)
    tape.tell(ev.JobCancelled, stage=Stage.SCRIPT)
    job = fold(tape.job, tape.envelopes)
    assert fed(tape).elapsed_s(tape.now) == pytest.approx(active_s(job)) == pytest.approx(13)


def test_a_run_that_nobody_measured_took_from_its_begin_to_its_end() -> None:
    tape = Tape()
    start(tape)
    tape.wait(7)
    tape.tell(ev.JobCancelled)
    assert active_s(fold(tape.job, tape.envelopes)) == pytest.approx(7)


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
