"""In want of something, or on a store that a disk has changed: a clear error or a good video, and
nothing silently lost. Long runs: `python tests/chaos/resources.py`."""

from __future__ import annotations

import asyncio
import shutil
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from aura_tui.engine import dispatcher
from aura_tui.engine.home import Home
from aura_tui.engine.read_only import ReadOnlyService
from aura_tui.engine.service import EmbeddedService
from aura_tui.engine.store.open import open_store
from aura_tui.errors import Code, EngineError
from aura_tui.model.status import JobStatus
from tests.chaos import resources_wal
from tests.chaos.resources_damage import STORE, check, told
from tests.engine.conftest import ended, follow, request
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.engine.store.store import Store
    from aura_tui.pipeline.context import StageContext
    from aura_tui.settings import Settings
    from tests.engine.stages import SmallStages


def test_of_a_damaged_store_only_what_was_written_is_shown_or_saved(tmp_path: Path) -> None:
    shutil.copyfile(STORE, tmp_path / "whole.db")
    opened = open_store(tmp_path / "whole.db")
    whole = told(opened.store)
    opened.store.close()
    ends = {check(tmp_path / str(seed), seed, whole) for seed in range(100)}
    assert ends == {"no harm", "all saved", "some saved", "none saved"}


def test_after_a_kill_a_log_that_is_damaged_cut_or_gone_loses_nothing_without_a_word(
    tmp_path: Path,
) -> None:
    # Where SQLite can't tell how far the log was whole, events after a job's last row are dropped.
    found: dict[bool, set[str]] = {}
    for counted in (True, False):
        home = tmp_path / f"home-{counted}"
        whole = resources_wal.killed(home, counted=counted)
        assert len(whole) == 3
        found[counted] = ends = set()
        for seed in range(30):
            copy = tmp_path / "copy"
            ends.add(resources_wal.check(copy, home, seed, whole))
            shutil.rmtree(copy)
    assert found[False] == {"no harm", "some saved", "none saved"}
    assert found[True] == {"no harm", "all saved", "some saved", "none saved"}


async def test_what_a_damaged_store_still_has_whole_goes_on(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        kept, lost = [(await service.submit(request(text))).id for text in ("one", "two")]
        for job_id in (kept, lost):
            await ended(service, job_id)
        before = await follow(service, kept)

        def change(store: Store) -> None:
            store.db.execute("UPDATE events SET data = data || ' ' WHERE job = 2 AND id % 2 = 0")

        await service._log.do(change)
    async with EmbeddedService(settings, stages=small) as service:
        (notice,) = service.notices
        assert "1 job was recovered" in notice
        assert lost in notice
        assert f"[{Code.STORE_CORRUPT}]" in notice
        assert await follow(service, kept) == before
        assert [job.id for job in (await service.list()).jobs] == [kept]
        new = await service.submit(request("three"))
        assert (await ended(service, new.id)).status is JobStatus.SUCCEEDED
        assert (await follow(service, new.id))[0].id > before[-1].id
    async with EmbeddedService(settings, stages=small) as service:
        assert service.notices == []


async def test_where_not_even_the_end_can_be_written_followers_are_told_and_it_goes_on_later(
    settings: Settings, small: SmallStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "STORE_AGAIN_S", 0.05)
    full = True

    async def fill(stage: str, ctx: StageContext, scene: int) -> None:
        if full and (stage, scene) == ("voice", 1):
            service.home.reserve.unlink(missing_ok=True)
            await service._log.do(_no_more_pages)
            for _ in range(200):
                ctx.log("x" * 500)

    small.hook = fill
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        with pytest.raises(EngineError) as caught:
            await asyncio.wait_for(follow(service, job.id), 10)
        assert caught.value.code is Code.DISK_FULL
        full = False
        await service._log.do(lambda s: s.db.execute("PRAGMA max_page_count=1000000").fetchone())
        await until(lambda: service._log.job(job.id) is None)
        assert (await service.get(job.id)).status is JobStatus.SUCCEEDED
        other = await service.submit(request("another"))
        assert (await ended(service, other.id)).status is JobStatus.SUCCEEDED


def _no_more_pages(store: Store) -> None:
    pages = store.db.execute("PRAGMA page_count").fetchone()[0]
    store.db.execute(f"PRAGMA max_page_count={pages}").fetchone()


@pytest.mark.parametrize("jump", [timedelta(hours=-1), timedelta(days=1)])
async def test_a_clock_that_jumps_breaks_no_order(
    settings: Settings, small: SmallStages, jump: timedelta
) -> None:
    offset = timedelta()

    async def leap(stage: str, ctx: StageContext, scene: int) -> None:
        nonlocal offset
        if (stage, scene) == ("visuals", 2):
            offset = jump

    small.hook = leap
    async with EmbeddedService(
        settings, stages=small, now=lambda: datetime.now(UTC) + offset
    ) as service:
        job = await service.submit(request())
        done = await ended(service, job.id)
        ids = [envelope.id for envelope in await follow(service, job.id)]
    assert done.status is JobStatus.SUCCEEDED
    assert ids == sorted(set(ids))
    assert done.created_at <= done.queued_at
    assert done.started_at is not None
    assert done.ended_at is not None
    assert done.queued_at <= done.started_at <= done.ended_at
    assert done.elapsed_s is not None
    assert done.elapsed_s < 10  # active time knows of no clock on the wall
    async with EmbeddedService(settings, stages=small) as service:
        again = await service.submit(request("more"))
        await ended(service, again.id)
        assert (await follow(service, again.id))[0].id > ids[-1]


async def test_of_many_engines_that_start_at_once_one_works_and_the_others_say_so(
    settings: Settings, small: SmallStages
) -> None:
    async def start() -> str:
        try:
            async with EmbeddedService(settings, stages=small) as service:
                job = await service.submit(request())
                return (await ended(service, job.id)).status.value
        except EngineError as e:
            return e.code.value

    for _ in range(5):
        found = await asyncio.gather(*(start() for _ in range(8)))
        assert set(found) <= {"Succeeded", "E801"}
        assert "Succeeded" in found
    async with ReadOnlyService(Home(settings.home)) as reader:
        assert all(job.status.ended for job in (await reader.list()).jobs)
