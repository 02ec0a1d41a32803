"""Servers that speak older forms of the wire are watched to the right end all the same."""

from __future__ import annotations

import asyncio
import json as json_
from typing import TYPE_CHECKING, Any

import pytest

from aura_tui.client.stream import legacy_reader
from aura_tui.client.stream.snapshot_events import empty_job
from aura_tui.errors import EngineError, NotFound
from aura_tui.model import events as ev
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.job import as_created
from aura_tui.model.reduce import fold
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from tests.client.scripted import Scripted, json, stream

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aura_tui.client.service import RemoteService
    from aura_tui.model.job import Job
    from tests.client.conftest import Connect, Waits
    from tests.client.scripted import Handler, Talk

EVENTS = "/api/jobs/7/events"
JOB = "/api/jobs/7"


def said(name: str, event_id: str = "", **fields: object) -> bytes:
    """A block of another server's."""
    head = f"id: {event_id}\n" if event_id else ""
    return f"{head}event: {name}\ndata: {json_.dumps(fields)}\n\n".encode()


def state(status: str, **fields: object) -> Handler:
    return json({"jobId": "7", "status": status, **fields})


@pytest.fixture
async def foreign() -> AsyncIterator[Scripted]:
    """A server without a health route of our kind."""
    async with Scripted() as server:
        server.on(JOB, state("Running"))
        yield server


async def watch(service: RemoteService) -> tuple[Job, list[ev.AnyJobEvent]]:
    """The job as a view folds it, and its events."""
    job = as_created(await service.get("7"))
    envelopes = []
    async with asyncio.timeout(20):
        envelopes = [envelope async for envelope in service.events("7")]
    numbers = [envelope.id for envelope in envelopes]
    assert numbers == sorted(set(numbers))
    job = fold(job, envelopes)
    return job, [envelope.event for envelope in envelopes]


def kinds(events: list[ev.AnyJobEvent]) -> list[str]:
    return [ev.EVENT_NAMES[type(event)] for event in events]


async def test_a_stream_without_ids_and_with_heartbeat_events_is_watched(
    foreign: Scripted, connect: Connect
) -> None:
    beat = said("heartbeat")
    foreign.on(
        EVENTS,
        stream(
            said("job-status", Status="Running", Stage="Initialization", Percent=0),
            beat,
            said("step-progress", Stage="Audio", Percent=50, EtaSeconds=12),
            beat,
            said("step-progress", Stage="Encode", Progress="10"),
            said("job-completed", Status="Done", OutputPath="/v.mp4"),
        ),
    )
    job, events = await watch(connect(foreign.url))
    assert job.status is JobStatus.SUCCEEDED
    assert job.output is not None
    assert job.output.video_path == "/v.mp4"
    assert job.ignored == 0
    assert all(step.status is StepStatus.COMPLETED for step in job.steps)
    told = [event for event in events if isinstance(event, ev.StepProgressed) and event.percent]
    assert [(event.percent, event.progress_pct) for event in told] == [(50, None), (86.5, 10)]


async def test_progress_alone_shows_its_stage_and_the_ones_before_it(
    foreign: Scripted, connect: Connect
) -> None:
    foreign.on(EVENTS, stream(said("step-progress", stage="Images", percent=40), hold=True))
    service = connect(foreign.url)
    job = as_created(await service.get("7"))
    async for envelope in service.events("7"):
        job = fold(job, [envelope])
        if job.percent == 40:
            break
    assert job.status is JobStatus.RUNNING
    assert job.stage is Stage.VISUALS
    assert job.step(Stage.SCRIPT).status is StepStatus.COMPLETED
    assert job.step(Stage.VOICE).status is StepStatus.COMPLETED
    assert job.step(Stage.VISUALS).percent is None  # its shares of the whole needn't be ours


