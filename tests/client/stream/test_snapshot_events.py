"""A snapshot told as events brings any fold to the snapshot's state, and breaks none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from aura_tui.client.stream.snapshot_events import catch_up, empty_job, implied_before
from aura_tui.model import events as ev
from aura_tui.model.reduce import fold
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from tests.model.invariants import assert_sound
from tests.model.strategies import T0, fresh_job, in_order, job_events, plausible_run

if TYPE_CHECKING:
    from aura_tui.model.job import Job

RUN = in_order(plausible_run())
STATES = [fold(fresh_job(), RUN[:i]) for i in range(len(RUN) + 1)]


def told(before: Job, now: Job) -> Job:
    """``before`` with the events that bring it to ``now``."""
    first = before.last_event_id + 1
    events = catch_up(before, now, T0)
    return fold(before, (ev.Envelope(i, event) for i, event in enumerate(events, first)))


def outline(job: Job) -> object:
    """What a person sees of a job's state."""
    steps = [(s.stage, s.status, s.percent, s.attempt, s.errors) for s in job.steps]
    return job.status, job.percent, steps, job.artifacts, job.output, job.message, job.errors


def test_from_nothing_to_every_state_of_a_run() -> None:
    for state in STATES:
        caught_up = told(empty_job(state.id), state)
        assert outline(caught_up) == outline(state)
        assert caught_up.ignored == 0


def test_from_every_state_of_a_run_to_every_later_one() -> None:
    for i, before in enumerate(STATES):
        for now in STATES[i:]:
            caught_up = told(before, now)
            assert outline(caught_up) == outline(now)
            assert caught_up.ignored == before.ignored


def test_what_is_known_already_needs_nothing() -> None:
    for state in STATES:
        assert list(catch_up(state, state, T0)) == []


@settings(deadline=None, max_examples=80)
@example(
    [
        ev.JobStatusChanged(job_id="job-1", timestamp=T0, status=JobStatus.RUNNING),
        ev.StepStatusChanged(
            job_id="job-1", timestamp=T0, step=Stage.SCRIPT, status=StepStatus.SKIPPED, attempt=0
        ),
    ],
    [],
)
@given(st.lists(job_events(), max_size=10), st.lists(job_events(), max_size=10))
def test_between_any_two_states_it_is_legal(
    some: list[ev.AnyJobEvent], more: list[ev.AnyJobEvent]
) -> None:
    before = fold(fresh_job(), in_order(some))
    now = fold(before, in_order(more, 100))
    caught_up = told(before, now)
    assert_sound(caught_up)
    assert caught_up.status is now.status
    assert caught_up.ignored == before.ignored


@settings(deadline=None, max_examples=100)
@example(
    [
        ev.StepStatusChanged(
            job_id="job-1", timestamp=T0, step=stage, phase=stage.phase, status=status, attempt=0
        )
        for stage, status in (
            (Stage.SCRIPT, StepStatus.CANCELLED),  # which nothing follows
            (Stage.VOICE, StepStatus.STARTED),
        )
    ]
)
@given(st.lists(job_events(), max_size=12))
def test_what_an_event_implies_makes_it_legal(events: list[ev.AnyJobEvent]) -> None:
    job = empty_job("job-1")
    number = 0
    for given_event in events:
        event = replace(given_event, job_id=job.id)
        for each in implied_before(job, event):
            number += 1
            ignored = job.ignored
            job = fold(job, [ev.Envelope(number, each)])
            assert job.ignored == ignored, each
        number += 1
        ignored = job.ignored
        ended = job.status.ended
        job = fold(job, [ev.Envelope(number, event)])
        if isinstance(event, (ev.JobCompleted, ev.JobFailed)) and not ended:
            assert job.ignored == ignored
            assert job.status in (JobStatus.SUCCEEDED, JobStatus.FAILED)
    assert_sound(job)
