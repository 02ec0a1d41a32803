"""A store of every schema there ever was opens, reads, and goes on."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from msgspec.structs import replace

from aura_tui.engine.home import Home
from aura_tui.engine.read_only import ReadOnlyService
from aura_tui.engine.service import EmbeddedService
from aura_tui.engine.store.open import open_reader, open_store
from aura_tui.engine.store.store import SCHEMA
from aura_tui.model.job import as_created
from aura_tui.model.reduce import fold
from aura_tui.model.status import JobStatus
from aura_tui.settings import Settings
from tests.engine.conftest import ended
from tests.engine.stages import SmallStages

STORES = Path(__file__).parents[1] / "stores"
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
            assert job.settings is not None  # from its request, as far as that has them
            assert (job.settings.fps, job.settings.aspect) == (30, "16:9")
            assert job.settings.brief_bytes > 0
            assert (await reader.get(job.id)).settings == job.settings
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


def test_what_makes_a_new_store_makes_the_one_that_was_released(tmp_path: Path) -> None:
    """Else the schema has changed, and wants a number of its own."""
    open_store(tmp_path / "new.db").store.close()
    assert _schema(tmp_path / "new.db", "sql") == _schema(STORES / f"schema-{SCHEMA}.db", "sql")


def test_an_upgrade_ends_in_the_tables_and_indexes_of_a_new_store(
    released: Home, tmp_path: Path
) -> None:
    open_store(tmp_path / "new.db").store.close()
    open_store(released.store).store.close()
    assert _schema(released.store, "name") == _schema(tmp_path / "new.db", "name")


def _schema(path: Path, what: str) -> list[tuple[object, ...]]:
    """What a file is made of: name or statement of each table and index, and all columns."""
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        made = db.execute(f"SELECT type, {what} FROM sqlite_schema ORDER BY name").fetchall()
        columns = db.execute(
            "SELECT s.name, c.* FROM sqlite_schema s, pragma_table_xinfo(s.name) c ORDER BY 1, 2"
        ).fetchall()
        return [*made, *columns]


async def test_every_schema_has_its_store() -> None:
    there = {path.name for path in STORES.iterdir()}
    assert there == {f"schema-{n}.db" for n in range(1, SCHEMA + 1)}
