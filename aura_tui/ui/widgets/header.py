"""The header of a job: title and state, the progress bar, elapsed time and time left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui.format import connection as connection_words
from aura_tui.format import words
from aura_tui.model.connection import ConnectionStatus
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.keys.names import SHIPPED
from aura_tui.ui.state.health import OF_CONNECTION, Kind
from aura_tui.ui.state.run import Asked
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.widgets.bar import bar
from aura_tui.ui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from datetime import datetime

    from aura_tui.model.events import Severity
    from aura_tui.model.job import Job
    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.state.health import Health
    from aura_tui.ui.state.run import RunState
    from aura_tui.ui.theme.glyphs import Glyphs

STATUS_STYLE = {
    JobStatus.QUEUED: MUTED,
    JobStatus.RUNNING: "$primary",
    JobStatus.PAUSED: "$warning",
    JobStatus.SUCCEEDED: "$success",
    JobStatus.FAILED: "$error",
    JobStatus.CANCELED: "$warning",
}
# Styles of the connection. States differ in their sign and word, too.
CONNECTION_STYLE = {
    ConnectionStatus.CONNECTING: MUTED,
    ConnectionStatus.LIVE: MUTED,
    ConnectionStatus.RETRYING: "$warning",
    ConnectionStatus.SUSPENDED: "$warning",
    ConnectionStatus.NO_ENGINE: "$warning",
    ConnectionStatus.LOST: "$error",
}
SEVERITY_STYLE = {"info": MUTED, "warning": "$warning", "error": "$error"}
_NARROW = 60
_STATUS = 11  # cells reserved for any status
_TIMES = 48  # cells for elapsed and left: `1:02:03 . 60-95 min left, based on current speed`
# Remarks that the times contain already.
_SAID = (Kind.PAUSED, Kind.QUEUED)


class RunHeader(LineWidget):
    """Three lines: title and state; the bar; the times, and either the job's id or a remark on the
    job (or on the connection, on screens without a line for that)."""

    def __init__(self, key_names: KeyNames = SHIPPED) -> None:
        super().__init__()
        self._key_names = key_names

    def show(
        self, state: RunState, now: datetime, glyphs: Glyphs, *, connection_above: bool = False
    ) -> None:
        """Draw ``state`` as of ``now``. ``connection_above``: the context line shows."""
        width = self.size.width
        if width:
            above = connection_above
            self.paint(
                lines(state, now, width, glyphs, self._key_names, connection_above=above), glyphs
            )


def lines(
    state: RunState,
    now: datetime,
    width: int,
    glyphs: Glyphs,
    key_names: KeyNames = SHIPPED,
    *,
    connection_above: bool = False,
) -> list[Content]:
    """The three lines, each ``width`` cells. ``connection_above``: the connection is shown
    elsewhere."""
    job = state.job
    said = state.liveness(now, reconnect_key=key_names.of("link.reconnect"))
    if said is not None and connection_above and said.kind in OF_CONNECTION:
        said = None
    if job is None and connection_above:  # that says what is being waited for
        return [Content("")] * 3
    if job is None:
        matter = _matter(said, width, glyphs) if said is not None else Content("")
        return [
            spread(Content("aura-tui"), Content.styled("starting\u2026", MUTED), width),
            _whole_bar(0.0, width, glyphs, "$primary"),
            matter.truncate(width, ellipsis=True),
        ]
    style = STATUS_STYLE[job.view_status]
    word = job.word
    if state.asked is not None:
        word, style = state.asked.value, "$warning"
    status = Content.styled(f"{glyphs.job(job.view_status)} {word}", style)
    title = Content.styled(clean_line(job.title) or job.id, "bold")
    if said is not None and said.kind in _SAID:
        said = None
    narrow = width < _NARROW
    marks = Content("") if narrow else _marks(state, glyphs, connected=not connection_above)
    names = _between([marks, status])
    elapsed = words.duration(state.clock.elapsed_s(state.seen(now)))
    times = Content(words.headline(job) if job.status.ended and not state.partial else elapsed)
    if narrow:
        third = _narrow_times(job, state, now, width, times, said, glyphs, key_names)
    else:
        bases = (words.basis(job.eta), words.short_basis(job.eta)) if job.eta else ("",)
        wanted = len(said.text) + 2 if said is not None else 0  # a sign and a space before it
        forms = [times + _left(job, state, now, glyphs, key_names, basis) for basis in bases]
        if job.status.ended:  # how fast it was made is worth less than its id
            forms.append(Content(times.plain.rpartition(", ")[0] or times.plain))
            wanted = len(f"job {clean_line(job.id, 40)}")
        fitting = (form for form in forms if form.cell_length + 2 + wanted <= width)
        times = next(fitting, forms[-1] if job.status.ended else forms[0])
        room = width - max(times.cell_length, _TIMES) - 2
        who = _identity(job, glyphs, room)
        if said is not None:
            who = _matter(said, width - times.cell_length - 2, glyphs)
        third = spread(times, who, width)
    return [
        spread(title, names, width),
        _whole_bar(job.percent, width, glyphs, style),
        third.truncate(width, ellipsis=True),
    ]


def _narrow_times(
    job: Job,
    state: RunState,
    now: datetime,
    width: int,
    times: Content,
    said: Health | None,
    glyphs: Glyphs,
    key_names: KeyNames,
) -> Content:
    """The most important first: a remark, then the board's mode, then the basis of the time."""
    if said is not None:
        return spread(times, _matter(said, width - times.cell_length - 2, glyphs), width)
    mode = Content.styled(state.mode, MUTED)
    if mode:  # worth more than what the range is based on
        return spread(times + _left(job, state, now, glyphs, key_names, ""), mode, width)
    bases = (words.basis(job.eta), words.short_basis(job.eta), "") if job.eta else ("",)
    forms = (times + _left(job, state, now, glyphs, key_names, basis) for basis in bases)
    return next((form for form in forms if form.cell_length <= width), times)


