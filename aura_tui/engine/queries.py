"""Queries of a store: jobs, logs, artifacts, usual durations, retry plans."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from aura_tui import __version__
from aura_tui.engine import lock as lock_
from aura_tui.engine.job_settings import with_settings
from aura_tui.engine.run import manifest as manifest_
from aura_tui.engine.run.history import (
    HISTORY_JOBS,
    Providers,
    expected_providers,
    history_of,
    likely_work,
    reported_providers,
    with_own_pace,
)
from aura_tui.engine.run.retry_plan import check_retry, plan_steps, shares_of
from aura_tui.errors import Code, NotFound
from aura_tui.model import eta
from aura_tui.model import events as ev
from aura_tui.pipeline.cache import ArtifactCache
from aura_tui.service import EngineInfo, JobPage, PlannedStep, RetryPlan, Typical, parse_cursor
from aura_tui.wire.log_text import log_line

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aura_tui.engine import home as home_
    from aura_tui.engine.store.store import Record, Store
    from aura_tui.model.job import Job
    from aura_tui.model.status import JobStatus
    from aura_tui.service import OnProgress
    from aura_tui.settings import Settings

T = TypeVar("T")


class StoreQueries(ABC):
    """Jobs, logs and artifacts out of a store that subclasses reach through ``_read``."""

    def __init__(self, home: home_.Home, settings: Settings | None = None) -> None:
        """``settings`` are those that a retry here would use; None: those of the job itself."""
        self.home = home
        self._retry_settings = settings
        self.notices: list[str] = []  # see JobService

    @abstractmethod
    async def _read(self, work: Callable[[Store], T]) -> T:
        """Run ``work`` on the store, off the event loop."""

    async def engine_info(self) -> EngineInfo:
        """See :class:`~aura_tui.service.Described`."""
        return await asyncio.to_thread(self._engine_info)

    def _engine_info(self) -> EngineInfo:
        holder = lock_.holder(self.home)
        free_bytes = None
        with contextlib.suppress(OSError):
            free_bytes = shutil.disk_usage(self.home.root).free
        if holder is None or not holder.pid:
            return EngineInfo(free_bytes=free_bytes)
        return EngineInfo(
            # Another process may run another version.
            version=__version__ if holder.pid == os.getpid() else "",
            pid=holder.pid,
            since=holder.since,
            free_bytes=free_bytes,
        )

    async def _record(self, job_id: str) -> Record:
        def find(store: Store) -> Record | None:
            found = store.record(job_id)
            return with_settings(found) if found is not None else None

        record = await self._read(find)
        if record is None:
            raise NotFound(
                Code.JOB_UNKNOWN,
                f"Job {job_id[:80]!r} not found",
                "List them with: aura-tui jobs",
            )
        return record

    async def get(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        return (await self._record(job_id)).job

    async def list(
        self, *, status: JobStatus | None = None, limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        """See :class:`~aura_tui.service.JobService`."""
        limit = max(1, min(500, limit))
        before = parse_cursor(cursor)
        records = await self._read(
            lambda store: [
                with_settings(record)
                for record in store.records(status=status, before=before, limit=limit)
            ]
        )
        more = str(records[-1].n) if len(records) == limit else None
        return JobPage(tuple(record.job for record in records), more)

    async def logs(self, job_id: str) -> str:
        """See :class:`~aura_tui.service.JobService`."""
        record = await self._record(job_id)

        def lines(store: Store) -> list[str]:
            return [
                line
                for envelope in store.all_events(record.n)
                if (line := log_line(envelope.event))
            ]

        return "".join(line + "\n" for line in await self._read(lines))

    async def artifacts(self, job_id: str) -> tuple[ev.Artifact, ...]:
        """See :class:`~aura_tui.service.JobService`."""
        return (await self.get(job_id)).artifacts

    async def artifact(
        self, job_id: str, name: str, *, on_progress: OnProgress | None = None
    ) -> Path:
        """See :class:`~aura_tui.service.JobService`. ``name`` is looked up, never joined."""
        from pathlib import Path

        for artifact in await self.artifacts(job_id):
            if artifact.name == name:
                path = Path(artifact.path)
                if path.is_file():
                    return path
                break
        raise NotFound(
            Code.ARTIFACT_UNKNOWN,
            f"Job {job_id} has no artifact {name[:80]!r}, or it was deleted",
            f"List them with: aura-tui artifacts {job_id}",
        )

    async def typical(self, job_id: str) -> Typical:
        """See :class:`~aura_tui.service.JobService`."""
        record = await self._record(job_id)
        history = await self._measured(
            job_id, self._expected_providers(record) | reported_providers(record.job)
        )
        work = record.work or (await asyncio.to_thread(self._manifest, record)).work
        usual = eta.typical(history, work or likely_work(record.request))
        return Typical(
            min((found.runs for found in usual.values()), default=0),
            {stage: found.seconds for stage, found in usual.items()},
        )

    async def _measured(self, excluding: str, providers: Providers) -> eta.History:
        """What the newest succeeded jobs measured with these providers, except the one job."""
        found = await self._read(lambda store: store.finished_work(HISTORY_JOBS))
        return history_of([(work, job) for work, job in found if job.id != excluding], providers)

    def _expected_providers(self, record: Record) -> Providers:
        settings = self._retry_settings
        return expected_providers(record.request, settings) if settings is not None else {}

    async def retry_plan(self, job_id: str) -> RetryPlan:
        """See :class:`~aura_tui.service.JobService`."""
        record = await self._record(job_id)
        check_retry(record.job)
        manifest, steps = await asyncio.to_thread(self._plan, record)
        work = manifest.work or likely_work(record.request)
        providers = reported_providers(record.job) | self._expected_providers(record)
        history, shares = await self._measured(job_id, providers), shares_of(steps)
        found = eta.forecast(history, work, shares)
        if found is None:  # no similar job: go by this one's own pace
            own = with_own_pace(history, record.job, work, providers)
            found = eta.forecast(own, work, shares)
            found = replace(found, runs=0) if found is not None else None
        return RetryPlan(steps, found)

    def _manifest(self, record: Record) -> manifest_.StageManifest:
        return manifest_.of_job(self.home, record.job)

    def _plan(self, record: Record) -> tuple[manifest_.StageManifest, tuple[PlannedStep, ...]]:
        manifest = self._manifest(record)
        setups = manifest_.setups(self._retry_settings) if self._retry_settings else None
        return manifest, plan_steps(manifest, setups, ArtifactCache(self.home.pieces).has)

    async def preview(self, job_id: str) -> Path | None:
        """See :class:`~aura_tui.service.JobService`."""
        await self._record(job_id)
        path = self.home.preview(job_id)
        return path if path.is_file() else None
