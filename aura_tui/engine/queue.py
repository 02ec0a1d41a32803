"""The queue of one engine, in memory; after a restart it is rebuilt from the store."""

from __future__ import annotations

import heapq
import itertools


class PriorityQueue:
    """A :class:`~.ports.JobQueue`: higher priority first, then first in, first out."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, int, str]] = []
        self._order = itertools.count(1)

    def __contains__(self, job_id: str) -> bool:
        return any(entry[3] == job_id for entry in self._heap)

    def put(self, job_id: str, priority: int) -> None:
        """Add a job behind all others of its priority."""
        heapq.heappush(self._heap, (-priority, 1, next(self._order), job_id))

    def put_back(self, job_id: str, priority: int) -> None:
        """Add a job that had started before: ahead of all others of its priority."""
        heapq.heappush(self._heap, (-priority, 0, next(self._order), job_id))

    def remove(self, job_id: str) -> bool:
        """Remove a job; whether it was there."""
        kept = [entry for entry in self._heap if entry[3] != job_id]
        found = len(kept) != len(self._heap)
        heapq.heapify(kept)
        self._heap = kept
        return found

    def take(self) -> str | None:
        """Remove and return the next job's id; None if none waits."""
        return heapq.heappop(self._heap)[3] if self._heap else None

    def waiting(self) -> tuple[str, ...]:
        """Ids in the order in which they will be taken."""
        return tuple(entry[3] for entry in sorted(self._heap))
