"""Undoes a cancel: retries of its jobs, which reuse all their finished work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.model.text.plural import counted, plural
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.state.undo import UNDO_S, UndoState

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence

    from aura_tui.model.job import Job
    from aura_tui.ui.state.jobs import JobsState
    from aura_tui.ui.state.undo import Cancel

_TITLE_CHARS = 60


class CancelUndo:
    """Undoes the cancels of this board, each for ten seconds after its jobs have ended.

    ``clock_s`` never goes back. ``retry`` retries jobs in the background. ``say`` shows a toast for
    so many seconds; ``available`` is called when a cancel can be undone, and ``keys`` are the names
    of the keys that undo and retry.
    """

    def __init__(
        self,
        jobs: JobsState,
        *,
        clock_s: Callable[[], float],
        retry: Callable[[Sequence[Job], str], None],
        say: Callable[[str, float], None],
        available: Callable[[], None],
        keys: tuple[str, str],
    ) -> None:
        self._jobs = jobs
        self._clock_s = clock_s
        self._retry = retry
        self._say = say
        self._available = available
        self._undo_key, self._retry_key = keys
        self._state = UndoState()

    def begin(self, ids: Iterable[str]) -> Cancel:
        """Note that the jobs ``ids`` are being cancelled, together."""
        cancel = self._state.begin(ids)
        self._available()
        return cancel

    def accepted(self, cancel: Cancel, ids: Collection[str]) -> None:
        """Note for which jobs the engine accepted the cancel; some may have ended before."""
        cancel.keep(ids)
        for job_id in ids:
            job = self._jobs.get(job_id)
            if job is not None:
                self._state.take(job)
        self._settle()

    def changed(self, job: Job) -> None:
        """Take in a job's new state."""
        self._state.take(job)
        self._settle()

    @property
    def possible(self) -> bool:
        """Whether there is a cancel to undo."""
        return self._state.newest(self._clock_s()) is not None

    @property
    def reason(self) -> str:
        """Why there is none."""
        if not self._state.expired:
            return "Nothing was cancelled here"
        return (
            f"A cancel can be undone for {UNDO_S:.0f} s; "
            f"{self._retry_key} retries the job, and reuses all finished work, too"
        )

    def undo(self) -> None:
        """Undo the newest cancel, as soon as its jobs have ended."""
        cancel = self._state.undo(self._clock_s())
        if cancel is None:
            return
        if cancel.until_s is None:
            self._say(f"{self._named(cancel.ids)} will be retried once cancelled", 3)
        else:
            self._start(cancel)
        self._available()

    def _settle(self) -> None:
        for cancel in self._state.settled(self._clock_s()):
            if cancel.wanted:
                self._start(cancel)
            else:
                reuse = plural(len(cancel.ids), "a retry that reuses", "retries that reuse")
                undoes = f"{self._undo_key} undoes: {reuse} all finished work"
                self._say(f"Cancelled {self._named(cancel.ids)}. {undoes}", UNDO_S)
                self._available()

    def _start(self, cancel: Cancel) -> None:
        found = (self._jobs.get(job_id) for job_id in cancel.ids)
        jobs = [job for job in found if job is not None]
        reuses = plural(len(jobs), "the retry reuses", "the retries reuse")
        self._retry(jobs, f"Undone: {self._named(cancel.ids)}; {reuses} all finished work")

    def _named(self, ids: Sequence[str]) -> str:
        job = self._jobs.get(ids[0]) if len(ids) == 1 else None
        if job is None:
            return counted(len(ids), "job")
        return clean_line(job.title, _TITLE_CHARS) or job.id
