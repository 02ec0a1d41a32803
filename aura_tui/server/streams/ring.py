"""The newest events of all jobs as encoded frames, shared by every stream."""

from __future__ import annotations

from bisect import bisect_right
from typing import NamedTuple

_BATCH = 256  # frames joined into one write: about 100 KB


class Taken(NamedTuple):
    """What a reader gets: frames joined ("" for none of its own), and where it stands now.

    ``last``: the job's terminal event is among them, as the last one.
    """

    chunk: bytes
    cursor: int
    last: bool


class Ring:
    """Every event above ``floor`` that was published is here, in the order of ids.

    An event is encoded once, whoever reads it; a reader is no more than a cursor.
    """

    def __init__(self, floor: int, capacity: int) -> None:
        self.floor = floor
        self._capacity = capacity
        self._ids: list[int] = []
        self._jobs: list[str] = []
        self._owners: list[str] = []
        self._frames: list[bytes] = []
        self._ends: set[int] = set()  # ids of terminal events
        # Readers of one job mostly stand at one place: what the first was given serves them all.
        self._asked: tuple[int, str | None, str] | None = None
        self._given = Taken(b"", 0, False)

    @property
    def newest(self) -> int:
        """The newest id that was put in."""
        return self._ids[-1] if self._ids else self.floor

    def put(self, event_id: int, job_id: str, owner: str, frame: bytes, *, last: bool) -> None:
        """The next event; its id is above all others'."""
        self._asked = None
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
        """A batch above ``cursor``, which must not be below ``floor``: of one job; or of all that
        ``owner`` made, "" being everybody's."""
        if self._asked != (cursor, job_id, owner):
            self._given = self._take(cursor, job_id, owner)
            self._asked = (cursor, job_id, owner)
        return self._given

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
