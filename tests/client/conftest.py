"""A client whose waits take no time and are written down, and runs to watch with it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from aura_tui.client.service import RemoteService
from aura_tui.client.stream.reconnecting_stream import Clock
from tests.client.scripted import Scripted, health

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    Connect = Callable[..., RemoteService]


class Waits:
    """The waits a client would have made, in seconds."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.hold: asyncio.Event | None = None  # while it is unset, waits don't end

    async def sleep(self, seconds: float) -> None:
        self.seconds.append(seconds)
        if self.hold is not None:
            await self.hold.wait()


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def clock(waits: Waits) -> Clock:
    return Clock(now=lambda: datetime.now(UTC), sleep=waits.sleep, chance=lambda: 1.0)


@pytest.fixture
async def server() -> AsyncIterator[Scripted]:
    """One of our own kind, as far as its health says."""
    async with Scripted() as server:
        server.on("/api/health", health)
        yield server


@pytest.fixture
async def connect(clock: Clock, tmp_path: Path) -> AsyncIterator[Connect]:
    """Makes services, and closes them."""
    made: list[RemoteService] = []

    def make(url: str = "", **options: object) -> RemoteService:
        given: dict[str, object] = {"clock": clock, "cache": tmp_path / "cache", **options}
        service = RemoteService(url, **given)  # type: ignore[arg-type]  # tests name the options
        made.append(service)
        return service

    yield make
    for service in made:
        await service.aclose()
