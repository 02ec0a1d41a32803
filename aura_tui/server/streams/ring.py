"""The newest events of all jobs as encoded frames, shared by all streams."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

_BATCH = 256  # frames joined into one write: about 100 KB


class Taken(NamedTuple):
    """A batch for a reader: the joined frames (empty if none are its own), and its new cursor.

    ``last``: the batch ends with the job's terminal event.
    """

    chunk: bytes
    cursor: int
    last: bool


class Ring:
    """Holds every published event above ``floor``, in the order of ids.

    An event is encoded once for all readers; a reader is only a cursor.
    """

    def __init__(self, floor: int, capacity: int) -> None:
        self.floor = floor
        self._capacity = capacity
        self._ids: list[int] = []
        self._jobs: list[str] = []
        self._owners: list[str] = []
        self._frames: list[bytes] = []
        self._ends: set[int] = set()  # ids of terminal events
        # Readers of one job are mostly at the same place: reuse the result of the first.
        self._last_query: tuple[int, str | None, str] | None = None
        self._last_result = Taken(b"", 0, False)

    @property
    def newest(self) -> int:
        """The newest id that was put in."""
        return self._ids[-1] if self._ids else self.floor

    def put(self, event_id: int, job_id: str, owner: str, frame: bytes, *, last: bool) -> None:
        """Add the next event; its id is above all others."""
        self._last_query = None
        self._ids.append(event_id)
        self._jobs.append(job_id)
        self._owners.append(owner)
        self._frames.append(frame)
        if last:
            self._ends.add(event_id)
        if len(self._ids) >= 2 * self._capacity:
            self._forget(len(self._ids) - self._capacity)

    def _forget(self, count: int) -> None:
        self.floor = self._ids[count - 1]
        self._ends.difference_update(self._ids[:count])
        for column in (self._ids, self._jobs, self._owners, self._frames):
            del column[:count]

    def take(self, cursor: int, job_id: str | None, owner: str) -> Taken:
        """A batch above ``cursor``, which must not be below ``floor``: of one job, or of all jobs
        of ``owner`` ("": of everybody)."""
        if self._last_query != (cursor, job_id, owner):
            self._last_result = self._take(cursor, job_id, owner)
            self._last_query = (cursor, job_id, owner)
        return self._last_result

    def _take(self, cursor: int, job_id: str | None, owner: str) -> Taken:
        start = bisect_right(self._ids, cursor)
        stop = min(len(self._ids), start + _BATCH)
        if start == stop:
            return Taken(b"", cursor, False)
        if job_id is None:
            if not owner:
                return Taken(b"".join(self._frames[start:stop]), self._ids[stop - 1], False)
            wanted, column = owner, self._owners
        else:
            wanted, column = job_id, self._jobs
        mine = [i for i in range(start, stop) if column[i] == wanted]
        last = job_id is not None and bool(mine) and self._ids[mine[-1]] in self._ends
        return Taken(b"".join([self._frames[i] for i in mine]), self._ids[stop - 1], last)
