"""Reads the stream of a server with an older form of this protocol, or of another kind of server.

Such a server may send no ids, keep no history, omit events, and report a job as failed that
continues. This reader assigns the ids and fills in missing events (``snapshot_events.py``) from the
job's state, which it requests each time the stream is opened.

A reported end that may not be final is held back until it is certain:

- ``job-failed``: the reader requests the job at once. If the server says that the job continues, a
  ``warning`` is passed on instead. A failure that mentions a stall is held back for a while in any
  case: the job may move again.
- ``job-status`` with a final status: the reader waits a moment for the terminal event, else makes
  it from the job's state.

So no event ever follows a terminal one, and folds never have to go back.

The job's percent is the server's own if it sends one: its stages may have other shares than ours.
Some older servers send that percent as ``progressPct`` only; the job's state shows which of the two
it is.
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
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean_line
from aura_tui.wire.decode_steps import by_stages
from aura_tui.wire.event_json import decode

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aura_tui.client.stream.reader import Sources
    from aura_tui.client.stream.sse_frames import Frame
    from aura_tui.model.job import Job

END_GRACE_S: Final = 2.0  # for the terminal event after a final status
STALL_GRACE_S: Final = 10.0  # for a sign of life after a failure that mentions a stall
_STALL = re.compile(r"stall|stuck|hang|hung|no progress|inactiv|not respond|timed? ?out", re.I)
_REMEMBERED: Final = 4096  # recent events, to recognize repeated ones
_MAX_JOBS: Final = 2000
_MAX_LOOKS: Final = 20  # requests for open jobs that are missing in one list
_MAX_CHECKS: Final = 5  # of the meaning of `progressPct`
_DISTINCT: Final = 5.0  # percent: at this distance, one of the two meanings can be ruled out


def _undated(event: ev.AnyJobEvent) -> bool:
    """Whether the server sent no time with the event."""
    return event.timestamp.year < 2000


class LegacyReader:
    """See the module. ``job_id`` is one job's id, or None for all jobs."""

    sends_heartbeats = False

    def __init__(self, job_id: str | None, after: int, sources: Sources) -> None:
        self.ended = False
        self._job_id = job_id
        self._sources = sources
        self._ids = IdClock(lambda: int(sources.now().timestamp() * 1000), after)
        self._jobs: dict[str, Job] = {}
        self._raw_id = ""  # the server's last event id
        self._here_id = ""  # the last one on this connection
        self._earlier: set[bytes] = set()
        self._recent: deque[bytes] = deque(maxlen=_REMEMBERED)
        self._held: dict[str, ev.JobFailed] = {}
        self._until: datetime | None = None  # how long to wait for the end
        self._reports_percent: set[str] = set()  # jobs whose percent the server sends itself
        self._is_of_job: bool | None = None  # `progressPct` is the job's percent; None: unknown
        self._checks = 0

    @property
    def has_open_jobs(self) -> bool:
        """Whether any known job has not ended."""
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
        """See Reader. An end that was expected when the connection broke may be certain now."""
        self._earlier = set(self._recent)
        self._here_id = ""
        return await self._resolve_end() if self._until is not None else ()

    async def opened(self) -> Sequence[ev.Envelope]:
        """See Reader. Fills in what happened before, from the current state of the jobs."""
        if self._job_id is None:
            jobs = await self._listed()
            return [envelope for job in jobs for envelope in self._caught_up(job)]
        job = await self._sources.get_job(self._job_id)
        if job.status.ended:
            self._expect_end(END_GRACE_S)
            return list(self._started(job))
        return [*self._continues(job.id), *self._caught_up(job)]

    async def read(self, frame: Frame) -> Sequence[ev.Envelope]:
        """See Reader. The events of one block, including those that it implies."""
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
        if _undated(event) and not isinstance(event, ev.JobFailed):  # that one is checked later
            event = replace(event, timestamp=await self._time_of(event))
        if isinstance(event, ev.StepProgressed):
            event = await self._checked(event)
        return await self._take(event)

    async def _time_of(self, event: ev.AnyJobEvent) -> datetime:
        """The time of an event without one: now, or the job's end time for a terminal event."""
        if isinstance(event, (ev.JobCompleted, ev.JobCancelled)):
            with suppress(TransportFailure, AuraError):
                job = await self._sources.get_job(event.job_id)
                return job.ended_at or self._sources.now()
        return self._sources.now()

    async def _checked(self, event: ev.StepProgressed) -> ev.StepProgressed:
        """The event, corrected if its ``progressPct`` is the job's percent."""
        pct = event.progress_pct
        if pct is None or event.percent != event.step.overall_percent(pct):
            self._reports_percent.add(event.job_id)
            return event  # the server sent both, or only the job's
        apart = abs(pct - event.percent) >= _DISTINCT
        if self._is_of_job is None and apart and self._checks < _MAX_CHECKS:
            self._checks += 1
            with suppress(TransportFailure, AuraError):
                reported = (await self._sources.get_job(event.job_id)).percent
                of_job, of_step = abs(reported - pct), abs(reported - event.percent)
                if min(of_job, of_step) <= _DISTINCT / 2:
                    self._is_of_job = of_job < of_step
        if not self._is_of_job:
            return event
        self._reports_percent.add(event.job_id)
        return replace(event, percent=pct, progress_pct=None)

    async def _listed(self) -> Sequence[Job]:
        """The newest jobs, and running ones that are no longer among them."""
        jobs = [*await self._sources.recent_jobs()]
        newest = {job.id for job in jobs}
        under_way = (job.id for job in self._jobs.values() if not job.status.ended)
        for job_id in [job_id for job_id in under_way if job_id not in newest][:_MAX_LOOKS]:
            with suppress(NotFound):
                jobs.append(await self._sources.get_job(job_id))
        return jobs

    async def _failed(self, frame: Frame, event: ev.AnyEvent | None) -> Sequence[ev.Envelope]:
        """Handle an ``error`` event: an unknown job, an ended job without a stream, or a failure
        of the server."""
        if self._job_id is not None:
            job = await self._sources.get_job(self._job_id)  # raises NotFound for an unknown job
            if job.status.ended:
                return list(self._caught_up(job))
        text = event.message if isinstance(event, ev.StreamFailed) else frame.data
        raise TransportFailure(f"the engine ended the stream: {clean_line(text, 200)}")

    def _is_known(self, frame: Frame) -> bool:
        """Whether the block arrived on an earlier connection, or with the same id on this one."""
        own = bool(frame.id) and frame.id != self._here_id
        if own:
            self._here_id = frame.id
            can_be_sent = frame.id.isascii() and frame.id.isprintable() and len(frame.id) <= 200
            self._raw_id = frame.id if can_be_sent else ""
        text = f"{frame.id if own else ''}\n{frame.name}\n{frame.data}"
        digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=16).digest()
        known = digest in self._earlier or (own and digest in self._recent)
        self._recent.append(digest)
        return known

    async def _take(self, event: ev.AnyJobEvent) -> Sequence[ev.Envelope]:
        job_id = event.job_id
        if self._job(job_id).status.ended:
            return ()
        if isinstance(event, ev.JobFailed):
            self._held[job_id] = event
            return await self._resolve_end(
                job_id, stalled=_STALL.search(event.error_message) is not None
            )
        if isinstance(event, ev.JobStatusChanged) and event.status.ended:
            if self._job_id is None:
                return await self._resolve_end(job_id)
            self._expect_end(END_GRACE_S)
            return ()
        # Activity after a failure that was held back means that the job continues.
        signs = (ev.StepProgressed, ev.StepStatusChanged, ev.JobCompleted)
        stirs = job_id in self._held and isinstance(event, signs)
        return [*(self._continues(job_id) if stirs else ()), *self._emit(event)]

    async def closed(self) -> Sequence[ev.Envelope]:
        """See Reader. Checks whether that was the job's end."""
        return await self._resolve_end() if self._until is not None else ()

    async def no_more_events(self) -> Sequence[ev.Envelope]:
        """See Reader. The server says that the job has ended."""
        last = await self._resolve_end()
        self.ended = True
        return last

    def _expect_end(self, within_s: float) -> None:
        until = self._sources.now() + timedelta(seconds=within_s)
        self._until = until if self._until is None else min(until, self._until)

    async def _resolve_end(
        self, job_id: str | None = None, *, stalled: bool = False
    ) -> Sequence[ev.Envelope]:
        """Request a job whose end is uncertain; returns its end, or events showing that it
        continues."""
        job_id = job_id or self._job_id
        if job_id is None:
            return ()
        job = await self._sources.get_job(job_id)
        if not job.status.ended:
            return list(self._continues(job_id))
        if stalled and self._job_id is not None:
            self._expect_end(STALL_GRACE_S)
            return ()
        held = self._held.pop(job_id, None)
        if held is not None and job.status is JobStatus.FAILED:
            if _undated(held):
                held = replace(held, timestamp=job.ended_at or self._sources.now())
            return list(self._emit(held))
        return list(self._caught_up(job))

    def _continues(self, job_id: str) -> Iterator[ev.Envelope]:
        """Replace a failure that was held back by a warning: the job continues."""
        self._until = None
        held = self._held.pop(job_id, None)
        if held is not None:
            text = f"The engine reported a failure, but the job continues: {held.error_message}"
            yield from self._emit(
                ev.Warned(
                    job_id=job_id,
                    correlation_id=held.correlation_id,
                    timestamp=self._sources.now() if _undated(held) else held.timestamp,
                    message=text,
                    step=held.stage,
                )
            )

    def _started(self, job: Job) -> Iterator[ev.Envelope]:
        """The start of a job that has ended, and its percent: the terminal event has neither."""
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

    def _emit(self, event: ev.AnyJobEvent) -> Iterator[ev.Envelope]:
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
        """The job as folded from the events so far."""
        return self._jobs.get(job_id) or empty_job(job_id)

    def _numbered(self, event: ev.AnyJobEvent) -> ev.Envelope:
        envelope = ev.Envelope(self._ids.next(), event)
        job = reduce(self._job(event.job_id), envelope)
        self._jobs.pop(job.id, None)
        self._jobs[job.id] = job  # most recently active last
        if len(self._jobs) > _MAX_JOBS:
            del self._jobs[next(iter(self._jobs))]
        if job.id == self._job_id and job.status.ended:
            self.ended = True
        return envelope
