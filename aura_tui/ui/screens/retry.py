"""The plan of one retry, or of several together, shown before it starts.

A retry destroys nothing, so enter confirms it.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui.format.impact import how_long, name, planned
from aura_tui.model.text.plural import counted, plural
from aura_tui.ui.screens.confirm import LISTED, Question
from aura_tui.ui.screens.dialog import Option, T
from aura_tui.ui.screens.save_as import PathForm
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.widgets.line_widget import drawable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection, Iterable, Sequence

    from textual.widget import Widget

    from aura_tui.model.job import Job
    from aura_tui.service import PlannedStep, RetryPlan
    from aura_tui.ui.theme.glyphs import Glyphs


class _Planned(Question[T]):
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


class RetryAnswer(Enum):
    """What to do about one job. FOLDER: retry it with its files in another folder. GO: show the
    attempt that is queued, running or paused."""

    CLOSE = "close"
    RETRY = "retry"
    FOLDER = "folder"
    GO = "go"


class ConfirmRetry(_Planned[RetryAnswer]):
    """Whether to retry ``job``, as in ``plan``. ``attempt``: another attempt at it that hasn't
    ended; a job has one at a time, so that is offered instead."""

    def __init__(
        self, job: Job, plan: RetryPlan, glyphs: Glyphs, *, attempt: Job | None = None
    ) -> None:
        labels = {
            RetryAnswer.RETRY: "Retry",
            RetryAnswer.FOLDER: "Other folder",
            RetryAnswer.GO: "Go to it",
            RetryAnswer.CLOSE: "Close",
        }
        options = [Option(answer, answer.value, label) for answer, label in labels.items()]
        close, retry = RetryAnswer.CLOSE, RetryAnswer.RETRY
        super().__init__("", options, glyphs, stay=close, yes=retry, listed=0)
        self._named = self.line(Content.styled(name(job), MUTED))
        self._planned = tuple(self.plan(plan))
        self.attempt = attempt
        self._other = self.line("", first=True)
        self._show()

    def body(self) -> Iterable[Widget]:
        yield self._named
        yield from self._planned
        yield self._other

    def show(self, attempt: Job | None) -> None:
        """Update the question: ``attempt`` as above."""
        before, self.attempt = self.attempt, attempt
        if before is not attempt:
            self._show()

    def _show(self) -> None:
        attempt = self.attempt
        for widget in self._planned:
            widget.display = attempt is None
        self._other.display = attempt is not None
        labels = {option.id: option.label for option in self._options.values()}
        if attempt is None:
            self._yes = RetryAnswer.RETRY
            labels.pop(RetryAnswer.GO.value)
            self.ask("Retry this job?", labels)
            return
        self._yes = RetryAnswer.GO
        line = Content.assemble(
            f"{self.glyphs.job(attempt.status)} attempt {attempt.attempt}  ", name(attempt)
        )
        self._other.update(drawable(line, self.glyphs))
        labels = {key: labels[key] for key in (RetryAnswer.GO.value, RetryAnswer.CLOSE.value)}
        self.ask(f"Another attempt at this job is {attempt.status.word}", labels)


class RetryFolder(PathForm["Job"]):
    """Asks for the folder of a retry's files; ``retry`` gets it as typed and raises AuraError."""

    FAILED = "Not retried"

    def __init__(
        self, job: Job, folder: str, glyphs: Glyphs, retry: Callable[[str], Awaitable[Job]]
    ) -> None:
        title = f"Retry into another folder: {name(job)}"
        super().__init__(title, folder, glyphs, retry, label="Retry", busy="Retrying\u2026")


class ConfirmRetryAll(_Planned[bool]):
    """True: retry all ``jobs``, the marked ones that failed or were cancelled, as in ``plan``.
    ``others``: how many marked ones are neither; ``earlier``: how many are earlier attempts at
    one of ``jobs``. ``being_retried`` are the ids of those with an attempt that hasn't ended."""

    def __init__(
        self,
        jobs: Sequence[Job],
        plan: RetryPlan,
        glyphs: Glyphs,
        *,
        others: int = 0,
        earlier: int = 0,
        being_retried: Collection[str] = (),
    ) -> None:
        options = (Option(True, "retry", "Retry"), Option(False, "leave", "Close"))
        super().__init__("", options, glyphs, stay=False, yes=True, listed=LISTED)
        self._planned = tuple(self.plan(plan))
        self._note = self.line("")
        self._others = others
        self._earlier = earlier
        self._over: frozenset[str] | None = None
        self.show(jobs, being_retried)

    def body(self) -> Iterable[Widget]:
        yield from self._planned
        yield self._note
        yield from self.rows
        yield from self.left_out(self._others, "running or succeeded")
        if self._earlier:
            attempts = plural(self._earlier, "an earlier attempt", "earlier attempts")
            yield from self.left_out(self._earlier, attempts)

    def show(self, jobs: Sequence[Job], being_retried: Collection[str]) -> None:
        """Update the question; ``being_retried`` as above: those are struck out and left out."""
        over = frozenset(being_retried)
        if over == self._over:
            return
        self._over = over
        count = len(jobs) - len(over)
        self.list_jobs(jobs, over)
        for widget in self._planned:
            widget.display = bool(count)
        note = f"{len(over)} of {len(jobs)} are being retried already" if over and count else ""
        self._note.display = bool(note)
        self._note.update(Content(note))
        if count:
            self.ask(f"Retry {counted(count, 'job')}?", {"retry": "Retry", "leave": "Close"})
        else:
            self.ask("All of these jobs are being retried already", {"leave": "Close"})
