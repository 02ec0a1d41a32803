"""Leaving the board: what becomes of the work that isn't over."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from aura_tui.model.status import JobStatus

if TYPE_CHECKING:
    from aura_tui.model.job import Job
    from aura_tui.ui.state.jobs import JobsState


class QuitState:
    """How the board is left, as far as that is decided.

    ``interrupted``: the person broke the run off, by ctrl+c or by leaving before there was one.
    """

    def __init__(self, jobs: JobsState, *, read_only: bool) -> None:
        self._jobs = jobs
        self._read_only = read_only
        self.owns_work = False  # whether jobs run in this process, and end with it
        self.interrupted = False
        self.leave = Leave.STAY

    def ending(self) -> list[Job]:
        """The runs that end when we go: those of an engine in this process. One that is paused
        rests in the store either way."""
        if self._read_only or not self.owns_work:
            return []
        at_work = (JobStatus.RUNNING, JobStatus.QUEUED)
        return [job for job in self._jobs if job.status in at_work]

    @property
    def outcome(self) -> Leave:
        """What becomes of what isn't over; where all is over there is nothing to leave or stop."""
        if self.leave in (Leave.BACKGROUND, Leave.STOP) and not self.ending():
            return Leave.STAY
        return self.leave

    @property
    def may_go(self) -> bool:
        """Whether what was decided has happened, so that the board can close."""
        if self.leave is Leave.STAY:
            return False
        return self.leave is not Leave.CANCEL or not self.ending()


class Leave(Enum):
    """STOP leaves the runs as they are, to go on later; CANCEL ends them."""

    STAY = "stay"
    BACKGROUND = "background"
    STOP = "stop"
    CANCEL = "cancel"
