"""The orders of the job list: groups, and what each order sorts by.

Every order is total and stable: jobs that are alike in it keep their places, by id.
"""

from __future__ import annotations

from enum import Enum, IntEnum
from typing import TYPE_CHECKING

from aura_tui.format.words import active_s
from aura_tui.model.job import since
from aura_tui.model.status import JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from aura_tui.model.job import Job

SortKey = tuple[float, float | str, float]
"""Smaller keys come first. Keys of one order can be compared with each other only."""


class Group(IntEnum):
    """Groups of the list in the order by status, from top to bottom."""

    ATTENTION = 0  # failed recently, neither retried nor viewed
    RUNNING = 1
    PAUSED = 2
    QUEUED = 3
    REST = 4


GROUPS = {
    JobStatus.RUNNING: Group.RUNNING,
    JobStatus.PAUSED: Group.PAUSED,
    JobStatus.QUEUED: Group.QUEUED,
    JobStatus.SUCCEEDED: Group.REST,
    JobStatus.FAILED: Group.REST,  # ATTENTION while it needs attention
    JobStatus.CANCELED: Group.REST,
}


class Column(Enum):
    """A column of the list that can be sorted by."""

    TITLE = "title"
    STATUS = "status"
    LEFT = "left"
    TOOK = "took"
    AGE = "age"


class Sort(Enum):
    """An order of the list; the values are stored with the person's choices."""

    STATUS = "status"  # what needs attention first
    NEWEST = "newest"
    OLDEST = "oldest"
    LEFT = "left"  # the running job that ends first
    TOOK = "took"  # the longest first
    TITLE = "title"

    @property
    def next(self) -> Sort:
        """The order after this one, when going through all of them."""
        every = list(Sort)
        return every[(every.index(self) + 1) % len(every)]

    @property
    def column(self) -> Column:
        """The column that it sorts by."""
        return _COLUMNS[self]

    @property
    def rises(self) -> bool:
        """Whether the column's values rise from top to bottom."""
        return self in (Sort.NEWEST, Sort.LEFT, Sort.TITLE)


_COLUMNS = {
    Sort.STATUS: Column.STATUS,
    Sort.NEWEST: Column.AGE,
    Sort.OLDEST: Column.AGE,
    Sort.LEFT: Column.LEFT,
    Sort.TOOK: Column.TOOK,
    Sort.TITLE: Column.TITLE,
}


def sort_key(sort: Sort, job: Job, group: Group) -> SortKey:
    """The key of ``job``, which is in ``group``."""
    return _KEYS[sort](job, group)


def _began(job: Job) -> float:
    return (job.started_at or job.created_at).timestamp()


def _newest(job: Job, _: Group) -> SortKey:
    return (0.0, -since(job).timestamp(), 0.0)


def _by_status(job: Job, group: Group) -> SortKey:
    if group is Group.QUEUED:  # in queue order
        return (group, -float(job.priority), job.queued_at.timestamp())
    if group in (Group.RUNNING, Group.PAUSED):  # the longest running: a new one moves no other
        return (group, _began(job), 0.0)
    return (group, -since(job).timestamp(), 0.0)  # the latest end


def _by_left(job: Job, group: Group) -> SortKey:
    """By the expected end: unlike the time left it stands still between two estimates."""
    if group is Group.RUNNING and job.eta is not None:
        told_at = job.last_event_at or job.created_at
        return (0.0, told_at.timestamp() + job.eta.seconds, 0.0)
    if group in (Group.RUNNING, Group.PAUSED, Group.QUEUED):
        first, second, third = _by_status(job, group)
        return (first, second, third)
    return (Group.REST, -since(job).timestamp(), 0.0)


def _by_took(job: Job, group: Group) -> SortKey:
    took_s = active_s(job) if job.status.ended else 0.0
    return (0.0, -took_s, 0.0) if took_s else (1.0, *_newest(job, group)[1:])


def _by_title(job: Job, group: Group) -> SortKey:
    return (0.0, job.title.casefold() or job.id, -since(job).timestamp())


_KEYS: dict[Sort, Callable[[Job, Group], SortKey]] = {
    Sort.STATUS: _by_status,
    Sort.NEWEST: _newest,
    Sort.OLDEST: lambda job, _: (0.0, since(job).timestamp(), 0.0),
    Sort.LEFT: _by_left,
    Sort.TOOK: _by_took,
    Sort.TITLE: _by_title,
}
