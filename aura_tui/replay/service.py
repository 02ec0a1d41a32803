"""A JobService that plays recorded jobs from a JSONL file at any speed.

A recording consists of lines of ``wire.event_json.encode_line``. Before a job's first event stands
a line with facts that no event carries: ``{"recording": 1, "job": {"id", "correlationId", "title",
"createdAt", "priority", "attempt", "retryOf", "settings"}, "typical": {"runs", "seconds": {stage:
s}}}``. ``settings`` and ``typical``, the usual stage durations on the recording machine, may be
missing. A recording without such lines plays, too; its jobs' titles are their ids. Lines that
aren't events, or go back in time, are skipped and counted.
"""

from __future__ import annotations

import asyncio
import math
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from aura_tui.errors import Code, Conflict, InputError, NotFound
from aura_tui.model.events import TERMINAL_EVENTS, Envelope
from aura_tui.model.reduce import reduce
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean_line
from aura_tui.replay.recording import Recording, load
from aura_tui.replay.timeline import Timeline
from aura_tui.service import JobPage, Playback, QueueState, RetryPlan, Typical, parse_cursor
from aura_tui.wire.log_text import log_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job
    from aura_tui.model.request import JobRequest
    from aura_tui.service import OnProgress

_KEPT_EVERY = 1000  # events; seeking back folds at most as many again


