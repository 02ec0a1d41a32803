"""The server whose wire ours comes from is watched, listed and steered, and what shows is true."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import pytest

from aura_tui.client.service import RemoteService
from aura_tui.client.stream import polling
from aura_tui.errors import Conflict, NotFound
from aura_tui.format.words import active_s
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.job import as_created
from aura_tui.model.reduce import reduce
from aura_tui.model.request import Brief, JobRequest
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.ui.state.jobs import JobsState
from aura_tui.ui.sync.subscriptions import BoardSync
from aura_tui.views.plain import PlainLines
from tests.client.legacy_server import RUN, LegacyJob, LegacyServer, Unknown, Version

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from aura_tui.model import events as ev
    from aura_tui.model.job import Job


@asynccontextmanager
async def served(
    version: Version, tmp_path: Path, unknown: Unknown = Unknown.PAGE
) -> AsyncIterator[tuple[LegacyServer, RemoteService]]:
    async with (
        LegacyServer(version, unknown=unknown) as server,
        RemoteService(server.url, cache=tmp_path / "cache") as service,
        asyncio.timeout(30),
    ):
        yield server, service


async def until(true: Callable[[], bool]) -> None:
    """Wait for a state; the test's own timeout ends that."""
    while not true():
        await asyncio.sleep(0.005)


class Watch:
    """A job as a view folds it, with the plain lines of its events."""

    def __init__(self, service: RemoteService, job_id: str) -> None:
        self.job: Job | None = None
        self.percents: list[float] = []
        self.events: list[ev.AnyJobEvent] = []
        self.lines: list[str] = []
        self.over = asyncio.create_task(self._fold(service, job_id))

    def at(self, percent: float) -> bool:
        return self.job is not None and self.job.percent == percent

    async def _fold(self, service: RemoteService, job_id: str) -> None:
        plain = PlainLines()
        self.job = as_created(await service.get(job_id))
        async for envelope in service.events(job_id):
            self.job = reduce(self.job, envelope)
            self.percents.append(self.job.percent)
            self.events.append(envelope.event)
            self.lines += plain.lines(self.job, envelope)


