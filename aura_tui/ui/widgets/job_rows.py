"""How a job looks in the list, at any width: pure functions from a job to lines.

In a narrow list, a job that is running or needs attention takes two lines (title, then progress),
all others one: details for the few that matter, a title for the many. In a wide list, each job
takes one line with fixed columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from aura_tui.format import words
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.theme.colours import FAINT, MUTED
from aura_tui.ui.widgets.bar import bar
from aura_tui.ui.widgets.header import STATUS_STYLE

if TYPE_CHECKING:
    from aura_tui.model.job import Job
    from aura_tui.ui.theme.glyphs import Glyphs

WIDE = 72  # from here on: columns
LEAD = 4  # cells before the title: cursor, mark, state, blank
MARK = "*"
_MAX_TITLE = 72  # cells, so that the columns to its right aren't far
_MIN_TITLE = 20  # beside the attempt in words; with less room, only its number
_TIME = 12  # "under 95 min"
_AGE = 5  # "365 d"
_WORD = 11
_WORD_FROM, _STAGE_FROM, _ID_FROM = 96, 110, 130  # widths
_STAGE = 13
_NO_ENGINE = "no engine"
_TOLD = (JobStatus.RUNNING, JobStatus.PAUSED, JobStatus.FAILED)  # words in their colour
_ID = 12


def age_stands_s(seconds: float) -> float:
    """Seconds until :func:`words.age` of ``seconds`` changes."""
    if seconds < 0:
        return 60.0 - seconds
    size = next((size for size, _ in words.AGES if seconds >= size), 60)
    return size - seconds % size


class Row(NamedTuple):
    """Everything a row is drawn from: equal rows look the same. ``age`` is the text of
    :func:`words.age`; ``alone``: the job hasn't ended and no engine is running."""

    job: Job
    age: str
    urgent: bool = False
    marked: bool = False
    cursor: bool = False
    focused: bool = False
    alone: bool = False


def lines(row: Row, width: int, glyphs: Glyphs) -> tuple[Content, ...]:
    """Draw ``row`` in ``width`` cells: two lines if it is urgent and the list narrow, else one."""
    if width >= WIDE:
        return (_columns(row, width, glyphs),)
    job = row.job
    took = f"{_NO_ENGINE if row.alone else _took(job):>9}" if width >= LEAD + 36 else ""
    right = Content.assemble(
        ("" if row.urgent else took, _time_style(row)), (f" {row.age:>{_AGE}}", MUTED)
    )
    room = max(1, width - LEAD - right.cell_length)
    first = _lead(row, glyphs) + _title(row, room, glyphs) + right
    return (first, _second(row, width, glyphs)) if row.urgent else (first,)


def _lead(row: Row, glyphs: Glyphs) -> Content:
    status = row.job.status
    cursor = glyphs.cursor if row.cursor else " "
    return Content.assemble(
        (cursor, "bold $accent" if row.focused else MUTED),
        (MARK, "bold $accent") if row.marked else " ",
        (glyphs.job(status), _style(row)),
        " ",
    )


def _style(row: Row) -> str:
    status = row.job.status
    return "$warning" if row.alone and status is JobStatus.RUNNING else STATUS_STYLE[status]


def _time_style(row: Row) -> str:
    return "$warning" if row.alone else MUTED


def _title(row: Row, room: int, glyphs: Glyphs) -> Content:
    """Title and attempt in exactly ``room`` cells."""
    job = row.job
    # Transliterated before it is cut: a wide character and its substitute differ in width.
    title = Content(glyphs.spell(clean_line(job.title, 300)))
    if not title.cell_length:
        title = Content(glyphs.spell(clean_line(job.id, 60)))
    style = "bold" if row.cursor and row.focused else ""
    if job.status is JobStatus.QUEUED and not style:
        style = MUTED
    tail = f"  attempt {job.attempt}" if job.attempt > 1 else ""
    if tail and room - len(tail) < _MIN_TITLE:
        tail = f"  #{job.attempt}"
    title = title.stylize(style).truncate(max(1, room - len(tail)), ellipsis=True)
    return (title + Content.styled(tail, MUTED)).truncate(room, pad=True)


def _second(row: Row, width: int, glyphs: Glyphs) -> Content:
    """The second line: progress, or where the job failed."""
    job, style = row.job, _style(row)
    room = width - LEAD
    if job.status is JobStatus.FAILED:
        where = f" in {job.stage.title}" if job.stage else ""
        text = Content.styled(f"failed{where} at {int(job.percent)} %", style)
    else:
        length = max(1, min(40, room - 8 - _TIME))
        text = Content.assemble(
            bar(job.percent, length, glyphs, style),
            f"{int(job.percent):4d} %",
            (f"  {_time(row) or words.JOB_WORDS[job.status]}", _time_style(row)),
        )
    return Content(" " * LEAD) + text.truncate(room, ellipsis=True, pad=True)


def _columns(row: Row, width: int, glyphs: Glyphs) -> Content:
    job = row.job
    bar_cells = 8 if width < 100 else 12 if width < 140 else 20
    parts = []
    if width >= _STAGE_FROM:
        stage = job.stage.title if job.stage and job.status is not JobStatus.SUCCEEDED else ""
        parts.append(Content.styled(f"{stage:<{_STAGE}}", MUTED))
    parts.append(_progress(row, bar_cells, glyphs))
    time = _time(row) or _took(job)
    if not time and width < _WORD_FROM:
        time = words.JOB_WORDS[job.status]
    parts.append(Content.styled(f"  {time:>{_TIME}}", _time_style(row)))
    parts.append(Content.styled(f"  {row.age:>{_AGE}}", MUTED))
    if width >= _ID_FROM:
        name = Content.styled(glyphs.spell(clean_line(job.id, 40)), FAINT)
        parts += [Content("  "), name.truncate(_ID, ellipsis=True, pad=True)]
    right = Content("").join(parts)
    left = _lead(row, glyphs)
    if width >= _WORD_FROM:
        style = _style(row) if job.status in _TOLD else MUTED
        left += Content.styled(f"{words.JOB_WORDS[job.status]:<{_WORD}}", style)
    room = min(_MAX_TITLE, width - left.cell_length - right.cell_length - 2)
    return (left + _title(row, room, glyphs) + "  " + right).truncate(width, pad=True)


def _progress(row: Row, length: int, glyphs: Glyphs) -> Content:
    """The bar of a running or paused job."""
    job = row.job
    percent = f"{int(job.percent):4d} %"
    if job.status in (JobStatus.RUNNING, JobStatus.PAUSED):
        return bar(job.percent, length, glyphs, _style(row)) + Content(percent)
    stopped = job.status in (JobStatus.FAILED, JobStatus.CANCELED)
    return Content.styled(" " * length + (percent if stopped else " " * 6), MUTED)


def _time(row: Row) -> str:
    """The time left of a running job, or that no engine runs it; "" for others."""
    job = row.job
    if row.alone:
        return _NO_ENGINE
    if job.status is not JobStatus.RUNNING:
        return ""
    return "no estimate" if job.eta is None else words.time_left(job.eta)


def _took(job: Job) -> str:
    """How long an ended job took; "" for others."""
    if not job.status.ended:
        return ""
    seconds = words.active_s(job)
    if not seconds and job.started_at is not None and job.ended_at is not None:
        seconds = (job.ended_at - job.started_at).total_seconds()
    return words.took(seconds) if seconds else ""