async def test_without_replay_the_state_is_caught_up_after_a_break(
    foreign: Scripted, connect: Connect
) -> None:
    now = state("Running", currentStage="Images", percent=50)
    foreign.on(JOB, state("Queued"), state("Queued"), now)
    foreign.on(
        EVENTS,
        stream(said("job-status", status="Running", stage="Script", percent=5)),
        stream(said("step-progress", stage="Render", percent=1), said("job-completed")),
    )
    job, events = await watch(connect(foreign.url))
    assert job.status is JobStatus.SUCCEEDED
    assert job.ignored == 0
    steps = [event.step for event in events if isinstance(event, ev.StepStatusChanged)]
    assert steps.index(Stage.VISUALS) < steps.index(Stage.RENDERING)


async def test_what_is_told_again_on_each_connection_is_told_once(
    foreign: Scripted, connect: Connect
) -> None:
    log = [said("job-log", message=f"line {i}") for i in range(4)]
    foreign.on(
        EVENTS,
        stream(*log[:3]),
        stream(*log[:3], log[3]),
        stream(*log, said("job-completed")),
    )
    _, events = await watch(connect(foreign.url))
    lines = [event.message for event in events if isinstance(event, ev.JobLogged)]
    assert lines == [f"line {i}" for i in range(4)]


async def test_ids_that_are_not_ours_are_sent_back_as_they_are(
    foreign: Scripted, connect: Connect
) -> None:
    foreign.on(
        EVENTS,
        stream(said("job-log", "\u00e9", message="a"), said("job-log", "abc#2", message="b")),
        stream(said("job-log", "abc#2", message="b"), said("job-completed", "abc#3")),
    )
    _, events = await watch(connect(foreign.url))
    assert [asked.headers.get("last-event-id") for asked in foreign.asked(EVENTS)] == [
        None,
        "abc#2",
    ]
    assert kinds(events).count("job-log") == 2


async def test_events_that_share_an_id_are_all_told(foreign: Scripted, connect: Connect) -> None:
    foreign.on(
        EVENTS,
        stream(
            said("job-log", "1", message="a"),
            said("job-log", message="b"),
            said("job-log", message="c"),
            said("job-completed", "2"),
        ),
    )
    _, events = await watch(connect(foreign.url))
    assert kinds(events).count("job-log") == 3


async def test_an_error_event_for_an_unknown_job_is_not_found(
    foreign: Scripted, connect: Connect
) -> None:
    missing = json({"error": "Job not found"}, 404)
    foreign.on(JOB, missing)
    foreign.on(EVENTS, stream(b"event: error\ndata: Job 7 not found\n\n", hold=True))
    service = connect(foreign.url)
    with pytest.raises(NotFound):
        _ = [envelope async for envelope in service.events("7")]
    assert service.connection.status is ConnectionStatus.LOST


async def test_an_error_event_for_a_job_that_is_there_passes(
    foreign: Scripted, connect: Connect
) -> None:
    foreign.on(EVENTS, stream(said("error", message="Too busy")), stream(said("job-completed")))
    job, _ = await watch(connect(foreign.url))
    assert job.status is JobStatus.SUCCEEDED


async def test_a_server_that_beats_more_slowly_is_given_more_time(
    foreign: Scripted, connect: Connect
) -> None:
    async def slow(talk: Talk) -> None:
        await talk.stream()
        await asyncio.sleep(0.3)
        await talk.send(said("job-completed"))

    foreign.on(EVENTS, slow)
    service = connect(foreign.url, heartbeat_s=0.04)  # silent after 0.1, 0.2, 0.4 s
    job = as_created(await service.get("7"))
    seen = [envelope async for envelope in service.events("7")]
    assert fold(job, seen).status is JobStatus.SUCCEEDED
    assert len(foreign.asked(EVENTS)) == 3


# --- ends that are none, and ends that are not told


STALLED = said("job-failed", status="Failed", errorMessage="Job stalled: no progress for 120 s")


