"""Answers read back: ours field for field, other servers' as far as they tell."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.model import events as ev
from aura_tui.model.job import Eta, Job
from aura_tui.model.job_settings import JobSettings
from aura_tui.model.reduce import fold
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.service import JobPage, PlannedStep, QueueState, RetryPlan, Typical
from aura_tui.wire import decode, encode
from tests.model.strategies import T0, fresh_job, in_order, job_events, plausible_run


@settings(deadline=None, max_examples=100)
@given(st.lists(job_events(), max_size=12))
def test_a_job_of_ours_reads_back_equal(events: list[ev.AnyJobEvent]) -> None:
    job = fold(fresh_job(), (ev.Envelope(i, event) for i, event in enumerate(events, 1)))
    assert decode.read_job(encode.encode(encode.job_payload(job))) == job


def test_every_state_of_a_run_reads_back_equal() -> None:
    job = fresh_job()
    for envelope in in_order(plausible_run()):
        job = fold(job, [envelope])
        assert decode.read_job(encode.encode(encode.job_payload(job))) == job


FULL = JobSettings(
    brief_name="notes.md",
    brief_bytes=1200,
    brief_words=210,
    target_seconds=90.0,
    resolution="1280x720",
    aspect="16:9",
    fps=25,
    quality=80,
    video_bitrate_k=2000,
    audio_bitrate_k=128,
    burned_captions=True,
    motion=False,
    fresh=True,
    voice="de",
    rate=1.1,
    pitch=0.9,
    pause=0.5,
    language="de",
    theme="paper",
    script="llm",
    speech="piper",
    visuals="folder",
    output_folder="/two  blanks",
)


def test_settings_read_back_equal_and_those_of_others_as_far_as_they_are_right() -> None:
    for given_settings in (FULL, JobSettings(), None):
        job = msgspec.structs.replace(fresh_job(), settings=given_settings)
        assert decode.read_job(encode.encode(encode.job_payload(job))) == job
    defaults = msgspec.to_builtins(JobSettings())
    assert all(msgspec.to_builtins(FULL)[name] != value for name, value in defaults.items())
    other = {
        "FPS": "25",
        "target_seconds": "00:01:30",
        "voice": "a\x1b[31mb" + "c" * 9000,
        "pause": -4,
        "rate": 1e999,
        "briefBytes": -1,
        "motion": "maybe",
        "theme": ["x"],
        "unknown": 1,
    }
    found = read(jobId="1", status="Running", settings=other).settings
    assert found is not None
    assert (found.fps, found.target_seconds, found.pause, found.rate) == (25, 90.0, None, 1.0)
    assert (found.brief_bytes, found.motion, found.theme) == (0, True, "")
    assert found.voice.isprintable()
    assert len(found.voice) <= 500
    assert read(jobId="1", status="Running", settings="none").settings is None
    assert read(jobId="1", status="Running").settings is None  # an older server


def test_what_belongs_to_jobs_reads_back_equal() -> None:
    page = JobPage((fresh_job(),), "7")
    assert decode.read_page(encode.encode(encode.page_payload(page))) == page
    queue = QueueState(queued=2, running=1, paused=0, waiting=("a", "b"))
    assert decode.read_queue(encode.encode(encode.queue_payload(queue))) == queue
    typical = Typical(3, {Stage.VOICE: 1.5, Stage.RENDERING: 20.0})
    assert decode.read_typical(encode.encode(encode.typical_payload(typical))) == typical
    plan = RetryPlan(
        (
            PlannedStep(stage=Stage.SCRIPT, reused=1, total=1),
            PlannedStep(stage=Stage.VOICE, reused=0, total=None),
        ),
        Eta(seconds=9.0, low=8.0, high=12.0, runs=2),
    )
    assert decode.read_retry_plan(encode.encode(encode.retry_plan_payload(plan))) == plan
    made = (ev.Artifact(name="two  blanks.mp4", path="/a  b/c", size_bytes=3),)
    assert decode.read_artifacts(encode.encode(encode.ArtifactsPayload(artifacts=made))) == made


def read(**fields: object) -> Job:
    job = decode.read_job(json.dumps(fields).encode())
    assert job is not None
    return job


def test_a_job_of_another_server_is_read_by_what_it_tells() -> None:
    job = read(
        Id="42",
        State="InProgress",
        CurrentStage="Audio",
        Progress=25,
        StartedUtc="2026-01-02T03:04:05",
        EstimatedSecondsRemaining=30,
    )
    assert (job.id, job.status, job.stage) == ("42", JobStatus.RUNNING, Stage.VOICE)
    assert (job.percent, job.started_at, job.created_at) == (25, T0, T0)
    assert job.eta == Eta(seconds=30, low=30, high=30)
    assert job.last_event_id == 0
    assert job.step(Stage.SCRIPT).status is StepStatus.COMPLETED
    assert job.step(Stage.VOICE).status is StepStatus.STARTED
    assert job.step(Stage.VOICE).percent is None  # its stages may have other shares than ours
    assert job.step(Stage.VISUALS).status is StepStatus.PENDING


def test_an_ended_job_of_another_server_is_whole() -> None:
    done = read(jobId="1", status="Done", stage="Complete", outputPath="/v.mp4")
    assert (done.status, done.percent) == (JobStatus.SUCCEEDED, 100)
    assert done.output == ev.Output(video_path="/v.mp4")
    assert all(step.status is StepStatus.COMPLETED for step in done.steps)
    failed = read(jobId="1", status="error", stage="Render", percent=90, errorMessage="why")
    assert (failed.status, failed.message) == (JobStatus.FAILED, "why")
    assert failed.errors == (ev.Problem(code="", message="why"),)
    assert failed.step(Stage.RENDERING).status is StepStatus.FAILED


def test_steps_of_another_server_are_folded() -> None:
    job = read(
        id="1",
        status="running",
        stages=[
            {"stage": "Planning", "state": "done"},
            {"name": "Images", "status": "running", "progress": "40", "durationMs": -1},
            {"name": "?"},
            7,
        ],
    )
    assert job.step(Stage.SCRIPT).percent == 100
    assert (job.step(Stage.VISUALS).status, job.step(Stage.VISUALS).percent) == (
        StepStatus.STARTED,
        40,
    )
    assert job.step(Stage.VISUALS).duration_ms is None


@pytest.mark.parametrize(
    "listed", ['[{"id":"1","status":"Running"}]', '{"Items":[{"id":"1","status":"Running"}]}']
)
def test_a_list_of_another_server_is_a_page(listed: str) -> None:
    page = decode.read_page(listed.encode())
    assert page is not None
    assert [job.id for job in page.jobs] == ["1"]
    assert page.cursor is None


@pytest.mark.parametrize(
    ("body", "detail", "field"),
    [
        ({"detail": "d", "field": "brief"}, "d", ""),
        ({"title": "Not Found", "status": 404, "traceId": "t"}, "Not Found", ""),
        ({"error": "d"}, "d", ""),
        ({"error": {"code": "E1", "message": "d"}}, "d", ""),
        ({"message": "d", "errors": {"Brief": ["too short"]}}, "d", "Brief"),
        ({"detail": "d", "errors": [{"field": "fps", "detail": "x"}]}, "d", "fps"),
    ],
)
def test_problems_of_all_shapes_are_read(body: dict[str, object], detail: str, field: str) -> None:
    problem = decode.read_problem(json.dumps(body).encode(), 404)
    assert problem is not None
    assert problem.detail == detail
    assert problem.status == 404
    assert [each.field for each in problem.errors] == ([field] if field else [])


def test_control_characters_never_get_through() -> None:
    job = read(
        id="a\x1b[31m",
        status="Failed",
        title="t\x1b]0;x\x07",
        message="m\x00",
        warnings=["w\x9b1m"],
    )
    assert (job.id, job.title, job.message, job.warnings) == ("a", "t", "m", ("w",))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                (
                    "jobId",
                    "status",
                    "steps",
                    "name",
                    "percent",
                    "createdAt",
                    "errors",
                    "jobs",
                    "eta",
                )
            )
            | st.text(max_size=4),
            inner,
            max_size=6,
        )
    ),
    max_leaves=20,
)
READERS = (
    decode.read_job,
    decode.read_page,
    decode.read_artifacts,
    decode.read_queue,
    decode.read_typical,
    decode.read_retry_plan,
    decode.read_service_name,
    lambda data: decode.read_problem(data, 500),
)


@settings(deadline=None, max_examples=200)
@given(_JSON | st.dictionaries(st.sampled_from(("id", "status", "steps")), _JSON), st.data())
def test_no_json_raises(tree: object, data: st.DataObject) -> None:
    body = json.dumps(tree).encode()
    for read_one in READERS:
        read_one(body)
        read_one(body[: data.draw(st.integers(0, len(body)))])


@given(st.binary(max_size=50))
def test_no_bytes_raise(data: bytes) -> None:
    for read_one in READERS:
        read_one(data)


def test_times_at_the_calendars_ends_are_no_error() -> None:
    job = read(id="1", status="Running", createdAt="0001-01-01T00:00:00+14:00", startedAt=10**400)
    assert job.created_at == datetime.fromtimestamp(0, UTC)


def test_steps_without_a_status_get_one_from_their_numbers_and_the_job() -> None:
    named = [{"name": name, "progressPct": 0, "durationMs": 0, "errors": []} for name in "abcd"]
    for step, name in zip(named, ("Script", "Voice", "Visuals", "Rendering"), strict=True):
        step["name"] = name
    named[0] |= {"progressPct": 100, "durationMs": 1200, "completedAt": "2026-01-02T03:04:06Z"}
    named[1] |= {"progressPct": 40}
    waits, runs, done = StepStatus.PENDING, StepStatus.STARTED, StepStatus.COMPLETED
    for status, expected in (
        ("Queued", waits),
        ("Running", runs),
        ("Paused", runs),
        ("Done", done),
        ("Failed", StepStatus.FAILED),
        ("Canceled", StepStatus.CANCELLED),
    ):
        job = read(id="1", status=status, stage="Voice", percent=30, steps=named)
        rest = done if status == "Done" else waits
        assert [step.status for step in job.steps] == [done, expected, rest, rest, rest], status
    assert (job.step(Stage.SCRIPT).duration_ms, job.step(Stage.VOICE).duration_ms) == (1200, None)
    assert job.step(Stage.VOICE).percent == 40
    named[2] |= {"errors": [{"Message": "no picture"}]}
    failed = read(id="1", status="Failed", stage="Visuals", steps=named)
    assert failed.step(Stage.VISUALS).status is StepStatus.FAILED
    assert failed.step(Stage.VISUALS).errors == (ev.Problem(code="", message="no picture"),)


def test_two_steps_that_are_one_stage_here_are_one() -> None:
    for states, expected in (
        (("Succeeded", "Running"), StepStatus.STARTED),
        (("Succeeded", "Pending"), StepStatus.STARTED),
        (("Succeeded", "Succeeded"), StepStatus.COMPLETED),
        (("Pending", "Pending"), StepStatus.PENDING),
        (("Succeeded", "Failed"), StepStatus.FAILED),
    ):
        steps = [
            {"name": name, "status": state, "durationMs": 5}
            for name, state in zip(("Render", "Complete"), states, strict=True)
        ]
        step = read(id="1", status="Running", percent=90, steps=steps).step(Stage.RENDERING)
        assert (step.status, step.duration_ms) == (expected, 10), states


def test_numbers_for_states_and_time_spans_are_read() -> None:
    statuses = [read(id="1", status=number).status for number in range(7)]
    assert statuses == [
        JobStatus.QUEUED,
        JobStatus.RUNNING,
        JobStatus.SUCCEEDED,
        JobStatus.FAILED,
        JobStatus.CANCELED,
        JobStatus.CANCELED,
        JobStatus.SUCCEEDED,
    ]
    steps = [{"name": "TTS", "status": 2}, {"name": "Images", "status": 1}]
    job = read(id="1", status=1, steps=steps)
    assert job.step(Stage.VOICE).status is StepStatus.COMPLETED
    assert job.step(Stage.VISUALS).status is StepStatus.STARTED
    for text, seconds in (
        ("00:01:02.5", 62.5),
        ("1.00:00:01", 86_401.0),
        ("PT1M2.5S", 62.5),
        ("PT1H", 3600.0),
        ("62.5", 62.5),
        (62.5, 62.5),
    ):
        eta = read(id="1", status="Running", eta=text).eta
        assert eta is not None
        assert eta.seconds == seconds
    wrongs: list[object] = ["P", "PT", "1:2", "-00:00:05", "soon", True, {}, "99999999999:00:00"]
    for wrong in wrongs:
        assert read(id="1", status="Running", eta=wrong).eta is None


def test_times_without_zone_or_with_seven_digits_are_utc_and_unset_ones_unknown() -> None:
    job = read(
        id="1",
        status="Done",
        createdUtc="2026-01-02T03:04:05",
        startedUtc="2026-01-02T03:04:05.0000001Z",
        startedAt="2026-01-01T00:00:00Z",
        completedUtc="0001-01-01T00:00:00",
        endedUtc="2026-01-02T05:04:35.5000000+02:00",
    )
    assert (job.created_at, job.started_at) == (T0, T0)
    assert job.ended_at == T0.replace(second=35, microsecond=500_000)
    waits = read(id="1", status="Canceled", startedUtc=None, startedAt="2026-01-02T03:04:05Z")
    assert waits.started_at is None
    assert all(step.status is StepStatus.PENDING for step in waits.steps)


def test_null_lists_bare_errors_and_artifacts_by_path_are_read() -> None:
    job = read(
        id="1",
        status="Failed",
        brief={"topic": "Tides"},
        steps=None,
        warnings=None,
        logs=None,
        errors=["no key", {"Message": "why"}, {"Code": None, "Detail": "because"}, 7, {}],
        artifacts=[
            {"path": "C:\\out\\v.mp4", "filePath": None, "Type": "video", "sizeBytes": 7},
            {"Path": None, "FilePath": "/o/v.srt", "type": "text/srt"},
            {"type": "video/mp4"},
        ],
    )
    assert job.title == "Tides"
    assert [problem.message for problem in job.errors] == ["no key", "why", "because"]
    assert job.artifacts == (
        ev.Artifact(name="v.mp4", path="C:\\out\\v.mp4", type="video/mp4", size_bytes=7),
        ev.Artifact(name="v.srt", path="/o/v.srt", type="application/x-subrip"),
    )


def test_a_percent_of_1_is_one_percent() -> None:
    """The wire's percents are 0 to 100 everywhere; no fraction is guessed."""
    assert read(id="1", status="Running", percent=1).percent == 1
    assert read(id="1", status="Running", progress=0.5).percent == 0.5


def test_the_step_names_of_the_older_wire_are_stages() -> None:
    names = ("preflight", "narration", "broll", "subtitles", "mux")
    job = read(
        id="1", status="processing", steps=[{"name": n, "status": "Succeeded"} for n in names]
    )
    assert [step.status for step in job.steps] == [StepStatus.COMPLETED] * 5
    assert job.status is JobStatus.RUNNING
