"""A JobService that only reads, for a process that watches while another one runs the engine."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, NoReturn

from msgspec.structs import replace

from aura_tui.engine import home as home_
from aura_tui.engine import lock as lock_
from aura_tui.engine.presence import EnginePresence
from aura_tui.engine.queries import StoreQueries, T
from aura_tui.engine.store.damage import DAMAGE
from aura_tui.engine.store.open import open_reader
from aura_tui.errors import Code, EngineError, NotFound
from aura_tui.model import events as ev
from aura_tui.model.status import JobStatus
from aura_tui.service import JobPage, QueueState

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

    from aura_tui.engine.store.store import Store
    from aura_tui.model.connection import Connection
    from aura_tui.model.job import Job
    from aura_tui.model.request import JobRequest
    from aura_tui.settings import Settings


# A process without the engine polls the file; the engine notifies its own readers.
_LOOK_S = 0.1


class ReadOnlyService(StoreQueries):
    """A JobService beside another process's engine: it reads, and refuses every change.

    It is :class:`~aura_tui.service.Connected`: live while some process holds the engine's lock.
    Without one, a running job is interrupted: its engine died.
    """

    def __init__(self, home: home_.Home, settings: Settings | None = None) -> None:
        super().__init__(home, settings)
        self._store: Store | None = None
        self._one = asyncio.Lock()
        self._presence = EnginePresence(home)

    async def __aenter__(self) -> ReadOnlyService:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the file and end every watch of the connection."""
        self._presence.close()
        async with self._one:
            if self._store is not None:
                self._store.close()
                self._store = None

    async def _read(self, work: Callable[[Store], T]) -> T:
        async with self._one:
            return await asyncio.to_thread(self._with_store, work)

    def _with_store(self, work: Callable[[Store], T]) -> T:
        if self._store is None:
            self._store = open_reader(self.home.store)
        if self._store is None:
            raise NotFound(Code.JOB_UNKNOWN, "No jobs yet", "Create one with: aura-tui run FILE.md")
        try:
            return work(self._store)
        except DAMAGE as e:
            raise EngineError(
                Code.STORE_CORRUPT,
                f"Can't read the database {self.home.store}: {e}",
                "Run any job: the engine then recovers the undamaged jobs.",
            ) from None

    async def list(
        self, *, status: JobStatus | None = None, limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        """See :class:`~aura_tui.service.JobService`. A home without a store has no jobs."""
        try:
            page = await super().list(status=status, limit=limit, cursor=cursor)
        except NotFound:
            return JobPage((), None)
        return JobPage(tuple(map(self._as_it_is, page.jobs)), page.cursor)

    async def get(self, job_id: str) -> Job:
        """See :class:`~aura_tui.service.JobService`."""
        return self._as_it_is(await super().get(job_id))

    def _as_it_is(self, job: Job) -> Job:
        if job.status is not JobStatus.RUNNING or job.interrupted or self._presence.engine():
            return job
        return replace(job, interrupted=True)

    async def events(
        self, job_id: str | None = None, *, after: int | None = None
    ) -> AsyncIterator[ev.Envelope]:
        """Yield history, then the engine's new events, polled from the file.

        For one job it ends after the terminal event, and raises EngineError if the engine stops
        before that. For all jobs it waits for the next engine.
        """
        n = (await self._record(job_id)).n if job_id is not None else None
        cursor = after or 0
        while not self._presence.closed:
            engine = self._presence.engine()  # before the file, so that its last event is seen
            is_open = True
            page: list[ev.Envelope] = []
            with contextlib.suppress(NotFound):  # no store yet
                is_open, page = await self._read(
                    lambda store, at=cursor: (  # type: ignore[misc]  # a default binds the loop's value
                        n is None or store.is_open(n),  # before its events, for the same reason
                        store.events(n, at, 1000),
                    )
                )
            for envelope in page:
                yield envelope
                if job_id is not None and isinstance(envelope.event, ev.TERMINAL_EVENTS):
                    return
            if page:
                cursor = page[-1].id
            elif job_id is not None and not is_open:
                await self._record(job_id)  # raises NotFound if it was deleted meanwhile
                return
            elif engine is None and job_id is not None:
                raise EngineError(
                    Code.ENGINE_GONE,
                    "No engine is running the job any more",
                    f"Resume it with: aura-tui watch {job_id}",
                )
            else:
                await asyncio.sleep(_LOOK_S)

    @property
    def connection(self) -> Connection:
        """See :class:`~aura_tui.service.Connected`."""
        return self._presence.connection

    def connection_changes(self) -> AsyncIterator[Connection]:
        """See :class:`~aura_tui.service.Connected`."""
        return self._presence.connection_changes()

    def reconnect(self) -> None:
        """See :class:`~aura_tui.service.Connected`."""
        self._presence.reconnect()

    async def queue(self) -> QueueState:
        """See :class:`~aura_tui.service.JobService`."""
        jobs = [record.job for record in await self._read(lambda store: store.open_records())]
        waiting = [job for job in jobs if job.status is JobStatus.QUEUED and job.active]
        waiting.sort(key=lambda job: -job.priority)
        return QueueState(
            queued=len(waiting),
            running=sum(job.status is JobStatus.RUNNING and job.active for job in jobs),
            paused=sum(job.status is JobStatus.PAUSED for job in jobs),
            waiting=tuple(job.id for job in waiting),
        )

    async def submit(
        self,
        request: JobRequest,
        *,
        correlation_id: str | None = None,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Refused: another process holds the engine."""
        self._refuse()

    async def cancel(self, job_id: str) -> Job:
        """Refused, as every change."""
        self._refuse()

    async def pause(self, job_id: str) -> Job:
        """Refused, as every change."""
        self._refuse()

    async def resume(self, job_id: str) -> Job:
        """Refused, as every change."""
        self._refuse()

    async def retry(
        self,
        job_id: str,
        *,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Refused, as every change."""
        self._refuse()

    async def delete(self, job_id: str) -> None:
        """Refused, as every change."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        lock = lock_.acquire(self.home)  # raises, naming who holds it
        lock.release()
        raise EngineError(Code.ENGINE_GONE, "The engine has just stopped", "Run the command again.")
