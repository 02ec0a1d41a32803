"""Cancels that can be undone for a while. No drawing here and no service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.model.status import JobStatus

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from aura_tui.model.job import Job

UNDO_S = 10.0


class Cancel:
    """One cancel of one or more jobs: ``ids`` are those that it cancelled, or still may.

    ``until_s`` is the end of the time to undo it, None until the last of the jobs has ended.
    ``wanted``: it is to be undone then.
    """

    def __init__(self, ids: Iterable[str]) -> None:
        self.ids = list(ids)
        self.until_s: float | None = None
        self.wanted = False
        self._waiting = set(self.ids)

    def keep(self, accepted: Collection[str]) -> None:
        """Leave out the jobs that the engine didn't accept the cancel for."""
        self.ids = [job_id for job_id in self.ids if job_id in accepted]
        self._waiting.intersection_update(accepted)

    def take(self, job: Job) -> None:
        """Take in a job's new state. One that ended in another way wasn't cancelled."""
        if job.id in self._waiting and job.status.ended:
            self._waiting.discard(job.id)
            if job.status is not JobStatus.CANCELED:
                self.ids.remove(job.id)

    def settle(self, now_s: float) -> bool:
        """Whether the last of the jobs has ended since the last call."""
        if self._waiting or self.until_s is not None:
            return False
        self.until_s = now_s + UNDO_S
        return bool(self.ids)


class UndoState:
    """The cancels of this board that can be undone, the newest last. All times are of one clock,
    which never goes back. ``expired``: there were others."""

    def __init__(self) -> None:
        self.expired = False
        self._cancels: list[Cancel] = []

    def begin(self, ids: Iterable[str]) -> Cancel:
        """Note that the jobs ``ids`` are being cancelled, together."""
        cancel = Cancel(ids)
        self._cancels.append(cancel)
        return cancel

    def take(self, job: Job) -> None:
        """Take in a job's new state."""
        for cancel in self._cancels:
            cancel.take(job)

    def settled(self, now_s: float) -> list[Cancel]:
        """The cancels that have taken effect since the last call."""
        over = [cancel for cancel in self._cancels if cancel.settle(now_s)]
        self._cancels = [c for c in self._cancels if c.ids and not (c.wanted and c in over)]
        return over

    def newest(self, now_s: float) -> Cancel | None:
        """The newest cancel that can be undone, if any."""
        kept = [c for c in self._cancels if c.until_s is None or now_s < c.until_s]
        self.expired = self.expired or len(kept) < len(self._cancels)
        self._cancels = kept
        return next((cancel for cancel in reversed(kept) if not cancel.wanted), None)

    def undo(self, now_s: float) -> Cancel | None:
        """As :meth:`newest`, which is now ``wanted``, and no longer kept if it has taken effect."""
        cancel = self.newest(now_s)
        if cancel is not None:
            cancel.wanted = True
            if cancel.until_s is not None:
                self._cancels.remove(cancel)
        return cancel
