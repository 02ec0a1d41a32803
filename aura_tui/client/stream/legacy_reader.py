"""Reading a stream of a server that speaks an older form of this wire, or another one's.

Such a server may give no ids, keep no history, tell half of what happens, and call a job failed
that goes on. Ids are made here; what was not told is filled in (``snapshot_events.py``) from what a
request for the job says, each time the stream is opened.

Where the end is told in a way that may not be the end, it is held back until it is sure:

- ``job-failed`` is asked after at once. A job that the server itself says goes on has not failed:
  a ``warning`` is told instead. One that speaks of a stall is held back a while even so, in case
  the job stirs again.
- ``job-status`` with a status that is an end is given a moment for the terminal event to follow;
  else that event is made from the job as the server has it.

So nothing terminal reaches a fold that something may follow, and folds need no way back.

The percent of a job is the server's own word where it gives one: its stages may have other shares
of the whole than ours. Some older servers send that percent as ``progressPct`` and nothing else;
what the server says of the job meanwhile tells which of the two it is.
"""

from __future__ import annotations

import hashlib
import re
from collections import deque
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from aura_tui.client.http_client import TransportFailure
from aura_tui.client.stream.snapshot_events import catch_up, empty_job, implied_before
from aura_tui.errors import AuraError, NotFound
from aura_tui.model import events as ev
from aura_tui.model.ids import IdClock
from aura_tui.model.reduce import reduce
from aura_tui.model.sanitize import clean_line
from aura_tui.model.status import JobStatus
from aura_tui.wire.decode_steps import by_stages
from aura_tui.wire.event_json import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aura_tui.client.stream.reader import Sources
    from aura_tui.client.stream.sse_frames import Frame
    from aura_tui.model.job import Job

END_GRACE_S: Final = 2.0  # for the terminal event behind a status that is an end
STALL_GRACE_S: Final = 10.0  # for a sign of life behind a failure that speaks of a stall
_STALL = re.compile(r"stall|stuck|hang|hung|no progress|inactiv|not respond|timed? ?out", re.I)
_REMEMBERED: Final = 4096  # events of earlier connections that are known again
_MAX_JOBS: Final = 2000
_MAX_LOOKS: Final = 20  # at jobs that a list leaves out, each time it is asked for
_MAX_CHECKS: Final = 5  # of what `progressPct` is the percent of
_APART: Final = 5.0  # percent: that far from each other, one of two readings is told to be wrong


def _undated(event: ev.AnyJobEvent) -> bool:
    """Whether the server gave no time."""
    return event.timestamp.year < 2000


