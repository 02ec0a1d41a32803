"""The board's subscriptions: they keep the job list, the shown job and the connection up to date.

An event of the shown job arrives twice: on the stream of all jobs, and on the job's own stream,
which has the history and reports end, deletion and failure. Whichever comes first folds it
(:class:`SharedFold`).

All I/O of the board with the service happens here; it fills plain states, which the widgets draw.
:meth:`BoardSync.serve` owns every task: a task that dies is reported and restarted; only an error
of the service itself (an ``AuraError`` of an engine in this process) ends it.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, cast

from aura_tui.errors import AuraError, Code, NotFound
from aura_tui.format import words
from aura_tui.model.events import StepStatusChanged
from aura_tui.model.job import as_created
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text.sanitize import clean_line
from aura_tui.service import (
    Connected,
    Described,
    Seekable,
    Supervised,
    Typical,
    waiting_out_outages,
)
from aura_tui.system.tasks import Supervisor
from aura_tui.ui.state.run import RECORDED, Asked, RunState
from aura_tui.ui.sync.shared_fold import SharedFold
from aura_tui.views.fold import follow, new_among, troubles

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
    from datetime import datetime

    from aura_tui.model.connection import Connection
    from aura_tui.model.events import AnyJobEvent, Envelope
    from aura_tui.model.job import Job
    from aura_tui.service import EngineInfo, JobService
    from aura_tui.ui.state.jobs import JobsState
    from aura_tui.ui.state.run import LogLine

MAX_JOBS = 10_000  # in the list; `aura-tui jobs` finds older ones
_PAGE = 500
_SOON_S = 0.15
_RESTS_S = 0.12  # after a move of the cursor
JOBS, FOLLOWER, CONNECTION, HEALTH, ENGINE = (
    "job list",
    "job follower",
    "connection watcher",
    "health watcher",
    "engine description",
)
_ENGINE_S = 60.0  # until the engine is asked again about itself, and the room on its disk
# What ends a board whose service has not given a single good answer: waiting doesn't help.
_REFUSALS = frozenset(
    {Code.TOKEN_REFUSED, Code.ORIGIN_REFUSED, Code.NOT_AN_ENGINE, Code.CERTIFICATE_INVALID}
)
_AGAIN_S = 1.0  # before a reconnecting service's ended stream is reopened


class BoardSync:
    """Keeps ``jobs`` and ``run`` up to date with the service; calls ``touch`` after changes.

    ``known`` gets the jobs as they were at the first look, ``told`` the job before and after each
    event. ``gone`` gets a shown job that was deleted. ``say`` gets notices for the person, each
    once.
    """

    def __init__(
        self,
        service: JobService,
        jobs: JobsState,
        *,
        mode: str,
        now: Callable[[], datetime],
        known: Callable[[Iterable[Job]], None],
        touch: Callable[[], None],
        told: Callable[[Job | None, Job], None],
        ended: Callable[[RunState], None],
        gone: Callable[[Job], None],
        say: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.service = service
        self.jobs = jobs
        self._gaps: dict[datetime, LogLine] = {}
        self.run = RunState(mode=mode, gaps=self._gaps)
        self.connected: Connected | None = service if isinstance(service, Connected) else None
        self.seekable: Seekable | None = None  # on a board that plays a recording
        if mode == RECORDED and isinstance(service, Seekable):
            self.seekable = service
        self._again = False  # a replay went back, and the list isn't loaded again yet
        self._mode = mode
        self._now = now
        self._known = known
        self._touch = touch
        self._told = told
        self._ended = ended
        self._gone = gone
        self._say = say
        self.engine: EngineInfo | None = None  # None: not known yet
        self._engine_changed = asyncio.Event()  # another one may answer
        self._live_since: datetime | None = None
        self._troubles: tuple[str, ...] = ()
        self._asked: dict[str, Asked] = {}
        self._shared = SharedFold()
        self.supervisor: Supervisor | None = None  # set while serving
        self._error: AuraError | None = None
        self._over = asyncio.Event()
        self._upto: int | None = None  # the last event in the job list
        self._listed = False  # the service has given a list of jobs
        self._must: str | None = None
        self._moves = jobs.moves
        self._resting_at = 0.0  # the loop's time from which a moved cursor counts as resting

    @property
    def selected(self) -> str | None:
        """The id of the shown job."""
        return self.run.job.id if self.run.job is not None else None

    def follow_cursor(self, *, at_once: bool = False) -> float | None:
        """Show the job under the cursor, or nothing if there is none. While the person moves
        through the list, none is subscribed to: returns the seconds until the cursor rests.
        ``at_once``: don't wait for that."""
        cursor, clock_s = self.jobs.cursor, asyncio.get_running_loop().time()
        if self.jobs.moves != self._moves:
            self._moves, self._resting_at = self.jobs.moves, clock_s + _RESTS_S
        if cursor == self.selected or self.supervisor is None:
            return None
        wait_s = self._resting_at - clock_s
        if wait_s > 0 and not at_once and cursor is not None:
            return wait_s
        job = None if cursor is None else self.jobs.get(cursor)
        if job is not None:
            self._show(job)
        else:
            self.supervisor.drop(FOLLOWER)
            self._turn_to(None)
        return None

    # -- pending commands

    def ask(self, job_id: str, asked: Asked | None) -> None:
        """Note a command sent for the job; None: it was refused."""
        if asked is None:
            self._asked.pop(job_id, None)
        else:
            self._asked[job_id] = asked
        if self.selected == job_id:
            self.run.asked = asked
        self._touch()

    def pending(self, job: Job) -> Asked | None:
        """The command for ``job`` that hasn't taken effect yet, if any."""
        asked = self._asked.get(job.id)
        if asked is not None and (asked.happened(job) or job.status.ended):
            del self._asked[job.id]
            return None
        return asked

    async def serve(self, job_id: str | None) -> None:
        """Watch until cancelled, starting with ``job_id``; raises the AuraError that ends it. A
        restart continues with the shown job."""
        self._must = self.jobs.whole.pinned = job_id
        supervisor = self.supervisor = Supervisor()
        try:
            shown = self.selected or job_id
            if shown is not None:
                job = self.jobs.get(shown)
                if job is None:
                    with waiting_out_outages():
                        job = await self.service.get(shown)
                    self.jobs.load((job,))
                    self._known((job,))
                self.jobs.place(shown)
                self._show(job)
            self._keep(JOBS, self._watch_jobs)
            if (connected := self.connected) is not None:
                self._keep(CONNECTION, lambda: self._watch_connection(connected))
            if isinstance(service := self.service, Supervised):
                self._keep(HEALTH, lambda: self._watch_troubles(service))
            if isinstance(described := self.service, Described):
                self._keep(ENGINE, lambda: self._watch_engine(described))
            # Another job may be chosen even when all streams have ended.
            await self._over.wait()
        finally:
            self.supervisor = None  # it accepts no more tasks
            await supervisor.aclose()
        assert self._error is not None
        raise self._error

    def _keep(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        async def watch() -> None:
            try:
                await work()
            except AuraError as e:
                self._error = e
                self._over.set()

        assert self.supervisor is not None
        self.supervisor.keep(name, watch, may_end=True)

    def _show(self, job: Job) -> None:
        assert self.supervisor is not None
        self.supervisor.drop(FOLLOWER)
        self._turn_to(job, partial=job.status.ended and job.id not in self.jobs.whole)
        self._keep(FOLLOWER, lambda: self._follow(job))

    def _turn_to(self, job: Job | None, *, partial: bool = False) -> None:
        self.run = self._new_run(job)
        self.run.partial = partial
        self._touch()

    def _new_run(self, job: Job | None) -> RunState:
        run = RunState(mode=self._mode, gaps=self._gaps)
        run.job = job
        if job is not None:
            run.clock.start_at(words.active_s(job))
            run.asked = self.pending(job)
        run.troubles = self._troubles
        if self.connection is not None:
            run.set_connection(self.connection, self._now())
        return run

    def rewind(self) -> None:
        """Read everything again: a replay went back, so that all we have is too new. The shown run
        stays until it is read."""
        supervisor, job = self.supervisor, self.run.job
        if supervisor is None:
            return
        self._upto, self._again = None, True
        supervisor.drop(JOBS)
        self._keep(JOBS, self._watch_jobs)
        if job is not None:
            supervisor.drop(FOLLOWER)
            self._keep(FOLLOWER, lambda: self._follow_again(job.id))

    # -- one job

    async def _follow_again(self, job_id: str) -> None:
        await self._fold(await self.service.get(job_id), again=True)
        self._touch()

    async def _follow(self, job: Job) -> None:
        """Fold the job's history in the background, then show the job and follow it."""
        while True:
            try:
                if self.run.partial:
                    self._turn_to(await self.service.get(job.id))
                await self._fold(job)
                break
            except NotFound:
                if job.id == self._must:
                    raise
                self._forget(job)
                break
            except AuraError:
                if self.connection is None:
                    raise
            # The connection shows why; the last state stays on the screen.
            self._touch()
            await asyncio.sleep(_AGAIN_S)
        self._touch()

    def _forget(self, job: Job) -> None:
        """Retention deleted the job: the cursor goes to the next one."""
        self.jobs.remove(job.id)
        self.run.finish()
        self._gone(job)

    async def _fold(self, job: Job, *, again: bool = False) -> None:
        """Fold the events of ``job``; show them once they are as far as it is. ``again``: it is
        older than what is shown."""
        run = self._new_run(as_created(job))
        self._shared = SharedFold()  # drop the folds of another job
        supervisor, shown = self.supervisor, self.run.job
        assert supervisor is not None
        upto = job.last_event_id
        if (
            not again and shown is not None and shown.id == job.id
        ):  # never go back behind the shown state
            upto = max(upto, shown.last_event_id)

        def look_up() -> asyncio.Task[None]:
            return supervisor.run("look-up", self._look_up(run, job.id))

        lookup = look_up()
        try:
            if again and not upto:
                self._swap(run)
            async with aclosing(follow(self.service, job.id, self._shared.reduce)) as followed:
                async for folded, envelope in followed:
                    run.apply(folded, envelope, self._now())
                    if self.run is run:
                        self._touch()
                        if _begins(envelope.event):
                            # Each stage defines how much work the next ones have.
                            lookup.cancel()
                            lookup = look_up()
                    elif folded.last_event_id >= upto:
                        # Wait briefly for the look-ups, so that fewer lines jump.
                        await asyncio.wait((lookup,), timeout=_SOON_S)
                        self._swap(run)
            self._swap(run)
            run.finish()
            if run.job is not None:
                await self._list_end(run.job)
            await asyncio.wait((lookup,))
            if run.ended:
                self._ended(run)
        finally:
            lookup.cancel()

    def _swap(self, run: RunState) -> None:
        if self.run is not run:
            if run.job is not None:
                run.asked = self.pending(run.job)
            run.tell_gaps()
            run.troubles = self._troubles
            if self.connection is not None:
                run.set_connection(self.connection, self._now())
            self.run = run
            self._touch()

    async def _look_up(self, run: RunState, job_id: str) -> None:
        """Look up what no event contains: usual stage times, and the place in the queue."""
        if run.typical is None:
            run.typical = Typical(0, {})
        with suppress(AuraError):
            run.typical = await self.service.typical(job_id)
        self._touch()
        await self._look_at_queue(run, job_id)

    async def _look_at_queue(self, run: RunState, job_id: str) -> None:
        with suppress(AuraError):
            queue = await self.service.queue()
            ahead = queue.waiting.index(job_id) + queue.running if job_id in queue.waiting else None
            if ahead != run.queue_ahead:
                run.queue_ahead = ahead
                self._touch()

    # -- all jobs

    async def _watch_jobs(self) -> None:
        while True:
            try:
                if self._upto is None:
                    self._upto = await self._load()
                await self._follow_all(self._upto)
            except AuraError as e:
                if self.connection is None or (not self._listed and e.code in _REFUSALS):
                    raise
            self._upto = None
            # The stream of all jobs has no end: it broke.
            if self.connection is None:
                return
            await asyncio.sleep(_AGAIN_S)

    async def _load(self) -> int:
        """Load the job list; returns the id of the newest event in its first page."""
        cursor: str | None = None
        newest = seen = 0
        while seen < MAX_JOBS:
            page = await self.service.list(limit=_PAGE, cursor=cursor)
            self._listed = True
            self.jobs.load(page.jobs, more=page.cursor is not None, again=self._again)
            self._known(page.jobs)
            seen += len(page.jobs)
            self._touch()
            if cursor is None:
                newest = max((job.last_event_id for job in page.jobs), default=0)
            cursor = page.cursor
            if cursor is None:
                break
        self._again = False
        return newest

    async def _follow_all(self, after: int) -> None:
        turn = asyncio.get_running_loop().time()
        events = cast("AsyncGenerator[Envelope]", self.service.events(None, after=after))
        async with aclosing(events):
            async for envelope in events:
                try:
                    await self._take(envelope)
                except Exception:
                    self._upto = envelope.id  # an event that crashes us isn't read again
                    raise
                self._upto = envelope.id
                if asyncio.get_running_loop().time() - turn > 0.001:
                    await asyncio.sleep(0)  # let keys in during a flood
                    turn = asyncio.get_running_loop().time()

    async def _take(self, envelope: Envelope) -> None:
        job_id = envelope.event.job_id
        before = self.jobs.get(job_id)
        shown = self.run.job
        if shown is not None and shown.id == job_id and shown.last_event_id >= envelope.id:
            # The job's own stream has folded it already.
            if before is not None and before.last_event_id >= shown.last_event_id:
                return
            self.jobs.load((shown,))
        elif self.jobs.apply(envelope):
            if shown is not None and shown.id == job_id and before is not None:
                self._shared.keep(before, envelope, self.jobs.get(job_id))
        else:
            with suppress(NotFound):
                self.jobs.load((await self.service.get(job_id),))
            if len(self.jobs) > MAX_JOBS + _PAGE:
                self.jobs.trim(MAX_JOBS)
        after = self.jobs.get(job_id)
        if after is not None:
            self._told(before, after)
            if before is None or before.status is not after.status:
                await self._requeue()
        self._touch()

    async def _list_end(self, job: Job) -> None:
        """``job`` was folded to its end. Where that comes ahead of the list's stream, the change is
        reported here: the stream finds nothing new in its event any more, or gives it an older id.
        """
        before = self.jobs.get(job.id)
        self.jobs.load((job,))
        after = self.jobs.get(job.id)
        if before is not None and after is not None and before.status is not after.status:
            self._told(before, after)
            await self._requeue()

    async def _requeue(self) -> None:
        """Look up the queue again: a job was added, started or ended."""
        run = self.run
        if run.job is not None and run.job.status is JobStatus.QUEUED:
            await self._look_at_queue(run, run.job.id)

    # -- the connection

    @property
    def connection(self) -> Connection | None:
        """The current connection; None: the engine is in this process."""
        return self.connected.connection if self.connected is not None else None

    async def _watch_troubles(self, service: Supervised) -> None:
        async with aclosing(troubles(service)) as found:
            async for reasons in found:
                for reason in new_among(reasons, self._troubles):
                    self._say(f"Engine failing: {clean_line(reason, 300)}")
                self._troubles = self.run.troubles = reasons
                self._touch()

    async def _watch_engine(self, service: Described) -> None:
        while True:
            with suppress(AuraError):  # the connection shows why
                info = await service.engine_info()
                if info != self.engine:
                    self.engine = info
                    self._touch()
            with suppress(TimeoutError):
                async with asyncio.timeout(_ENGINE_S):
                    await self._engine_changed.wait()
            self._engine_changed.clear()

    async def _watch_connection(self, service: Connected) -> None:
        changes = cast("AsyncGenerator[Connection]", service.connection_changes())
        async with aclosing(changes):
            async for connection in changes:
                self.run.set_connection(connection, self._now())
                if self._live_since != (since := connection.since if connection.is_live else None):
                    self._live_since = since
                    self._engine_changed.set()
                if connection.is_live:
                    self._note_polling(connection.polled_s)
                self._touch()

    def _note_polling(self, every_s: float | None) -> None:
        if every_s is not None and self.jobs.polled_s is None:
            self._say(
                "This server has no stream of all jobs: "
                f"the list is updated every {words.lasting(every_s)}"
            )
        self.jobs.polled_s = every_s


def _begins(event: AnyJobEvent) -> bool:
    return isinstance(event, StepStatusChanged) and event.status is StepStatus.STARTED
