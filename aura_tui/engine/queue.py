"""The queue of one engine, in memory; the store is where it comes back from after a restart."""

from __future__ import annotations

import asyncio
import heapq
import itertools


class PriorityQueue:
    """Higher priority first, first come first within one. A :class:`~.ports.JobQueue`."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, str]] = []
        self._order = itertools.count(1)
        self._some = asyncio.Event()

    def put(self, job_id: str, priority: int) -> None:
        """Add a job behind those of its priority."""
        heapq.heappush(self._heap, (-priority, next(self._order), job_id))
        self._some.set()

    def put_back(self, job_id: str, priority: int) -> None:
        """Return what :meth:`take` gave: in front of those of its priority."""
        heapq.heappush(self._heap, (-priority, -next(self._order), job_id))
        self._some.set()

    def remove(self, job_id: str) -> bool:
        """Take a job out; whether it was there."""
        kept = [entry for entry in self._heap if entry[2] != job_id]
        found = len(kept) != len(self._heap)
        heapq.heapify(kept)
        self._heap = kept
        if not kept:
            self._some.clear()
        return found

    async def take(self) -> str:
        """The next job; waits for one."""
        while not self._heap:
            await self._some.wait()
        job_id = heapq.heappop(self._heap)[2]
        if not self._heap:
            self._some.clear()
        return job_id

    def waiting(self) -> tuple[str, ...]:
        """Ids in the order they will be taken."""
        return tuple(entry[2] for entry in sorted(self._heap))
