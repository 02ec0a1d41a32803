"""What an engine reports of itself, wherever it runs, and what older servers don't."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from aura_tui import __version__
from aura_tui.client.service import RemoteService
from aura_tui.engine.home import Home
from aura_tui.engine.read_only import ReadOnlyService
from aura_tui.service import Described, EngineInfo
from aura_tui.settings import EngineSettings, Settings
from tests.client.scripted import Scripted, health, json, page
from tests.server.serving import served

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path / "home", engine=EngineSettings(min_free_mb=1))


async def test_every_engine_tells_its_version_process_start_and_room(settings: Settings) -> None:
    async with served(settings) as server, RemoteService(server.url) as remote:
        found = []
        for service in (remote, server.service):
            assert isinstance(service, Described)
            info = await service.engine_info()
            assert (info.version, info.pid) == (__version__, os.getpid())
            assert info.since is not None
            assert info.free_bytes
            found.append(info.since)
        assert found[0] == found[1]
        async with ReadOnlyService(Home(settings.home)) as reader:
            assert (await reader.engine_info()).pid == os.getpid()
    async with ReadOnlyService(Home(settings.home)) as reader:
        gone = await reader.engine_info()
        assert (gone.pid, gone.since, gone.version) == (None, None, "")
        assert gone.free_bytes


async def test_what_a_server_does_not_report_is_unknown() -> None:
    async with Scripted() as server:
        server.on("/api/health", health)  # of an older version of ours
        async with RemoteService(server.url) as service:
            assert (await service.engine_info()).pid is None
    async with Scripted() as server:
        server.on("/api/health", page(404))
        async with RemoteService(server.url) as service:
            assert await service.engine_info() == EngineInfo()
    hostile = {"service": "aura-tui", "version": "\x1b[2J" + "9" * 500, "pid": -1, "freeBytes": "x"}
    async with Scripted() as server:
        server.on("/api/health", json({**hostile, "startedAt": "yesterday"}))
        async with RemoteService(server.url) as service:
            info = await service.engine_info()
    assert (info.pid, info.since, info.free_bytes) == (None, None, None)
    assert "\x1b" not in info.version
    assert len(info.version) <= 41
