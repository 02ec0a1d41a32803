"""The plan of one retry, or of several together, shown before it starts.

A retry destroys nothing, so enter confirms it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui.format.impact import how_long, name, planned
from aura_tui.model.text.plural import counted
from aura_tui.ui.screens.confirm import Question
from aura_tui.ui.screens.dialog import Option
from aura_tui.ui.theme.colours import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from aura_tui.model.job import Job
    from aura_tui.service import PlannedStep, RetryPlan
    from aura_tui.ui.theme.glyphs import Glyphs

_OPTIONS = (Option(True, "retry", "Retry"), Option(False, "leave", "Close"))


class _Planned(Question):
    """A question that shows a plan."""

    def plan(self, plan: RetryPlan) -> Iterable[Widget]:
        """A line per stage, and about how long it takes."""
        for step in plan.steps:
            yield self.line(self._step(step))
        if not plan.steps:  # the engine sent no plan
            yield self.text("Finished work is reused.")
        yield self.fact("time", how_long(plan), first=True)

    def _step(self, step: PlannedStep) -> Content:
        says = planned(step)
        whole = says == "reused"
        sign = self.glyphs.reused if whole else self.glyphs.waiting
        style = MUTED if whole else ""
        return Content.assemble(
            (f"{sign} {step.stage.title:<11}", style), "  ", (says, MUTED if whole else "bold")
        )


class ConfirmRetry(_Planned):
    """True: retry ``job``, as in ``plan``."""

    def __init__(self, job: Job, plan: RetryPlan, glyphs: Glyphs) -> None:
        super().__init__("Retry this job?", _OPTIONS, glyphs, stay=False)
        self._named = name(job)
        self._plan = plan

    def body(self) -> Iterable[Widget]:
        yield self.line(Content.styled(self._named, MUTED))
        yield from self.plan(self._plan)


class ConfirmRetryAll(_Planned):
    """True: retry all ``jobs``, the marked ones that failed or were cancelled, as in ``plan``.
    ``others``: how many marked ones are neither."""

    def __init__(
        self, jobs: Sequence[Job], plan: RetryPlan, glyphs: Glyphs, *, others: int = 0
    ) -> None:
        super().__init__(f"Retry {counted(len(jobs), 'job')}?", _OPTIONS, glyphs, stay=False)
        self._jobs = tuple(jobs)
        self._plan = plan
        self._others = others

    def body(self) -> Iterable[Widget]:
        yield from self.plan(self._plan)
        yield from self.listed(self._jobs)
        yield from self.left_out(self._others, "running or succeeded")
