"""The job list: order, filter, cursor and marks.

No drawing here and no service. Made for 10,000 jobs: an event moves only its own job, found and
placed by bisection.

The job under the cursor is the one that the board shows and that its keys mean; there is no other
notion of a selected job. So the cursor is on a visible job whenever there is one, and an event
never takes it from its job: a job that the filter no longer matches stays visible while the cursor
is on it. Of several attempts at a video the newest has the row, and the cursor.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, overload

from aura_tui.model.job import as_listed, since
from aura_tui.model.reduce import reduce
from aura_tui.model.status import JobStatus
from aura_tui.ui.state.attempts import Attempts
from aura_tui.ui.state.detail_cache import DetailCache
from aura_tui.ui.state.job_filter import Filter, parse
from aura_tui.ui.state.job_order import GROUPS, Group, Sort, sort_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Eta, Job
    from aura_tui.ui.state.attempts import Family

ATTENTION_LASTS = timedelta(hours=24)
AGES_STAND_S = 30.0  # a filter by age may lag this much
_FEW = 32  # more changes than this at once are sorted as a whole

# The sort key of the attempt that leads, its id; then the attempt's place below it, and its own id.
_Key = tuple[float, float | str, float, str, int, str]


class JobsState:
    """All jobs of a service. ``version`` changes whenever something visible may have changed.

    ``following``: the cursor goes with the running job, until the person moves it. ``moves``: how
    often the person moved it through the list. ``loading``: more jobs are being fetched.
    ``polled_s``: the list is polled every so many seconds; None: the service pushes changes.
    :meth:`advance` sets the time.
    """

    def __init__(self) -> None:
        self.loading = True
        self.polled_s: float | None = None
        self.version = 0
        self.filter = Filter()
        self.sort = Sort.STATUS
        self.following = False
        self.moves = 0
        self.visible: Sequence[Job] = _Visible(self)
        self.whole = DetailCache()
        self._jobs: dict[str, Job] = {}
        self._attempts = Attempts(self._jobs)
        self._keys: dict[str, _Key] = {}
        self._shown: list[_Key] = []  # in order; the jobs that have a row
        self._attention: set[str] = set()
        self._running: dict[str, None] = {}
        self.interrupted = 0  # jobs; ``counts`` leaves them out
        self._counts: Counter[JobStatus] = Counter()
        self._retries: Counter[str] = Counter()  # by the id of the retried job
        self._seen: set[str] = set()
        self._marked: dict[str, None] = {}
        self._targets: tuple[int, tuple[Job, ...]] = (-1, ())  # of which version
        self._cursor: str | None = None
        self._lost: _Key | None = None  # the job that the cursor lost
        self._held: str | None = None  # viewed; keeps its place until the cursor leaves it
        self._exempt: str | None = None  # likewise visible, whatever the filter says
        self._now: datetime | None = None
        self._filtered_at: datetime | None = None
        self._calms_at: datetime | None = None  # when the next job stops needing attention

    # Jobs

    def load(self, jobs: Iterable[Job], *, more: bool = False, again: bool = False) -> None:
        """Add or replace jobs, except where ours are newer. ``more``: others will follow.
        ``again``: a replay went back, so that ours are replaced in any case."""
        self.loading = more
        touched: dict[str, None] = {}
        for job in jobs:
            known = self._jobs.get(job.id)
            if known is not None and known.last_event_id > job.last_event_id and not again:
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
        self._attempts.discard(job_id)
        self._marked.pop(job_id, None)
        for noted in (self._seen, self._attention):
            noted.discard(job_id)
        self._running.pop(job_id, None)
        if self._exempt == job_id:
            self._exempt = None
        key = self._keys.pop(job_id)
        at = self._index(key)
        if at is not None:
            del self._shown[at]
        if self._cursor == job_id:
            self._cursor, self._lost = None, key
        self._count(job, -1)
        others = self._attempts.of(job_id)
        self._arrange(others if job.retry_of is None else (*others, job.retry_of))

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
        """Number of jobs by status, hidden ones included, interrupted ones not; 0 for a status
        without jobs."""
        return self._counts

    # Time and filter

    def advance(self, now: datetime) -> None:
        """Set the time to ``now`` (aware UTC): regroup old failures, reapply a filter by age."""
        first, self._now = self._now is None, now
        if self._calms_at is None or now >= self._calms_at:
            urgent = [*self._attention]
            ends = [since(self._jobs[job_id]) + ATTENTION_LASTS for job_id in urgent]
            calm = [job_id for job_id, end in zip(urgent, ends, strict=True) if end <= now]
            if calm:
                self._arrange(calm)
            self._calms_at = min((end for end in ends if end > now), default=now + ATTENTION_LASTS)
        if self.filter.timed and self._filter_stands_s(now) <= 0.0:
            self._refilter(hold=not first)

    def next_change_s(self, now: datetime) -> float | None:
        """Seconds until :meth:`advance` has something to do; None: time alone changes nothing."""
        due: list[float] = []
        if self._attention and self._calms_at is not None:
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
            self.moves += 1
            self._exempt = None
            self._refilter(hold=False)

    def set_sort(self, sort: Sort) -> None:
        """Change the order of the list."""
        if sort is not self.sort:
            self.sort = sort
            self._keys.update((job.id, self._key(job)) for job in self._jobs.values())
            if self._lost is not None:  # keys of two orders can't be compared
                self._lost = self._keys.get(self._lost[-1])
            self._refilter()

    @property
    def rows(self) -> int:
        """How many rows the list has without a filter."""
        folded = (family for family in self._attempts.families if not family.unfolded)
        return len(self._jobs) - sum(len(family) - 1 for family in folded)

    @property
    def urgent(self) -> int:
        """How many jobs at the head of ``visible`` need attention, are running, or paused, or are
        attempts below such a job; 0 in another order than by status."""
        if self.sort is not Sort.STATUS:
            return 0
        return bisect_left(self._shown, (Group.QUEUED, float("-inf"), 0.0, "", 0, ""))

    def group(self, job_id: str) -> Group:
        """The group of a known job."""
        return (
            Group.ATTENTION if job_id in self._attention else GROUPS[self._jobs[job_id].view_status]
        )

    def position(self, job_id: str) -> int | None:
        """The job's index in ``visible``, or None."""
        key = self._keys.get(job_id)
        return None if key is None else self._index(key)

    # Attempts

    def family(self, job_id: str) -> Family | None:
        """The attempts at the same video; None if there is only this job."""
        return self._attempts.family(job_id)

    def open_attempt(self, job_id: str) -> Job | None:
        """Another attempt at the same video that hasn't ended, if any."""
        others = (self._jobs[each] for each in self._attempts.of(job_id) if each != job_id)
        return next((job for job in others if not job.status.ended), None)

    def first_attempt(self, job_id: str) -> str:
        """The id of the first attempt at the same video, for comparing: it may have left."""
        return next(iter(self._attempts.of(job_id)), job_id)

    def is_below(self, job_id: str) -> bool:
        """Whether the job's row is below that of a newer attempt."""
        return self._keys[job_id][3] != job_id

    def toggle_fold(self) -> bool:
        """Give each attempt at the job under the cursor a row, or only the newest; False if there
        is only one."""
        family = None if self._cursor is None else self._attempts.family(self._cursor)
        if family is None:
            return False
        family.unfolded = not family.unfolded
        self._arrange(family.ids)
        return True

    # Cursor

    @property
    def cursor(self) -> str | None:
        """The id of the job under the cursor; None if no job shows."""
        return self._cursor

    def move(self, by: int) -> None:
        """Move the cursor ``by`` jobs down (up if negative), at most to the end."""
        at = 0 if self._cursor is None else self.position(self._cursor)
        if at is not None and self._shown:
            self._go(self._shown[max(0, min(len(self._shown) - 1, at + by))][-1])

    def first(self) -> None:
        """Move the cursor to the first job."""
        self.move(-len(self._shown))

    def last(self) -> None:
        """Move the cursor to the last job."""
        self.move(len(self._shown))

    def to_failed(self, by: int) -> bool:
        """Move the cursor to the next failed job (1) or the previous one (-1); False if there is
        none."""
        at = None if self._cursor is None else self.position(self._cursor)
        if at is None:
            return False
        below = range(at + by, len(self._shown) if by > 0 else -1, by)
        for index in below:
            job_id = self._shown[index][-1]
            if self._jobs[job_id].status is JobStatus.FAILED:
                self._go(job_id)
                return True
        return False

    def place(self, job_id: str) -> bool:
        """Move the cursor to a job, even if the filter or newer attempts hide it; False if it is
        unknown."""
        job = self._jobs.get(job_id)
        if job is None:
            return False
        self.following = self.following and job_id == self._cursor
        if not self._lets_through(job):
            was, self._exempt, self._cursor = self._exempt, job_id, job_id
            self._arrange((job_id,) if was is None else (job_id, was), hold=False)
        family = self._attempts.family(job_id)
        if family is not None and self.position(job_id) is None:
            family.unfolded = True
            self._cursor = job_id
            self._arrange(family.ids)
        self._put(job_id)
        return True

    def follow(self, following: bool) -> None:
        """Have the cursor go with the running job, or end that."""
        self.following = following
        self._arrange(())

    @property
    def has_running(self) -> bool:
        """Whether a visible job is running, for :meth:`follow`."""
        return any(self.position(job_id) is not None for job_id in self._running)

    def first_end(self) -> Eta | None:
        """When the first of the running jobs is expected to end; None if that isn't known."""
        etas = [self._jobs[job_id].eta for job_id in self._running]
        known = [eta for eta in etas if eta is not None]
        if len(known) < len(etas):
            return None
        return min(known, default=None, key=lambda eta: eta.high)

    def _go(self, job_id: str) -> None:
        """Move the cursor for the person."""
        self.moves += 1
        self.following = self.following and job_id == self._cursor
        self._put(job_id)

    # Marks

    def toggle_mark(self, job_id: str | None = None) -> None:
        """Toggle the mark of a job; None: the one under the cursor."""
        job_id = self._cursor if job_id is None else job_id
        if job_id is not None and job_id in self._jobs:
            self._mark({}, toggled=(job_id,))

    def mark_all(self) -> None:
        """Mark all visible jobs."""
        self._mark(dict.fromkeys(key[-1] for key in self._shown))

    def mark_range(self) -> None:
        """Mark the visible jobs from the last mark to the cursor."""
        end = None if self._cursor is None else self.position(self._cursor)
        if end is None:
            return
        last = next(reversed(self._marked), None)
        start = None if last is None else self.position(last)
        start = end if start is None else start
        keys = self._shown[min(start, end) : max(start, end) + 1]
        self._mark(dict.fromkeys(key[-1] for key in (keys if start <= end else reversed(keys))))

    def invert_marks(self) -> None:
        """Mark the visible jobs that aren't marked, and unmark those that are."""
        self._mark({}, toggled=[key[-1] for key in self._shown])

    def clear_marks(self) -> None:
        """Clear all marks."""
        self._mark({}, toggled=[*self._marked])

    def _mark(self, marked: Mapping[str, None], *, toggled: Iterable[str] = ()) -> None:
        self.version += 1
        self._marked |= marked
        for job_id in toggled:
            if job_id in self._marked:
                del self._marked[job_id]
            else:
                self._marked[job_id] = None
        if self.filter.marked is not None:
            self._exempt = None
            self._refilter(hold=False)

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
        """How many marked jobs have no row."""
        return sum(self.position(job_id) is None for job_id in self._marked)

    @property
    def targets(self) -> tuple[Job, ...]:
        """The jobs that a command acts on: the marked ones in list order, hidden ones included; if
        there are none, the one under the cursor."""
        if not self._marked:
            return () if self._cursor is None else (self._jobs[self._cursor],)
        if self._targets[0] != self.version:  # all ten thousand may be marked
            keys = sorted(self._keys[job_id] for job_id in self._marked)
            self._targets = (self.version, tuple(self._jobs[key[-1]] for key in keys))
        return self._targets[1]

    # Order

    def _store(self, job: Job) -> None:
        known = self._jobs.get(job.id)
        if known is not None:
            self._count(known, -1)
        self._count(job, 1)
        self._jobs[job.id] = job
        if known is None or known.retry_of != job.retry_of:
            self._attempts.add(job)
        if job.view_status is JobStatus.RUNNING:
            self._running[job.id] = None
        else:
            self._running.pop(job.id, None)
        if job.status.ended:
            oldest = self.whole.add(job)
            if oldest is not None:
                self._jobs[oldest] = as_listed(self._jobs[oldest])

    def _count(self, job: Job, by: int) -> None:
        if job.interrupted:
            self.interrupted += by
        else:
            self._counts[job.status] += by
        if job.retry_of is not None:
            self._retries[job.retry_of] += by

    def _key(self, job: Job) -> _Key:
        """The key of a job that leads or is alone."""
        group = GROUPS[job.view_status]
        if job.status is JobStatus.FAILED and self._needs_attention(job):
            group = Group.ATTENTION
            self._attention.add(job.id)
        else:
            self._attention.discard(job.id)
        return (*sort_key(self.sort, job, group), job.id, 0, job.id)

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
        return (
            chosen.empty
            or job.id == self._exempt
            or (
                chosen.marked in (None, job.id in self._marked)
                and chosen.matches(job, self._now or since(job))
            )
        )

    def _index(self, key: _Key) -> int | None:
        at = bisect_left(self._shown, key)
        return at if at < len(self._shown) and self._shown[at] == key else None

    def _arrange(self, job_ids: Iterable[str], *, hold: bool = True) -> None:
        """Reposition changed jobs (ignoring unknown ones) with their other attempts, then the
        cursor. ``hold``: the job under the cursor stays visible."""
        self.version += 1
        changed: dict[str, Sequence[str]] = {}  # the attempts, by the first of them
        for job_id in job_ids:
            ids = self._attempts.of(job_id) if job_id in self._jobs else ()
            if ids:
                changed[ids[0]] = ids
        if len(changed) > _FEW:
            for ids in changed.values():
                self._keys.update((job_id, self._key(self._jobs[job_id])) for job_id in ids)
            self._refilter(hold=hold)
            return
        if hold:
            self._hold_cursor()
        for ids in changed.values():
            keys, shown = self._order(ids)
            for job_id in ids:
                self._arrange_one(job_id, keys[job_id], shows=job_id in shown)
        self._keep_cursor()

    def _order(self, ids: Sequence[str]) -> tuple[Mapping[str, _Key], Sequence[str]]:
        """The keys of the attempts ``ids``, the first one first, and which of them show.

        The newest that matches the filter leads, and has the only row unless they are unfolded."""
        keys = {job_id: self._key(self._jobs[job_id]) for job_id in ids}
        shown = [job_id for job_id in reversed(ids) if self._lets_through(self._jobs[job_id])]
        if len(ids) == 1:
            return keys, shown
        first = keys[shown[0] if shown else ids[-1]][:4]
        below = ((*first, len(ids) - at, job_id) for at, job_id in enumerate(ids, 1))
        family = self._attempts.family(ids[0])
        unfolded = family is not None and family.unfolded
        return dict(zip(ids, below, strict=True)), shown if unfolded else shown[:1]

    def _arrange_one(self, job_id: str, key: _Key, *, shows: bool) -> None:
        was = self._keys.get(job_id)
        self._keys[job_id] = key
        at = None if was is None else self._index(was)
        if at is not None and (key != was or not shows):
            del self._shown[at]
            at = None
            if job_id == self._cursor and not shows:
                self._cursor, self._lost = None, was
        if at is None and shows:
            insort(self._shown, key)

    def _refilter(self, *, hold: bool = True) -> None:
        self.version += 1
        self._filtered_at = self._now
        if hold:
            self._hold_cursor()
        families = [family.ids for family in self._attempts.families]
        related = {job_id for ids in families for job_id in ids}
        shown = [
            self._keys[job_id]
            for job_id, job in self._jobs.items()
            if job_id not in related and self._lets_through(job)
        ]
        for ids in families:
            keys, visible = self._order(ids)
            self._keys.update(keys)
            shown += [keys[job_id] for job_id in visible]
        self._shown = sorted(shown)
        key = None if self._cursor is None else self._keys[self._cursor]
        if key is not None and self._index(key) is None:
            self._cursor, self._lost = None, key
        self._keep_cursor()

    def _hold_cursor(self) -> None:
        """Keep the job under the cursor visible if it is about to stop matching the filter."""
        job = None if self._cursor is None else self._jobs[self._cursor]
        if job is not None and not self._lets_through(job):
            self._exempt = job.id

    def _keep_cursor(self) -> None:
        """Return a cursor that lost its job to that job if it shows, else to another attempt at it,
        else to the nearest one; then follow."""
        if self._cursor is None and not self._shown:
            self._release(None)
        elif self._cursor is None:
            at: int | None = 0
            if self._lost is not None:
                lost = self._lost[-1]
                places = map(self.position, (lost, *reversed(self._attempts.of(lost))))
                at = next((place for place in places if place is not None), None)
                at = bisect_left(self._shown, self._lost) if at is None else at
            self._put(self._shown[min(at or 0, len(self._shown) - 1)][-1])
        if self.following and self._cursor not in self._running:
            running = (self._keys[job_id] for job_id in self._running)
            first = min((key for key in running if self._index(key) is not None), default=None)
            if first is not None:
                self._put(first[-1])

    def _put(self, job_id: str) -> None:
        self.version += 1
        self._cursor, self._lost = job_id, None
        self._release(job_id)

    def _release(self, kept: str | None) -> None:
        """Let the jobs that were held for the cursor go where they belong, except ``kept``."""
        released = [each for each in (self._held, self._exempt) if each not in (kept, None)]
        self._held = kept if self._held == kept else None
        self._exempt = kept if self._exempt == kept else None
        if released:
            self._arrange((each for each in released if each is not None), hold=False)


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
            return [jobs[key[-1]] for key in self._state._shown[index]]
        return jobs[self._state._shown[index][-1]]
