"""The format of a recording: a header line for each job, then its events as JSON lines."""

from __future__ import annotations

from contextlib import aclosing
from datetime import UTC, datetime
from typing import TYPE_CHECKING, cast

import msgspec

from aura_tui.model.events import Envelope
from aura_tui.model.job import Job
from aura_tui.model.stages import parse_stage
from aura_tui.model.text.sanitize import clean_line
from aura_tui.service import Typical
from aura_tui.system.files import open_regular
from aura_tui.wire.decode import read_settings
from aura_tui.wire.event_json import decode_line, encode_line
from aura_tui.wire.lenient_values import MAX_EVENT_BYTES

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from aura_tui.service import JobService

MAX_RECORDING_EVENTS = 2_000_000
MAX_JOBS = 10_000
MAX_RECORDING_BYTES = 2 << 30  # the rest is ignored: a device file may be endless

_MAX_TYPICAL_S = 1e8
_FORMAT = 1


class _RecordedJob(msgspec.Struct, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    id: str
    correlation_id: str = ""
    title: str = ""
    created_at: datetime | None = None
    priority: int = 0
    attempt: int = 1
    retry_of: str | None = None
    settings: object = None  # JobSettings


class _RecordedTypical(msgspec.Struct, frozen=True):
    runs: int = 0
    seconds: dict[str, float] = {}


class _Header(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    recording: int
    job: _RecordedJob
    typical: _RecordedTypical | None = None


class Recording(msgspec.Struct, frozen=True):
    """The contents of a file: jobs as created, their events by rising id, the number of skipped
    lines, and by job id the usual stage durations, if recorded."""

    jobs: tuple[Job, ...]
    envelopes: tuple[Envelope, ...]
    skipped: int
    typical: dict[str, Typical] = {}


def parse(lines: Iterable[bytes]) -> Recording:
    """Parse a recording. Never raises; skips unusable lines."""
    jobs: dict[str, Job] = {}
    envelopes: list[Envelope] = []
    typical: dict[str, Typical] = {}
    last = skipped = 0
    for line in lines:
        if not line.strip():
            continue
        envelope = decode_line(line) if len(envelopes) < MAX_RECORDING_EVENTS else None
        if envelope is not None and envelope.id > last:
            event = envelope.event
            if not event.job_id or (event.job_id not in jobs and len(jobs) >= MAX_JOBS):
                skipped += 1  # no job id, or one job too many
                continue
            if event.job_id not in jobs:
                known = _RecordedJob(id=event.job_id, correlation_id=event.correlation_id)
                jobs[event.job_id] = _new_job(known, event.timestamp)
            last = envelope.id
            envelopes.append(envelope)
            continue
        header = _header(line)
        job = _new_job(header.job, datetime.fromtimestamp(0, UTC)) if header else None
        if job is None or not job.id or job.id in jobs or len(jobs) >= MAX_JOBS:
            skipped += 1
        else:
            jobs[job.id] = job
            if header is not None and header.typical is not None:
                typical[job.id] = _typical(header.typical)
    return Recording(tuple(jobs.values()), tuple(envelopes), skipped, typical)


def _header(line: bytes) -> _Header | None:
    try:
        return msgspec.json.decode(line, type=_Header)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None


def _typical(recorded: _RecordedTypical) -> Typical:
    """The usual durations, without unknown stages and impossible values."""
    stages = ((parse_stage(name), seconds) for name, seconds in recorded.seconds.items())
    valid = {stage: s for stage, s in stages if stage is not None and 0.0 <= s < _MAX_TYPICAL_S}
    return Typical(max(0, recorded.runs), valid) if valid else Typical(0, {})


def _new_job(known: _RecordedJob, seen_at: datetime) -> Job:
    created = known.created_at or seen_at
    try:
        created = created.replace(tzinfo=UTC) if created.tzinfo is None else created.astimezone(UTC)
    except OverflowError:  # within a day of year 1 or 9999
        created = created.replace(tzinfo=UTC)
    return Job(
        id=clean_line(known.id, 200),
        correlation_id=clean_line(known.correlation_id, 200),
        title=clean_line(known.title or f"Job {known.id}", 500),
        created_at=created,
        queued_at=created,
        priority=known.priority,
        attempt=max(1, known.attempt),
        retry_of=clean_line(known.retry_of, 200) if known.retry_of else None,
        settings=read_settings(known.settings),
    )


def header_line(job: Job, typical: Typical | None = None) -> bytes:
    """The line before a job's events: the facts about the job that no event carries."""
    known = _RecordedJob(
        id=job.id,
        correlation_id=job.correlation_id,
        title=job.title,
        created_at=job.created_at,
        priority=job.priority,
        attempt=job.attempt,
        retry_of=job.retry_of,
        settings=job.settings,
    )
    recorded = None
    if typical is not None and typical.seconds:
        seconds = {stage.value: round(s, 3) for stage, s in typical.seconds.items()}
        recorded = _RecordedTypical(typical.runs, seconds)
    return msgspec.json.encode(_Header(recording=_FORMAT, job=known, typical=recorded)) + b"\n"


async def record(
    service: JobService,
    job_id: str,
    out: BinaryIO,
    *,
    after: int | None = None,
    written: Callable[[int], None] = lambda event_id: None,
) -> None:
    """Write the job's history to ``out``, then its live events until it ends.

    Every line is flushed, so that a recording can be played after a crash. ``written`` gets the id
    of each written event, 0 for the header. Pass the last such id as ``after`` to continue an
    interrupted recording.
    """
    if after is None:
        header = header_line(await service.get(job_id), await service.typical(job_id))
        out.write(header)
        written(0)
    events = cast("AsyncGenerator[Envelope]", service.events(job_id, after=after))
    async with aclosing(events):
        async for envelope in events:
            out.write(encode_line(envelope))
            written(envelope.id)
            out.flush()


def load(path: Path) -> Recording:
    with open_regular(path) as file:
        return parse(_bounded_lines(file))


def _bounded_lines(file: BinaryIO) -> Iterator[bytes]:
    """The file's lines; one longer than MAX_EVENT_BYTES is cut, so that it doesn't parse."""
    left = MAX_RECORDING_BYTES
    while left > 0 and (line := file.readline(MAX_EVENT_BYTES + 1)):
        yield line
        left -= len(line)
        while left > 0 and line and not line.endswith(b"\n"):
            line = file.readline(MAX_EVENT_BYTES)
            left -= len(line)
