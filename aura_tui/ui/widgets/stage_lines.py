"""Draws a stage as lines: its row, and its details when open."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from aura_tui.format import words
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text.plural import counted
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.state.row_budget import STAGES
from aura_tui.ui.state.timeline import is_slow, taken_s, usual_s
from aura_tui.ui.theme.colours import FAINT, MUTED
from aura_tui.ui.widgets.bar import bar

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from aura_tui.model.job import Job, Step
    from aura_tui.ui.state.items import Item
    from aura_tui.ui.state.run import RunState
    from aura_tui.ui.theme.glyphs import Glyphs

STEP_STYLE = {
    StepStatus.PENDING: FAINT,
    StepStatus.STARTED: "$primary",
    StepStatus.COMPLETED: "$success",
    StepStatus.REUSED: "$secondary",
    StepStatus.SKIPPED: MUTED,
    StepStatus.FAILED: "$error",
    StepStatus.CANCELLED: "$warning",
}
# Widths of the pane: below NARROW, only the details show the current item.
_NARROW = 62
_WIDE = 98  # from here on, a row also tells what its stage has made
_INDENT = " " * 5
_BAR = (8, 60)  # minimum and maximum cells; a longer bar adds nothing
_BESIDE = 46  # cells of a row without its bar
_MAX_NOTES = 5  # of warnings, and of errors: the newest
_LEAST_ITEMS = 2  # lines: an item, and how many are hidden


class Room(NamedTuple):
    """The space of a stage: cells across, and rows for all of it."""

    width: int
    rows: int


def wanted_rows(state: RunState) -> int:
    """How many rows the stages have with all that they list. A note counts as one row, though it
    may wrap."""
    job = state.job
    if job is None or state.partial:
        return STAGES
    rows = STAGES
    for step in job.steps:
        if not state.opened(step):
            continue
        rows += len(step.warnings[-_MAX_NOTES:]) + 2 * len(step.errors[-_MAX_NOTES:])
        count = state.items[step.stage].count(open_end=_at_work(state, step))
        rows += 1 + count if count > 1 else 2
    return rows


def lines(
    state: RunState,
    job: Job,
    step: Step,
    now: datetime,
    room: Room,
    glyphs: Glyphs,
    focused: bool,
    follow_key: str = "",
) -> Iterator[Content]:
    """The stage's row, then its details if it is open. ``follow_key``: the key that goes back to
    the running items."""
    cursor = Content.styled(f"{glyphs.cursor if focused else ' '} ", "bold $accent")
    times = (taken_s(state, step, now), usual_s(state, step.stage))
    stage = _Stage(state, job, step, *times, glyphs, follow_key)
    yield cursor + stage.row(room.width)
    if state.opened(step):
        yield from stage.details(room)


def _at_work(state: RunState, step: Step) -> bool:
    return step.status is StepStatus.STARTED and not state.ended


class _Stage(NamedTuple):
    """One stage with its data; each method draws a part of its lines."""

    state: RunState
    job: Job
    step: Step
    taken_s: float | None
    usual_s: float | None
    glyphs: Glyphs
    follow_key: str

    @property
    def slow(self) -> bool:
        timed = self.step.status in (StepStatus.STARTED, StepStatus.COMPLETED)
        return timed and is_slow(self.taken_s, self.usual_s)

    def row(self, pane: int) -> Content:
        """The row right of the cursor, in a pane of ``pane`` cells.

        Columns have fixed widths, so that nothing moves while numbers change. The parts that
        change most are on the left: the terminal gets a line up to its last change.
        """
        step, glyphs, width = self.step, self.glyphs, pane - 2
        paused = self.job.view_status is JobStatus.PAUSED and step.status is StepStatus.STARTED
        style = "$warning" if paused else STEP_STYLE[step.status]
        quiet = step.status is StepStatus.PENDING
        name = Content.styled(f" {step.stage.title:<12}", style if quiet else "")
        mark = Content.styled(glyphs.step(step.status, paused=paused), style)
        word = words.step_word(step, self.job)
        percent = words.percent(step.percent)
        time = f"{'' if self.taken_s is None else words.duration(self.taken_s):>7}"
        if pane < _NARROW:
            told = percent if step.status is StepStatus.STARTED and not paused else ""
            told = told or word
            slow = f"{told} {glyphs.warning}" if self.slow else told
            columns = Content.assemble((f"{slow:<9}", self._style(style)), (time, MUTED), " ")
            row = mark + name + columns
            return row + bar(step.percent or 0.0, max(1, width - row.cell_length), glyphs, style)
        least, most = _BAR
        row = Content.assemble(
            mark,
            name,
            f"{'' if quiet or step.status.done else percent:>5}",
            (time, MUTED),
            "  ",
            bar(step.percent or 0.0, max(least, min(most, (width - _BESIDE) // 2)), glyphs, style),
            (f"  {self._word(word):<12}", self._style(style)),
        )
        room = max(1, width - row.cell_length)
        rest = self._at(pane)
        if step.status is StepStatus.STARTED and len(rest) > room:
            rest = words.short_item(step)
        return row + Content.styled(rest, MUTED).truncate(room, ellipsis=True)

    def _word(self, word: str) -> str:
        """The state in a word; "slow" replaces "running", which sign and percentage show anyway."""
        if not self.slow:
            return word
        slow = f"{self.glyphs.warning} slow"
        return slow if word == "running" else f"{word} {slow}" if word == "done" else word

    def _style(self, style: str) -> str:
        return "$warning" if self.slow else style

    def _at(self, pane: int) -> str:
        """The current item; for a finished stage, what a closed row shouldn't hide."""
        step, dot = self.step, f" {self.glyphs.dot} "
        if step.status is StepStatus.STARTED:
            return words.item(step)
        parts = []
        if step.errors and not self.state.ended:
            parts.append(clean_line(step.errors[-1].code, 12) or "error")
        if step.warnings:
            parts.append(f"{self.glyphs.warning} {counted(len(step.warnings), 'warning')}")
        if pane >= _WIDE and step.status is StepStatus.COMPLETED:
            parts.append(dot.join(words.totals(step.metrics)))
        return "  ".join(part for part in parts if part)

    def details(self, room: Room) -> Iterator[Content]:
        """What the stage does and measures, its warnings and errors, and its items."""
        step, glyphs, width = self.step, self.glyphs, room.width
        inner = max(10, width - 6)
        notes = [*self._notes(inner)]
        items = self._items(max(_LEAST_ITEMS, room.rows - 2 - len(notes)))
        usual = f"usual {words.usual(self.usual_s)}" if self.usual_s is not None else ""
        numbers = words.metrics(step.metrics, usual)
        if items:  # they name those at work
            if width < _NARROW:
                numbers.insert(0, words.item(step))
            numbers.append(words.message(step))
        else:
            said = words.current(step) if width < _NARROW else words.activity(step)
            yield _quiet(said or _nothing(step), inner)
        yield _quiet(_fitting(numbers, f" {glyphs.dot} ", inner), inner)
        yield from notes
        for content in items:
            yield Content(_INDENT) + content.truncate(inner, ellipsis=True)

    def _notes(self, room: int) -> Iterator[Content]:
        glyphs = self.glyphs
        for warning in self.step.warnings[-_MAX_NOTES:]:
            yield from _note(warning, glyphs.warning, "$warning", room)
        for problem in self.step.errors[-_MAX_NOTES:]:
            text = " ".join(part for part in (problem.code, problem.message) if part)
            yield from _note(text, glyphs.failed, "$error", room)
            if problem.remediation:
                yield from _note(problem.remediation, glyphs.arrow, "$foreground", room)

    def _items(self, room: int) -> list[Content]:
        """The items around the current one; the number of lines is the same from the start."""
        at_work = _at_work(self.state, self.step)
        items = self.state.items[self.step.stage]
        window = items.window(room, open_end=at_work)
        if items.count(open_end=at_work) < 2:
            return []
        if window.earlier or window.between or window.later:  # the last line counts the hidden ones
            window = items.window(room - 1, open_end=at_work)
        active = items.active if at_work else frozenset()
        digits = len(str(window.items[-1].number))
        found = [self._item(item, item.number in active, digits) for item in window.items]
        more = []
        if window.earlier:
            more.append(f"{window.earlier} above")
        if window.between:
            more.append(f"{window.between} hidden")
        if window.later:
            more.append(f"{window.later} {'below' if items.paged or not at_work else 'left'}")
        if more:
            text = ", ".join(more)
            if items.paged and self.follow_key:
                text += f" ({self.follow_key}: follow)"
            found.append(Content.styled(f"{'':>{digits + 14}}{text}", FAINT))
        return found

    def _item(self, item: Item, current: bool, digits: int) -> Content:
        """An item: its number, the time of its first report, and the report."""
        paused = self.job.view_status is JobStatus.PAUSED
        sign = self.glyphs.step(self.step.status, paused=paused) if current else " "
        head = Content.assemble(
            (f"{sign} ", "$warning" if paused else "$primary"), (f"{item.number:>{digits}}", MUTED)
        )
        if item.at_s is None:
            return head + Content.styled(f"  {self.glyphs.track:>8}", FAINT)
        began = f"at {words.duration(item.at_s)}"  # a time of the stage's clock, not a duration
        time = Content.styled(f"  {began:>8}  ", FAINT)
        return head + time + Content.styled(item.text, "" if current else MUTED)


def _nothing(step: Step) -> str:
    return {
        StepStatus.PENDING: "not started",
        StepStatus.REUSED: "reused from an earlier job",
        StepStatus.SKIPPED: "skipped; nothing to do",
    }.get(step.status, "")


def _fitting(parts: list[str], dot: str, room: int) -> str:
    """``parts`` joined; parts after the first only if they fit whole."""
    text = "".join(parts[:1])
    for part in parts[1:]:
        if part and len(text) + len(dot) + len(part) <= room:
            text += dot + part
    return text


def _quiet(text: str, room: int) -> Content:
    return Content.styled(_INDENT + text, MUTED).truncate(room + len(_INDENT), ellipsis=True)


def _note(text: str, mark: str, style: str, room: int) -> Iterable[Content]:
    """``text`` wrapped beside its mark, which shows the kind without colour."""
    wrapped = Content(clean_line(text, 2000)).wrap(room - len(mark) - 1)
    for i, line in enumerate(wrapped or [Content("")]):
        head = f"{mark} " if not i else " " * (len(mark) + 1)
        yield Content.styled(_INDENT + head + line.plain, style)
