"""Events are sound from the moment they are made, whatever they are made of."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings

from aura_tui.model import events as ev
from aura_tui.model.stages import Stage, parse_stage
from aura_tui.model.status import JobStatus, StepStatus, parse_status, parse_step_status
from tests.model.strategies import JOB_ID, T0, job_events


def progressed(**fields: object) -> ev.StepProgressed:
    return ev.StepProgressed(job_id=JOB_ID, timestamp=T0, step=Stage.SCRIPT, **fields)  # type: ignore[arg-type]  # each test gives the fields it is about


def texts_of(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, tuple):
        return [text for item in value for text in texts_of(item)]
    fields = getattr(value, "__struct_fields__", ())
    return [text for name in fields for text in texts_of(getattr(value, name))]


@settings(deadline=None, max_examples=200)
@given(job_events())
def test_every_text_of_an_event_can_be_shown_and_written(event: ev.AnyJobEvent) -> None:
    for text in texts_of(event):
        assert len(text) <= ev.MAX_MESSAGE_CHARS
        assert not any(c < " " and c not in "\t\n" for c in text)
        assert not any("\x7f" <= c <= "\x9f" or "\ud800" <= c <= "\udfff" for c in text)
    assert event.timestamp.tzinfo is UTC


def test_percents_lie_within_0_and_100() -> None:
    for given_, kept in ((-5.0, 0), (250.0, 100), (math.nan, 0), (math.inf, 100), (-math.inf, 0)):
        event = progressed(progress_pct=given_, percent=given_)
        assert (event.progress_pct, event.percent) == (kept, kept)


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf, -1.0, 1e13])
def test_a_number_out_of_range_is_unknown(number: float) -> None:
    event = progressed(
        elapsed_seconds=number, eta_seconds=number, metrics=ev.Metrics(fps=number, speed=number)
    )
    assert (event.elapsed_seconds, event.eta_seconds) == (None, None)
    assert event.metrics == ev.Metrics()


@pytest.mark.parametrize("number", [-1, 1 << 60, 10**400])
def test_a_count_out_of_range_is_unknown(number: int) -> None:
    event = progressed(current_item=number, total_items=number, eta_runs=number)
    assert (event.current_item, event.total_items, event.eta_runs) == (None, None, None)
    assert ev.Artifact(name="n", path="p", size_bytes=number).size_bytes == 0


def test_times_become_utc() -> None:
    def made(at: datetime) -> datetime:
        return ev.Warned(job_id=JOB_ID, timestamp=at, message="m").timestamp

    east = timezone(timedelta(hours=2))
    assert made(datetime(2026, 1, 1, 12, tzinfo=east)) == datetime(2026, 1, 1, 10, tzinfo=UTC)
    naive = datetime(2026, 1, 1, 12, tzinfo=UTC).replace(tzinfo=None)
    assert made(naive) == datetime(2026, 1, 1, 12, tzinfo=UTC)
    assert made(datetime.min.replace(tzinfo=east)).tzinfo is UTC
    assert made(datetime.max.replace(tzinfo=timezone(-timedelta(hours=2)))).tzinfo is UTC


def test_an_event_says_its_steps_phase() -> None:
    assert progressed().phase == "plan"
    assert progressed(phase="own").phase == "own"


def test_a_terminal_event_says_the_status_of_its_name() -> None:
    wrong = JobStatus.RUNNING
    completed = ev.JobCompleted(job_id=JOB_ID, timestamp=T0, status=wrong)
    failed = ev.JobFailed(job_id=JOB_ID, timestamp=T0, status=wrong)
    cancelled = ev.JobCancelled(job_id=JOB_ID, timestamp=T0, status=wrong)
    assert [e.status for e in (completed, failed, cancelled)] == [
        JobStatus.SUCCEEDED,
        JobStatus.FAILED,
        JobStatus.CANCELED,
    ]


def test_lists_are_bounded_by_items_and_by_characters() -> None:
    small = tuple(ev.Artifact(name=str(i), path="p") for i in range(500))
    assert len(ev.JobCompleted(job_id=JOB_ID, timestamp=T0, artifacts=small).artifacts) == 200
    large = tuple(ev.Problem(code="E", message="m" * 4000) for _ in range(500))
    failed = ev.JobFailed(
        job_id=JOB_ID, timestamp=T0, errors=large, logs=("l" * 9000,) * 500, suggested_actions=()
    )
    for items in (failed.errors, failed.logs):
        assert 1 < len(items) < 20
        assert sum(len(text) for text in texts_of(items)) <= ev.MAX_LIST_CHARS


def test_stages_share_the_whole_without_a_gap() -> None:
    edges = [(stage.start_percent, stage.end_percent) for stage in Stage]
    assert edges == [(0, 15), (15, 35), (35, 65), (65, 85), (85, 100)]
    assert [stage.position for stage in Stage] == [0, 1, 2, 3, 4]
    assert [s.phase for s in Stage] == ["plan", "tts", "visuals", "compose", "render"]
    assert Stage.VISUALS.overall_percent(50) == 50
    for beyond in (-5, math.nan, -math.inf):
        assert Stage.VISUALS.overall_percent(beyond) == 35
    assert Stage.VISUALS.overall_percent(1e9) == 65


STAGE_WORDS = {
    Stage.SCRIPT: "Script Initialization Queued Planning Plan Brief",
    Stage.VOICE: "TTS Voice Audio",
    Stage.VISUALS: "Visuals Images Assets",
    Stage.COMPOSITION: "Composition Timeline Compose",
    Stage.RENDERING: "Rendering Render Encode Complete",
}
STATUS_WORDS = {
    JobStatus.QUEUED: "Queued Pending",
    JobStatus.RUNNING: "Running InProgress in_progress IN-PROGRESS",
    JobStatus.PAUSED: "Paused",
    JobStatus.SUCCEEDED: "Succeeded Done Completed Success",
    JobStatus.FAILED: "Failed Error",
    JobStatus.CANCELED: "Canceled Cancelled",
}
STEP_WORDS = {
    StepStatus.PENDING: "pending",
    StepStatus.STARTED: "started running",
    StepStatus.COMPLETED: "completed succeeded done",
    StepStatus.FAILED: "failed",
    StepStatus.SKIPPED: "skipped",
    StepStatus.REUSED: "reused cached",
    StepStatus.CANCELLED: "cancelled canceled",
}


def spellings(words: str) -> list[str]:
    return [form for w in words.split() for form in (w, w.lower(), w.upper(), f" {w}\n")]


@pytest.mark.parametrize("stage", Stage)
def test_every_spelling_of_a_stage_is_understood(stage: Stage) -> None:
    assert {parse_stage(text) for text in spellings(STAGE_WORDS[stage])} == {stage}


@pytest.mark.parametrize("status", JobStatus)
def test_every_spelling_of_a_job_status_is_understood(status: JobStatus) -> None:
    assert {parse_status(text) for text in spellings(STATUS_WORDS[status])} == {status}


@pytest.mark.parametrize("status", StepStatus)
def test_every_spelling_of_a_step_status_is_understood(status: StepStatus) -> None:
    assert {parse_step_status(text) for text in spellings(STEP_WORDS[status])} == {status}


@pytest.mark.parametrize("text", ["", " ", "nonsense", "x" * 10**6, "Scr\0ipt", "\ud800"])
def test_what_means_nothing_is_none(text: str) -> None:
    assert (parse_stage(text), parse_status(text), parse_step_status(text)) == (None, None, None)
