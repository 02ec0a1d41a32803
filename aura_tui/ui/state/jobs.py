"""The job list: order, filter, cursor and marks.

No drawing here and no service. Made for 10,000 jobs: an event moves only its own job, found and
placed by bisection.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from enum import IntEnum
from typing import TYPE_CHECKING, overload

from aura_tui.model.job import as_listed, since
from aura_tui.model.reduce import reduce
from aura_tui.model.status import JobStatus
from aura_tui.ui.state.detail_cache import DetailCache
from aura_tui.ui.state.job_filter import Filter, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import datetime

    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job

ATTENTION_LASTS = timedelta(hours=24)
AGES_STAND_S = 30.0  # a filter by age may lag this much
_FEW = 32  # more changes than this at once are sorted as a whole


class Group(IntEnum):
    """Groups of the list, from top to bottom."""

    ATTENTION = 0  # failed recently, neither retried nor viewed
    RUNNING = 1
    PAUSED = 2
    QUEUED = 3
    REST = 4


_GROUPS = {
    JobStatus.RUNNING: Group.RUNNING,
    JobStatus.PAUSED: Group.PAUSED,
    JobStatus.QUEUED: Group.QUEUED,
    JobStatus.SUCCEEDED: Group.REST,
    JobStatus.FAILED: Group.REST,  # ATTENTION while it needs attention
    JobStatus.CANCELED: Group.REST,
}

# The whole order is defined here: groups from top to bottom, and in each the smaller pair first.
# Ties go by id.
_ORDER: dict[Group, Callable[[Job], tuple[float, float]]] = {
    Group.ATTENTION: lambda job: (-since(job).timestamp(), 0.0),  # the latest end
    Group.RUNNING: lambda job: (_began(job), 0.0),  # the longest running: a new one moves no other
    Group.PAUSED: lambda job: (_began(job), 0.0),
    Group.QUEUED: lambda job: (
        -job.priority,
        job.queued_at.timestamp(),
    ),  # in queue order
    Group.REST: lambda job: (-since(job).timestamp(), 0.0),  # the latest end
}

_Key = tuple[int, float, float, str]


def _began(job: Job) -> float:
    return (job.started_at or job.created_at).timestamp()


class JobsState:
    """All jobs of a service. ``version`` changes whenever something visible may have changed.

    ``loading``: more jobs are being fetched. ``polled_s``: the list is polled every so many
    seconds; None: the service pushes changes. :meth:`advance` sets the time.
    """

    def __init__(self) -> None:
        self.loading = True
        self.polled_s: float | None = None
        self.version = 0
        self.filter = Filter()
        self.visible: Sequence[Job] = _Visible(self)
        self.whole = DetailCache()
        self._jobs: dict[str, Job] = {}
        self._keys: dict[str, _Key] = {}
        self._shown: list[_Key] = []  # in order; the jobs that match the filter
        self._counts: Counter[JobStatus] = Counter()
        self._retries: Counter[str] = Counter()  # by the id of the retried job
        self._seen: set[str] = set()
        self._marked: dict[str, None] = {}
        self._cursor: str | None = None
        self._lost: _Key | None = None  # the job that the cursor lost
        self._held: str | None = None  # viewed; keeps its place until the cursor leaves it
        self._now: datetime | None = None
        self._filtered_at: datetime | None = None
        self._calms_at: datetime | None = None  # when the next job stops needing attention

    # Jobs

    def load(self, jobs: Iterable[Job], *, more: bool = False) -> None:
        """Add or replace jobs, except where ours are newer. ``more``: others will follow."""
        self.loading = more
        touched: dict[str, None] = {}
        for job in jobs:
            known = self._jobs.get(job.id)
            if known is not None and known.last_event_id > job.last_event_id:
                continue
            self._store(job)
            touched[job.id] = None
            if job.retry_of is not None:
                touched[job.retry_of] = None
        self._arrange(touched)

    def apply(self, envelope: Envelope) -> bool:
        """Fold an event; False if its job is not known here."""
        job = self._jobs.get(envelope.event.job_id)
        if job is None:
            return False
        after = reduce(job, envelope)
        self._store(after)
        if after.last_event_id != job.last_event_id:
            self._arrange((job.id,))
        return True

    def remove(self, job_id: str) -> None:
        """Remove a job; an unknown id is ignored."""
        job = self._jobs.pop(job_id, None)
        if job is None:
            return
        self.whole.discard(job_id)
        self._marked.pop(job_id, None)
        self._seen.discard(job_id)
        key = self._keys.pop(job_id)
        at = self._index(key)
        if at is not None:
            del self._shown[at]
        if self._cursor == job_id:
            self._cursor, self._lost = None, key
        self._count(job, -1)
        self._arrange(() if job.retry_of is None else (job.retry_of,))

    def trim(self, most: int) -> None:
        """Remove the jobs that ended first if there are more than ``most``; never one that is
        running, marked, or under the cursor."""
        over = len(self._jobs) - most
        kept = {self._cursor, self.whole.pinned, *self._marked}
        ended = [job for job in self._jobs.values() if job.status.ended and job.id not in kept]
        for job in sorted(ended, key=since)[: max(0, over)]:
            self.remove(job.id)

    def seen(self, job_id: str) -> None:
        """Note that the person viewed the job: its failure needs no more attention. It keeps its
        place while the cursor is on it, so that nothing jumps."""
        if job_id in self._seen:
            return
        self._seen.add(job_id)
        if job_id == self._cursor:
            self._held = job_id
        else:
            self._arrange((job_id,))

    def get(self, job_id: str) -> Job | None:
        """The job with that id, or None."""
        return self._jobs.get(job_id)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs.values())

    def __len__(self) -> int:
        return len(self._jobs)

    @property
    def counts(self) -> Mapping[JobStatus, int]:
        """Number of jobs by status, hidden ones included; 0 for a status without jobs."""
        return self._counts

    # Time and filter

    def advance(self, now: datetime) -> None:
        """Set the time to ``now`` (aware UTC): regroup old failures, reapply a filter by age."""
        self._now = now
        if self._calms_at is None or now >= self._calms_at:
            urgent = [key[3] for key in self._keys.values() if key[0] == Group.ATTENTION]
            ends = [since(self._jobs[job_id]) + ATTENTION_LASTS for job_id in urgent]
            calm = [job_id for job_id, end in zip(urgent, ends, strict=True) if end <= now]
            if calm:
                self._arrange(calm)
            self._calms_at = min((end for end in ends if end > now), default=now + ATTENTION_LASTS)
        if self.filter.timed and self._filter_stands_s(now) <= 0.0:
            self._refilter()

    def next_change_s(self, now: datetime) -> float | None:
        """Seconds until :meth:`advance` has something to do; None: time alone changes nothing."""
        due: list[float] = []
        if self._shown and self._shown[0][0] == Group.ATTENTION and self._calms_at is not None:
            due.append((self._calms_at - now).total_seconds())
        if self.filter.timed:
            due.append(self._filter_stands_s(now))
        return max(0.0, min(due)) if due else None

    def _filter_stands_s(self, now: datetime) -> float:
        if self._filtered_at is None:
            return 0.0
        return AGES_STAND_S - abs((now - self._filtered_at).total_seconds())

    def set_filter(self, text: str) -> None:
        """Show only the jobs that match ``text``; see ``job_filter.py``."""
        if text != self.filter.text:
            self.filter = parse(text)
            self._refilter()

    @property
    def urgent(self) -> int:
        """How many jobs at the head of ``visible`` need attention, are running, or paused."""
        return bisect_left(self._shown, (Group.QUEUED, float("-inf"), 0.0, ""))

    def group(self, job_id: str) -> Group:
        """The group of a known job."""
        return Group(self._keys[job_id][0])

    def position(self, job_id: str) -> int | None:
        """The job's index in ``visible``, or None."""
        key = self._keys.get(job_id)
        return None if key is None else self._index(key)

    # Cursor and marks

    @property
    def cursor(self) -> str | None:
        """The id of the job under the cursor; None if no job shows."""
        return self._cursor

    def move(self, by: int) -> None:
        """Move the cursor ``by`` jobs down (up if negative), at most to the end."""
        at = 0 if self._cursor is None else self.position(self._cursor)
        if at is not None and self._shown:
            self._put(self._shown[max(0, min(len(self._shown) - 1, at + by))][3])

    def first(self) -> None:
        """Move the cursor to the first job."""
        self.move(-len(self._shown))

    def last(self) -> None:
        """Move the cursor to the last job."""
        self.move(len(self._shown))

    def place(self, job_id: str) -> bool:
        """Move the cursor to a job; False if it doesn't show."""
        if self.position(job_id) is None:
            return False
        self._put(job_id)
        return True

    def toggle_mark(self, job_id: str | None = None) -> None:
        """Toggle the mark of a job; None: the one under the cursor."""
        job_id = self._cursor if job_id is None else job_id
        if job_id is None or job_id not in self._jobs:
            return
        if job_id in self._marked:
            del self._marked[job_id]
        else:
            self._marked[job_id] = None
        self._arrange((job_id,))

    def clear_marks(self) -> None:
        """Clear all marks."""
        were, self._marked = self._marked, {}
        self._arrange(were)

    @property
    def marked(self) -> Sequence[str]:
        """Ids of the marked jobs in the order of marking, hidden ones included."""
        return tuple(self._marked)

    def is_marked(self, job_id: str) -> bool:
        """Whether a job is marked."""
        return job_id in self._marked

    @property
    def clearable(self) -> bool:
        """Whether there are marks, or a filter."""
        return bool(self._marked or self.filter.text)

    @property
    def marked_hidden(self) -> int:
        """How many marked jobs the filter hides."""
        return sum(self.position(job_id) is None for job_id in self._marked)

    @property
    def targets(self) -> tuple[Job, ...]:
        """The jobs that a command acts on: the marked ones in list order, hidden ones included; if
        there are none, the one under the cursor."""
        if self._marked:
            return tuple(self._jobs[key[3]] for key in sorted(self._keys[i] for i in self._marked))
        return () if self._cursor is None else (self._jobs[self._cursor],)

    # Order

    def _store(self, job: Job) -> None:
        known = self._jobs.get(job.id)
        if known is not None:
            self._count(known, -1)
        self._count(job, 1)
        self._jobs[job.id] = job
        if job.status.ended:
            oldest = self.whole.add(job)
            if oldest is not None:
                self._jobs[oldest] = as_listed(self._jobs[oldest])

    def _count(self, job: Job, by: int) -> None:
        self._counts[job.status] += by
        if job.retry_of is not None:
            self._retries[job.retry_of] += by

    def _key(self, job: Job) -> _Key:
        group = _GROUPS[job.status]
        if job.status is JobStatus.FAILED and self._needs_attention(job):
            group = Group.ATTENTION
        return (group, *_ORDER[group](job), job.id)

    def _needs_attention(self, job: Job) -> bool:
        if self._retries[job.id] or (job.id in self._seen and job.id != self._held):
            return False
        ends = since(job) + ATTENTION_LASTS
        if self._now is not None and ends <= self._now:
            return False
        if self._calms_at is not None:
            self._calms_at = min(self._calms_at, ends)
        return True

    def _lets_through(self, job: Job) -> bool:
        chosen = self.filter
        return chosen.empty or (
            chosen.marked in (None, job.id in self._marked)
            and chosen.matches(job, self._now or since(job))
        )

    def _index(self, key: _Key) -> int | None:
        at = bisect_left(self._shown, key)
        return at if at < len(self._shown) and self._shown[at] == key else None

    def _arrange(self, job_ids: Iterable[str]) -> None:
        """Reposition changed jobs (ignoring unknown ones), then the cursor."""
        self.version += 1
        changed = [job_id for job_id in job_ids if job_id in self._jobs]
        if len(changed) > _FEW:
            self._keys.update((job_id, self._key(self._jobs[job_id])) for job_id in changed)
            self._refilter()
            return
        for job_id in changed:
            self._arrange_one(self._jobs[job_id])
        self._keep_cursor()

    def _arrange_one(self, job: Job) -> None:
        was, key, shows = self._keys.get(job.id), self._key(job), self._lets_through(job)
        self._keys[job.id] = key
        at = None if was is None else self._index(was)
        if at is not None and (key != was or not shows):
            del self._shown[at]
            at = None
            if job.id == self._cursor and not shows:
                self._cursor, self._lost = None, was
        if at is None and shows:
            insort(self._shown, key)

    def _refilter(self) -> None:
        self.version += 1
        self._filtered_at = self._now
        jobs = self._jobs
        self._shown = sorted(key for key in self._keys.values() if self._lets_through(jobs[key[3]]))
        key = None if self._cursor is None else self._keys[self._cursor]
        if key is not None and self._index(key) is None:
            self._cursor, self._lost = None, key
        self._keep_cursor()

    def _keep_cursor(self) -> None:
        """Return a cursor that lost its job to that job if it shows, else to the nearest one."""
        if self._cursor is not None or not self._shown:
            return
        at = None
        if self._lost is not None:
            at = self.position(self._lost[3])
            at = bisect_left(self._shown, self._lost) if at is None else at
        self._put(self._shown[min(at or 0, len(self._shown) - 1)][3])

    def _put(self, job_id: str) -> None:
        self.version += 1
        self._cursor, self._lost = job_id, None
        held = self._held
        if held is not None and held != job_id:
            self._held = None
            self._arrange((held,))


class _Visible(Sequence["Job"]):
    """The visible jobs in order: a live view without copies."""

    def __init__(self, state: JobsState) -> None:
        self._state = state

    def __len__(self) -> int:
        return len(self._state._shown)

    @overload
    def __getitem__(self, index: int) -> Job: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Job]: ...
    def __getitem__(self, index: int | slice) -> Job | Sequence[Job]:
        jobs = self._state._jobs
        if isinstance(index, slice):
            return [jobs[key[3]] for key in self._state._shown[index]]
        return jobs[self._state._shown[index][3]]
