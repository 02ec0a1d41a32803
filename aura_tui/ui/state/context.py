"""What the context line shows besides the connection: where the engine is, and what it reports."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model.status import JobStatus

if TYPE_CHECKING:
    from aura_tui.service import EngineInfo
    from aura_tui.ui.state.jobs import JobsState

COUNTED = (JobStatus.RUNNING, JobStatus.PAUSED, JobStatus.QUEUED, JobStatus.FAILED)
LOW_BYTES = 2_000_000_000  # a long 1080p video, with its pieces


class Context(NamedTuple):
    """``place``: the host of a remote engine, else the home. ``engine``: None if not known yet.
    ``waits``: the service is not open yet; "" once it is. The counts leave out what has ended
    without a fault; () while the list is loading. ``interrupted``: the number of those jobs."""

    place: str
    engine: EngineInfo | None
    waits: str
    counts: tuple[tuple[JobStatus, int], ...]
    interrupted: int = 0

    @property
    def is_low(self) -> bool:
        """Whether the disk has little room left."""
        free_bytes = self.engine.free_bytes if self.engine is not None else None
        return free_bytes is not None and free_bytes < LOW_BYTES


def counts(jobs: JobsState) -> tuple[tuple[JobStatus, int], ...]:
    """The numbers of the jobs that matter now, without zeros."""
    if jobs.loading and not len(jobs):
        return ()
    return tuple((status, count) for status in COUNTED if (count := jobs.counts[status]))
