"""Looks up details for the summary of an ended job: the retry plan, the end of a log."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from aura_tui.model.status import JobStatus
from aura_tui.ui.actions.log_tail import tail_of
from aura_tui.ui.state.summary import FFMPEG_S_LOG, JOB_S_LOG, SummaryDetails

if TYPE_CHECKING:
    from aura_tui.model.job import Job
    from aura_tui.ui.actions.commands import JobCommands

_KEPT = 100


class SummaryLookups:
    """Looks up the details of each job once."""

    def __init__(self) -> None:
        self._found: dict[str, SummaryDetails] = {}

    def of(self, job: Job | None) -> SummaryDetails:
        """The details known so far."""
        return self._found.get(job.id, _NOTHING) if job is not None else _NOTHING

    def __contains__(self, job_id: object) -> bool:
        """Whether the job has been looked up."""
        return job_id in self._found

    async def look_up(self, job: Job, commands: JobCommands, *, remote: bool, plan: bool) -> None:
        """Look up the details of ``job``. ``plan``: also its retry plan."""
        if not commands.may_retry(job):
            return
        tail: tuple[str, ...] = ()
        log_of = FFMPEG_S_LOG
        if job.status is JobStatus.FAILED:
            if job.log_path and not remote:
                tail = await asyncio.to_thread(tail_of, Path(job.log_path))
            if not tail:
                tail, log_of = job.log, JOB_S_LOG
        found = SummaryDetails(await commands.plan(job) if plan else None, tail, log_of)
        while len(self._found) >= _KEPT:
            self._found.pop(next(iter(self._found)))
        self._found[job.id] = found


_NOTHING = SummaryDetails()
