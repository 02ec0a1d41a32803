"""A deleted job leaves nothing in the home, and everything that was delivered."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, cast

import pytest

from aura_tui.engine import event_log as event_log_
from aura_tui.engine.home import Home
from aura_tui.engine.read_only import ReadOnlyService
from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import Conflict, NotFound
from aura_tui.model.status import JobStatus
from tests.engine.conftest import ended, follow, request

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from pathlib import Path

    from aura_tui.model.events import Envelope
    from aura_tui.settings import Settings
    from tests.engine.stages import SmallStages


async def test_what_was_delivered_stays_and_ids_only_rise(
    settings: Settings, small: SmallStages, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request(), deliver_to=out)
        last = (await ended(service, job.id)).last_event_id
        await service.delete(job.id)
        assert not (settings.home / "jobs" / job.id).exists()
        assert (out / "small.mp4").is_file()
        rows = await service._log.do(
            lambda store: store.db.execute("SELECT count(*) FROM events").fetchone()[0]
        )
        assert rows == 0
    async with EmbeddedService(settings, stages=small) as service:
        assert service.notices == []
        again = await service.submit(request())
        assert (await follow(service, again.id))[0].id > last


async def test_a_job_that_has_not_ended_stays(settings: Settings) -> None:
    async with EmbeddedService(settings, work=False) as service:
        job = await service.submit(request())
        with pytest.raises(Conflict):
            await service.delete(job.id)
        assert (await service.get(job.id)).status is JobStatus.QUEUED


async def test_who_reads_its_history_meanwhile_is_told_that_it_is_gone(
    settings: Settings, small: SmallStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(event_log_, "_PAGE", 2)
    async with EmbeddedService(settings, stages=small) as service:
        first = await service.submit(request("first"))
        await ended(service, first.id)
    async with (
        EmbeddedService(settings, stages=small) as service,
        ReadOnlyService(Home(settings.home)) as reader,
        asyncio.timeout(10),
    ):
        # From the file, a page at a time: an engine's ring has none of an earlier one's events.
        events = cast("AsyncGenerator[Envelope]", service.events(first.id))
        async with aclosing(events):
            await anext(events)
            await service.delete(first.id)
            with pytest.raises(NotFound):
                async for _ in events:
                    pass
        second = await service.submit(request("second"))
        last = (await ended(service, second.id)).last_event_id
        for each in (service, reader):
            # After its last event there is nothing to wait for.
            assert [e async for e in each.events(second.id, after=last)] == []
        beside = reader.events(second.id)
        await anext(beside)
        await service.delete(second.id)
        rest = [e async for e in beside]  # its page was read before
        assert rest[-1].id == last
        with pytest.raises(NotFound):
            await anext(reader.events(second.id))