def _matter(said: Health, room: int, glyphs: Glyphs) -> Content:
    text = f"{severity_sign(said.severity, glyphs)} {said.within(room - 2)}"
    return Content.styled(text, SEVERITY_STYLE[said.severity])


def severity_sign(severity: Severity, glyphs: Glyphs) -> str:
    """The sign before a remark."""
    signs = {"info": glyphs.waiting, "warning": glyphs.warning, "error": glyphs.failed}
    return signs[severity]


def _marks(state: RunState, glyphs: Glyphs, *, connected: bool) -> Content:
    """The board's mode; with ``connected`` its connection, if that is news."""
    marks = [Content.styled(state.mode, MUTED)]
    if connected and state.connection is not None and not state.connection.is_live:
        status = state.connection.status
        sign = {
            ConnectionStatus.CONNECTING: glyphs.waiting,
            ConnectionStatus.LOST: glyphs.failed,
        }.get(status, glyphs.warning)
        mark = f"{sign} {connection_words.WORDS[status]}"
        marks.append(Content.styled(mark, CONNECTION_STYLE[status]))
    if state.troubles and (state.over or state.ended):  # else the third line shows why
        marks.append(Content.styled(f"{glyphs.failed} engine failing", "$error"))
    return _between(marks)


def _between(parts: list[Content]) -> Content:
    return Content("  ").join(part for part in parts if part)


def _whole_bar(percent: float, width: int, glyphs: Glyphs, style: str) -> Content:
    number = f"{int(percent):4d} %"
    return bar(percent, max(1, width - len(number)), glyphs, style) + Content(number)


def _left(
    job: Job,
    state: RunState,
    now: datetime,
    glyphs: Glyphs,
    key_names: KeyNames,
    basis: str,
) -> Content:
    """What follows the elapsed time: the time left as a range, with its ``basis`` (may be ""), or
    why there is none. While the connection is down it shows the age of the data instead."""
    dot = f" {glyphs.dot} "
    if state.over and not state.ended:
        return Content.styled(f"{dot}no more events; showing the last known state", "$warning")
    if state.asked is Asked.CANCEL:
        return Content.styled(f"{dot}cancelling; finished work is kept", MUTED)
    if job.status.ended:
        return Content("")
    age = words.as_of(state.age_s(now))
    if job.view_status is JobStatus.RUNNING:
        left = f"{words.time_left(job.eta)} left" if job.eta is not None else ""
        if age:
            return Content.styled(dot + (f"{left}, {age}" if left else age), MUTED)
        if job.eta is None:
            return Content.styled(f"{dot}no estimate yet", MUTED)
        return Content.assemble(f"{dot}{left}", (f", {basis}" if basis else "", MUTED))
    if age:
        return Content.styled(f"{dot}{job.word}, {age}", MUTED)
    said = state.liveness(now)
    queued = said.text if said is not None and said.kind is Kind.QUEUED else "waiting in the queue"
    if state.starts is not None:
        queued += f"; starts in {words.time_left(state.starts)}"
    text = {
        JobStatus.QUEUED: queued,
        JobStatus.PAUSED: job.word
        if state.mode
        else f"{job.word}, press {key_names.of('run.pause')} to resume",
    }[job.view_status]
    return Content.styled(dot + text, MUTED)


def _identity(job: Job, glyphs: Glyphs, room: int) -> Content:
    """Attempt and job id, as far as there is room. A first attempt isn't mentioned."""
    attempt = f"attempt {job.attempt}" if job.attempt > 1 or job.retry_of else ""
    retry = f"{attempt}, retry of {clean_line(job.retry_of, 12)}" if job.retry_of else attempt
    name = f"job {clean_line(job.id, 40)}"
    ways = ((retry, name), (attempt, name))
    joined = [f" {glyphs.dot} ".join(part for part in way if part) for way in ways]
    short = attempt or name
    fitting = next((text for text in joined if len(text) <= room), short)
    return Content.styled(fitting, MUTED)


def spread(left: Content, right: Content, width: int) -> Content:
    """``left`` and ``right`` at the two ends of ``width`` cells; ``left`` is cut if needed."""
    room = width - right.cell_length - 2
    if room < 4:
        return left.truncate(width, ellipsis=True)
    left = left.truncate(room, ellipsis=True)
    return left + Content(" " * (width - left.cell_length - right.cell_length)) + right
