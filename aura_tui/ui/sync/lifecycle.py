"""The board's lifecycle: open the service, find the job, watch it; again after a failure."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError
from aura_tui.format import words
from aura_tui.service import Delivering, Timed
from aura_tui.system.tasks import Supervisor
from aura_tui.ui.state.run import RunState

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from aura_tui.model.connection import Connection
    from aura_tui.model.job import Job
    from aura_tui.service import JobService
    from aura_tui.ui.sync.subscriptions import BoardSync

WATCHING = "board feed"
FINDING = "job look-up"


class Lifecycle:
    """Opens the service and keeps the board subscribed. ``sync`` and ``own`` (the id of the job
    the board was opened for) are None until known; ``failure`` is the error that ended it.

    ``connect`` makes the subscriptions to the service, once. ``failed`` is called after a failure.
    ``now`` is the clock until the service has one of its own.
    """

    def __init__(
        self,
        open_service: Callable[[], Awaitable[JobService]],
        find_job: Callable[[JobService], Awaitable[str]] | None,
        *,
        connect: Callable[[JobService], BoardSync],
        failed: Callable[[], object],
        now: Callable[[], datetime],
    ) -> None:
        self.sync: BoardSync | None = None
        self.own: str | None = None
        self.failure: Exception | None = None
        self.now = now
        self.supervisor = Supervisor()
        self._timed: Timed | None = None
        self._open_service = open_service
        self._find_job = find_job
        self._connect = connect
        self._failed = failed
        self._finding: asyncio.Task[str] | None = None

    @property
    def at_jobs(self) -> bool:
        """Whether the board opens on the list, without a job of its own."""
        return self._find_job is None

    @property
    def finding(self) -> bool:
        """Whether the board's own job isn't known yet; it may not be submitted yet."""
        return self.own is None and self._find_job is not None

    @property
    def pace(self) -> float:
        """Seconds of the service per second of ours."""
        return self._timed.pace if self._timed is not None else 1.0

    @property
    def run(self) -> RunState:
        """The run that is shown."""
        return self.sync.run if self.sync is not None else _NOTHING

    @property
    def connection(self) -> Connection | None:
        """The current connection; None if there is none (yet)."""
        return self.sync.connection if self.sync is not None else None

    @property
    def can_reconnect(self) -> bool:
        """Whether reconnecting has an effect now."""
        return self.connection is not None and self.connection.can_reconnect

    def start(self) -> None:
        """Start watching in the background."""
        self.supervisor.keep(WATCHING, self._serve, may_end=True)

    async def aclose(self) -> None:
        """Stop watching."""
        await self.supervisor.aclose()
        if self._finding is not None:
            self._finding.cancel()
            await asyncio.gather(self._finding, return_exceptions=True)

    def fail(self, error: Exception) -> None:
        """End the board with ``error``; only the first one counts."""
        if self.failure is None:
            self.failure = error
        self._failed()

    async def _serve(self) -> None:
        """Watch; a restart continues where it was."""
        try:
            service = await self._open_service()
            if self.sync is None:
                if isinstance(service, Timed):
                    self.now, self._timed = service.now, service
                self.sync = self._connect(service)
            if self._find_job is not None and self.own is None:
                if self._finding is None:  # once only: it may submit a job
                    self._finding = asyncio.ensure_future(self._find_job(service))
                    self._finding.set_name(FINDING)
                await asyncio.wait((self._finding,))
                if self._finding.cancelled():
                    raise RuntimeError("finding the job was cancelled")
                self.own = self._finding.result()
        except Exception as e:  # the caller reports it after the board has closed
            self.fail(e)
            return
        try:
            await self.sync.serve(self.own)
        except AuraError as e:
            self.fail(e)

    def at_work_s(self, job: Job) -> tuple[float, float | None]:
        """Seconds that ``job`` has been running as far as is known, and how old that figure is
        (None: it is up to date)."""
        run, now = self.run, self.now()
        shown = run.job is not None and run.job.id == job.id
        seconds = run.clock.elapsed_s(run.seen(now)) if shown else words.active_s(job)
        return seconds, run.pulse.age_s(now)

    def lies_elsewhere(self, job: Job | None, *, remote: bool) -> bool:
        """Whether the files of ``job`` are on another machine; ``remote``: the engine is."""
        if job is None or self.sync is None or not remote:
            return remote and job is not None
        service = self.sync.service
        return not (isinstance(service, Delivering) and service.has_delivered(job.id))


_NOTHING = RunState()
