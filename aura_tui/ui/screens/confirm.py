"""The question before jobs are cancelled. Enter answers "No, keep it"."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from aura_tui.format.impact import cancel_impact, name
from aura_tui.model.text.plural import counted
from aura_tui.ui.keys import bindings
from aura_tui.ui.screens.dialog import Dialog, Option
from aura_tui.ui.theme.colours import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.binding import BindingType
    from textual.widget import Widget

    from aura_tui.model.job import Job
    from aura_tui.ui.theme.glyphs import Glyphs

LISTED = 6


class Question(Dialog[bool]):
    """A yes-or-no question; ``y`` and ``n`` answer it at once."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.CONFIRM]

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)

    def listed(self, jobs: Sequence[Job]) -> Iterable[Widget]:
        """A line per job: state, percent, name. Bounded."""
        for n, job in enumerate(jobs[:LISTED]):
            sign = self.glyphs.job(job.view_status)
            percent = f"{int(job.percent):3d} %"
            line = Content.assemble(sign, " ", (percent, MUTED), "  ", name(job))
            yield self.line(line, first=not n)
        if len(jobs) > LISTED:
            yield self.line(Content.styled(f"and {len(jobs) - LISTED} more", MUTED))

    def left_out(self, count: int, why: str) -> Iterable[Widget]:
        """A note that ``count`` marked jobs are skipped because they are ``why``."""
        if count:
            marked = counted(count, "marked job is", "marked jobs are")
            yield self.line(Content.styled(f"skipped: {marked} {why}", MUTED))


class ConfirmCancel(Question):
    """True: cancel the job. Shows what would be lost and what is kept."""

    def __init__(
        self, job: Job, elapsed_s: float, glyphs: Glyphs, *, age_s: float | None = None
    ) -> None:
        options = (
            Option(False, "keep", "No, keep it"),
            Option(True, "cancel", "Yes, cancel it"),
        )
        super().__init__("Cancel this job?", options, glyphs, stay=False)
        self._named = name(job)
        self._impact = cancel_impact(job, elapsed_s, age_s)
        self._so_far = self.text(self._impact.so_far)
        self._lost = self.fact("lost", self._impact.lost, first=True)
        self._kept = self.fact("kept", self._impact.kept)
        self._files = self.fact("files", self._impact.files)

    def body(self) -> Iterable[Widget]:
        yield self.line(Content.styled(self._named, MUTED))
        yield self._so_far
        yield self._lost
        yield self._kept
        yield self._files

    def show(self, job: Job, elapsed_s: float, age_s: float | None = None) -> None:
        """Update the question for the job as it is now; ``age_s``: seconds since the connection
        broke."""
        found = cancel_impact(job, elapsed_s, age_s)
        if found != self._impact:
            self._impact = found
            self._so_far.update(Content(found.so_far))
            self._lost.say(found.lost)
            self._kept.say(found.kept)
            self._files.say(found.files)


class ConfirmCancelAll(Question):
    """True: cancel all ``jobs``, the marked ones that haven't ended. ``others``: how many marked
    ones have."""

    def __init__(self, jobs: Sequence[Job], glyphs: Glyphs, *, others: int = 0) -> None:
        options = (
            Option(False, "keep", "No, keep them"),
            Option(True, "cancel", "Yes, cancel them"),
        )
        super().__init__(f"Cancel {counted(len(jobs), 'job')}?", options, glyphs, stay=False)
        self._jobs = tuple(jobs)
        self._others = others

    def body(self) -> Iterable[Widget]:
        yield self.fact("lost", "the work in progress")
        yield self.fact("kept", "finished work; a retry reuses it")
        yield from self.listed(self._jobs)
        yield from self.left_out(self._others, "already finished")
