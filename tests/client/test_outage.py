"""An outage ends for all of a client at once, and a silence shows; over real sockets."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, aclosing
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from aura_tui.client.service import RemoteService
from aura_tui.client.stream.reconnecting_stream import Clock, keep_alive_s
from aura_tui.client.stream.retry_waits import RetryWaits
from aura_tui.format.connection import forms
from aura_tui.model import events as ev
from aura_tui.model.connection import ConnectionStatus
from aura_tui.net.backoff import Backoff
from aura_tui.settings import EngineSettings, Settings
from aura_tui.ui.state.health import Heartbeat
from aura_tui.wire import routes, sse
from tests.client.gate import Gate
from tests.client.scripted import Scripted, health, json, refusal
from tests.engine.conftest import request
from tests.engine.stages import SmallStages
from tests.server.serving import served
from tests.server.test_jobs import hook
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


BROKEN, LIVE = ConnectionStatus.RETRYING, ConnectionStatus.LIVE


class Held:
    """A clock whose waits don't end by themselves; ``ahead`` of the machine's."""

    def __init__(self) -> None:
        self.ahead = timedelta()
        self.waits: list[tuple[float, asyncio.Event]] = []
        self.clock = Clock(now=self.now, sleep=self.sleep, chance=lambda: 1.0)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    async def sleep(self, seconds: float) -> None:
        over = asyncio.Event()
        self.waits.append((seconds, over))
        await over.wait()

    def end(self, number: int) -> None:
        self.waits[number][1].set()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", engine=EngineSettings(min_free_mb=1))


class Watching:
    """A client as a board has one: a stream of all jobs, and one of a job that hangs."""

    def __init__(self, service: RemoteService, gate: Gate, held: Held) -> None:
        self.service = service
        self.gate = gate
        self.held = held
        self.tasks: list[asyncio.Task[None]] = []

    def follow(self, job_id: str | None) -> None:
        async def drain() -> None:
            events = self.service.events(job_id)
            async with aclosing(events):
                async for _ in events:
                    pass

        self.tasks.append(asyncio.create_task(drain()))

    async def is_live(self) -> None:
        await until(lambda: self.service.connection.is_live)
        assert not any(task.done() for task in self.tasks)

    async def cut(self) -> None:
        """Break both streams until they wait for their second attempt."""
        before = len(self.held.waits)
        self.held.ahead += timedelta(seconds=10)  # they worked for so long
        await self.gate.shut()
        await until(lambda: len(self.held.waits) == before + 2)
        assert self.service.connection.status is BROKEN


async def watching(settings: Settings, stack: AsyncExitStack) -> Watching:
    """What :class:`Watching` says, over a server and a gate that end with ``stack``."""
    server = await stack.enter_async_context(served(settings, SmallStages(hook)))
    gate = await stack.enter_async_context(Gate(server.port))
    held = Held()
    service = RemoteService(gate.url, clock=held.clock, cache=settings.home / "cache")
    await stack.enter_async_context(service)
    found = Watching(service, gate, held)
    job = await service.submit(request("hangs"))
    for job_id in (None, job.id):
        found.follow(job_id)
    await until(lambda: sum(s.connection.is_live for s in service._connection._streams) == 2)
    return found


async def test_the_first_thing_that_reaches_the_server_ends_every_wait(settings: Settings) -> None:
    async with AsyncExitStack() as stack:
        board = await watching(settings, stack)
        job = (await board.service.list()).jobs[0]

        async def another_stream() -> None:
            board.held.end(-1)

        async def look() -> None:
            await board.service.get(job.id)

        async def post() -> None:
            await board.service.submit(request())

        async def ask() -> None:
            board.service.reconnect()

        ways: tuple[Callable[[], Awaitable[None]], ...] = (another_stream, look, post, ask)
        for way in ways:
            await board.cut()
            await board.gate.open()
            await way()
            await board.is_live()  # though no other wait ended by itself
        await board.service.aclose()
        await asyncio.gather(*board.tasks)


async def test_while_anything_is_heard_the_connection_is_not_called_lost(
    settings: Settings,
) -> None:
    async with AsyncExitStack() as stack:
        board = await watching(settings, stack)
        now = board.held.now()
        one = board.service._connection._streams[0]
        one.broken(3, "refused", now + timedelta(seconds=9))
        connection = board.service.connection
        assert (connection.status, connection.partial) == (BROKEN, True)
        said = forms(connection, now)
        assert all("lost" not in form for form in said)
        assert said[0].startswith("updates interrupted 0 s ago, retrying in 9 s (attempt 4)")
        pulse = Heartbeat()
        pulse.set_connection(connection)
        assert (pulse.age_s(now), pulse.valid_until(now)) == (None, now)
        one.opened()
        assert not board.service.connection.partial
        board.service.engine_suspended("suspended")  # the kernel keeps the streams
        assert not board.service.connection.partial
        board.service.engine_resumed()
        await board.service.aclose()
        await asyncio.gather(*board.tasks)


async def test_a_stream_that_fails_by_itself_is_not_driven_by_the_others() -> None:
    held = Held()
    waits, backoff = RetryWaits(held.sleep), Backoff(held.clock.chance)

    async def wait(seconds: float) -> asyncio.Task[None]:
        before = len(held.waits)
        task = asyncio.create_task(waits.wait(seconds, backoff))
        await until(lambda: len(held.waits) > before)
        return task

    first = await wait(20)
    waits.reached()
    await first
    for floor_s in (1.0, 2.0, 4.0):  # it failed again, and something else reaches the server
        again = await wait(20)
        assert held.waits[-1][0] == floor_s
        waits.reached()
        await asyncio.sleep(0.01)
        assert not again.done()
        held.end(-1)
        await again
    patient = await wait(20)
    waits.wake()  # a person asks
    await patient
    backoff.reset()
    await_once = await wait(20)
    assert held.waits[-1][0] == 20
    waits.reached()
    await await_once


async def test_a_wait_that_the_engine_asks_for_is_kept() -> None:
    held = Held()
    async with Scripted() as server:
        server.on("/api/health", health)
        server.on("/api/events", refusal(429, "E809"))
        server.on("/api/jobs", json({"jobs": [], "cursor": None}))
        service = RemoteService(server.url, clock=held.clock)
        async with service:
            following = asyncio.create_task(anext(service.events()))
            await until(lambda: held.waits)
            tries = len(server.asked("/api/events"))
            await service.list()
            await asyncio.sleep(0.02)
            assert len(server.asked("/api/events")) == tries
            service.reconnect()
            await until(lambda: len(server.asked("/api/events")) > tries)
        with pytest.raises(StopAsyncIteration):
            await following


async def test_a_frozen_server_is_late_after_five_seconds_and_live_with_its_next_byte(
    settings: Settings,
) -> None:
    async with AsyncExitStack() as stack:
        board = await watching(settings, stack)
        assert board.service.connection.late_s == 5.0
        board.gate.hold()
        await asyncio.sleep(0.05)  # what was on its way
        pulse = Heartbeat()
        pulse.set_connection(board.service.connection)
        heard_at = board.service.connection.heard_at
        assert heard_at is not None
        for silent_s, shown_s in ((4.5, 4.5), (6.0, 5.0), (20.0, 5.0)):
            now = heard_at + timedelta(seconds=silent_s)
            assert pulse.valid_until(now) == heard_at + timedelta(seconds=shown_s)
            assert pulse.quiet_s(now) == (silent_s if silent_s > 5 else None)
        board.held.ahead = timedelta(seconds=7)
        board.gate.release()
        back_at = heard_at + timedelta(seconds=7)
        await until(lambda: (board.service.connection.heard_at or heard_at) > back_at)
        pulse.set_connection(board.service.connection)
        assert pulse.quiet_s(board.held.now()) is None
        await board.service.aclose()
        await asyncio.gather(*board.tasks)


async def test_bytes_after_a_silence_end_the_wait_of_a_stream_that_had_given_up(
    settings: Settings,
) -> None:
    async with AsyncExitStack() as stack:
        board = await watching(settings, stack)
        woken = asyncio.create_task(board.service._waits.wait(30, Backoff(lambda: 1.0)))
        await until(lambda: board.held.waits)
        one = board.service._connection._streams[0]
        one.heard()
        await asyncio.sleep(0.01)
        assert not woken.done()  # nothing had been late
        board.held.ahead = timedelta(seconds=6)
        one.heard()
        await woken
        await board.service.aclose()
        await asyncio.gather(*board.tasks)


async def test_an_idle_stream_announces_its_comments_and_costs_few_bytes(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sse, "KEEP_ALIVE_S", 0.05)
    identity = {"Accept-Encoding": "identity"}
    async with (
        served(settings) as server,
        server.client() as client,
        client.stream("GET", routes.EVENTS, headers=identity) as answer,
    ):
        assert keep_alive_s(answer.headers) == 0.05
        parts = answer.aiter_raw()
        assert b"heartbeat" in await anext(parts)
        assert [await anext(parts) for _ in range(3)] == [sse.KEEP_ALIVE] * 3
    monkeypatch.undo()
    for nonsense in ("", "0", "-1", "nan", "inf", "1e9", "soon"):
        assert keep_alive_s({routes.KEEP_ALIVE: nonsense}) is None
    comment = len(b"3\r\n%b\r\n" % sse.KEEP_ALIVE)
    heartbeat = 6 + len(sse.connection_frame(ev.Heartbeat(timestamp=datetime.now(UTC))))
    assert comment / sse.KEEP_ALIVE_S + heartbeat / sse.HEARTBEAT_S < 30  # bytes a second


async def test_an_older_server_with_heartbeats_alone_is_not_late_between_them() -> None:
    async with Scripted() as server:
        server.on("/api/health", health)
        async with RemoteService(server.url) as service:
            state = service._connection.stream()
            state.opened()
            state.heard()
            connection = service.connection
            assert connection.status is LIVE
            assert connection.late_s > 1.2 * sse.HEARTBEAT_S
