"""A reader knows whether the process that holds the engine lives."""

from __future__ import annotations

import asyncio
import signal
import sys
from typing import TYPE_CHECKING

from aura_tui.engine import presence as presence_
from aura_tui.engine.home import Home
from aura_tui.engine.lock import acquire
from aura_tui.engine.read_only import ReadOnlyService
from aura_tui.engine.service import EmbeddedService
from aura_tui.model.connection import ConnectionStatus
from aura_tui.service import Connected
from tests.engine.conftest import ended, request
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from aura_tui.model.connection import Connection
    from aura_tui.settings import Settings
    from tests.engine.stages import SmallStages

HOLD = """
import sys, time
from pathlib import Path
from aura_tui.engine.home import Home; from aura_tui.engine.lock import acquire
lock = acquire(Home(Path(sys.argv[1])))
print("held", flush=True)
time.sleep(60)
"""


async def holding(home: Path) -> asyncio.subprocess.Process:
    """Another process that holds the engine's lock."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLD, str(home), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    assert await process.stdout.readline() == b"held\n"
    return process


async def collect(reader: ReadOnlyService, into: list[Connection]) -> None:
    async for connection in reader.connection_changes():
        into.append(connection)  # noqa: PERF401  # each as it comes


async def test_an_engine_that_is_killed_is_gone_and_one_that_comes_is_live(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_, "LOOK_S", 0.01)
    process = await holding(settings.home)
    async with ReadOnlyService(Home(settings.home)) as reader:
        assert isinstance(reader, Connected)
        seen: list[Connection] = []
        task = asyncio.create_task(collect(reader, seen))
        await until(lambda: seen)
        assert seen[0].status is ConnectionStatus.LIVE
        process.send_signal(signal.SIGKILL)
        await process.wait()
        await until(lambda: len(seen) == 2)
        assert reader.connection.status is ConnectionStatus.NO_ENGINE
        assert f"(process {process.pid}) stopped" in reader.connection.reason
        assert "aura-tui watch" in reader.connection.reason
        assert reader.connection.heard_at is not None
        assert reader.connection.heard_at >= seen[0].since
        lock = acquire(Home(settings.home))
        await until(lambda: len(seen) == 3)
        lock.release()
    await task  # closing ends it
    assert [each.status for each in seen[:3]] == [
        ConnectionStatus.LIVE,
        ConnectionStatus.NO_ENGINE,
        ConnectionStatus.LIVE,
    ]
    assert seen[2].gap_s is not None
    assert seen[2].gap_s > 0
    assert seen[2].reason == ""


async def test_an_engine_that_follows_at_once_is_a_change_too(settings: Settings) -> None:
    async with ReadOnlyService(Home(settings.home)) as reader:
        lock = acquire(Home(settings.home))
        seen: list[Connection] = []
        task = asyncio.create_task(collect(reader, seen))
        await until(lambda: seen)
        lock.release()
        lock = acquire(Home(settings.home))
        reader.reconnect()
        await until(lambda: len(seen) == 2)
        assert [each.status for each in seen] == [ConnectionStatus.LIVE] * 2
        lock.release()
    await task


async def test_a_lock_without_a_name_in_it_is_held_all_the_same(settings: Settings) -> None:
    async with ReadOnlyService(Home(settings.home)) as reader:
        lock = acquire(Home(settings.home))
        Home(settings.home).lock.write_bytes(b"")
        seen: list[Connection] = []
        task = asyncio.create_task(collect(reader, seen))
        await until(lambda: seen)
        for _ in range(3):
            heard = reader.connection.heard_at
            reader.reconnect()
            await until(lambda heard=heard: reader.connection.heard_at != heard)  # type: ignore[misc]  # a default binds the loop's value
        assert [each.status for each in seen] == [ConnectionStatus.LIVE]
        lock.release()
        reader.reconnect()
        await until(lambda: len(seen) == 2)
        assert seen[1].reason.startswith("The engine stopped")
    await task


async def test_that_it_is_heard_is_no_change(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_, "LOOK_S", 0.001)
    async with ReadOnlyService(Home(settings.home)) as reader:
        lock = acquire(Home(settings.home))
        seen: list[Connection] = []
        task = asyncio.create_task(collect(reader, seen))
        await until(lambda: seen)
        first = reader.connection.heard_at
        await until(lambda: reader.connection.heard_at != first)
        assert len(seen) == 1
        lock.release()
    await task


async def test_without_an_engine_the_connection_says_how_to_start_one(settings: Settings) -> None:
    async with ReadOnlyService(Home(settings.home)) as reader:
        assert reader.connection.status is ConnectionStatus.NO_ENGINE
        assert "aura-tui watch" in reader.connection.reason
        assert reader.connection.heard_at is None
    assert not settings.home.exists()


async def test_looking_never_keeps_an_engine_out(settings: Settings) -> None:
    async with ReadOnlyService(Home(settings.home)) as reader:
        for _ in range(50):
            assert reader.connection
            acquire(Home(settings.home)).release()


async def test_events_of_all_jobs_go_on_with_the_next_engine(
    settings: Settings, small: SmallStages
) -> None:
    reader = ReadOnlyService(Home(settings.home))
    seen: list[str] = []

    async def follow() -> None:
        async for envelope in reader.events():
            seen.append(envelope.event.job_id)  # noqa: PERF401  # as above

    task = asyncio.create_task(follow())
    for count in (1, 2):
        async with EmbeddedService(settings, stages=small) as service:
            job = await service.submit(request(str(count)))
            await ended(service, job.id)
        await until(lambda count=count: len(set(seen)) == count)  # type: ignore[misc]  # a default binds the loop's value
    await reader.aclose()
    await task


async def test_an_engine_that_is_stopped_is_not_live_and_is_when_it_goes_on(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(presence_, "LOOK_S", 0.01)
    process = await holding(settings.home)
    async with ReadOnlyService(Home(settings.home)) as reader:
        seen: list[Connection] = []
        task = asyncio.create_task(collect(reader, seen))
        await until(lambda: seen and seen[-1].status is ConnectionStatus.LIVE)
        process.send_signal(signal.SIGSTOP)
        await until(lambda: seen[-1].status is ConnectionStatus.SUSPENDED)
        assert f"(process {process.pid}) is suspended (Ctrl-Z)" in seen[-1].reason
        process.send_signal(signal.SIGCONT)
        await until(lambda: seen[-1].status is ConnectionStatus.LIVE)
        assert seen[-1].gap_s is None  # nothing was missed
        process.send_signal(signal.SIGSTOP)
        await until(lambda: seen[-1].status is ConnectionStatus.SUSPENDED)
        process.kill()
        await process.wait()
        await until(lambda: seen[-1].status is ConnectionStatus.NO_ENGINE)
    await task
