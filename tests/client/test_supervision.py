"""What dies on the client's side is told, and goes on: streams, watchers, recordings."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from aura_tui.cli.session.foreground import Ending, ForegroundJob
from aura_tui.cli.session.lines import (
    CANCELLER,
    CONNECTION_REPORTER,
    HEALTH_REPORTER,
    LISTENER,
    VIEW,
    _reporting_engine,
    _view,
)
from aura_tui.client.service import RemoteService
from aura_tui.client.stream.resuming_reader import ResumingReader
from aura_tui.connect.engine_monitor import NAME as WATCHER
from aura_tui.connect.locator import EngineLocator
from aura_tui.errors import Code, EngineError
from aura_tui.model import events as ev
from aura_tui.model.connection import ConnectionStatus
from aura_tui.replay.recorder import NAME as RECORDING
from aura_tui.replay.recording import parse
from aura_tui.service import Connected
from aura_tui.settings import EngineSettings, Settings
from aura_tui.system import crash_report, output
from aura_tui.views import fold as fold_
from tests.engine.conftest import follow, request
from tests.killing import HOW, kill, named, quick, told
from tests.replay.test_recorder import following
from tests.server.serving import served
from tests.ui.recordings import BEGIN
from tests.ui.scenes import running_tape
from tests.ui.scripted import ConnectedService, ScriptedService
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.client.stream.sse_frames import Frame
    from aura_tui.errors import AuraError
    from aura_tui.model.job import Job
    from aura_tui.service import JobService


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    quick(monkeypatch, tmp_path)
    monkeypatch.setattr(fold_, "TROUBLES_S", 0.01)


@pytest.fixture
def mishaps() -> list[AuraError]:
    return []


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", engine=EngineSettings(min_free_mb=1))


async def test_a_stream_reads_on_from_its_last_event_after_a_mistake_of_ours(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, mishaps: list[AuraError]
) -> None:
    reading, blocks = ResumingReader.read, [0]

    async def read(self: ResumingReader, frame: Frame) -> Sequence[ev.Envelope]:
        blocks[0] += 1
        if blocks[0] == 7:
            raise KeyError("killed")
        return await reading(self, frame)

    monkeypatch.setattr(ResumingReader, "read", read)
    with crash_report.telling(mishaps.append):
        async with served(settings) as server, RemoteService(server.url) as remote:
            job = await remote.submit(request())
            envelopes = [envelope async for envelope in remote.events(job.id)]
            assert envelopes == await follow(server.service, job.id)
    assert told(mishaps, "event stream", "raise")


async def test_a_dead_engine_is_noticed_though_its_watcher_died_before(
    settings: Settings, mishaps: list[AuraError]
) -> None:
    doors = EngineLocator(settings)
    with crash_report.telling(mishaps.append):
        async with contextlib.AsyncExitStack() as engine, contextlib.AsyncExitStack() as client:
            await engine.enter_async_context(doors.embedded(listen_after_s=0))
            await until(doors.socket.exists)
            remote = await client.enter_async_context(doors._client(restart=False))
            assert isinstance(remote, RemoteService)
            for how in HOW:
                await kill(WATCHER, how)
                assert told(mishaps, WATCHER, how)
            stream = asyncio.create_task(_drain(remote))
            await engine.aclose()
            await until(lambda: remote.connection.status is ConnectionStatus.NO_ENGINE)
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)


async def test_lines_say_that_a_job_continues_only_where_an_engine_is_started_for_it(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(output.ERRORS, "say", said.append)
    locator = EngineLocator(settings)
    full = EngineError(Code.DISK_FULL, "The disk is full", "Make room.")

    def start() -> None:
        raise full

    monkeypatch.setattr(locator, "start_background", start)
    for open_, expected in (
        (locator.read_only, [f"The engine (process {os.getpid()}) stopped. Resume"]),
        (lambda: locator._client(restart=False), ["The engine stopped. Resume"]),
        (
            lambda: locator._client(restart=True),
            ["The engine stopped; the job continues", "The disk is full; Make room."],
        ),
    ):
        async with contextlib.AsyncExitStack() as engine, contextlib.AsyncExitStack() as client:
            await engine.enter_async_context(locator.embedded(listen_after_s=0))
            await until(locator.socket.exists)
            service = await client.enter_async_context(open_())
            await client.enter_async_context(_reporting_engine(service))
            stream = asyncio.create_task(_drain(service))
            assert isinstance(service, Connected)
            await until(lambda service=service: service.connection.is_live)  # type: ignore[misc]
            await engine.aclose()
            await until(lambda last=expected[-1]: any(line.startswith(last) for line in said))  # type: ignore[misc]
            stream.cancel()
            await asyncio.gather(stream, return_exceptions=True)
        gone = [line for line in said if not line.startswith("Connection lost")]
        assert [line[: len(words)] for line, words in zip(gone, expected, strict=True)] == expected
        said.clear()


async def test_a_signal_cancels_the_job_though_the_waits_for_signal_and_cancel_died(
    monkeypatch: pytest.MonkeyPatch, mishaps: list[AuraError]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(output.ERRORS, "say", said.append)
    with crash_report.telling(mishaps.append):
        for how in HOW:
            service = ScriptedService(running_tape())
            cancel, reached = service.cancel, asyncio.Event()

            async def stuck(job_id: str, reached: asyncio.Event = reached) -> Job:
                reached.set()
                await asyncio.Event().wait()
                raise AssertionError

            monkeypatch.setattr(service, "cancel", stuck)
            signals: asyncio.Queue[int] = asyncio.Queue()
            viewing = asyncio.create_task(_run_view(service, signals))
            for _ in range(2):
                await kill(LISTENER, how)
            assert told(mishaps, LISTENER, how)
            signals.put_nowait(signal.SIGINT)
            await reached.wait()
            monkeypatch.setattr(service, "cancel", cancel)
            await kill(CANCELLER, how)
            assert told(mishaps, CANCELLER, how)
            await until(lambda service=service: service.asked == ["cancel"])  # type: ignore[misc]
            await service.tell_cancelled()
            assert await asyncio.wait_for(viewing, 5) == 130


async def test_a_view_that_dies_ends_the_command_with_its_reason() -> None:
    for how, error in (("cancel", asyncio.CancelledError), ("raise", KeyError)):
        viewing = asyncio.create_task(_run_view(ScriptedService(running_tape()), asyncio.Queue()))
        await kill(VIEW, how)
        with pytest.raises(error):  # of which crash_report.run_reporting makes an error for people
            await asyncio.wait_for(viewing, 5)
        await until(lambda: not named(LISTENER))


async def _run_view(service: ScriptedService, signals: asyncio.Queue[int]) -> int:
    settings = Settings(home=Path("nowhere"))
    what = ForegroundJob(lambda: contextlib.nullcontext(service), None, settings, owns=True)
    return await _view(what, service, service.tape.job.id, signals, Ending(what), json=False)


async def _drain(service: JobService) -> None:
    async for _ in service.events():
        pass


class Ailing(ConnectedService):
    reasons: tuple[str, ...] = ()

    def troubles(self) -> tuple[str, ...]:
        return self.reasons


async def test_plain_output_still_reports_connection_and_engine_after_its_reporters_died(
    monkeypatch: pytest.MonkeyPatch, mishaps: list[AuraError]
) -> None:
    said: list[str] = []
    monkeypatch.setattr(output.ERRORS, "say", said.append)
    service = Ailing(running_tape())
    with crash_report.telling(mishaps.append):
        async with _reporting_engine(service):
            for how in HOW:
                for name in (CONNECTION_REPORTER, HEALTH_REPORTER):
                    await kill(name, how)
                    assert told(mishaps, name, how)
                    await until(lambda: named(CONNECTION_REPORTER) and named(HEALTH_REPORTER))
                    await service.change(
                        status=ConnectionStatus.RETRYING, reason="reset", retry_at=BEGIN
                    )
                    for seconds in range(3):  # one that lasts is told once
                        service.reasons = (f"the queue stands still for {seconds} s",)
                        await until(lambda: len(said) == 2)
                        await asyncio.sleep(0.02)
                    await service.change(status=ConnectionStatus.LIVE, gap_s=2.0)
                    service.reasons = ()
                    await until(lambda: len(said) == 4)
                    assert sorted(said) == [
                        "Connection lost: reset. Reconnecting...",
                        "Connection restored after 2 s",
                        "Engine failing: the queue stands still for 0 s",
                        "The engine recovered",
                    ]
                    said.clear()


async def test_a_recording_whose_task_dies_continues_without_a_loss_or_a_repeat(
    tmp_path: Path, mishaps: list[AuraError]
) -> None:
    service = ScriptedService(running_tape())
    recorder = following(service, service.tape.job.id, tmp_path / "run.jsonl")
    with crash_report.telling(mishaps.append):
        async with recorder.open():
            await recorder.begin(service)
            for how in HOW:
                await kill(RECORDING, how)
                assert told(mishaps, RECORDING, how)
                service.tape.tell(ev.JobLogged, message=f"after {how}")
                await service.told()
            await service.tell_cancelled()
    found = parse((tmp_path / "run.jsonl").read_bytes().splitlines(True))
    assert list(found.envelopes) == service.tape.envelopes
    assert found.skipped == 0


async def test_a_recording_that_can_t_be_written_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mishaps: list[AuraError]
) -> None:
    service = ScriptedService(running_tape())
    recorder = following(service, service.tape.job.id, tmp_path / "run.jsonl")

    async def full(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("aura_tui.replay.recording.record", full)

    async def run() -> None:
        async with recorder.open():
            await recorder.begin(service)
            await until(lambda: mishaps)  # while it is followed

    with crash_report.telling(mishaps.append), pytest.raises(OSError, match="No space left"):
        await run()
    assert "run.jsonl: No space left on device" in mishaps[0].message
    assert "Can't write" in mishaps[0].message