class LegacyReader:
    """See the module. ``job_id`` None: all jobs."""

    beats = False

    def __init__(self, job_id: str | None, after: int, sources: Sources) -> None:
        self.over = False
        self._job_id = job_id
        self._sources = sources
        self._ids = IdClock(lambda: int(sources.now().timestamp() * 1000), after)
        self._jobs: dict[str, Job] = {}
        self._raw_id = ""  # as the server last gave it
        self._here_id = ""  # the last one on this connection
        self._earlier: set[bytes] = set()
        self._recent: deque[bytes] = deque(maxlen=_REMEMBERED)
        self._held: dict[str, ev.JobFailed] = {}
        self._until: datetime | None = None  # the end is expected no later
        self._reports_percent: set[str] = set()  # jobs whose percent the server gives itself
        self._is_of_job: bool | None = None  # what `progressPct` is the percent of
        self._checks = 0

    @property
    def has_open_jobs(self) -> bool:
        """Whether a job is known that has not ended."""
        return any(not job.status.ended for job in self._jobs.values())

    @property
    def resume_from(self) -> str:
        """See :class:`~aura_tui.client.stream.reader.Reader`."""
        return self._raw_id

    @property
    def patience_s(self) -> float | None:
        """See :class:`~aura_tui.client.stream.reader.Reader`."""
        if self._until is None:
            return None
        return max(0.0, (self._until - self._sources.now()).total_seconds())

    async def prepare(self) -> Sequence[ev.Envelope]:
        """An end that was expected when the connection broke may be sure by now."""
        self._earlier = set(self._recent)
        self._here_id = ""
        return await self._settle() if self._until is not None else ()

    async def opened(self) -> Sequence[ev.Envelope]:
        """What the server says now, in case it doesn't tell how it came to be."""
        if self._job_id is None:
            jobs = await self._listed()
            return [envelope for job in jobs for envelope in self._caught_up(job)]
        job = await self._sources.look(self._job_id)
        if job.status.ended:
            self._expect_end(END_GRACE_S)
            return list(self._began(job))
        return [*self._goes_on(job.id), *self._caught_up(job)]

    async def read(self, frame: Frame) -> Sequence[ev.Envelope]:
        """The events of one block, those that it implies included."""
        if not frame.data:
            return ()
        event = decode(frame.name, frame.data.encode(), job_id=self._job_id or "")
        if isinstance(event, ev.Shutdown):
            raise TransportFailure("the engine is shutting down")
        if frame.name == "error":
            return await self._failed(frame, event)
        if not isinstance(event, ev.JobEvent) or self._job_id not in (None, event.job_id):
            return ()
        if self._is_known(frame):
            return ()
        if _undated(event) and not isinstance(event, ev.JobFailed):  # that one is asked after
            event = replace(event, timestamp=await self._when(event))
        if isinstance(event, ev.StepProgressed):
            event = await self._checked(event)
        return await self._take(event)

    async def _when(self, event: ev.AnyJobEvent) -> datetime:
        """When an event happened that doesn't say so: now; an end, when the job says it ended."""
        if isinstance(event, (ev.JobCompleted, ev.JobCancelled)):
            with suppress(TransportFailure, AuraError):
                job = await self._sources.look(event.job_id)
                return job.ended_at or self._sources.now()
        return self._sources.now()

    async def _checked(self, event: ev.StepProgressed) -> ev.StepProgressed:
        """The event with the job's percent as such, where ``progressPct`` was that."""
        pct = event.progress_pct
        if pct is None or event.percent != event.step.overall_percent(pct):
            self._reports_percent.add(event.job_id)
            return event  # it gave both, or the job's
        apart = abs(pct - event.percent) >= _APART
        if self._is_of_job is None and apart and self._checks < _MAX_CHECKS:
            self._checks += 1
            with suppress(TransportFailure, AuraError):
                reported = (await self._sources.look(event.job_id)).percent
                of_job, of_step = abs(reported - pct), abs(reported - event.percent)
                if min(of_job, of_step) <= _APART / 2:
                    self._is_of_job = of_job < of_step
        if not self._is_of_job:
            return event
        self._reports_percent.add(event.job_id)
        return replace(event, percent=pct, progress_pct=None)

    async def _listed(self) -> Sequence[Job]:
        """The newest jobs, and those that were under way and are not among them any more."""
        jobs = [*await self._sources.recent()]
        newest = {job.id for job in jobs}
        under_way = (job.id for job in self._jobs.values() if not job.status.ended)
        for job_id in [job_id for job_id in under_way if job_id not in newest][:_MAX_LOOKS]:
            with suppress(NotFound):
                jobs.append(await self._sources.look(job_id))
        return jobs

    async def _failed(self, frame: Frame, event: ev.AnyEvent | None) -> Sequence[ev.Envelope]:
        """An ``error`` event: an unknown job, one that is over and has no stream any more, or the
        server's trouble."""
        if self._job_id is not None:
            job = await self._sources.look(self._job_id)  # NotFound, where it is that
            if job.status.ended:
                return list(self._caught_up(job))
        said = event.message if isinstance(event, ev.StreamFailed) else frame.data
        raise TransportFailure(f"the engine ended the stream: {clean_line(said, 200)}")

    def _is_known(self, frame: Frame) -> bool:
        """Whether it came on an earlier connection, or by its id on this one."""
        own = bool(frame.id) and frame.id != self._here_id
        if own:
            self._here_id = frame.id
            can_be_sent = frame.id.isascii() and frame.id.isprintable() and len(frame.id) <= 200
            self._raw_id = frame.id if can_be_sent else ""
        text = f"{frame.id if own else ''}\n{frame.name}\n{frame.data}"
        print_ = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
        known = print_ in self._earlier or (own and print_ in self._recent)
        self._recent.append(print_)
        return known

    async def _take(self, event: ev.AnyJobEvent) -> Sequence[ev.Envelope]:
        job_id = event.job_id
        if self._job(job_id).status.ended:
            return ()
        if isinstance(event, ev.JobFailed):
            self._held[job_id] = event
            return await self._settle(
                job_id, stalled=_STALL.search(event.error_message) is not None
            )
        if isinstance(event, ev.JobStatusChanged) and event.status.ended:
            if self._job_id is None:
                return await self._settle(job_id)
            self._expect_end(END_GRACE_S)
            return ()
        # What follows an end that was told in another way is on its heels; what follows a failure
        # that was held back says that it was none.
        signs = (ev.StepProgressed, ev.StepStatusChanged, ev.JobCompleted)
        stirs = job_id in self._held and isinstance(event, signs)
        return [*(self._goes_on(job_id) if stirs else ()), *self._given(event)]

    async def closed(self) -> Sequence[ev.Envelope]:
        """Was that the end?"""
        return await self._settle() if self._until is not None else ()

    async def none_left(self) -> Sequence[ev.Envelope]:
        """The server says that it is."""
        last = await self._settle()
        self.over = True
        return last

    def _expect_end(self, within_s: float) -> None:
        until = self._sources.now() + timedelta(seconds=within_s)
        self._until = until if self._until is None else min(until, self._until)

    async def _settle(
        self, job_id: str | None = None, *, stalled: bool = False
    ) -> Sequence[ev.Envelope]:
        """Ask after a job whose end is in doubt; tell its end, or that it goes on."""
        job_id = job_id or self._job_id
        if job_id is None:
            return ()
        job = await self._sources.look(job_id)
        if not job.status.ended:
            return list(self._goes_on(job_id))
        if stalled and self._job_id is not None:
            self._expect_end(STALL_GRACE_S)
            return ()
        held = self._held.pop(job_id, None)
        if held is not None and job.status is JobStatus.FAILED:
            if _undated(held):
                held = replace(held, timestamp=job.ended_at or self._sources.now())
            return list(self._given(held))
        return list(self._caught_up(job))

    def _goes_on(self, job_id: str) -> Iterator[ev.Envelope]:
        """A failure that was held back was none."""
        self._until = None
        held = self._held.pop(job_id, None)
        if held is not None:
            said = f"The engine reported a failure, but the job continues: {held.error_message}"
            yield from self._given(
                ev.Warned(
                    job_id=job_id,
                    correlation_id=held.correlation_id,
                    timestamp=self._sources.now() if _undated(held) else held.timestamp,
                    message=said,
                    step=held.stage,
                )
            )

    def _began(self, job: Job) -> Iterator[ev.Envelope]:
        """When a job that is over began, and how far it came: the end doesn't say that again."""
        if self._job(job.id).status is not JobStatus.QUEUED or job.started_at is None:
            return
        failed = job.status is not JobStatus.SUCCEEDED
        if failed:
            self._note_percent(job)
        yield self._numbered(
            ev.JobStatusChanged(
                job_id=job.id,
                correlation_id=job.correlation_id,
                timestamp=job.started_at,
                status=JobStatus.RUNNING,
                percent=job.percent if failed else 0.0,
            )
        )

    def _note_percent(self, job: Job) -> None:
        if job.percent > 0 and job.percent != by_stages(job.steps):
            self._reports_percent.add(job.id)

    def _caught_up(self, job: Job) -> Iterator[ev.Envelope]:
        self._note_percent(job)
        for event in catch_up(self._job(job.id), job, self._sources.now()):
            yield self._numbered(event)

    def _given(self, event: ev.AnyJobEvent) -> Iterator[ev.Envelope]:
        job = self._job(event.job_id)
        reached = None
        if isinstance(event, ev.JobStatusChanged) and event.percent > 0:
            self._reports_percent.add(job.id)
        if job.id in self._reports_percent:
            reached = max(job.percent, getattr(event, "percent", None) or 0.0)
        for implied in implied_before(job, event, reached):
            yield self._numbered(implied)
        if isinstance(event, ev.StepStatusChanged) and event.percent is None:
            event = replace(event, percent=reached)
        yield self._numbered(event)

    def _job(self, job_id: str) -> Job:
        """What was told of it so far."""
        return self._jobs.get(job_id) or empty_job(job_id)

    def _numbered(self, event: ev.AnyJobEvent) -> ev.Envelope:
        envelope = ev.Envelope(self._ids.next(), event)
        job = reduce(self._job(event.job_id), envelope)
        self._jobs.pop(job.id, None)
        self._jobs[job.id] = job  # the one heard of last stands last
        if len(self._jobs) > _MAX_JOBS:
            del self._jobs[next(iter(self._jobs))]
        if job.id == self._job_id and job.status.ended:
            self.over = True
        return envelope
