"""The question on quitting: what to do with the jobs that run in this program."""

from __future__ import annotations

from itertools import zip_longest
from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui.format.impact import name
from aura_tui.model.text.plural import plural
from aura_tui.ui.screens.dialog import Dialog, Option
from aura_tui.ui.state.quit import Leave
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.widgets.line_widget import drawable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from textual.widget import Widget

    from aura_tui.model.job import Job
    from aura_tui.ui.theme.glyphs import Glyphs

_LISTED = 4


class LeaveScreen(Dialog[Leave]):
    """Enter hands the jobs to a background engine if possible, else stays.

    ``jobs`` haven't ended; some may be queued. A job that ends meanwhile leaves the list.
    """

    def __init__(self, jobs: Sequence[Job], can_background: bool, glyphs: Glyphs) -> None:
        words = _labels(len(jobs))
        notes = {
            Leave.BACKGROUND: "reopen with aura-tui",
            Leave.STAY: "back to the board",
            Leave.STOP: "aura-tui watch resumes",
            Leave.CANCEL: "finished work is kept",
        }
        options = [Option(leave, leave.value, words[leave], note) for leave, note in notes.items()]
        if not can_background:
            del options[0]
        super().__init__(_question(len(jobs)), options, glyphs, stay=Leave.STAY)
        self.jobs = tuple(jobs)
        self._lines = [self.line("") for _ in range(_LISTED + 1)]
        self._list()

    def body(self) -> Iterable[Widget]:
        return self._lines

    def show(self, jobs: Sequence[Job]) -> None:
        """Update the list; ``jobs`` isn't empty."""
        before, self.jobs = self.jobs, tuple(jobs)
        if [(job.id, job.status) for job in before] == [(job.id, job.status) for job in jobs]:
            return
        self._list()
        labels = {each.value: text for each, text in _labels(len(jobs)).items()}
        self.ask(_question(len(jobs)), labels)

    def _list(self) -> None:
        told = [
            Content.assemble((f"{self.glyphs.job(job.status)} ", MUTED), name(job))
            for job in self.jobs[:_LISTED]
        ]
        if (more := len(self.jobs) - _LISTED) > 0:
            told.append(Content.styled(f"and {more} more", MUTED))
        for line, content in zip_longest(self._lines, told):
            line.display = content is not None
            if content is not None:
                line.update(drawable(content, self.glyphs))


def _question(count: int) -> str:
    return f"Quit while {plural(count, 'a job is', f'{count} jobs are')} running?"


def _labels(count: int) -> dict[Leave, str]:
    them = plural(count, "it", "them")
    return {
        Leave.BACKGROUND: plural(count, "Keep it running", "Keep running") + " in the background",
        Leave.STAY: "Stay",
        Leave.STOP: "Stop now, resume later",
        Leave.CANCEL: f"Cancel {them}",
    }
