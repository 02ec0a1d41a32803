"""Each event of the job that is shown is folded once, though two subscriptions bring it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model.reduce import reduce

if TYPE_CHECKING:
    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job

MAX_KEPT = 1024  # folds of the list that the run hasn't come to yet


class _Fold(NamedTuple):
    before: Job
    envelope: Envelope
    after: Job


class SharedFold:
    """Hands the list's folds to the run, which may be a burst of events behind. (The other way
    round the list takes over the run's job as it is.)

    Nothing is assumed about the two streams: a fold is handed over for the same event upon the same
    job only, whatever ids a server gives on each of them. All else is folded anew.
    """

    def __init__(self) -> None:
        self._folds: dict[tuple[str, int], _Fold] = {}  # by job and event id, the oldest first

    def keep(self, before: Job, envelope: Envelope, after: Job | None) -> None:
        """``envelope`` made ``after`` of ``before``."""
        if after is None:
            return
        self._folds[before.id, envelope.id] = _Fold(before, envelope, after)
        if len(self._folds) > MAX_KEPT:
            del self._folds[next(iter(self._folds))]

    def reduce(self, job: Job, envelope: Envelope) -> Job:
        """The job after ``envelope``: as :func:`~aura_tui.model.reduce.reduce` has it."""
        fold = self._folds.pop((job.id, envelope.id), None)
        # Once one was handed over, both have the same object: comparing costs nothing from then on.
        if (
            fold is not None
            and (fold.before is job or fold.before == job)
            and (fold.envelope is envelope or fold.envelope == envelope)
        ):
            return fold.after
        return reduce(job, envelope)