async def test_a_failure_of_a_job_that_goes_on_is_a_warning(
    foreign: Scripted, connect: Connect
) -> None:
    foreign.on(
        EVENTS,
        stream(
            said("step-progress", stage="Voice", percent=40),
            STALLED,
            said("step-progress", stage="Voice", percent=60),
            said("job-completed"),
        ),
    )
    job, events = await watch(connect(foreign.url))
    assert job.status is JobStatus.SUCCEEDED
    assert "job-failed" not in kinds(events)
    (warning,) = [event for event in events if isinstance(event, ev.Warned)]
    assert "continues" in warning.message
    assert "stalled" in warning.message


async def test_a_stalled_job_that_stirs_again_has_not_failed(
    foreign: Scripted, connect: Connect
) -> None:
    """Though the server itself called it failed for a while."""
    foreign.on(JOB, state("Running"), state("Running"), state("Failed"), state("Running"))
    foreign.on(
        EVENTS,
        stream(STALLED, said("step-progress", stage="Voice", percent=60), said("job-completed")),
    )
    job, events = await watch(connect(foreign.url))
    assert job.status is JobStatus.SUCCEEDED
    assert kinds(events).count("warning") == 1


async def test_a_stalled_job_that_stays_so_has_failed(foreign: Scripted, connect: Connect) -> None:
    foreign.on(JOB, state("Running"), state("Running"), state("Failed"))
    foreign.on(EVENTS, stream(STALLED))
    job, events = await watch(connect(foreign.url))
    assert job.status is JobStatus.FAILED
    assert kinds(events)[-1] == "job-failed"
    assert "stalled" in job.message


async def test_a_stall_on_a_stream_that_stays_open_is_waited_for_and_no_longer(
    foreign: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legacy_reader, "STALL_GRACE_S", 0.05)
    foreign.on(JOB, state("Running"), state("Running"), state("Failed"))
    foreign.on(EVENTS, stream(STALLED, hold=True))
    job, _ = await watch(connect(foreign.url))
    assert job.status is JobStatus.FAILED


async def test_a_plain_failure_ends_at_once(foreign: Scripted, connect: Connect) -> None:
    foreign.on(JOB, state("Running"), state("Running"), state("Failed"))
    bad = said("job-failed", stage="Render", errorMessage="Disk full", errors=["x"])
    foreign.on(EVENTS, stream(bad, hold=True))
    job, _ = await watch(connect(foreign.url))
    assert (job.status, job.message) == (JobStatus.FAILED, "Disk full")
    assert job.stage is Stage.RENDERING
    assert job.ignored == 0


@pytest.mark.parametrize("hold", [True, False])
async def test_a_job_status_that_is_an_end_becomes_the_end(
    hold: bool, foreign: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legacy_reader, "END_GRACE_S", 0.05)
    done = state("Succeeded", outputPath="/v.mp4", artifacts=[{"name": "v.mp4", "path": "/v.mp4"}])
    foreign.on(JOB, state("Running"), state("Running"), done)
    foreign.on(EVENTS, stream(said("job-status", status="Done", percent=100), hold=hold))
    job, events = await watch(connect(foreign.url))
    assert job.status is JobStatus.SUCCEEDED
    assert kinds(events)[-1] == "job-completed"
    assert [artifact.name for artifact in job.artifacts] == ["v.mp4"]
    assert job.output is not None
    assert job.output.video_path == "/v.mp4"


