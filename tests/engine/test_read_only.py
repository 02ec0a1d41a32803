"""A second process on the same home: it reads all, and changes nothing."""

from __future__ import annotations

import asyncio
import os
from typing import TYPE_CHECKING

import pytest

from aura_tui.connect.job_ref import resolve
from aura_tui.engine.home import Home
from aura_tui.engine.lock import holder
from aura_tui.engine.read_only import ReadOnlyService
from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import Code, EngineError, NotFound
from aura_tui.model.status import JobStatus
from tests.engine.conftest import ended, follow, request
from tests.engine.test_service import At

if TYPE_CHECKING:
    from aura_tui.settings import Settings
    from tests.engine.stages import SmallStages


async def test_a_reader_sees_the_same_job_events_and_log(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("visuals", 2)
    async with (
        EmbeddedService(settings, stages=small) as service,
        ReadOnlyService(Home(settings.home)) as reader,
    ):
        job = await service.submit(request())
        await at.reached.wait()
        assert (await reader.get(job.id)).status is JobStatus.RUNNING
        task = asyncio.create_task(_collect(reader, job.id))
        at.go.set()
        await ended(service, job.id)
        assert await task == await follow(service, job.id)
        assert await reader.get(job.id) == await service.get(job.id)
        assert await reader.logs(job.id) == await service.logs(job.id)
        assert (await reader.list()).jobs == (await service.list()).jobs
        assert await resolve(reader, "@latest") == job.id


async def _collect(reader: ReadOnlyService, job_id: str) -> list[object]:
    return [envelope async for envelope in reader.events(job_id)]


async def test_changes_are_refused_and_say_who_holds_the_engine(
    settings: Settings, small: SmallStages
) -> None:
    async with (
        EmbeddedService(settings, stages=small) as service,
        ReadOnlyService(Home(settings.home)) as reader,
    ):
        job = await service.submit(request())
        for change in (reader.cancel, reader.pause, reader.resume, reader.retry):
            with pytest.raises(EngineError) as caught:
                await change(job.id)
            assert caught.value.code is Code.ENGINE_BUSY
            assert f"process {os.getpid()}" in caught.value.message
        with pytest.raises(EngineError):
            await reader.submit(request())


async def test_a_home_without_a_store_has_no_jobs(settings: Settings) -> None:
    async with ReadOnlyService(Home(settings.home)) as reader:
        assert (await reader.list()).jobs == ()
        with pytest.raises(NotFound):
            await resolve(reader, "@latest")
    assert not settings.home.exists()


async def test_a_watcher_is_told_when_the_engine_ends_before_the_job(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("voice", 1)
    reader = ReadOnlyService(Home(settings.home))
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        task = asyncio.create_task(_collect(reader, job.id))
        assert holder(Home(settings.home)) is not None
    with pytest.raises(EngineError) as caught:
        await task
    assert caught.value.code is Code.ENGINE_GONE
    assert holder(Home(settings.home)) is None
    await reader.aclose()
