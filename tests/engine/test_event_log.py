"""The log: durable before seen, in the order of ids, nothing lost or repeated, a full disk."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from aura_tui.engine.event_log import EventLog
from aura_tui.engine.ports import Fenced
from aura_tui.engine.store.open import open_reader, open_store
from aura_tui.engine.store.store import SCHEMA, Record, Store
from aura_tui.errors import Code, EngineError
from aura_tui.model import events as ev
from aura_tui.model.job import Job, as_created
from aura_tui.model.reduce import fold
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from tests.engine.conftest import request

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Desk:
    """A log on a file, and jobs in it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "aura.db"
        self.reserve = folder / "reserve"
        self.now_ms = 1_000_000
        self.open()

    def open(self) -> None:
        self.store = open_store(self.path).store
        self.log = EventLog(self.store, lambda: self.now_ms, self.reserve)

    async def job(self, name: str, run: int = 0) -> str:
        job = Job(id=name, correlation_id="c", title=name, created_at=NOW, queued_at=NOW)
        n = await self.log.do(lambda store: store.add(job, request(), name, None))
        self.log.track(
            Record(
                n=n, run=run, lineage=name, deliver_to=None, request=request(), work=None, job=job
            )
        )
        running = ev.JobStatusChanged(job_id=name, timestamp=NOW, status=JobStatus.RUNNING)
        started = ev.StepStatusChanged(
            job_id=name, timestamp=NOW, step=Stage.SCRIPT, status=StepStatus.STARTED
        )
        await self.log.append(name, run, [running, started])
        return name


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Desk]:
    desk = Desk(tmp_path)
    yield desk
    await desk.log.close()


def progress(job: str, percent: float) -> ev.StepProgressed:
    return ev.StepProgressed(
        job_id=job,
        timestamp=NOW + timedelta(seconds=percent),
        step=Stage.SCRIPT,
        progress_pct=percent,
    )


async def collect(desk: Desk, job: str | None, after: int, count: int) -> list[ev.Envelope]:
    n = desk.log.row(job) if job else None
    found: list[ev.Envelope] = []
    async for envelope in desk.log.follow(n, job, after):
        found.append(envelope)
        if len(found) == count:
            break
    return found


async def test_what_a_reader_sees_is_in_the_file_already(desk: Desk) -> None:
    job = await desk.job("a")
    reader = open_reader(desk.path)
    assert reader
    seen = 0

    async def read() -> None:
        nonlocal seen
        n = desk.log.row(job)
        async for envelope in desk.log.follow(n, job, 0):
            stored = reader.db.execute("SELECT max(id) FROM events").fetchone()[0]
            assert stored >= envelope.id
            seen += 1
            if seen == 102:
                return

    task = asyncio.create_task(read())
    for i in range(100):
        desk.log.append(job, 0, [progress(job, i)])
    await task
    reader.close()


async def test_many_writers_and_readers_agree_on_one_order(desk: Desk) -> None:
    jobs = [await desk.job(f"job{i}") for i in range(8)]
    count = 8 * 50

    async def write(job: str) -> None:
        for i in range(50):
            await desk.log.append(job, 0, [progress(job, i)])

    first = desk.log.last_id
    readers = [asyncio.create_task(collect(desk, None, first, count)) for _ in range(3)]
    await asyncio.gather(*(write(job) for job in jobs))
    late = await collect(desk, None, first, count)
    for reader in readers:
        assert await reader == late
    ids = [envelope.id for envelope in late]
    assert ids == sorted(set(ids))
    for job in jobs:
        own = [e for e in late if e.event.job_id == job]
        assert [e.event.progress_pct for e in own if isinstance(e.event, ev.StepProgressed)] == [
            *range(50)
        ]


async def test_a_reader_far_behind_crosses_from_the_file_to_memory(desk: Desk) -> None:
    job = await desk.job("a")
    desk.log._ring_start = desk.log.last_id  # nothing of before is in memory
    for i in range(2500):
        desk.log.append(job, 0, [progress(job, i / 25)])
    await desk.log.append(job, 0, [progress(job, 100)])
    found = await collect(desk, job, 0, 2503)
    assert len({e.id for e in found}) == 2503
    folded = fold(as_created(_job(desk, job)), found)
    assert folded == desk.log.job(job)


def _job(desk: Desk, name: str) -> Job:
    job = desk.log.job(name)
    assert job
    return job


async def test_ids_go_on_after_a_restart_with_a_clock_that_went_back(desk: Desk) -> None:
    job = await desk.job("a")
    await desk.log.append(job, 0, [progress(job, 1)])
    last = desk.log.last_id
    await desk.log.close()
    desk.now_ms = 5
    desk.open()
    assert desk.log.last_id >= last
    other = await desk.job("b")
    (first, *_) = await collect(desk, other, 0, 1)
    assert first.id > last


