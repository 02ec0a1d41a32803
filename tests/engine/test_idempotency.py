"""A key of a request stands for the job that was made under it: for a day, across engines."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from aura_tui.engine.service import EmbeddedService
from aura_tui.engine.store import store as store_
from aura_tui.engine.store.open import open_store
from aura_tui.engine.store.recovery import recover
from aura_tui.engine.store.store import IdempotencyKey
from aura_tui.errors import Code, InputError
from aura_tui.model.request import Origin
from tests.engine.conftest import ended, request

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.settings import Settings
    from tests.engine.stages import SmallStages


class Clock:
    """A time that a test moves."""

    def __init__(self) -> None:
        self.at = datetime.now(UTC)

    def __call__(self) -> datetime:
        return self.at


async def test_a_key_outlives_its_engine_and_a_day_ends_it(
    settings: Settings, small: SmallStages
) -> None:
    clock = Clock()
    async with EmbeddedService(settings, stages=small, now=clock) as service:
        first = await service.submit(request(), idempotency_key="k")
        done = await ended(service, first.id)
    async with EmbeddedService(settings, stages=small, now=clock) as service:
        assert await service.submit(request(), idempotency_key="k") == done
        with pytest.raises(InputError) as caught:
            await service.submit(request("other"), idempotency_key="k")
        assert caught.value.code is Code.KEY_REUSED
        clock.at += timedelta(hours=23, minutes=59)
        assert (await service.submit(request(), idempotency_key="k")).id == first.id
        clock.at += timedelta(minutes=2)
        other = await service.submit(request("other"), idempotency_key="k")
        assert other.id != first.id
        assert (await service.submit(request("other"), idempotency_key="k")).id == other.id


async def test_of_many_at_once_one_makes_the_job(settings: Settings, small: SmallStages) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        made = await asyncio.gather(
            *(service.submit(request(), idempotency_key="k") for _ in range(20))
        )
        assert len({job.id for job in made}) == 1
        assert len((await service.list()).jobs) == 1


async def test_a_key_is_of_one_owner_and_one_folder(
    settings: Settings, small: SmallStages, tmp_path: Path
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        mine, theirs = (replace(request(), origin=Origin(owner=name)) for name in ("a", "b"))
        first = await service.submit(mine, idempotency_key="k")
        assert (await service.submit(theirs, idempotency_key="k")).id != first.id
        with pytest.raises(InputError):
            await service.submit(mine, deliver_to=tmp_path / "out", idempotency_key="k")


async def test_a_key_of_a_deleted_job_makes_a_new_one(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        first = await service.submit(request(), idempotency_key="k")
        await ended(service, first.id)
        await service.delete(first.id)
        kept = await service._log.do(
            lambda store: store.db.execute("SELECT count(*) FROM idempotency_keys").fetchone()
        )
        assert kept == (0,)
        assert (await service.submit(request(), idempotency_key="k")).id != first.id


async def test_a_rescued_store_has_the_whole_keys_of_the_jobs_that_it_has(
    settings: Settings, small: SmallStages, tmp_path: Path
) -> None:
    ids: dict[str, str] = {}
    async with EmbeddedService(settings, stages=small) as service:
        for key in ("whole", "damaged", "jobless"):
            job = await service.submit(request(key), idempotency_key=key)
            ids[key] = (await ended(service, job.id)).id
    path = settings.home / "aura.db"
    damaged = tmp_path / "damaged.db"
    path.rename(damaged)
    with contextlib.closing(sqlite3.connect(damaged)) as db, db:
        numbers = dict(db.execute("SELECT id, n FROM jobs"))
        hurt = "UPDATE idempotency_keys SET request = x'00' WHERE job = ?"
        db.execute(hurt, (numbers[ids["damaged"]],))
        db.execute("UPDATE jobs SET job = x'00' WHERE id = ?", (ids["jobless"],))
    store = open_store(path).store
    assert recover(damaged, store, time.time()).saved == 2
    store.close()
    async with EmbeddedService(settings, stages=small) as service:
        made = [  # the first new job gets the number of the one that was lost
            (await service.submit(request(key), idempotency_key=key)).id
            for key in ("whole", "damaged", "jobless")
        ]
    assert made[0] == ids["whole"]
    assert len({*made, *ids.values()}) == 5


def test_keys_are_bounded_and_a_damaged_one_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_, "MAX_KEYS", 3)
    store = open_store(tmp_path / "x.db").store
    store.db.execute(
        "INSERT INTO jobs (id, status, lineage, request, job) VALUES ('j','Queued','j','','')"
    )
    keys = [IdempotencyKey(bytes([i]) * 32, b"r" * 32, 1_000_000_000_000 + i) for i in range(5)]
    for key in keys:
        store.save_key(key, 1)
    assert [store.job_for_key(key) for key in keys] == [None, None, "j", "j", "j"]
    store.db.execute("UPDATE idempotency_keys SET request = ? WHERE key = ?", (b"s", keys[4].key))
    assert store.job_for_key(keys[4]) is None
    store.close()
