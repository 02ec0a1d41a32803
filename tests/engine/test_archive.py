"""The archive: kept events as they were written, for those who pass them on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import EngineError
from aura_tui.model.events import EVENT_NAMES
from aura_tui.service import Archive
from aura_tui.wire import codec
from tests.engine.conftest import ended, follow, request

if TYPE_CHECKING:
    from aura_tui.service import Recorded
    from aura_tui.settings import Settings
    from tests.engine.stages import SmallStages


async def read(service: Archive, job_id: str | None, limit: int) -> list[Recorded]:
    found: list[Recorded] = []
    while page := await service.recorded(job_id, after=found[-1].id if found else 0, limit=limit):
        found += page
    return found


async def test_what_is_kept_is_what_readers_see(settings: Settings, small: SmallStages) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        assert isinstance(service, Archive)
        jobs = [(await service.submit(request(text))).id for text in ("one", "two")]
        seen = {job: await follow(service, job) for job in jobs}
        for job in jobs:
            kept = await read(service, job, 7)
            assert [row.id for row in kept] == [envelope.id for envelope in seen[job]]
            assert {row.job_id for row in kept} == {job}
            for row, envelope in zip(kept, seen[job], strict=True):
                assert row.name == EVENT_NAMES[type(envelope.event)]
                assert row.data == codec.encode(envelope.event)
        everything = await read(service, None, 9)
        assert [row.id for row in everything] == sorted(e.id for job in jobs for e in seen[job])
        assert service.published == everything[-1].id
        assert await service.recorded("none", after=0, limit=10) == []


async def test_everything_published_is_kept(settings: Settings, small: SmallStages) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        async for envelope in service.events(job.id):
            assert service.published >= envelope.id
            (row, *_) = await service.recorded(None, after=envelope.id - 1, limit=1)
            assert row.id == envelope.id


async def test_a_damaged_row_hides_no_other(settings: Settings, small: SmallStages) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await ended(service, job.id)
        whole = await read(service, job.id, 100)
        bad = whole[3].id
        await service._log.do(
            lambda s: s.db.execute("UPDATE events SET data = x'0a0a' WHERE id = ?", (bad,))
        )
        assert await read(service, job.id, 1) == [row for row in whole if row.id != bad]


async def test_an_engine_that_has_ended_reads_and_writes_nothing(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        await service.probe()
    with pytest.raises(EngineError):
        await service.recorded(None, after=0, limit=1)
    with pytest.raises(EngineError):
        await service.probe()
