"""A store of every schema there ever was opens, reads, and goes on."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from msgspec.structs import replace

from aura_tui.engine.home import Home
from aura_tui.engine.opening import open_reader, open_store
from aura_tui.engine.reading import ReadOnlyService
from aura_tui.engine.service import EmbeddedService
from aura_tui.engine.store import SCHEMA
from aura_tui.model.job import as_created
from aura_tui.model.reduce import fold
from aura_tui.model.status import JobStatus
from aura_tui.settings import Settings
from tests.engine.conftest import ended
from tests.engine.stages import SmallStages

STORES = Path(__file__).parent / "stores"
# What tests/chaos/upgrade.py does, newest job first: title and state.
JOBS = [
    ("waits", JobStatus.QUEUED),
    ("is at work", JobStatus.RUNNING),
    ("is paused", JobStatus.PAUSED),
    ("fails", JobStatus.FAILED),
    ("is cancelled", JobStatus.CANCELED),
    ("fails", JobStatus.FAILED),
    ("succeeds, ü and 🌊", JobStatus.SUCCEEDED),
]


@pytest.fixture(params=range(1, SCHEMA + 1))
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """A home with the store of a release."""
    home = Home(tmp_path / "home")
    home.prepare()
    shutil.copyfile(STORES / f"schema-{request.param}.db", home.store)
    return home


async def test_a_process_that_only_reads_leaves_it_as_it_is(released: Home) -> None:
    before = released.store.read_bytes()
    async with ReadOnlyService(released) as reader:
        page = await reader.list()
        assert [(job.title, job.status) for job in page.jobs] == JOBS
        for job in page.jobs:
            assert await reader.logs(job.id) or job.status is JobStatus.QUEUED
    assert released.store.read_bytes() == before


async def test_an_engine_brings_it_up_and_ends_what_was_left(released: Home) -> None:
    old = open_reader(released.store)
    assert old is not None
    told = {
        record.job.id: (record.job, list(old.all_events(record.n)))
        for record in old.records(status=None, before=None, limit=50)
    }
    last = old.last_id()
    old.close()
    settings = Settings(home=released.root)
    settings = replace(settings, engine=replace(settings.engine, min_free_mb=1))
    async with EmbeddedService(settings, stages=SmallStages()) as service:
        assert service.notices == []
        for job, events in told.values():
            assert fold(as_created(job), events) == job
            if job.status is JobStatus.PAUSED:
                await service.resume(job.id)
            now = await ended(service, job.id)
            assert now.status is (job.status if job.status.ended else JobStatus.SUCCEEDED)
            new = [e async for e in service.events(job.id)]
            assert new[: len(events)] == events
            assert all(e.id > last for e in new[len(events) :])
    opened = open_store(released.store)
    assert (opened.clean, opened.damage) == (True, None)
    opened.store.close()


async def test_every_schema_has_its_store() -> None:
    there = {path.name for path in STORES.iterdir()}
    assert there == {f"schema-{n}.db" for n in range(1, SCHEMA + 1)}
