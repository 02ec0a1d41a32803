"""How a job looks in the list, at any width: pure functions from a job to lines.

In a narrow list sorted by status, a job that is running or needs attention takes two lines (title,
then progress), all others one: details for the few that matter, a title for the many. In a wide
list, each job takes one line with fixed columns. A header names the columns.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from aura_tui.format import words
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.state.job_order import Column, Sort
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.widgets.bar import bar
from aura_tui.ui.widgets.header import STATUS_STYLE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aura_tui.model.job import Job
    from aura_tui.ui.theme.glyphs import Glyphs

WIDE = 72  # from here on: columns
LEAD = 4  # cells before the title: cursor, mark, state, blank
MARK = "*"
_MAX_TITLE = 72  # cells, so that the columns to its right aren't far
_MIN_TITLE = 14  # beside the attempt in words; with less room, only its number
_TIME = 17  # "under 95 min left"
_AGE = 5  # "365 d"
_STATE_FROM = 40  # width from which a row of a narrow list has a state
_STATE, _LEFT = 9, 12  # its cells: "cancelled", and "under 95 min" in the order by time left
_STATUS, _LONG_STATUS, _LONG_FROM = 16, 26, 96  # of a wide one
_NO_ENGINE = "no engine"
_TOLD = (JobStatus.RUNNING, JobStatus.PAUSED, JobStatus.FAILED)  # words in their colour
_CODE_CHARS = 12


def age_stands_s(seconds: float) -> float:
    """Seconds until :func:`words.age` of ``seconds`` changes."""
    if seconds < 0:
        return 60.0 - seconds
    size = next((size for size, _ in words.AGES if seconds >= size), 60)
    return size - seconds % size


class Row(NamedTuple):
    """Everything a row is drawn from: equal rows look the same. ``age`` is the text of
    :func:`words.age`; ``alone``: the job hasn't ended and no engine is running; ``attempts``: how
    many there are, 1 without a retry; ``unfolded``: each of them has a row; ``below``: that of a
    newer one is above."""

    job: Job
    age: str
    urgent: bool = False
    marked: bool = False
    cursor: bool = False
    focused: bool = False
    alone: bool = False
    attempts: int = 1
    unfolded: bool = False
    below: bool = False
    sort: Sort = Sort.STATUS


# The header


def header(sort: Sort, width: int, glyphs: Glyphs) -> Content:
    """The names of the columns in ``width`` cells, with a sign at the one that sorts."""
    parts: list[Content | str] = []
    end = 0
    for start, label, column in _labels(sort, width, glyphs):
        style = "bold" if column is sort.column else MUTED
        parts += [" " * (start - end), Content.styled(label, style)]
        end = start + len(label)
    return (
        Content("")
        .join(Content(p) if isinstance(p, str) else p for p in parts)
        .truncate(width, pad=True)
    )


def column_at(x: int, sort: Sort, width: int, glyphs: Glyphs) -> Column | None:
    """The column whose name is at cell ``x`` of the header; None: none."""
    for start, label, column in _labels(sort, width, glyphs):
        if start <= x < start + len(label):
            return column
    return None


def _labels(sort: Sort, width: int, glyphs: Glyphs) -> Iterator[tuple[int, str, Column]]:
    """The labels in order, each with its first cell. One that sorts always shows."""
    sign = f" {glyphs.rising if sort.rises else glyphs.falling}"

    def named(text: str, column: Column) -> str:
        return text + sign if column is sort.column else text

    title, age = named("Title", Column.TITLE), named("Age", Column.AGE)
    age_at = width - len(age)
    if width >= WIDE:
        status_cells = _LONG_STATUS if width >= _LONG_FROM else _STATUS
        status_at = _status_at(width)
        time_end = status_at + status_cells + 2 + _TIME
        times = [("Left", Column.LEFT), ("Took", Column.TOOK)]
        labels = [named(text, column) for text, column in times]
        yield LEAD, title, Column.TITLE
        yield status_at, named("Status", Column.STATUS), Column.STATUS
        yield time_end - len(labels[1]) - 1 - len(labels[0]), labels[0], Column.LEFT
        yield time_end - len(labels[1]), labels[1], Column.TOOK
        yield max(time_end + 1, _age_end(width) - len(age)), age, Column.AGE
        return
    shown = sort.column if sort.column in (Column.LEFT, Column.TOOK) else Column.STATUS
    state = named(shown.value.capitalize(), shown)
    if width < _STATE_FROM and shown is not sort.column:
        state = ""  # there is no such column
    state_at = age_at - 2 - len(state)
    if state_at < LEAD + len(title) + 1:  # one label has room beside the age
        state_at = LEAD
        title = "" if sort.column is shown else title
        state = "" if title else state
    if title:
        yield LEAD, title, Column.TITLE
    if state:
        yield state_at, state, shown
    if age_at > LEAD + len(title or state):
        yield age_at, age, Column.AGE


def _room(width: int) -> int:
    """Cells of the title in a wide list."""
    status = _LONG_STATUS if width >= _LONG_FROM else _STATUS
    return min(_MAX_TITLE, width - LEAD - 2 - status - 2 - _TIME - 2 - _AGE)


def _status_at(width: int) -> int:
    return LEAD + _room(width) + 2


def _age_end(width: int) -> int:
    status = _LONG_STATUS if width >= _LONG_FROM else _STATUS
    return _status_at(width) + status + 2 + _TIME + 2 + _AGE


# The rows


def lines(row: Row, width: int, glyphs: Glyphs) -> tuple[Content, ...]:
    """Draw ``row`` in ``width`` cells: two lines if it is urgent and the list narrow, else one."""
    if width >= WIDE:
        return (_columns(row, width, glyphs),)
    state = ""
    if not row.urgent and width >= _STATE_FROM:
        cells = _LEFT if row.sort is Sort.LEFT else _STATE
        state = f" {glyphs.spell(_state(row)[:cells]):>{cells}}"
    right = Content.assemble((state, _time_style(row)), (f" {row.age:>{_AGE}}", MUTED))
    room = max(1, width - LEAD - right.cell_length)
    first = _lead(row, glyphs) + _title(row, room, glyphs) + right
    first = first.truncate(width)
    return (first, _second(row, width, glyphs)) if row.urgent else (first,)


def _lead(row: Row, glyphs: Glyphs) -> Content:
    status = row.job.view_status
    cursor = glyphs.cursor if row.cursor else " "
    return Content.assemble(
        (cursor, "bold $accent" if row.focused else MUTED),
        (MARK, "bold $accent") if row.marked else " ",
        (glyphs.job(status), _style(row)),
        " ",
    )


def _style(row: Row) -> str:
    status = row.job.view_status
    return "$warning" if row.alone and status is JobStatus.RUNNING else STATUS_STYLE[status]


def _time_style(row: Row) -> str:
    return "$warning" if row.alone else MUTED


def _title(row: Row, room: int, glyphs: Glyphs) -> Content:
    """Title and attempt in exactly ``room`` cells; below a newer attempt only the latter."""
    job = row.job
    style = "bold" if row.cursor and row.focused else ""
    if row.below:
        text = Content.styled(f"{glyphs.track} attempt {job.attempt}", style or MUTED)
        return text.truncate(room, pad=True, ellipsis=True)
    # Transliterated before it is cut: a wide character and its substitute differ in width.
    title = Content(glyphs.spell(clean_line(job.title, 300)))
    if not title.cell_length:
        title = Content(glyphs.spell(clean_line(job.id, 60)))
    if job.status is JobStatus.QUEUED and not style:
        style = MUTED
    number = max(job.attempt, row.attempts)
    fold = f"{glyphs.unfolded if row.unfolded else glyphs.folded} " if row.attempts > 1 else ""
    tail = f"  {fold}attempt {number}" if number > 1 else ""
    if tail and room - len(tail) < _MIN_TITLE:
        tail = f"  {fold}#{number}"
    title = title.stylize(style).truncate(max(1, room - len(tail)), ellipsis=True)
    return (title + Content.styled(tail, MUTED)).truncate(room, pad=True)


def _second(row: Row, width: int, glyphs: Glyphs) -> Content:
    """The second line: progress, or how the job ended."""
    job, style = row.job, _style(row)
    room = width - LEAD
    if job.status.ended:
        text = Content.styled(_fitting(ending(job), room), style)
    else:
        length = max(1, min(40, room - 8 - _TIME))
        text = Content.assemble(
            bar(job.percent, length, glyphs, style),
            f"{int(job.percent):4d} %",
            (f"  {_time(row) or job.word}", _time_style(row)),
        )
    return Content(" " * LEAD) + text.truncate(room, ellipsis=True, pad=True)


def _columns(row: Row, width: int, glyphs: Glyphs) -> Content:
    cells = _LONG_STATUS if width >= _LONG_FROM else _STATUS
    time = _time(row) or _took(row.job)
    return (
        _lead(row, glyphs)
        + _title(row, _room(width), glyphs)
        + "  "
        + _progress(row, cells, glyphs)
        + Content.styled(f"  {time:>{_TIME}}", _time_style(row))
        + Content.styled(f"  {row.age:>{_AGE}}", MUTED)
    ).truncate(width, pad=True)


def _progress(row: Row, cells: int, glyphs: Glyphs) -> Content:
    """The bar of a running or paused job; for others, how they stand or ended."""
    job = row.job
    if job.view_status in (JobStatus.RUNNING, JobStatus.PAUSED):
        shown = bar(job.percent, cells - 6, glyphs, _style(row))
        return shown + Content(f"{int(job.percent):4d} %")
    forms = ending(job) if job.status.ended else (job.word,)
    style = _style(row) if job.view_status in _TOLD else MUTED
    text = Content.styled(glyphs.spell(_fitting(forms, cells)), style)
    return text.truncate(cells, ellipsis=True, pad=True)


def ending(job: Job) -> tuple[str, ...]:
    """How a job ended, in ever shorter forms."""
    word = job.word
    stage = job.stage.title if job.stage is not None else ""
    where = f"{word} in {stage}" if stage else word
    if job.status is JobStatus.SUCCEEDED:
        made_s = job.output.duration_seconds if job.output is not None else None
        return (f"{word}, {words.duration(made_s)}", word) if made_s else (word,)
    if job.status is JobStatus.FAILED and job.errors:
        code = clean_line(job.errors[-1].code, _CODE_CHARS)
        if code:
            return (f"{where} ({code})", f"{stage} {code}".strip(), code)
    return (where, word)


def _fitting(forms: tuple[str, ...], cells: int) -> str:
    return next((form for form in forms if len(form) <= cells), forms[-1])


def _state(row: Row) -> str:
    """A narrow list's one column between title and age; by what the list is sorted."""
    job = row.job
    if row.alone:
        return _NO_ENGINE
    if job.status.ended and (row.sort is Sort.TOOK or job.status is JobStatus.SUCCEEDED):
        return _took(job) or job.word
    if job.view_status is JobStatus.RUNNING or job.interrupted:  # that word is too long
        left = row.sort is Sort.LEFT and job.eta is not None
        return words.time_left(job.eta) if left else f"{int(job.percent)} %"
    return ending(job)[-1] if job.status.ended else job.word


def _time(row: Row) -> str:
    """The time left of a running job, or that no engine runs it; "" for one that has ended or
    waits."""
    job = row.job
    if row.alone:
        return _NO_ENGINE
    if job.view_status is JobStatus.PAUSED:
        return job.word
    if job.status is not JobStatus.RUNNING:
        return ""
    return "no estimate" if job.eta is None else f"{words.time_left(job.eta)} left"


def _took(job: Job) -> str:
    """How long an ended job took; "" for others."""
    seconds = words.active_s(job) if job.status.ended else 0.0
    return words.took(seconds) if seconds else ""
