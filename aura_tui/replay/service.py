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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from aura_tui.errors import Code, Conflict, InputError, NotFound
from aura_tui.model.events import TERMINAL_EVENTS, Envelope
from aura_tui.model.reduce import reduce
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean_line
from aura_tui.replay.recording import Recording, load
from aura_tui.service import JobPage, QueueState, RetryPlan, Typical, parse_cursor
from aura_tui.wire.log_text import log_line

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable

    from aura_tui.model.events import Artifact
    from aura_tui.model.job import Job
    from aura_tui.model.request import JobRequest
    from aura_tui.service import OnProgress

MAX_GAP_S = 60.0  # longer gaps are shortened to this, before they are divided by the speed


class ReplayService:
    """A JobService on a recording; the first iterator of events drives its clock.

    Events that have been played are history and come at once. The rest come with the recorded gaps
    divided by ``speed`` (0 or infinite: at once). An iterator of one job also ends where its
    recording ends early.
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
        self._speed = speed
        self._sleep = sleep
        self._clock = clock
        self._next = 0  # index of the first event that hasn't been played
        self._played_s = clock()  # when the event before it was played
        self._jobs = {job.id: job for job in recording.jobs}
        self._played = 0
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
        return self._speed if self._speed and math.isfinite(self._speed) else 1.0

    def now(self) -> datetime:
        """See :class:`~aura_tui.service.Timed`: advances at ``pace`` from the last event up to the
        time of the next one, and stops after the final event."""
        events = self._recording.envelopes
        if not events:
            return datetime.now(UTC)
        last = events[max(0, self._next - 1)].event.timestamp
        if not 0 < self._next < len(events):
            return last
        passed_s = (self._clock() - self._played_s) * self.pace
        return max(
            last, min(last + timedelta(seconds=passed_s), events[self._next].event.timestamp)
        )

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
        previous: datetime | None = None
        for envelope in self._recording.envelopes:
            at = envelope.event.timestamp
            if envelope.id > self._played:
                if previous is not None and envelope.id > (after or 0):
                    await self._wait(at - previous)
                self._play(envelope)
            if self._closed.is_set():
                return
            previous = at
            if job_id not in (None, envelope.event.job_id):
                continue
            if envelope.id > (after or 0):
                yield envelope
            if job_id is not None and isinstance(envelope.event, TERMINAL_EVENTS):
                return
        if job_id is None:  # as with a real engine, the stream of all jobs never ends
            await self._closed.wait()

    async def _wait(self, gap: timedelta) -> None:
        if self._speed and math.isfinite(self._speed):
            gap_s = min(MAX_GAP_S, max(0.0, gap.total_seconds())) / self._speed
            if gap_s > 0:
                await self._sleep(gap_s)

    def _play(self, envelope: Envelope) -> None:
        if envelope.id <= self._played:
            return  # another iterator played it while this one slept
        self._played = envelope.id
        self._played_s = self._clock()
        events = self._recording.envelopes
        while self._next < len(events) and events[self._next].id <= envelope.id:
            self._next += 1
        job = self._jobs.get(envelope.event.job_id)
        if job is not None:
            self._jobs[job.id] = reduce(job, envelope)

    async def logs(self, job_id: str) -> str:
        await self.get(job_id)
        return "".join(
            f"{line}\n"
            for e in self._recording.envelopes
            if e.id <= self._played and e.event.job_id == job_id and (line := log_line(e.event))
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


def _refuse() -> NoReturn:
    raise Conflict(
        Code.JOB_STATE,
        "Jobs in a recording can't be changed",
        "Create a new job with: aura-tui run FILE.md",
    )
