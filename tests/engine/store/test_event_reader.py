"""The archive: kept events as they were written, for those who pass them on."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import Code, EngineError
from aura_tui.service import Archive
from aura_tui.wire import sse
from tests.engine.conftest import ended, follow, request

if TYPE_CHECKING:
    from aura_tui.model.events import Envelope
    from aura_tui.settings import Settings
    from tests.engine.stages import SmallStages


async def read(service: Archive, job_id: str | None, limit: int) -> list[tuple[str, bytes]]:
    """Every frame that is kept, with whose it is."""
    found: list[tuple[str, bytes]] = []
    after, ended = 0, False
    while (page := await service.recorded(job_id, after=after, limit=limit)).frames:
        assert len(page.frames) <= limit
        assert page.upto > after
        assert not ended
        after, ended = page.upto, page.ended and job_id is not None
        jobs = page.jobs or [job_id or ""] * len(page.frames)
        found += zip(jobs, page.frames, strict=True)
    assert page.upto == after
    return found


def told(*envelopes: Envelope) -> list[tuple[str, bytes]]:
    return [(envelope.event.job_id, sse.envelope_frame(envelope)) for envelope in envelopes]


async def test_what_is_kept_is_what_readers_see(settings: Settings, small: SmallStages) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        assert isinstance(service, Archive)
        jobs = [(await service.submit(request(text))).id for text in ("one", "two")]
        seen = [await follow(service, job) for job in jobs]
        for job, envelopes in zip(jobs, seen, strict=True):
            assert await read(service, job, 7) == told(*envelopes)
            assert (await service.recorded(job, after=0, limit=100)).ended
        both = sorted((*seen[0], *seen[1]), key=lambda envelope: envelope.id)
        assert await read(service, None, 9) == told(*both)
        assert service.published == both[-1].id
        assert (await service.recorded("none", after=0, limit=10)).frames == ()


async def test_everything_published_is_kept(settings: Settings, small: SmallStages) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        async for envelope in service.events(job.id):
            assert service.published >= envelope.id
            page = await service.recorded(None, after=envelope.id - 1, limit=1)
            assert (page.jobs, page.frames, page.upto) == (
                [job.id], [sse.envelope_frame(envelope)], envelope.id,
            )  # fmt: skip


# Each is one thing that a disk may make of a row: another value, another type, other text.
DAMAGE = {
    "data": "data = x'0a0a'",
    "a bit": "data = CAST(replace(CAST(data AS TEXT), 'job', 'jo`') AS BLOB)",
    "text": "data = CAST(data AS TEXT) || ' '",
    "a number": "data = 5",
    "name": "name = 'job-lost'",
    "no name's type": "name = x'ff00'",
    "whose": "job = job + 1",
    "sum": "sum = sum + 1",
    "no sum": "sum = NULL",
    "a sum's type": "sum = 'x'",
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE)
async def test_a_damaged_row_hides_no_other(
    settings: Settings, small: SmallStages, damage: str
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        seen = await follow(service, job.id)
        bad = seen[3].id
        await service._log.do(
            lambda s: s.db.execute(f"UPDATE events SET {damage} WHERE id = ?", (bad,))
        )
        left = [envelope for envelope in seen if envelope.id != bad]
        for limit in (1, 100):
            assert await read(service, job.id, limit) == told(*left)
            assert await read(service, None, limit) == told(*left)
        assert await service._log.do(lambda s: s.events(None, 0, 100)) == left
        assert await service._log.do(lambda s: s.damaged)


async def test_a_page_of_damage_is_not_the_end(settings: Settings, small: SmallStages) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        seen = await follow(service, job.id)
        upto = seen[9].id
        await service._log.do(
            lambda s: s.db.execute("UPDATE events SET data = x'7b7d' WHERE id <= ?", (upto,))
        )
        for job_id in (job.id, None):
            assert await read(service, job_id, 2) == told(*seen[10:])
        assert await service._log.do(lambda s: s.events(None, 0, 2)) == seen[10:12]


async def test_events_of_a_job_that_is_gone_hide_no_other(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        gone, job = await service.submit(request("one")), await service.submit(request("two"))
        await ended(service, gone.id)
        seen = await follow(service, job.id)
        await service._log.do(lambda s: s.db.execute("DELETE FROM jobs WHERE id = ?", (gone.id,)))
        assert await read(service, None, 2) == told(*seen)


async def test_a_probe_of_a_full_disk_says_so_and_spends_nothing_of_the_reserve(
    settings: Settings, small: SmallStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        reserve = service.home.reserve.stat().st_size
        full = shutil.disk_usage(settings.home)._replace(free=4096)
        with monkeypatch.context() as patch:
            patch.setattr(shutil, "disk_usage", lambda _: full)
            with pytest.raises(EngineError) as caught:
                await service.probe()
        assert caught.value.code is Code.DISK_FULL
        assert service.home.reserve.stat().st_size == reserve
        await service.probe()


async def test_an_engine_that_has_ended_reads_and_writes_nothing(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        await service.probe()
    with pytest.raises(EngineError):
        await service.recorded(None, after=0, limit=1)
    with pytest.raises(EngineError):
        await service.probe()
