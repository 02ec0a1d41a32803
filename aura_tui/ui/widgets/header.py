"""The head of a run: its name and state, the whole bar, time so far and time to go."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui.model.status import JobStatus
from aura_tui.model.text import clean_line
from aura_tui.ui import phrases
from aura_tui.ui.state import Asked
from aura_tui.ui.theme import MUTED
from aura_tui.ui.widgets.bar import bar
from aura_tui.ui.widgets.painted import Painted

if TYPE_CHECKING:
    from datetime import datetime

    from aura_tui.model.job import Job
    from aura_tui.ui.glyphs import Glyphs
    from aura_tui.ui.state import RunState

STATUS_STYLE = {
    JobStatus.QUEUED: MUTED,
    JobStatus.RUNNING: "$primary",
    JobStatus.PAUSED: "$warning",
    JobStatus.SUCCEEDED: "$success",
    JobStatus.FAILED: "$error",
    JobStatus.CANCELED: "$warning",
}
_NARROW = 60


class RunHeader(Painted):
    """Three lines: title and state; the bar; time left and who this is."""

    def show(self, state: RunState, now: datetime, glyphs: Glyphs) -> None:
        """Draw ``state`` as of ``now``."""
        width = self.size.width
        if width:
            self.paint(lines(state, now, width, glyphs), glyphs)


def lines(state: RunState, now: datetime, width: int, glyphs: Glyphs) -> list[Content]:
    """The three lines, each ``width`` cells."""
    job = state.job
    if job is None:
        return [
            spread(Content("aura-tui"), Content.styled("starting\u2026", MUTED), width),
            _whole_bar(0.0, width, glyphs, "$primary"),
            Content(""),
        ]
    style = STATUS_STYLE[job.status]
    word = phrases.JOB_WORDS[job.status]
    if state.asked is not None:
        word, style = state.asked.value, "$warning"
    title = Content.styled(clean_line(job.title) or job.id, "bold")
    status = Content.styled(f"{glyphs.job(job.status)} {word}", style)
    times = Content(phrases.duration(state.clock.elapsed_s(now))) + _left(job, state, glyphs)
    room = width - times.cell_length - 2
    third = times if width < _NARROW else spread(times, _identity(job, glyphs, room), width)
    return [
        spread(title, status, width),
        _whole_bar(job.percent, width, glyphs, style),
        third.truncate(width, ellipsis=True),
    ]


def _whole_bar(percent: float, width: int, glyphs: Glyphs, style: str) -> Content:
    number = f"{int(percent):4d} %"
    return bar(percent, max(1, width - len(number)), glyphs, style) + Content(number)


def _left(job: Job, state: RunState, glyphs: Glyphs) -> Content:
    """What follows the time so far: time to go as a range and what it was judged from, or why
    there is none."""
    dot = f" {glyphs.dot} "
    if state.over and not state.ended:
        return Content.styled(f"{dot}no more events; this is the last that was told", "$warning")
    if state.asked is Asked.CANCEL:
        return Content.styled(f"{dot}stopping; what is finished is kept", MUTED)
    if job.status is JobStatus.RUNNING:
        if job.eta is None:
            return Content.styled(f"{dot}time left unknown", MUTED)
        left = f"{dot}{phrases.time_left(job.eta)} left"
        return Content.assemble(left, (f", {phrases.basis(job.eta)}", MUTED))
    text = {
        JobStatus.QUEUED: "waiting for its turn",
        JobStatus.PAUSED: "paused; p lets it go on",
        JobStatus.SUCCEEDED: "finished",
        JobStatus.FAILED: f"failed in {job.stage.title}" if job.stage else "failed",
        JobStatus.CANCELED: f"cancelled in {job.stage.title}" if job.stage else "cancelled",
    }[job.status]
    return Content.styled(dot + text, MUTED)


def _identity(job: Job, glyphs: Glyphs, room: int) -> Content:
    """Which attempt, the id that commands take, and the correlation id, as far as there is room."""
    attempt = f"attempt {job.attempt}"
    name = f"job {clean_line(job.id, 40)}"
    parts = [attempt, name]
    if job.correlation_id:
        parts.append(f"id {clean_line(job.correlation_id, 40)}")
    joined = [f" {glyphs.dot} ".join(some) for some in (parts, parts[:2])]
    fitting = next((text for text in joined if len(text) <= room), None)
    if fitting is None:
        fitting = name if job.attempt == 1 else joined[1]
    return Content.styled(fitting, MUTED)


def spread(left: Content, right: Content, width: int) -> Content:
    """``left`` and ``right`` at the two ends of ``width`` cells; ``left`` gives way."""
    room = width - right.cell_length - 2
    if room < 4:
        return left.truncate(width, ellipsis=True)
    left = left.truncate(room, ellipsis=True)
    return left + Content(" " * (width - left.cell_length - right.cell_length)) + right