async def test_a_job_is_loaded_from_its_snapshot_and_what_came_after(desk: Desk) -> None:
    job = await desk.job("a")
    await desk.log.append(job, 0, [progress(job, 42)])
    live = desk.log.job(job)
    record = await desk.log.do(lambda store: store.record(job))
    assert record
    assert record.job == live
    snapshot = await desk.log.do(lambda s: s.db.execute("SELECT job FROM jobs").fetchone()[0])
    assert b"42" not in snapshot  # progress alone isn't worth a snapshot


async def test_words_of_an_earlier_run_are_refused(desk: Desk) -> None:
    job = await desk.job("a")
    assert await desk.log.next_run(job) == 1
    with pytest.raises(Fenced):
        desk.log.append(job, 0, [progress(job, 1)])
    await desk.log.append(job, 1, [progress(job, 1)])
    with pytest.raises(Fenced):
        desk.log.append("unknown", 0, [])


async def test_a_full_disk_gives_up_the_reserve_and_then_says_so(desk: Desk) -> None:
    job = await desk.job("a")
    assert desk.reserve.stat().st_size > 0
    pages = await desk.log.do(lambda s: s.db.execute("PRAGMA page_count").fetchone()[0])
    await desk.log.do(lambda s: s.db.execute(f"PRAGMA max_page_count={pages + 2}").fetchone())
    big = ev.JobLogged(job_id=job, timestamp=NOW, message="x" * 3500)

    async def fill() -> None:
        for _ in range(50):
            await desk.log.append(job, 0, [big])

    with pytest.raises(EngineError) as caught:
        await fill()
    assert caught.value.code is Code.DISK_FULL
    assert not desk.reserve.exists()
    # The store is sound, and goes on when there is room again.
    assert desk.log.failure is None
    await desk.log.do(lambda s: s.db.execute("PRAGMA max_page_count=1000000").fetchone())
    await desk.log.append(job, 0, [progress(job, 9)])
    assert await desk.log.do(lambda s: s.db.execute("PRAGMA quick_check").fetchone()[0]) == "ok"


async def test_one_wrong_piece_of_work_does_not_harm_its_neighbours(desk: Desk) -> None:
    job = await desk.job("a")

    def wrong(store: Store) -> None:
        raise LookupError("wrong")

    results = await asyncio.gather(
        desk.log.append(job, 0, [progress(job, 1)]),
        desk.log.do(wrong),
        desk.log.append(job, 0, [progress(job, 2)]),
        return_exceptions=True,
    )
    assert [type(r) for r in results] == [int, LookupError, int]


async def test_a_store_that_was_not_closed_is_checked_and_goes_on(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    job = await desk.job("a")
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tmp_path.glob("aura.db*"):  # as a crash would leave them
        (copy / file.name).write_bytes(file.read_bytes())
    await desk.log.close()
    store, _, aside, *_ = open_store(copy / "aura.db")
    assert aside is None
    record = store.record(job)
    assert record
    assert record.job.status is JobStatus.RUNNING
    store.close()


@pytest.mark.parametrize("damage", ["head", "middle", "short"])
async def test_a_damaged_store_is_set_aside_whole(tmp_path: Path, damage: str) -> None:
    desk = Desk(tmp_path)
    job = await desk.job("a")
    for i in range(400):
        desk.log.append(job, 0, [progress(job, i / 4)])
    await desk.log.close()
    data = bytearray(desk.path.read_bytes())
    if damage == "head":
        data[:100] = bytes(100)
    elif damage == "middle":
        for at in range(4096, len(data), 4096):
            data[at : at + 64] = b"\xff" * 64
    else:
        del data[len(data) // 2 :]
    desk.path.write_bytes(data)
    store, _, found, _ = open_store(desk.path)
    assert found
    assert found.moved_to
    assert found.moved_to.read_bytes() == data
    assert store.records(status=None, before=None, limit=5) == []
    store.close()


def test_a_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "aura.db"
    store = open_store(path).store
    store.db.execute(f"PRAGMA user_version={SCHEMA + 1}")
    store.close()
    before = path.read_bytes()
    for open_ in (open_store, open_reader):
        with pytest.raises(EngineError) as caught:
            open_(path)
        assert caught.value.code is Code.STORE_NEWER
    assert path.read_bytes() == before


def test_a_row_that_no_longer_decodes_hides_no_other(tmp_path: Path) -> None:
    store = open_store(tmp_path / "aura.db").store
    for i, data in enumerate((b'{"jobId":"a"', b'{"jobId":"a","message":"m"}')):
        store.append([(i + 1, 1, "job-log", data)])
    (found,) = store.events(1, 0, 10)
    assert found.id == 2
    with pytest.raises(sqlite3.IntegrityError):
        store.append([(2, 1, "job-log", b"{}")])
    store.close()
