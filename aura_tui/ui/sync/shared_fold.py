"""Folds each event of the job on the board once, though two subscriptions deliver it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model.reduce import reduce

if TYPE_CHECKING:
    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job

MAX_KEPT = 1024  # folds that the job's own stream hasn't reached yet


class _Fold(NamedTuple):
    before: Job
    envelope: Envelope
    after: Job


class SharedFold:
    """Passes folds from the list's stream to the job's own, which may be a burst of events behind.
    (In the other direction the list takes over the job as it is.)

    Nothing is assumed about the two streams: a fold is reused only for the same event upon the same
    job, whatever ids a server gives on each stream. Other events are folded again.
    """

    def __init__(self) -> None:
        self._folds: dict[tuple[str, int], _Fold] = {}  # by job and event id, the oldest first

    def keep(self, before: Job, envelope: Envelope, after: Job | None) -> None:
        """Remember that ``envelope`` turned ``before`` into ``after``."""
        if after is None:
            return
        self._folds[before.id, envelope.id] = _Fold(before, envelope, after)
        if len(self._folds) > MAX_KEPT:
            del self._folds[next(iter(self._folds))]

    def reduce(self, job: Job, envelope: Envelope) -> Job:
        """The job after ``envelope``, as by :func:`~aura_tui.model.reduce.reduce`."""
        fold = self._folds.pop((job.id, envelope.id), None)
        # After the first reuse both streams share one object, so comparing is cheap.
        if (
            fold is not None
            and (fold.before is job or fold.before == job)
            and (fold.envelope is envelope or fold.envelope == envelope)
        ):
            return fold.after
        return reduce(job, envelope)
