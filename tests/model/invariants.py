"""What holds of every job, and of every step from one job to the next, whatever was folded in."""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise
from typing import TYPE_CHECKING

from msgspec.structs import replace

from aura_tui.model.events import MAX_ITEMS
from aura_tui.model.job import LOG_TAIL, MAX_WARNINGS
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean

if TYPE_CHECKING:
    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job

# Written out again, so that a change of the model's own table fails here.
LEGAL = {
    (JobStatus.QUEUED, JobStatus.RUNNING),
    (JobStatus.QUEUED, JobStatus.CANCELED),
    (JobStatus.RUNNING, JobStatus.PAUSED),
    (JobStatus.RUNNING, JobStatus.SUCCEEDED),
    (JobStatus.RUNNING, JobStatus.FAILED),
    (JobStatus.RUNNING, JobStatus.CANCELED),
    (JobStatus.PAUSED, JobStatus.RUNNING),
    (JobStatus.PAUSED, JobStatus.CANCELED),
}
ENDED = (JobStatus.SUCCEEDED, JobStatus.FAILED, JobStatus.CANCELED)


def assert_sound(job: Job) -> None:
    """The invariants of one job."""
    times = (job.created_at, job.queued_at, job.started_at, job.ended_at)
    for earlier, later in pairwise(t for t in times if t is not None):
        assert earlier <= later
    assert (job.ended_at is not None) == (job.status in ENDED)
    assert (job.started_at is not None) or job.status in (JobStatus.QUEUED, JobStatus.CANCELED)
    assert 0.0 <= job.percent <= 100.0
    assert job.elapsed_s is None or 0.0 <= job.elapsed_s <= 1e12
    if job.interrupted:
        assert job.status in (JobStatus.QUEUED, JobStatus.RUNNING)
    assert job.active is (not job.interrupted and job.status not in (*ENDED, JobStatus.PAUSED))
    if job.eta is not None:
        assert job.status is JobStatus.RUNNING
        assert not job.interrupted
        assert 0.0 <= job.eta.low <= job.eta.seconds <= job.eta.high <= 1e12
    assert len(job.log) <= LOG_TAIL
    assert len(job.warnings) <= MAX_WARNINGS
    assert len(job.artifacts) <= MAX_ITEMS
    assert len({a.name for a in job.artifacts}) == len(job.artifacts)
    assert [step.stage for step in job.steps] == list(Stage)
    for step in job.steps:
        assert 0.0 <= (step.percent or 0.0) <= 100.0
        assert len(step.errors) <= MAX_WARNINGS
        assert len(step.warnings) <= MAX_WARNINGS
        if step.started_at and step.ended_at:
            assert step.started_at <= step.ended_at
        if step.started_at:
            assert job.started_at
            assert job.started_at <= step.started_at
    for text in (job.message, *job.log, *job.warnings, *job.suggested_actions):
        assert text == clean(text)


def assert_follows(before: Job, envelope: Envelope, after: Job) -> None:
    """``after`` is what one event may make of ``before``: nothing, or a legal change."""
    if after.ignored != before.ignored:
        assert after == replace(before, ignored=before.ignored + 1)
        return
    assert before.status not in ENDED
    assert envelope.event.job_id == before.id
    assert before.last_event_id < envelope.id == after.last_event_id
    assert after.percent >= before.percent
    assert after.elapsed_s is None or after.elapsed_s >= (before.elapsed_s or 0.0)
    assert before.status is after.status or (before.status, after.status) in LEGAL
    assert (after.id, after.created_at, after.queued_at) == (
        before.id,
        before.created_at,
        before.queued_at,
    )
    assert before.started_at in (None, after.started_at)
    assert after.last_event_at is not None
    assert before.last_event_at is None or before.last_event_at <= after.last_event_at
    for old, new in zip(before.steps, after.steps, strict=True):
        assert new.attempt >= old.attempt
        assert new.attempt > old.attempt or (new.percent or 0.0) >= (old.percent or 0.0)


def is_file_stem(name: str) -> None:
    """What holds of a file's name that was made from a title, whatever the title."""
    assert 0 < len(name.encode()) <= 120
    assert unicodedata.is_normalized("NFC", name)
    assert name == clean(name)
    kinds = {unicodedata.category(char)[0] for char in name.replace("\u200d", "")}
    assert kinds <= set("LMNSP")
    assert not [c for c in name if c.isascii() and not (c.isalnum() or c == "-")]
    assert {c for c in name if unicodedata.category(c)[0] == "P"} <= {"-"}
    assert unicodedata.category(name[0])[0] in "LNS"
    assert not name.endswith(("-", "\u200d"))
    assert not re.fullmatch(r"(?i)con|prn|aux|nul|com\d|lpt\d", name)
