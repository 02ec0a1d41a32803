"""Quitting the board: what happens to unfinished jobs."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aura_tui.model.job import Job
    from aura_tui.ui.state.jobs import JobsState

AGAIN_S = 2.0  # within it a second ctrl+c takes effect without a question


class QuitState:
    """The decisions made so far about quitting the board.

    ``interrupted``: the person pressed ctrl+c twice, or quit before there was a job.
    """

    def __init__(self, jobs: JobsState, *, read_only: bool) -> None:
        self._jobs = jobs
        self._read_only = read_only
        self.owns_work = False  # whether jobs run in this process, and end with it
        self.interrupted = False
        self.leave = Leave.STAY
        self.cancelling: tuple[str, ...] = ()  # the jobs whose end a CANCEL waits for
        self.asked_at_s: float | None = None  # when ctrl+c asked, while that question is open

    def ending(self) -> list[Job]:
        """The jobs that would end with us: those of an engine in this process. A paused job stays
        in the store either way."""
        if self._read_only or not self.owns_work:
            return []
        return [job for job in self._jobs if job.active]

    def is_second(self, now_s: float) -> bool:
        """Whether ctrl+c at ``now_s`` is the second one in a row; ``now_s`` is of any clock."""
        return self.asked_at_s is not None and now_s - self.asked_at_s < AGAIN_S

    @property
    def outcome(self) -> Leave:
        """What happens to unfinished jobs; STAY if none would end with us."""
        if self.leave in (Leave.BACKGROUND, Leave.STOP) and not self.ending():
            return Leave.STAY
        return self.leave

    @property
    def may_go(self) -> bool:
        """Whether the decision has taken effect, so that the board can close."""
        if self.leave is Leave.STAY:
            return False
        if self.leave is not Leave.CANCEL:
            return True
        waiting = (self._jobs.get(job_id) for job_id in self.cancelling)
        return all(job is None or job.status.ended for job in waiting)


class Leave(Enum):
    """What to do with unfinished jobs. STOP: stop them now, to be resumed later."""

    STAY = "stay"
    BACKGROUND = "background"
    STOP = "stop"
    CANCEL = "cancel"
