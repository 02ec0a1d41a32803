"""The question before jobs are cancelled. Enter answers "No, keep it"."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from aura_tui.format.impact import all_impact, cancel_impact, name
from aura_tui.model.text.plural import counted
from aura_tui.ui.keys import bindings
from aura_tui.ui.screens.dialog import Dialog, Option, T
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.widgets.line_widget import drawable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from aura_tui.format.impact import CancelImpact
    from aura_tui.model.job import Job
    from aura_tui.ui.theme.glyphs import Glyphs

LISTED = 6


class Question(Dialog[T]):
    """A yes-or-no question: ``y`` gives the answer ``yes`` if it is offered, ``n`` ``stay``."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.CONFIRM]

    def __init__(
        self,
        question: str,
        options: Sequence[Option[T]],
        glyphs: Glyphs,
        *,
        stay: T,
        yes: T,
        listed: int = LISTED,
    ) -> None:
        super().__init__(question, options, glyphs, stay=stay)
        self._yes = yes
        self.rows = [self.line("", first=not n) for n in range(listed + 1)]

    def action_answer(self, answer: bool) -> None:
        offered = any(option.answer == self._yes for option in self.offered)
        self.dismiss(self._yes if answer and offered else self._stay)

    def list_jobs(self, jobs: Sequence[Job], over: Collection[str] = ()) -> None:
        """Draw a line per job into ``rows``: state, percent, name. Those whose ids are in ``over``
        are struck out; the question no longer means them."""
        listed = len(self.rows) - 1
        lines = [self._listed(job, job.id in over) for job in jobs[:listed]]
        if len(jobs) > listed:
            lines.append(Content.styled(f"and {len(jobs) - listed} more", MUTED))
        for row, line in zip_longest(self.rows, lines):
            row.display = line is not None
            if line is not None:
                row.update(drawable(line, self.glyphs))

    def _listed(self, job: Job, over: bool) -> Content:
        sign = self.glyphs.job(job.view_status)
        if over:
            state = job.status.word
            return Content.assemble((f"{sign} {state}  ", MUTED), (name(job), f"{MUTED} strike"))
        return Content.assemble(sign, " ", (f"{int(job.percent):3d} %", MUTED), "  ", name(job))

    def left_out(self, count: int, why: str) -> Iterable[Widget]:
        """A note that ``count`` marked jobs are skipped because they are ``why``."""
        if count:
            marked = counted(count, "marked job is", "marked jobs are")
            yield self.line(Content.styled(f"skipped: {marked} {why}", MUTED))


class _Cancelling(Question[bool]):
    """A question that shows what a cancel would lose and keep."""

    def __init__(
        self, question: str, them: str, impact: CancelImpact, glyphs: Glyphs, listed: int
    ) -> None:
        options = (
            Option(False, "keep", f"No, keep {them}"),
            Option(True, "cancel", f"Yes, cancel {them}"),
        )
        super().__init__(question, options, glyphs, stay=False, yes=True, listed=listed)
        self._impact = impact
        self._so_far = self.text(impact.so_far)
        self._lost = self.fact("lost", impact.lost, first=True)
        self._kept = self.fact("kept", impact.kept)
        self._files = self.fact("files", impact.files)

    def facts(self) -> Iterable[Widget]:
        yield self._so_far
        yield self._lost
        yield self._kept
        yield self._files

    def tell(self, impact: CancelImpact) -> None:
        if impact != self._impact:
            self._impact = impact
            self._so_far.update(drawable(Content(impact.so_far), self.glyphs))
            self._lost.say(impact.lost)
            self._kept.say(impact.kept)
            self._files.say(impact.files)


class ConfirmCancel(_Cancelling):
    """True: cancel the job. Shows what would be lost and what is kept."""

    def __init__(
        self, job: Job, elapsed_s: float, glyphs: Glyphs, *, age_s: float | None = None
    ) -> None:
        impact = cancel_impact(job, elapsed_s, age_s)
        super().__init__("Cancel this job?", "it", impact, glyphs, listed=0)
        self._job = job
        self._named = self.line(Content.styled(name(job), MUTED))

    def body(self) -> Iterable[Widget]:
        yield self._named
        yield from self.facts()

    def show(self, job: Job, elapsed_s: float, age_s: float | None = None) -> None:
        """Update the question for the job as it is now; ``age_s``: seconds since the connection
        broke. A job that has ended is struck out, and can no longer be cancelled."""
        self.tell(cancel_impact(job, elapsed_s, age_s))
        if job.status.ended and not self._job.status.ended:
            self.ask(f"This job has already ended ({job.status.word})", {"keep": "Close"})
            self._named.update(drawable(self._listed(job, over=True), self.glyphs))
        self._job = job


class ConfirmCancelAll(_Cancelling):
    """True: cancel all ``jobs``, the marked ones that haven't ended. ``others``: how many marked
    ones have."""

    def __init__(self, jobs: Sequence[Job], glyphs: Glyphs, *, others: int = 0) -> None:
        super().__init__(_question(jobs), "them", all_impact(jobs), glyphs, listed=LISTED)
        self._others = others
        self._states = _states(jobs)
        self.list_jobs(jobs)

    def body(self) -> Iterable[Widget]:
        yield from self.facts()
        yield from self.rows
        yield from self.left_out(self._others, "already finished")

    def show(self, jobs: Sequence[Job]) -> None:
        """Update the question for the jobs as they are now, all those that it was asked about.
        Those that have ended are struck out and not cancelled."""
        states = _states(jobs)
        if states == self._states:
            return
        self._states = states
        open_ = [job for job in jobs if not job.status.ended]
        self.list_jobs(jobs, {job.id for job in jobs if job.status.ended})
        self.tell(all_impact(jobs))
        keep, cancel = "No, keep them", "Yes, cancel them"
        if len(open_) == 1:
            keep, cancel = "No, keep it", "Yes, cancel it"
        self.ask(_question(jobs), {"keep": keep, "cancel": cancel} if open_ else {"keep": "Close"})


def _states(jobs: Sequence[Job]) -> list[tuple[str, object, int]]:
    """What shows of the jobs."""
    return [(job.id, job.status, int(job.percent)) for job in jobs]


def _question(jobs: Sequence[Job]) -> str:
    count = sum(not job.status.ended for job in jobs)
    return f"Cancel {counted(count, 'job')}?" if count else "All of these jobs have already ended"
