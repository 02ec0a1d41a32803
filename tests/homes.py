"""An AURA_HOME with a history: jobs that ended, as an engine keeps them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from aura_tui.engine.home import Home
from aura_tui.engine.store.open import open_store
from aura_tui.engine.store.store import row_of
from aura_tui.model import events as ev
from aura_tui.model.ids import COUNTER_BITS
from aura_tui.model.job import Job
from aura_tui.model.reduce import fold
from aura_tui.model.request import Brief, JobRequest
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def fill(root: Path, titles: Sequence[str]) -> None:
    """Keep a job a title, a minute apart, the last one lately. Every tenth failed."""
    home = Home(root)
    home.prepare()
    store = open_store(home.store).store
    now = datetime.now(UTC)
    event_id = 0
    for number, title in enumerate(titles):
        begin = now - timedelta(minutes=len(titles) - number)
        job = Job(
            id=f"01KC{number:08d}",
            correlation_id="7f3c9a52d1e84b06",
            title=title,
            created_at=begin,
            queued_at=begin,
        )
        n = store.add(job, JobRequest(brief=Brief(topic=title)), job.id, None)
        envelopes: list[ev.Envelope] = []
        for event in _events(job, begin, failed=number % 10 == 9):
            event_id = max(event_id + 1, int(event.timestamp.timestamp() * 1000) << COUNTER_BITS)
            envelopes.append(ev.Envelope(event_id, event))
        store.append([row_of(envelope.id, n, envelope.event) for envelope in envelopes])
        store.snapshot(n, fold(job, envelopes))
    store.set_meta("last_id", event_id)
    store.db.commit()
    store.close()


def _events(job: Job, begin: datetime, *, failed: bool) -> list[ev.AnyJobEvent]:
    end = begin + timedelta(seconds=40)
    running = ev.JobStatusChanged(
        job_id=job.id, timestamp=begin, status=JobStatus.RUNNING, stage=Stage.SCRIPT
    )
    if not failed:
        return [running, ev.JobCompleted(job_id=job.id, timestamp=end, output_path="/v/video.mp4")]
    problem = ev.Problem(code="E602", message="FFmpeg ended", remediation="Retry.")
    ended = ev.JobFailed(
        job_id=job.id,
        timestamp=end,
        stage=Stage.RENDERING,
        error_message=problem.message,
        errors=(problem,),
    )
    return [running, ended]
