"""The questions on quitting: what to do with jobs that haven't ended, or only whether to quit."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content

from aura_tui.format.impact import states
from aura_tui.model.status import JobStatus
from aura_tui.model.text.plural import plural
from aura_tui.ui.screens.confirm import Question
from aura_tui.ui.screens.dialog import Option
from aura_tui.ui.state.quit import AGAIN_S, Leave
from aura_tui.ui.theme.colours import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from aura_tui.model.job import Job
    from aura_tui.ui.theme.glyphs import Glyphs

_LISTED = 4


class Quitting(Question[Leave]):
    """A question on quitting. ``again``: what a second press of the key that asked does now, for
    as long as it does."""

    quits: ClassVar[bool] = True

    def __init__(
        self,
        question: str,
        options: Sequence[Option[Leave]],
        glyphs: Glyphs,
        *,
        yes: Leave,
        again: str,
    ) -> None:
        super().__init__(question, options, glyphs, stay=Leave.STAY, yes=yes, listed=_LISTED)
        self._again = self.line(Content.styled(again, MUTED), first=True)
        self._again.display = bool(again)

    def on_mount(self) -> None:
        super().on_mount()
        self.set_timer(AGAIN_S, self.expire)

    def expire(self) -> None:
        """The key asks again from now on."""
        self._again.display = False


class LeaveScreen(Quitting):
    """Enter hands the jobs to a background engine if possible, else stays.

    ``jobs`` haven't ended; some may be queued. ``can_background``: they can continue without us;
    ``theirs``: they don't end with us: another process's engine has them, or they are paused.
    """

    def __init__(
        self,
        jobs: Sequence[Job],
        can_background: bool,
        glyphs: Glyphs,
        *,
        theirs: bool = False,
        again: str = "",
    ) -> None:
        self._left_out = set() if can_background else {Leave.BACKGROUND}
        if theirs:
            self._left_out.add(Leave.STOP)
        notes = {
            Leave.BACKGROUND: "reopen with aura-tui",
            Leave.STAY: "back to the board",
            Leave.STOP: "aura-tui watch resumes",
            Leave.CANCEL: "finished work is kept",
        }
        labels = self._labels(jobs)
        options = [
            Option(leave, leave.value, labels[leave.value], note)
            for leave, note in notes.items()
            if leave.value in labels
        ]
        first = options[0].answer
        super().__init__(_question(jobs), options, glyphs, yes=first, again=again)
        self.jobs = tuple(jobs)
        self.rows[0].remove_class("-first")
        self.list_jobs(jobs)

    def body(self) -> Iterable[Widget]:
        yield from self.rows
        yield self._again

    def show(self, jobs: Sequence[Job]) -> None:
        """Update the question for the jobs as they are now, all those that it was asked about and
        those that came. Those that have ended are struck out."""
        before, self.jobs = self.jobs, tuple(jobs)
        if [(job.id, job.status) for job in before] == [(job.id, job.status) for job in jobs]:
            return
        over = {job.id for job in jobs if job.status.ended}
        self.list_jobs(jobs, over)
        self.ask(_question(jobs), self._labels(jobs))
        if len(over) == len(jobs):
            self.expire()
            for note in self.query(".note"):
                note.display = False

    def _labels(self, jobs: Sequence[Job]) -> dict[str, str]:
        """The answers for what is left of the jobs, by widget id."""
        count = sum(not job.status.ended for job in jobs)
        if not count:  # whichever it is, nothing is left to stop
            gone = Leave.BACKGROUND if Leave.STOP in self._left_out else Leave.STOP
            return {Leave.STAY.value: "Stay", gone.value: "Quit"}
        them = plural(count, "it", "them")
        keep = plural(count, "Keep it running", "Keep running") + " in the background"
        if all(job.view_status is JobStatus.PAUSED for job in jobs if not job.status.ended):
            keep = f"Leave {them} paused"
        labels = {
            Leave.BACKGROUND: keep,
            Leave.STAY: "Stay",
            Leave.STOP: "Stop now, resume later",
            Leave.CANCEL: f"Cancel {them}",
        }
        return {leave.value: text for leave, text in labels.items() if leave not in self._left_out}


class ConfirmQuit(Quitting):
    """STOP: quit. Nothing is lost by it: ``note`` says what becomes of the shown job, if there is
    something to say."""

    def __init__(self, glyphs: Glyphs, *, note: str = "", again: str = "") -> None:
        options = (Option(Leave.STOP, "quit", "Quit"), Option(Leave.STAY, "stay", "Stay"))
        super().__init__("Quit aura-tui?", options, glyphs, yes=Leave.STOP, again=again)
        self._note = note
        self._again.set_class(bool(note), "-first")

    def body(self) -> Iterable[Widget]:
        if self._note:
            yield self.text(self._note)
        yield self._again


def _question(jobs: Sequence[Job]) -> str:
    open_ = [job for job in jobs if not job.status.ended]
    if not open_:
        return plural(len(jobs), "The job has ended. Quit?", "All jobs have ended. Quit?")
    if len({job.status for job in open_}) > 1:
        return f"Quit? {', '.join(states(open_))}"
    word = open_[0].status.word
    return f"Quit while {plural(len(open_), 'a job is', f'{len(open_)} jobs are')} {word}?"
