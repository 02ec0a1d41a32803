"""Which jobs are attempts at the same video: a job, its retries, and theirs."""

from __future__ import annotations

from bisect import insort
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aura_tui.model.job import Job

MAX_ATTEMPTS = 100  # of one job; further ones stand alone, so that an event never costs more
_SPARE_LINKS = 1000  # of jobs that left the list


class Family:
    """The attempts at one video, at least two of them. ``unfolded``: each has a row."""

    __slots__ = ("_entries", "unfolded")

    def __init__(self) -> None:
        self.unfolded = False
        self._entries: list[tuple[int, float, str]] = []  # attempt, creation, id; sorted

    @property
    def ids(self) -> list[str]:
        """The ids, the first attempt first."""
        return [entry[2] for entry in self._entries]

    def __len__(self) -> int:
        return len(self._entries)


class Attempts:
    """The families among ``jobs``, a mapping by id that its owner changes.

    Jobs may come in any order and leave again: what a missing job connected stays together.
    """

    def __init__(self, jobs: Mapping[str, Job]) -> None:
        self._jobs = jobs
        self._links: dict[str, str] = {}  # towards the id that stands for the family
        self._families: dict[str, Family] = {}  # by that id
        self._entries: dict[str, tuple[int, float, str]] = {}  # of the members

    def add(self, job: Job) -> None:
        """Note a job that was added or replaced."""
        if job.id in self._entries:
            self._remove_entry(job.id)
        if job.retry_of is not None and job.retry_of != job.id:
            self._join(job.id, job.retry_of)
        if job.id in self._links:
            self._add_entry(job)

    def discard(self, job_id: str) -> None:
        """Note that a job left ``jobs``."""
        if job_id in self._entries:
            self._remove_entry(job_id)
        if len(self._links) > 2 * len(self._jobs) + _SPARE_LINKS:
            self._rebuild()

    def of(self, job_id: str) -> Sequence[str]:
        """The attempts that ``job_id`` is one of, the first one first; of a job that has left, the
        others. A job without a retry is alone."""
        if job_id in self._links:
            family = self._families.get(self._root(job_id))
            return family.ids if family is not None else ()
        return (job_id,) if job_id in self._jobs else ()

    def family(self, job_id: str) -> Family | None:
        """The family of ``job_id``; None if it has no other attempt."""
        if job_id not in self._links:
            return None
        family = self._families.get(self._root(job_id))
        return family if family is not None and len(family) > 1 else None

    @property
    def families(self) -> Iterable[Family]:
        """All families."""
        return [family for family in self._families.values() if len(family) > 1]

    # Disjoint sets. A cycle of retries, which only a broken engine reports, is a family too.

    def _root(self, job_id: str) -> str:
        links = self._links
        while (up := links[job_id]) != job_id:
            links[job_id] = links[up]  # so that the way is shorter the next time
            job_id = up
        return job_id

    def _join(self, one: str, other: str) -> None:
        for each in (one, other):
            if each not in self._links:
                self._links[each] = each
                if each != one and each in self._jobs:
                    self._add_entry(self._jobs[each])
        root, under = self._root(other), self._root(one)
        if root == under:
            return
        first, second = (self._families.get(each) or Family() for each in (root, under))
        if len(first) + len(second) >= MAX_ATTEMPTS:
            return
        self._links[under] = root
        self._families.pop(under, None)
        first.unfolded = first.unfolded or second.unfolded
        first._entries = sorted(first._entries + second._entries)
        if first._entries:
            self._families[root] = first

    def _add_entry(self, job: Job) -> None:
        entry = (job.attempt, job.created_at.timestamp(), job.id)
        self._entries[job.id] = entry
        insort(self._families.setdefault(self._root(job.id), Family())._entries, entry)

    def _remove_entry(self, job_id: str) -> None:
        root = self._root(job_id)
        family = self._families[root]
        family._entries.remove(self._entries.pop(job_id))
        if not family._entries:
            del self._families[root]

    def _rebuild(self) -> None:
        open_ids = [family.ids for family in self._families.values() if family.unfolded]
        self._links, self._families, self._entries = {}, {}, {}
        for job in self._jobs.values():
            self.add(job)
        for ids in open_ids:
            family = self.family(ids[0])
            if family is not None:
                family.unfolded = True
