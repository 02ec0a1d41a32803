"""Durable appends through log and fold: many writers, one that waits, and bytes an event.

``python tests/benchmarks/log.py``. An append counts when its event is committed and folded.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from aura_tui.engine.event_log import EventLog
from aura_tui.engine.store.open import open_store
from aura_tui.engine.store.store import Record
from aura_tui.model import events as ev
from aura_tui.model.job import Job
from aura_tui.model.request import Brief, JobRequest
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from tests.benchmarks.measure import machine, spread

RUNS = 7
WRITERS = 64
EACH = 25  # appends a writer, each of EVENTS events: what a lane of a busy engine hands over
EVENTS = 16
ALONE = 3000


def progress(job_id: str, i: int) -> ev.StepProgressed:
    """What a render says ten times a second, every field filled."""
    return ev.StepProgressed(
        job_id=job_id,
        correlation_id="4f2a9c1e7b3d5a60",
        timestamp=datetime.now(UTC),
        step=Stage.RENDERING,
        phase="render",
        progress_pct=i % 100,
        percent=85 + i % 15,
        message="Encoding scene 3 of 8",
        substage_detail="frame 731 of 1800",
        current_item=3,
        total_items=8,
        elapsed_time="00:00:12",
        estimated_time_remaining="00:00:20",
        elapsed_seconds=12.3,
        eta_seconds=20.1,
        eta_low_seconds=18.2,
        eta_high_seconds=24.0,
        metrics=ev.Metrics(
            fps=121.3, speed=4.1, size_bytes=12345678, projected_bytes=23456789, made=3
        ),
    )


async def begin(log: EventLog, number: int) -> str:
    now = datetime.now(UTC)
    job = Job(
        id=f"{number:010x}", correlation_id="c" * 16, title="t", created_at=now, queued_at=now
    )
    request = JobRequest(brief=Brief(topic="t"))
    n = await log.do(lambda store: store.add(job, request, job.id, None))
    log.track(
        Record(n=n, run=0, lineage=job.id, deliver_to=None, request=request, work=None, job=job)
    )
    started = ev.StepStatusChanged(
        job_id=job.id, timestamp=now, step=Stage.RENDERING, status=StepStatus.STARTED
    )
    running = ev.JobStatusChanged(job_id=job.id, timestamp=now, status=JobStatus.RUNNING)
    await log.append(job.id, 0, [running, started])
    return job.id


async def main() -> None:
    print(machine())
    many: list[float] = []
    waiting: list[float] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "aura.db"
        store = open_store(path).store
        log = EventLog(store, lambda: int(time.time() * 1000), Path(folder) / "reserve")
        ids = [await begin(log, number) for number in range(WRITERS)]
        # Events are made beforehand: making them is the stages' cost, not the log's.
        batches = {job_id: [progress(job_id, i) for i in range(EVENTS)] for job_id in ids}

        async def write(job_id: str) -> None:
            for _ in range(EACH):
                await log.append(job_id, 0, batches[job_id])

        for _ in range(RUNS):
            start = time.perf_counter()
            await asyncio.gather(*(write(job_id) for job_id in ids))
            many.append(WRITERS * EACH * EVENTS / (time.perf_counter() - start))
            one = batches[ids[0]][:1]
            start = time.perf_counter()
            for _ in range(ALONE):
                await log.append(ids[0], 0, one)
            waiting.append((time.perf_counter() - start) / ALONE * 1000)
        count = await log.do(
            lambda store: store.db.execute("SELECT count(*) FROM events").fetchone()[0]
        )
        await log.close()
        size = path.stat().st_size / count
    print(f"{WRITERS} writers: {spread(many, ' events/s', 0)}")
    print(f"one that waits: {spread(waiting, ' ms', 3)}")
    print(f"stored: {size:.0f} bytes an event")


if __name__ == "__main__":
    asyncio.run(main())
