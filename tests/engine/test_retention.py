"""Retention: what goes, when, and what never does."""

from __future__ import annotations

import os
import stat
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pytest

from aura_tui.engine.retention import every_s, sweep, sweep_as_of
from aura_tui.engine.service import EmbeddedService
from aura_tui.errors import NotFound
from aura_tui.settings import EngineSettings
from tests.engine.conftest import ended, request, with_engine
from tests.engine.test_service import At

if TYPE_CHECKING:
    from aura_tui.settings import Settings
    from tests.engine.stages import SmallStages

HOUR, DAY = 3600, 86400


def pieces(settings: Settings) -> list[Path]:
    return [p for p in (settings.home / "pieces").rglob("*") if p.is_file()]


async def test_pieces_go_a_day_after_their_last_use_jobs_a_month_after_their_end(
    settings: Settings, small: SmallStages, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request(), deliver_to=out)
        done = await ended(service, job.id)
        now = (done.ended_at or done.created_at).timestamp()

        async def at(later_s: float) -> None:
            await sweep_as_of(service._log, service.home, settings.engine, now + later_s)

        await at(23 * HOUR)
        assert pieces(settings)
        await at(25 * HOUR)
        assert not pieces(settings)
        assert await service.get(job.id) == done
        assert all(Path(a.path).is_file() for a in done.artifacts)
        await at(29 * DAY)
        assert (settings.home / "jobs" / job.id).is_dir()
        await at(31 * DAY)
        with pytest.raises(NotFound):
            await service.get(job.id)
        count = await service._log.do(
            lambda store: store.db.execute("SELECT count(*) FROM events").fetchone()[0]
        )
        assert count == 0
        assert not (settings.home / "jobs" / job.id).exists()
    assert (out / "small.mp4").is_file()


async def test_a_job_that_is_kept_for_no_time_goes_in_the_millisecond_of_its_end(
    settings: Settings, small: SmallStages
) -> None:
    none = msgspec.structs.replace(settings.engine, keep_jobs_days=0)
    async with EmbeddedService(settings, stages=small) as service:
        done = await ended(service, (await service.submit(request())).id)
        assert done.ended_at is not None
        now = int(done.ended_at.timestamp() * 1000) / 1000
        await sweep_as_of(service._log, service.home, none, now - 0.001)
        assert await service.get(done.id) == done
        await sweep_as_of(service._log, service.home, none, now)
        with pytest.raises(NotFound):
            await service.get(done.id)


async def test_what_an_open_job_has_made_stays_however_old(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("visuals", 2)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        before = pieces(settings)
        assert before
        later = job.created_at.timestamp() + 400 * DAY
        await sweep_as_of(service._log, service.home, settings.engine, later)
        assert pieces(settings) == before
        assert (await service.get(job.id)).id == job.id
        at.go.set()
        await ended(service, job.id)


async def test_folders_of_jobs_that_the_store_does_not_know_go_as_late(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        stray = settings.home / "jobs" / "0123456789"
        other = settings.home / "jobs" / "not-a-job"
        for folder in (stray, other):
            folder.mkdir()
        now = stray.stat().st_mtime
        await sweep_as_of(service._log, service.home, settings.engine, now + 29 * DAY)
        assert stray.is_dir()
        await sweep_as_of(service._log, service.home, settings.engine, now + 31 * DAY)
        assert not stray.exists()
        assert other.is_dir()
        os.rmdir(other)


async def test_an_engine_that_lived_for_one_short_job_sweeps_too(
    settings: Settings, small: SmallStages
) -> None:
    settings = with_engine(settings, keep_workspaces_h=1e-9)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await ended(service, job.id)
        assert pieces(settings)
    assert not pieces(settings)


async def test_a_clock_that_leaps_sweeps_nothing_until_it_has_kept_to_the_time_for_a_day(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        done = await ended(service, job.id)
        now = (done.ended_at or done.created_at).timestamp()
        before = pieces(settings)

        async def at(later_s: float) -> None:
            await sweep(service._log, service.home, settings.engine, now + later_s)

        await at(1)
        for later in (4000 * DAY, 4000 * DAY + 23 * HOUR, -20000 * DAY, HOUR, 60 * DAY):
            await at(later)
            assert pieces(settings) == before, later
            assert await service.get(job.id) == done, later
        for later in range(60 * DAY, 61 * DAY + 1, HOUR):  # off for two months: old it is
            await at(later)
        assert not pieces(settings)
        with pytest.raises(NotFound):
            await service.get(job.id)


async def test_jobs_after_a_leap_of_the_clock_and_back_go_by_their_own_end(
    settings: Settings, small: SmallStages
) -> None:
    clock = datetime.now(UTC) + timedelta(days=4000)
    async with EmbeddedService(settings, stages=small, now=lambda: clock) as service:
        await ended(service, (await service.submit(request())).id)
    clock = datetime.now(UTC)
    async with EmbeddedService(settings, stages=small, now=lambda: clock) as service:
        job = await service.submit(request("after"))
        await ended(service, job.id)  # its ids go on where those of the leap were
        later = clock.timestamp() + 31 * DAY
        await sweep_as_of(service._log, service.home, settings.engine, later)
        with pytest.raises(NotFound):
            await service.get(job.id)


async def test_a_job_that_was_made_while_the_clock_was_behind_is_not_old_when_it_is_right(
    settings: Settings, small: SmallStages
) -> None:
    right = datetime.now(UTC)
    clock = right
    async with EmbeddedService(settings, stages=small, now=lambda: clock) as service:
        first = await service.submit(request("first"))
        await ended(service, first.id)
        clock = datetime(1979, 1, 1, tzinfo=UTC)
        job = await service.submit(request("behind"))
        done = await ended(service, job.id)
        folder = settings.home / "jobs" / job.id
        for path in (folder, *folder.iterdir()):  # as the kernel would have dated them
            os.utime(path, (clock.timestamp(), clock.timestamp()), follow_symlinks=False)
        await sweep_as_of(service._log, service.home, settings.engine, right.timestamp() + DAY)
        assert await service.get(job.id) == done
        assert folder.is_dir()
        await sweep_as_of(service._log, service.home, settings.engine, right.timestamp() + 31 * DAY)
        for gone in (first, job):
            with pytest.raises(NotFound):
                await service.get(gone.id)


async def test_what_an_earlier_version_left_open_is_closed_once(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        await ended(service, (await service.submit(request())).id)
        below = [*pieces(settings), *(settings.home / "jobs").rglob("*")]
        for path in below:
            path.chmod(0o755)
        await sweep(service._log, service.home, settings.engine, time.time())
        assert {stat.S_IMODE(path.lstat().st_mode) & 0o077 for path in below} == {0}
        below[0].chmod(0o644)
        await sweep(service._log, service.home, settings.engine, time.time())
        assert stat.S_IMODE(below[0].stat().st_mode) == 0o644  # not looked at each time


@pytest.mark.parametrize(
    ("hours", "days", "every"),
    [(24.0, 30.0, HOUR), (24.0, 2 / 24, HOUR / 2), (0.5, 30.0, HOUR / 8), (0.0, 0.0, 60)],
)
def test_the_less_is_kept_the_oftener_it_is_swept(hours: float, days: float, every: float) -> None:
    settings = EngineSettings(keep_workspaces_h=hours, keep_jobs_days=days)
    assert every_s(settings) == pytest.approx(every)