@pytest.mark.parametrize("version", Version)
async def test_a_run_shows_the_servers_own_percent_and_no_percent_of_a_stage(
    version: Version, tmp_path: Path
) -> None:
    async with served(version, tmp_path) as (server, service):
        job = server.add("7", created=datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
        job.at(*RUN[1])
        watch = Watch(service, "7")
        for stage, percent, message in RUN[2:]:
            job.at(stage, percent, message)
            await until(partial(watch.at, percent))
            assert watch.job is not None
            assert watch.job.stage is not None
            step = watch.job.step(watch.job.stage)
            assert (step.status, step.percent) == (StepStatus.STARTED, None)
        job.end("Done", took_s=75)
        await watch.over
        done = watch.job
        assert done is not None
        assert {*watch.percents} <= {0.0, 100.0, *(percent for _, percent, _ in RUN)}
        assert (done.title, done.correlation_id) == ("Solar power", "0HN7-corr")
        assert done.status is JobStatus.SUCCEEDED
        assert all(step.status is StepStatus.COMPLETED for step in done.steps)
        assert [artifact.type for artifact in done.artifacts] == [
            "video/mp4",
            "application/x-subrip",
        ]
        assert any("GPU" in warning for warning in done.warnings)
        assert any(line.startswith("Rendering     82 % of the job") for line in watch.lines)


@pytest.mark.parametrize("version", Version)
async def test_an_ended_job_took_the_time_that_its_own_times_say(
    version: Version, tmp_path: Path
) -> None:
    async with served(version, tmp_path) as (server, service):
        for status in ("Done", "Failed"):
            job = server.add(status)
            job.at("Rendering", 84)
            job.end(status, error="FFmpeg exited with code 1", took_s=75)
            watch = Watch(service, status)
            await watch.over
            for found in (watch.job, await service.get(status)):
                assert found is not None
                assert found.status.ended
                assert round(active_s(found)) == 75
        assert watch.job is not None
        assert watch.job.percent == 84
        assert watch.job.step(Stage.RENDERING).status is StepStatus.FAILED
        assert watch.job.errors[0].remediation == "Check logs for details"
        assert (await service.get("Failed")).errors[0].code == "E304-FFMPEG_RUNTIME"
        assert (await service.get("Failed")).suggested_actions == ("Check FFmpeg installation",)


@pytest.mark.parametrize("version", Version)
async def test_jobs_are_listed_newest_first_and_by_status(version: Version, tmp_path: Path) -> None:
    async with served(version, tmp_path) as (server, service):
        for hour, name in enumerate("abc"):
            server.add(name, created=datetime(2026, 1, 2, hour, tzinfo=UTC))
        server.jobs["a"].end("Done")
        server.jobs["b"].at("Voice", 30)
        page = await service.list()
        assert [(job.id, job.title) for job in page.jobs] == [
            (name, "Solar power") for name in "cba"
        ]
        waits = page.jobs[0]
        assert (waits.status, waits.started_at, waits.created_at.hour) == (
            JobStatus.QUEUED,
            None,
            2,
        )
        for status, name in ((JobStatus.SUCCEEDED, "a"), (JobStatus.RUNNING, "b"), (None, "c")):
            found = await service.list(status=status, limit=1)
            assert [job.id for job in found.jobs] == [name]
        queue = await service.queue()
        assert (queue.queued, queue.running, queue.waiting) == (1, 1, ("c",))


@pytest.mark.parametrize("version", Version)
async def test_what_is_asked_of_a_job_is_done_or_said_to_be_impossible(
    version: Version, tmp_path: Path
) -> None:
    async with served(version, tmp_path) as (server, service):
        made = await service.submit(JobRequest(brief=Brief(topic="Tides")))
        assert (made.title, made.status) == ("Tides", JobStatus.QUEUED)
        server.jobs[made.id].at("Voice", 30)
        if version is Version.LAST:
            assert (await service.pause(made.id)).status is JobStatus.PAUSED
            assert (await service.resume(made.id)).status is JobStatus.RUNNING
        else:
            with pytest.raises(Conflict, match="can't pause jobs"):
                await service.pause(made.id)
        assert (await service.cancel(made.id)).status is JobStatus.CANCELED
        with pytest.raises(Conflict, match="cannot be cancelled"):
            await service.cancel(made.id)
        with pytest.raises(NotFound):
            await service.cancel("none")


@pytest.mark.parametrize("version", Version)
async def test_a_retry_is_the_new_job_or_is_said_to_be_none(
    version: Version, tmp_path: Path
) -> None:
    async with served(version, tmp_path) as (server, service):
        failed = server.add("7")
        failed.at("Rendering", 84)
        failed.end("Failed", error="why", took_s=0)
        if version is Version.LAST:
            assert (await service.retry("7")).id == "7-again"
        else:
            with pytest.raises(Conflict, match="not yet fully implemented"):
                await service.retry("7")


@pytest.mark.parametrize("version", Version)
async def test_logs_and_files_are_told_as_far_as_the_server_has_them(
    version: Version, tmp_path: Path
) -> None:
    async with served(version, tmp_path) as (server, service):
        server.add("7").at("Script", 5, "a line")
        server.jobs["7"].end("Done")
        assert await service.logs("7") == "a line\n"
        assert [artifact.name for artifact in await service.artifacts("7")] == [
            "video.mp4",
            "v.srt",
        ]
        assert await service.preview("7") is None
        with pytest.raises(NotFound, match=r"doesn't offer video\.mp4"):
            await service.artifact("7", "video.mp4")


@pytest.mark.parametrize("unknown", Unknown)
async def test_a_board_stays_live_where_a_server_has_no_stream_of_all_jobs(
    unknown: Unknown, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "POLL_S", 0.02)
    monkeypatch.setattr(polling, "IDLE_POLL_S", 0.02)
    said: list[str] = []
    jobs = JobsState()
    async with served(Version.LAST, tmp_path, unknown) as (server, service):
        running = server.add("7")
        running.at("Voice", 30)
        watching = BoardSync(
            service,
            jobs,
            mode="",
            now=lambda: datetime.now(UTC),
            known=lambda _: None,
            touch=lambda: None,
            told=lambda *_: None,
            ended=lambda _: None,
            gone=lambda _: None,
            say=said.append,
        )
        board = asyncio.create_task(watching.serve(None))

        def shows(job_id: str, status: JobStatus, percent: float) -> bool:
            job = jobs.get(job_id)
            return job is not None and (job.status, job.percent) == (status, percent)

        await until(lambda: shows("7", JobStatus.RUNNING, 30))
        await until(lambda: bool(said))
        server.add("8").at("Script", 20)
        await until(lambda: shows("8", JobStatus.RUNNING, 20))
        server.jobs["8"].at("Visuals", 60)
        await until(lambda: shows("8", JobStatus.RUNNING, 60))
        server.jobs["8"].end("Failed", error="why")
        await until(lambda: shows("8", JobStatus.FAILED, 60))
        running.end("Done")
        await until(lambda: shows("7", JobStatus.SUCCEEDED, 100))
        assert service.connection.status is ConnectionStatus.LIVE
        assert service.connection.polled_s == 0.02
        assert len(said) == 1
        assert "no stream of all jobs" in said[0]
        assert not board.done()
        board.cancel()
        await asyncio.gather(board, return_exceptions=True)


async def test_a_polled_list_comes_back_after_an_outage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(polling, "IDLE_POLL_S", 0.02)
    async with served(Version.FIRST, tmp_path) as (server, service):
        seen: set[str] = set()

        async def watch() -> None:
            async for envelope in service.events():
                seen.add(envelope.event.job_id)

        watched = asyncio.create_task(watch())
        await until(lambda: service.connection.status is ConnectionStatus.LIVE)
        await server.__aexit__()
        await until(lambda: service.connection.status is ConnectionStatus.RETRYING)
        async with LegacyServer(Version.FIRST, port=server.port) as back:
            back.jobs["9"] = LegacyJob("9", status="Running", stage="Voice", percent=30)
            service.reconnect()
            await until(lambda: "9" in seen)
            assert service.connection.status is ConnectionStatus.LIVE
            watched.cancel()
            await asyncio.gather(watched, return_exceptions=True)
        await server.__aenter__()  # for the end of the test to close
