"""One test a cell of both transition tables, the illegal ones too; then each rule of the fold."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from aura_tui.model import events as ev
from aura_tui.model.job import LOG_TAIL, MAX_WARNINGS, Job
from aura_tui.model.reduce import fold, reduce
from aura_tui.model.stages import Stage
from aura_tui.model.status import STEP_TRANSITIONS, TRANSITIONS, JobStatus, StepStatus
from tests.model.invariants import ENDED, LEGAL
from tests.model.strategies import JOB_ID, T0, fresh_job, in_order

if TYPE_CHECKING:
    from datetime import datetime

S = StepStatus
J = JobStatus


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def status(value: JobStatus, seconds: float = 1, **fields: object) -> ev.AnyJobEvent:
    """The event that brings a job to ``value``."""
    ends: dict[JobStatus, type[ev.AnyJobEvent]] = {
        J.SUCCEEDED: ev.JobCompleted,
        J.FAILED: ev.JobFailed,
        J.CANCELED: ev.JobCancelled,
    }
    if value in ends:
        return ends[value](job_id=JOB_ID, timestamp=at(seconds), **fields)  # type: ignore[arg-type]  # each test gives the fields of its own event
    return ev.JobStatusChanged(job_id=JOB_ID, timestamp=at(seconds), status=value, **fields)  # type: ignore[arg-type]  # as above


def step(
    value: StepStatus,
    *,
    stage: Stage = Stage.VOICE,
    attempt: int = 1,
    seconds: float = 2,
    percent: float | None = None,
) -> ev.StepStatusChanged:
    return ev.StepStatusChanged(
        job_id=JOB_ID,
        timestamp=at(seconds),
        step=stage,
        status=value,
        attempt=attempt,
        percent=percent,
    )


def progress(
    pct: float, *, stage: Stage = Stage.VOICE, seconds: float = 3, **fields: object
) -> ev.StepProgressed:
    fields.setdefault("percent", stage.overall_percent(pct))
    return ev.StepProgressed(
        job_id=JOB_ID,
        timestamp=at(seconds),
        step=stage,
        progress_pct=pct,
        **fields,  # type: ignore[arg-type]  # each test gives the fields it is about
    )


def after(*events: ev.AnyJobEvent) -> Job:
    return fold(fresh_job(), in_order(list(events)))


def then(job: Job, event: ev.AnyJobEvent) -> Job:
    return reduce(job, ev.Envelope(job.last_event_id + 1, event))


def is_ignored(before: Job, now: Job) -> bool:
    return now == replace(before, ignored=before.ignored + 1)


TO_JOB: dict[JobStatus, tuple[ev.AnyJobEvent, ...]] = {
    J.QUEUED: (),
    J.RUNNING: (status(J.RUNNING),),
    J.PAUSED: (status(J.RUNNING), status(J.PAUSED)),
    J.SUCCEEDED: (status(J.RUNNING), status(J.SUCCEEDED)),
    J.FAILED: (status(J.RUNNING), status(J.FAILED)),
    J.CANCELED: (status(J.CANCELED),),
}
TO_STEP: dict[StepStatus, tuple[ev.AnyJobEvent, ...]] = {
    S.PENDING: (),
    S.STARTED: (step(S.STARTED),),
    S.COMPLETED: (step(S.STARTED), step(S.COMPLETED)),
    S.FAILED: (step(S.STARTED), step(S.FAILED)),
    S.SKIPPED: (step(S.SKIPPED),),
    S.REUSED: (step(S.REUSED),),
    S.CANCELLED: (step(S.STARTED), step(S.CANCELLED)),
}
LEGAL_STEPS = {
    *product([S.PENDING], [S.STARTED, S.REUSED, S.SKIPPED, S.CANCELLED]),
    *product([S.STARTED], [S.STARTED, S.COMPLETED, S.FAILED, S.REUSED, S.CANCELLED]),
    (S.COMPLETED, S.STARTED),
    (S.REUSED, S.STARTED),
    (S.FAILED, S.STARTED),
}


@pytest.mark.parametrize(("old", "new"), [*product(JobStatus, JobStatus)])
def test_each_cell_of_the_job_table(old: JobStatus, new: JobStatus) -> None:
    job = after(*TO_JOB[old])
    assert job.status is old
    now = then(job, status(new, 9))
    if (old, new) in LEGAL or (old is new and old not in ENDED):
        assert now.status is new
        assert now.ignored == 0
    else:
        assert is_ignored(job, now)


@pytest.mark.parametrize(("old", "new"), [*product(StepStatus, StepStatus)])
def test_each_cell_of_the_step_table(old: StepStatus, new: StepStatus) -> None:
    job = after(status(J.RUNNING), *TO_STEP[old])
    assert job.step(Stage.VOICE).status is old
    now = then(job, step(new, attempt=2))
    if (old, new) in LEGAL_STEPS:
        assert now.step(Stage.VOICE).status is new
        assert now.ignored == 0
    else:
        assert is_ignored(job, now)


def test_the_tables_are_whole() -> None:
    assert {(a, b) for a, to in TRANSITIONS.items() for b in to} == LEGAL
    assert {(a, b) for a, to in STEP_TRANSITIONS.items() for b in to} == LEGAL_STEPS
    assert set(TRANSITIONS) == set(JobStatus)
    assert set(STEP_TRANSITIONS) == set(StepStatus)


@pytest.mark.parametrize("end", ENDED)
def test_an_ended_job_takes_no_event_of_any_kind(end: JobStatus) -> None:
    job = after(*TO_JOB[end])
    common = {"job_id": JOB_ID, "timestamp": at(99)}
    for event in (
        *(status(s) for s in JobStatus),
        *(step(s, attempt=9) for s in StepStatus),
        progress(99),
        ev.StepErred(**common, step=Stage.VOICE, code="E300", message="m"),  # type: ignore[arg-type]  # a dict of both fields' types
        ev.JobLogged(**common, message="late"),  # type: ignore[arg-type]  # as above
        ev.Warned(**common, message="late"),  # type: ignore[arg-type]  # as above
        ev.ArtifactMade(**common, name="n", path="p"),  # type: ignore[arg-type]  # as above
    ):
        assert is_ignored(job, then(job, event))


@pytest.mark.parametrize("end", ENDED)
def test_a_status_event_alone_never_ends_a_job(end: JobStatus) -> None:
    job = after(status(J.RUNNING))
    event = ev.JobStatusChanged(job_id=JOB_ID, timestamp=at(2), status=end)
    assert is_ignored(job, then(job, event))


def test_older_repeated_and_foreign_events_are_only_counted() -> None:
    job = after(status(J.RUNNING), step(S.STARTED))
    log = ev.JobLogged(job_id=JOB_ID, timestamp=at(5), message="m")
    for event_id in (job.last_event_id, job.last_event_id - 1, 0, -1):
        assert is_ignored(job, reduce(job, ev.Envelope(event_id, log)))
    assert is_ignored(job, then(job, replace(log, job_id="another")))


def test_a_queued_job_has_no_steps_at_work() -> None:
    job = fresh_job()
    erred = ev.StepErred(job_id=JOB_ID, timestamp=at(1), step=Stage.VOICE, code="E", message="m")
    for event in (step(S.STARTED), progress(10), erred):
        assert is_ignored(job, then(job, event))


def test_progress_never_falls() -> None:
    job = after(status(J.RUNNING), step(S.STARTED), progress(80))
    assert job.percent == pytest.approx(31)
    job = then(job, progress(20, message="again"))
    assert job.step(Stage.VOICE).percent == 80
    assert job.percent == pytest.approx(31)
    assert job.step(Stage.VOICE).message == "again"
    assert then(job, status(J.RUNNING, percent=1.0)).percent == job.percent


def test_neither_elapsed_time_nor_attempts_fall() -> None:
    job = after(status(J.RUNNING), step(S.STARTED, attempt=3), progress(10, elapsed_seconds=60.0))
    assert job.elapsed_s == 60
    for less in (59.0, None):
        assert then(job, progress(20, elapsed_seconds=less)).elapsed_s == 60
    assert then(job, step(S.COMPLETED, attempt=1)).step(Stage.VOICE).attempt == 3


def test_how_far_the_job_is_events_say_themselves_or_else_the_stages_shares() -> None:
    job = after(status(J.RUNNING), step(S.STARTED, percent=2.0))
    assert job.percent == 2
    assert (job := then(job, progress(50, percent=9.0))).percent == 9
    assert then(job, step(S.COMPLETED)).percent == Stage.VOICE.end_percent
    assert (job := then(job, step(S.COMPLETED, percent=11.0))).percent == 11
    assert then(job, step(S.STARTED, stage=Stage.VISUALS, percent=3.0)).percent == 11
    assert then(job, step(S.STARTED, stage=Stage.VISUALS)).percent == Stage.VISUALS.start_percent


def test_progress_counts_only_for_a_started_step() -> None:
    job = after(status(J.RUNNING), step(S.STARTED), step(S.COMPLETED))
    assert is_ignored(job, then(job, progress(50)))
    assert is_ignored(job, then(job, progress(50, stage=Stage.SCRIPT)))


def test_a_finished_or_reused_step_is_at_100_and_takes_the_job_along() -> None:
    for end in (S.COMPLETED, S.REUSED):
        job = after(status(J.RUNNING), step(S.STARTED), step(end))
        assert job.step(Stage.VOICE).percent == 100
        assert job.percent == Stage.VOICE.end_percent
    job = after(status(J.RUNNING), step(S.STARTED), progress(50), step(S.FAILED))
    assert job.step(Stage.VOICE).percent == 50


def test_a_step_starts_again_only_with_a_higher_attempt() -> None:
    job = after(status(J.RUNNING), step(S.STARTED), progress(70))
    assert is_ignored(job, then(job, step(S.STARTED, attempt=1)))
    assert is_ignored(job, then(job, step(S.STARTED, attempt=0)))
    again = then(job, step(S.STARTED, attempt=2, seconds=60))
    assert again.step(Stage.VOICE).attempt == 2
    assert again.step(Stage.VOICE).percent == 0
    assert again.step(Stage.VOICE).started_at == at(60)
    assert again.percent == job.percent


def test_a_step_keeps_its_warnings_when_it_starts_again() -> None:
    warned = ev.Warned(job_id=JOB_ID, timestamp=at(3), message="slow", step=Stage.VOICE)
    job = after(status(J.RUNNING), step(S.STARTED), warned, step(S.STARTED, attempt=2))
    assert job.step(Stage.VOICE).warnings == ("slow",)
    assert job.warnings == ("slow",)


def test_the_stage_at_work_never_goes_back() -> None:
    job = after(status(J.RUNNING), step(S.STARTED, stage=Stage.VISUALS))
    assert job.stage is Stage.VISUALS
    job = then(job, step(S.STARTED, stage=Stage.SCRIPT))
    assert job.stage is Stage.VISUALS
    assert then(job, status(J.RUNNING, stage=Stage.SCRIPT)).stage is Stage.VISUALS
    assert then(job, status(J.RUNNING, stage=Stage.RENDERING)).stage is Stage.RENDERING


def test_times_stay_in_order_when_the_clock_steps_back() -> None:
    job = after(
        status(J.RUNNING, -3600),
        step(S.STARTED, seconds=-7200),
        step(S.COMPLETED, seconds=-9000),
        status(J.SUCCEEDED, -10_000),
    )
    voice = job.step(Stage.VOICE)
    times = (job.created_at, job.queued_at, job.started_at, voice.started_at, voice.ended_at)
    assert set(times) == {T0}
    assert job.ended_at == T0


def test_a_job_ends_no_earlier_than_its_last_event() -> None:
    log = ev.JobLogged(job_id=JOB_ID, timestamp=at(500), message="m")
    assert after(status(J.RUNNING), log, status(J.FAILED, 10)).ended_at == at(500)


def test_the_start_is_when_it_first_ran() -> None:
    job = after(status(J.RUNNING, 5), status(J.PAUSED, 6), status(J.RUNNING, 7))
    assert job.started_at == at(5)


def test_a_snapshot_without_its_start_still_folds() -> None:
    job = replace(fresh_job(), status=J.RUNNING)  # a remote's, whose list leaves it out
    assert then(job, step(S.STARTED)).step(Stage.VOICE).status is S.STARTED
    assert then(job, status(J.SUCCEEDED)).status is J.SUCCEEDED


def test_the_logs_tail_is_bounded() -> None:
    lines = [ev.JobLogged(job_id=JOB_ID, timestamp=T0, message=f"line {i}") for i in range(25)]
    assert after(*lines).log == tuple(f"line {i}" for i in range(25 - LOG_TAIL, 25))


def test_warnings_and_errors_are_bounded() -> None:
    events: list[ev.AnyJobEvent] = [status(J.RUNNING)]
    for i in range(MAX_WARNINGS + 5):
        events += [
            ev.Warned(job_id=JOB_ID, timestamp=T0, message=f"w{i}", step=Stage.VOICE),
            ev.StepErred(job_id=JOB_ID, timestamp=T0, step=Stage.VOICE, code="E", message=f"e{i}"),
        ]
    job = after(*events)
    voice = job.step(Stage.VOICE)
    assert len(job.warnings) == len(voice.warnings) == len(voice.errors) == MAX_WARNINGS
    assert voice.errors[-1].message == f"e{MAX_WARNINGS + 4}"


def test_artifacts_are_one_a_name_the_newest() -> None:
    def made(name: str, path: str) -> ev.ArtifactMade:
        return ev.ArtifactMade(job_id=JOB_ID, timestamp=T0, name=name, path=path)

    job = after(status(J.RUNNING), made("a", "1"), made("b", "2"), made("a", "3"))
    assert [(a.name, a.path) for a in job.artifacts] == [("a", "3"), ("b", "2")]
    kept = ev.Artifact(name="c", path="4")
    job = then(job, status(J.CANCELED, artifacts=(kept,)))
    assert [a.name for a in job.artifacts] == ["a", "b", "c"]


def test_the_eta_is_a_range_and_goes_when_the_job_pauses_or_ends() -> None:
    job = after(
        status(J.RUNNING),
        step(S.STARTED),
        progress(50, eta_seconds=30.0, eta_low_seconds=40.0, eta_high_seconds=20.0, eta_runs=3),
    )
    assert job.eta is not None
    assert (job.eta.low, job.eta.seconds, job.eta.high, job.eta.runs) == (30, 30, 30, 3)
    assert then(job, progress(60)).eta is None
    paused = then(job, status(J.PAUSED))
    assert paused.eta is None
    assert then(paused, progress(60, eta_seconds=9.0)).eta is None
    assert then(job, status(J.SUCCEEDED)).eta is None


def test_a_completed_job_says_what_it_was_for() -> None:
    job = after(status(J.RUNNING), status(J.SUCCEEDED, output_path="/o/v.mp4"))
    assert job.output == ev.Output(video_path="/o/v.mp4")
    assert job.percent == 100


def test_a_failed_job_says_why_and_what_to_do() -> None:
    problem = ev.Problem(code="E602", message="FFmpeg failed", remediation="Look at the log.")
    job = after(
        status(J.RUNNING),
        status(
            J.FAILED,
            stage=Stage.RENDERING,
            error_message="FFmpeg failed",
            errors=(problem,),
            logs=tuple(map(str, range(12))),
            log_path="/l",
            suggested_actions=("Retry",),
        ),
    )
    assert (job.message, job.errors, job.stage) == ("FFmpeg failed", (problem,), Stage.RENDERING)
    assert job.log == tuple(map(str, range(2, 12)))
    assert (job.log_path, job.suggested_actions) == ("/l", ("Retry",))


def test_an_interrupted_job_keeps_its_status_until_another_status_event_or_its_end() -> None:
    for value in (J.QUEUED, J.RUNNING):
        job = after(*TO_JOB[value], status(value, interrupted=True))
        assert (job.status, job.interrupted, job.active) == (value, True, False)
        assert (job.word, job.view_status) == ("interrupted", J.PAUSED)
        for event in (status(value), status(J.CANCELED)):
            assert not then(job, event).interrupted
    running = after(status(J.RUNNING), step(S.STARTED), progress(10, eta_seconds=5.0))
    assert running.eta is not None
    job = then(running, status(J.RUNNING, seconds=4, interrupted=True))
    assert job.eta is None
    assert then(job, progress(20, seconds=5, eta_seconds=5.0)).eta is None
    for end in (J.SUCCEEDED, J.FAILED):
        assert not then(job, status(end, seconds=5)).interrupted
    assert not then(job, status(J.PAUSED, seconds=5, interrupted=True)).interrupted
