"""Fetches newer pictures of the job for the preview."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus
from aura_tui.ui.state.run import RECORDED

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from aura_tui.service import JobService
    from aura_tui.ui.state.run import RunState
    from aura_tui.ui.widgets.preview import PreviewView

_EVERY_S = 5.0  # a picture costs a few KB and deserves a look this long


class PreviewUpdates:
    """Keeps ``view`` at the newest picture of the job on the board.

    ``start`` runs a coroutine as a worker of the application, one at a time. ``touch`` requests
    another :meth:`follow` in so many seconds.
    """

    def __init__(
        self,
        view: PreviewView,
        start: Callable[[Coroutine[object, object, None]], object],
        touch: Callable[[float], None],
        clock: Callable[[], float],
    ) -> None:
        self._view = view
        self._start = start
        self._touch = touch
        self._clock = clock
        self._looked: tuple[object, ...] = ()
        self._looked_at = float("-inf")
        self._looking = False

    def follow(self, service: JobService, run: RunState) -> None:
        """Look for a newer picture if the job has advanced since the last look."""
        job = run.job
        if job is None or self._looking:
            return
        step = job.step(job.stage) if job.stage is not None else None
        item = step.item if step is not None else None
        at = (job.id, job.status, job.stage, item)
        if at == self._looked:
            return
        wait_s = self._looked_at + _EVERY_S - self._clock()
        if wait_s > 0 and self._looked[:2] == at[:2]:  # a picture of another job doesn't wait
            self._touch(wait_s)
            return
        self._looked, self._looked_at, self._looking = at, self._clock(), True
        recorded = run.mode == RECORDED
        none = "The picture was not kept" if run.ended else "No picture yet"
        if recorded:
            none = "Recordings have no pictures"
        due = job.stage is not None and job.stage.position >= Stage.VISUALS.position
        again = due and job.view_status is JobStatus.RUNNING and not recorded
        self._start(self._show(service, job.id, none, again=again))

    async def _show(self, service: JobService, job_id: str, none: str, *, again: bool) -> None:
        """Show the newest picture, or the text ``none``. ``again``: look again if there was none,
        even if the job hasn't advanced: a long item may be its last."""
        picture = None
        try:
            with suppress(AuraError):  # the picture isn't essential
                picture = await service.preview(job_id)
                # The scene isn't named: the stage may have advanced meanwhile.
                await self._view.show_picture(picture, "", none=none)
        finally:
            self._looking = False
            if picture is None and again:
                self._looked = self._looked[:2]
            self._touch(0.0)  # the job may have advanced or changed meanwhile
