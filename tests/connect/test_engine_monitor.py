"""A client learns what becomes of the engine's process, and has one started where it should."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

import pytest

from aura_tui.client.service import RemoteService
from aura_tui.connect import engine_monitor as supervisor_
from aura_tui.connect.engine_monitor import EngineSupervisor
from aura_tui.engine.home import Home
from aura_tui.engine.lock import acquire
from aura_tui.errors import Code, EngineError
from aura_tui.model.connection import ConnectionStatus
from tests.engine.test_presence import holding
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from aura_tui.engine.lock import Lock


class Place:
    """A home whose engine a test begins and ends. ``refuses``: none can be started."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.service = RemoteService(uds=home.root / "socket")
        self.lock: Lock | None = None
        self.starts = 0
        self.refuses = False

    @property
    def status(self) -> ConnectionStatus:
        return self.service.connection.status

    def start(self) -> None:
        self.starts += 1
        if self.refuses:
            raise EngineError(Code.HOME_UNUSABLE, "The disk is full", "Free some space.")
        self.lock = acquire(self.home)

    @contextlib.asynccontextmanager
    async def watched(self, *, restart: bool) -> AsyncIterator[None]:
        engine = EngineSupervisor(
            self.service,
            self.home,
            answers=lambda: self.lock is not None,
            start=self.start,
            needed=lambda: restart,
        )
        watching = asyncio.create_task(engine.watch())
        try:
            yield
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await self.service.aclose()
            if self.lock is not None:
                self.lock.release()


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(supervisor_, "_LOOK_S", 0.02)
    return Place(Home(tmp_path / "home"))


async def test_an_engine_is_suspended_resumed_and_gone_and_one_starts_only_when_asked(
    place: Place,
) -> None:
    place.home.prepare()
    process = await holding(place.home.root)
    async with place.watched(restart=False):
        process.send_signal(signal.SIGSTOP)
        await until(lambda: place.status is ConnectionStatus.SUSPENDED)
        assert f"kill -CONT {process.pid}" in place.service.connection.reason
        process.send_signal(signal.SIGCONT)
        await until(lambda: place.status is not ConnectionStatus.SUSPENDED)
        process.kill()
        await process.wait()
        await until(lambda: place.status is ConnectionStatus.NO_ENGINE)
        assert place.service.connection.can_reconnect
        place.refuses = True
        assert place.starts == 0
        place.service.reconnect()
        await until(lambda: "The disk is full; Free some" in place.service.connection.reason)
        assert place.starts == 1
        place.refuses = False
        place.service.reconnect()
        await until(lambda: place.status is not ConnectionStatus.NO_ENGINE)
        assert place.starts == 2


async def test_where_work_is_waited_for_the_next_engine_starts_unasked(place: Place) -> None:
    place.home.prepare()
    async with place.watched(restart=True):
        await until(lambda: place.starts == 1)
        await until(lambda: place.status is not ConnectionStatus.NO_ENGINE)
