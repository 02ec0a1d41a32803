"""What the end panel tells beside the job itself: the plan of a retry, the end of a log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model.status import JobStatus
from aura_tui.ui.ending import FFMPEG_S_LOG, JOB_S_LOG
from aura_tui.ui.log_tail import tail_of

if TYPE_CHECKING:
    from aura_tui.model.job import Job
    from aura_tui.service import RetryPlan
    from aura_tui.ui.asking import Asking

_KEPT = 100


class Ending(NamedTuple):
    """Of one job. ``plan`` None: no retry, or nothing is known of one. ``log_tail`` are the last
    lines of FFmpeg's log where it ran and can be read from here, else of the job's own; ``log_of``
    says which."""

    plan: RetryPlan | None = None
    log_tail: tuple[str, ...] = ()
    log_of: str = JOB_S_LOG


class Endings:
    """Looked up once a job."""

    def __init__(self) -> None:
        self._found: dict[str, Ending] = {}

    def of(self, job: Job | None) -> Ending:
        """As far as it has been looked up."""
        return self._found.get(job.id, _NOTHING) if job is not None else _NOTHING

    def __contains__(self, job_id: object) -> bool:
        """Whether the job has been looked up."""
        return job_id in self._found

    async def look_up(self, job: Job, asking: Asking, *, remote: bool, plan: bool) -> None:
        """``plan``: whether a retry could be asked for at all."""
        if not asking.may_retry(job):
            return
        tail: tuple[str, ...] = ()
        log_of = FFMPEG_S_LOG
        if job.status is JobStatus.FAILED:
            if job.log_path and not remote:
                tail = await asyncio.to_thread(tail_of, Path(job.log_path))
            if not tail:
                tail, log_of = job.log, JOB_S_LOG
        found = Ending(await asking.plan(job) if plan else None, tail, log_of)
        while len(self._found) >= _KEPT:
            self._found.pop(next(iter(self._found)))
        self._found[job.id] = found


_NOTHING = Ending()