class ReplayService:
    """A JobService on a recording; the first iterator of events starts its clock.

    Events that have been played are history and come at once. The rest come when the clock of its
    :class:`~aura_tui.replay.timeline.Timeline` reaches them. After a seek back the jobs are as they
    were then, and a new iterator of events has the history up to there; iterators from before wait
    until the replay is back where they were. An iterator of one job also ends where its recording
    ends early.
    """

    def __init__(
        self,
        recording: Recording,
        *,
        speed: float = 1.0,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if math.isnan(speed) or speed < 0:
            raise InputError(
                Code.OPTION_INVALID,
                f"Can't play a recording at speed {speed}; speed must be 0 or more",
                "Use --speed 1 for the recorded pace, or 0 to show everything at once.",
                field="speed",
            )
        self._recording = recording
        self._sleep = sleep
        times = [envelope.event.timestamp for envelope in recording.envelopes]
        self._timeline = Timeline(times, speed, clock)
        self._jobs = {job.id: job for job in recording.jobs}
        self._kept = [dict(self._jobs)]  # the jobs after every so many events
        self._keep_every = max(_KEPT_EVERY, len(self._jobs))
        self._changed = asyncio.Event()  # the clock goes another way; each change has its own event
        self._closed = asyncio.Event()
        self.notices: list[str] = []  # see JobService

    @classmethod
    async def open(
        cls,
        path: Path,
        speed: float = 1.0,
        *,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> ReplayService:
        """Read the file. Raises InputError if it can't be read or contains no events."""
        try:
            recording = await asyncio.to_thread(load, path)
        except OSError as e:
            raise InputError(
                Code.OPTION_INVALID,
                f"Can't read the recording {path}: {e.strerror or e}",
                "Use a file written by --record.",
                field="recording",
            ) from None
        if not recording.envelopes:
            raise InputError(
                Code.OPTION_INVALID,
                f"{path} isn't a recording: it contains no job events",
                "Use a file written by --record, or the output of --progress json.",
                field="recording",
            )
        return cls(recording, speed=speed, sleep=sleep)

    @property
    def job_ids(self) -> tuple[str, ...]:
        """The recorded jobs, in the order they appear."""
        return tuple(self._jobs)

    @property
    def pace(self) -> float:
        """See :class:`~aura_tui.service.Timed`."""
        return self._timeline.speed

    def now(self) -> datetime:
        """See :class:`~aura_tui.service.Timed`: advances at ``pace`` from the last event up to the
        time of the next one, and stops after the final event."""
        return self._timeline.now() if self._recording.envelopes else datetime.now(UTC)

    @property
    def playback(self) -> Playback:
        """See :class:`~aura_tui.service.Seekable`."""
        line = self._timeline
        return Playback(line.position_s, line.duration_s, line.speed, line.paused, line.over)

    def set_playing(self, playing: bool) -> None:
        """See :class:`~aura_tui.service.Seekable`."""
        self._timeline.pause(not playing)
        self._wake()

    def set_speed(self, speed: float) -> None:
        """See :class:`~aura_tui.service.Seekable`."""
        self._timeline.set_speed(speed)
        self._wake()

    def seek(self, position_s: float) -> bool:
        """See :class:`~aura_tui.service.Seekable`."""
        line = self._timeline
        count = line.seek(position_s)
        back = count < line.next
        if back:
            kept = count // self._keep_every
            self._jobs = dict(self._kept[kept])
            line.next = kept * self._keep_every
        for envelope in self._recording.envelopes[line.next : count]:
            line.next += 1
            self._fold(envelope)
        self._wake()
        return back

    def _wake(self) -> None:
        """Wake the iterators: what they wait for may come at another time."""
        self._changed.set()
        self._changed = asyncio.Event()

    @property
    def skipped(self) -> int:
        """The number of unusable lines in the file."""
        return self._recording.skipped

    async def submit(
        self,
        request: JobRequest,
        *,
        correlation_id: str | None = None,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        _refuse()

    async def get(self, job_id: str) -> Job:
        try:
            return self._jobs[job_id]
        except KeyError:
            raise NotFound(
                Code.JOB_UNKNOWN,
                f"Job {clean_line(job_id, 80)} is not in the recording",
                f"Use one of: {', '.join(self.job_ids[:5])}.",
            ) from None

    async def list(
        self, *, status: JobStatus | None = None, limit: int = 50, cursor: str | None = None
    ) -> JobPage:
        jobs = [job for job in reversed(self._jobs.values()) if status in (None, job.status)]
        start = parse_cursor(cursor) or 0
        end = start + max(1, min(500, limit))
        return JobPage(tuple(jobs[start:end]), str(end) if end < len(jobs) else None)

    async def cancel(self, job_id: str) -> Job:
        _refuse()

    async def pause(self, job_id: str) -> Job:
        _refuse()

    async def resume(self, job_id: str) -> Job:
        _refuse()

    async def retry(
        self,
        job_id: str,
        *,
        deliver_to: Path | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        _refuse()

    async def delete(self, job_id: str) -> None:
        _refuse()

    async def events(
        self, job_id: str | None = None, *, after: int | None = None
    ) -> AsyncIterator[Envelope]:
        if job_id is not None:
            await self.get(job_id)
        self._timeline.start()
        for index, envelope in enumerate(self._recording.envelopes):
            while index >= self._timeline.next and not self._closed.is_set():
                if envelope.id > (after or 0):
                    await self._play_next()
                else:
                    self._play(self._timeline.next)
            if self._closed.is_set():
                return
            if job_id not in (None, envelope.event.job_id):
                continue
            if envelope.id > (after or 0):
                yield envelope
            if job_id is not None and isinstance(envelope.event, TERMINAL_EVENTS):
                return
        if job_id is None:  # as with a real engine, the stream of all jobs never ends
            await self._closed.wait()

    async def _play_next(self) -> None:
        """Wait for the next event and play it; return early if the clock was changed."""
        index, changed = self._timeline.next, self._changed
        wait_s = self._timeline.wait_s()
        if wait_s is None:
            await changed.wait()
            return
        if wait_s > 0 and not await self._rest(wait_s, changed):
            return
        if index == self._timeline.next:  # else another iterator played it meanwhile
            self._play(index)

    async def _rest(self, seconds: float, changed: asyncio.Event) -> bool:
        """Sleep, or return False as soon as ``changed`` is set."""
        sleep = asyncio.ensure_future(self._sleep(seconds))
        change = asyncio.ensure_future(changed.wait())
        try:
            await asyncio.wait((sleep, change), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleep.cancel()
            change.cancel()
        return not changed.is_set()

    def _play(self, index: int) -> None:
        self._timeline.played()
        self._fold(self._recording.envelopes[index])

    def _fold(self, envelope: Envelope) -> None:
        """Fold an event into its job: the one before ``next``."""
        job = self._jobs.get(envelope.event.job_id)
        if job is not None:
            self._jobs[job.id] = reduce(job, envelope)
        kept, rest = divmod(self._timeline.next, self._keep_every)
        if not rest and kept == len(self._kept):
            self._kept.append(dict(self._jobs))

    async def logs(self, job_id: str) -> str:
        await self.get(job_id)
        return "".join(
            f"{line}\n"
            for e in self._recording.envelopes[: self._timeline.next]
            if e.event.job_id == job_id and (line := log_line(e.event))
        )

    async def artifacts(self, job_id: str) -> tuple[Artifact, ...]:
        return (await self.get(job_id)).artifacts

    async def artifact(
        self, job_id: str, name: str, *, on_progress: OnProgress | None = None
    ) -> Path:
        """The artifact's path when it was recorded. Raises NotFound if it isn't there now."""
        for artifact in await self.artifacts(job_id):
            if artifact.name == name and Path(artifact.path).is_file():
                return Path(artifact.path)
        raise NotFound(
            Code.ARTIFACT_UNKNOWN,
            f"The recording's artifact {clean_line(name, 80)} is not on this machine",
            "A recording contains events, not the finished files.",
        )

    async def queue(self) -> QueueState:
        statuses = [job.status for job in self._jobs.values()]
        waiting = tuple(job.id for job in self._jobs.values() if job.status is JobStatus.QUEUED)
        return QueueState(
            queued=len(waiting),
            running=statuses.count(JobStatus.RUNNING),
            paused=statuses.count(JobStatus.PAUSED),
            waiting=waiting,
        )

    async def typical(self, job_id: str) -> Typical:
        """The usual durations on the machine that recorded the job."""
        await self.get(job_id)
        return self._recording.typical.get(job_id, Typical(0, {}))

    async def retry_plan(self, job_id: str) -> RetryPlan:
        await self.get(job_id)
        _refuse()

    async def preview(self, job_id: str) -> Path | None:
        """None: a recording contains no pictures."""
        await self.get(job_id)
        return None

    async def aclose(self) -> None:
        self._closed.set()
        self._wake()


def _refuse() -> NoReturn:
    raise Conflict(
        Code.JOB_STATE,
        "Jobs in a recording can't be changed",
        "Create a new job with: aura-tui run FILE.md",
    )