async def test_what_trails_behind_a_status_that_is_an_end_changes_nothing(
    foreign: Scripted, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(legacy_reader, "END_GRACE_S", 0.05)
    foreign.on(JOB, state("Running"), state("Running"), state("Succeeded"))
    trailing = said("step-status", step="Render", status="completed")
    foreign.on(EVENTS, stream(said("job-status", status="Done"), trailing, hold=True))
    job, _ = await watch(connect(foreign.url))
    assert job.status is JobStatus.SUCCEEDED


async def test_the_terminal_event_behind_its_status_is_the_one_that_is_told(
    foreign: Scripted, connect: Connect
) -> None:
    foreign.on(
        EVENTS,
        stream(
            said("job-status", status="Succeeded"),
            said("job-completed", outputPath="/from-the-event.mp4"),
            hold=True,
        ),
    )
    job, _ = await watch(connect(foreign.url))
    assert job.output is not None
    assert job.output.video_path == "/from-the-event.mp4"


@pytest.mark.parametrize(
    ("status", "meant"),
    [
        ("Done", JobStatus.SUCCEEDED),
        ("Failed", JobStatus.FAILED),
        ("Cancelled", JobStatus.CANCELED),
    ],
)
async def test_a_job_that_had_ended_is_told_whole(
    status: str,
    meant: JobStatus,
    foreign: Scripted,
    connect: Connect,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(legacy_reader, "END_GRACE_S", 0.02)
    foreign.on(JOB, state(status, stage="Render", percent=90, errorMessage="why"))
    foreign.on(EVENTS, stream(hold=True))
    job, events = await watch(connect(foreign.url))
    assert job.status is meant
    assert job.ignored == 0
    assert events


async def test_no_content_is_an_end_too(foreign: Scripted, connect: Connect) -> None:
    async def nothing(talk: Talk) -> None:
        await talk.answer(204)

    foreign.on(JOB, state("Running"), state("Succeeded"))
    foreign.on(EVENTS, nothing)
    job, _ = await watch(connect(foreign.url))
    assert job.status is JobStatus.SUCCEEDED


async def test_an_end_that_was_expected_when_the_link_broke_is_told(
    foreign: Scripted, connect: Connect, waits: Waits
) -> None:
    async def away(talk: Talk) -> None:
        talk.reset()

    foreign.on(JOB, state("Running"), state("Running"), away, state("Succeeded"))
    foreign.on(EVENTS, stream(said("job-status", status="Succeeded")), away)
    job, _ = await watch(connect(foreign.url))
    assert job.status is JobStatus.SUCCEEDED


async def test_all_jobs_of_such_a_server_are_told_as_they_are_and_as_they_go_on(
    foreign: Scripted, connect: Connect
) -> None:
    listed = [{"id": "7", "status": "running", "stage": "Audio"}, {"id": "8", "status": "queued"}]
    foreign.on("/api/jobs", json(listed))
    foreign.on(JOB, state("Succeeded"))
    foreign.on(
        "/api/events",
        stream(
            said("step-progress", jobId="8", stage="Script", percent=50),
            said("job-status", jobId="7", status="Succeeded"),
            hold=True,
        ),
    )
    jobs: dict[str, Any] = {}
    async with asyncio.timeout(10):
        async for envelope in connect(foreign.url).events():
            job_id = envelope.event.job_id
            jobs[job_id] = fold(jobs.get(job_id, empty_job(job_id)), [envelope])
            if job_id == "7" and jobs["7"].status.ended:
                break
    assert jobs["7"].status is JobStatus.SUCCEEDED
    assert jobs["8"].percent == 50


async def test_what_such_a_server_does_not_offer_is_made_from_what_it_does(
    foreign: Scripted, connect: Connect
) -> None:
    files = [{"name": "v.mp4", "path": "/v.mp4"}]
    foreign.on(JOB, state("Running", artifacts=files, logs=["a line"]))
    foreign.on(
        "/api/jobs", json([{"id": "8", "status": "queued"}, {"id": "7", "status": "running"}])
    )
    service = connect(foreign.url)
    assert [artifact.name for artifact in await service.artifacts("7")] == ["v.mp4"]
    assert await service.logs("7") == "a line\n"
    assert (await service.typical("7")).seconds == {}
    assert (await service.retry_plan("7")).steps == ()
    assert await service.preview("7") is None
    queue = await service.queue()
    assert (queue.queued, queue.running, queue.waiting) == (1, 1, ("8",))
    for ask in (service.artifacts, service.logs, service.typical, service.preview):
        with pytest.raises(NotFound):
            await ask("9")


async def test_a_server_without_stream_and_list_of_all_jobs_is_no_engine(
    foreign: Scripted, connect: Connect
) -> None:
    service = connect(foreign.url)
    with pytest.raises(EngineError) as caught:
        await anext(service.events())
    assert "doesn't offer a list of jobs" in caught.value.message
    assert service.connection.status is ConnectionStatus.LOST
