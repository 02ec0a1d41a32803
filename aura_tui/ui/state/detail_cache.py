"""Decides which ended jobs keep all details in memory: the latest. Of the others a line stays."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING

from aura_tui.model.job import since

if TYPE_CHECKING:
    from aura_tui.model.job import Job

MAX_WHOLE = 500  # ended jobs, of 4 to 7 KB each


class DetailCache:
    """Ids of the ended jobs whose details are kept. ``pinned`` is never evicted."""

    def __init__(self) -> None:
        self.pinned: str | None = None
        self._order: list[tuple[float, str]] = []  # end time and id; the oldest first
        self._ids: set[str] = set()

    def __contains__(self, job_id: str) -> bool:
        return job_id in self._ids or job_id == self.pinned

    def add(self, job: Job) -> str | None:
        """Keep the details of ``job``, an ended one; returns the id of the evicted job, if any."""
        if job.id in self:
            return None
        insort(self._order, (since(job).timestamp(), job.id))
        self._ids.add(job.id)
        if len(self._order) <= MAX_WHOLE:
            return None
        _, oldest = self._order.pop(0)
        self._ids.remove(oldest)
        return oldest

    def discard(self, job_id: str) -> None:
        """Forget a job that left the list."""
        if job_id in self._ids:
            self._ids.remove(job_id)
            self._order = [entry for entry in self._order if entry[1] != job_id]
