"""The five stages: a row each, which opens to its numbers, warnings and errors."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.model.text import clean_line
from aura_tui.ui import bindings, phrases
from aura_tui.ui.state import Opened
from aura_tui.ui.theme import FAINT, MUTED
from aura_tui.ui.widgets.bar import bar
from aura_tui.ui.widgets.painted import Painted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from datetime import datetime

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from aura_tui.model.events import Metrics
    from aura_tui.model.job import Job, Step
    from aura_tui.ui.glyphs import Glyphs
    from aura_tui.ui.state import RunState

STEP_STYLE = {
    StepStatus.PENDING: FAINT,
    StepStatus.STARTED: "$primary",
    StepStatus.COMPLETED: "$success",
    StepStatus.REUSED: "$secondary",
    StepStatus.SKIPPED: MUTED,
    StepStatus.FAILED: "$error",
    StepStatus.CANCELLED: "$warning",
}
_NARROW = 60
_INDENT = " " * 5
_NUMBERS_STAND = timedelta(seconds=0.5)  # of a stage at work; faster, nobody reads them
_MAX_NOTES = 5  # of warnings, and of errors: the newest


class StageRow(Painted, can_focus=True):
    """One stage. Enter, space or a click asks to open or close it."""

    BINDINGS: ClassVar[list[BindingType]] = [bindings.STAGES[2]]

    class Toggled(Message):
        """The person wants ``stage`` opened or closed."""

        def __init__(self, stage: Stage) -> None:
            super().__init__()
            self.stage = stage

    def __init__(self, stage: Stage) -> None:
        super().__init__(id=f"stage-{stage.phase}")
        self.stage = stage
        self._numbers: Metrics | None = None
        self._numbers_until: datetime | None = None

    def action_open(self) -> None:
        self.post_message(self.Toggled(self.stage))

    def on_click(self) -> None:
        self.post_message(self.Toggled(self.stage))

    def show(self, state: RunState, now: datetime, glyphs: Glyphs) -> None:
        """Draw this stage of ``state`` as of ``now``."""
        width = self.size.width
        if not width:
            return
        if state.job is None:
            waiting = f"  {glyphs.waiting} {self.stage.title}"
            self.paint([Content.styled(waiting, FAINT)], glyphs)
            return
        step = self._readable(state.job.step(self.stage), now)
        self.paint(lines(state, state.job, step, now, width, glyphs, self.has_focus), glyphs)

    def _readable(self, step: Step, now: datetime) -> Step:
        """``step`` with numbers that stand long enough to be read."""
        if step.status is StepStatus.STARTED and step.metrics is not None:
            if self._numbers_until is not None and now < self._numbers_until:
                return replace(step, metrics=self._numbers)
            self._numbers_until = now + _NUMBERS_STAND
        self._numbers = step.metrics
        return step


class StageList(VerticalScroll, can_focus=False):
    """The rows. Up and down move between them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.STAGES[:2]]

    def __init__(self) -> None:
        super().__init__()
        self._at: Stage | None = None
        self._rows = [StageRow(stage) for stage in Stage]

    def compose(self) -> ComposeResult:
        yield from self._rows

    def show(self, state: RunState, now: datetime, glyphs: Glyphs) -> None:
        """Draw all stages of ``state`` as of ``now``; the one at work comes into sight."""
        for row in self._rows:
            row.show(state, now, glyphs)
            if state.job is not None and row.stage is state.job.stage is not self._at:
                self.call_after_refresh(row.scroll_visible, animate=False)
        self._at = state.job.stage if state.job is not None else None

    def action_move(self, by: int) -> None:
        """Focus the row ``by`` rows further down."""
        # The screen knows at once; `has_focus` follows an event later, too late for key repeat.
        focused = self.screen.focused
        at = next((i for i, row in enumerate(self._rows) if row is focused), None)
        to = 0 if at is None else max(0, min(len(self._rows) - 1, at + by))
        self.screen.set_focus(self._rows[to])


def lines(
    state: RunState,
    job: Job,
    step: Step,
    now: datetime,
    width: int,
    glyphs: Glyphs,
    focused: bool,
) -> Iterator[Content]:
    """The row, then its details where it is open."""
    cursor = Content.styled(f"{glyphs.cursor if focused else ' '} ", "bold $accent")
    yield cursor + _row(job, step, state.clock.step_s(step, now), width - 2, glyphs)
    opened = state.opened(step)
    if opened is Opened.WHOLE:
        yield from _details(step, width, glyphs)
    elif opened is Opened.BRIEF:
        yield from _brief(step, width, glyphs)


def _row(job: Job, step: Step, taken_s: float | None, width: int, glyphs: Glyphs) -> Content:
    """Columns of fixed width, so that nothing moves while numbers change.

    What changes most stands left: a terminal is sent a line up to its last change.
    """
    paused = job.status is JobStatus.PAUSED and step.status is StepStatus.STARTED
    style = "$warning" if paused else STEP_STYLE[step.status]
    quiet = step.status is StepStatus.PENDING
    name = Content.styled(f" {step.stage.title:<12}", style if quiet else "")
    mark = Content.styled(glyphs.step(step.status, paused=paused), style)
    word = phrases.step_word(step, job)
    percent = f"{int(step.percent):3d} %"
    time = f"{'' if taken_s is None else phrases.duration(taken_s):>7}"
    if width < _NARROW:
        told = percent if step.status is StepStatus.STARTED and not paused else word
        fixed = 1 + 13 + 1 + 9 + 7
        return (
            mark
            + name
            + Content.assemble((f"{told:<9}", style), (time, MUTED), " ")
            + bar(step.percent, max(1, width - fixed), glyphs, style)
        )
    length = max(8, min(40, (width - 44) // 2))
    row = Content.assemble(
        mark,
        name,
        f"{'' if quiet or step.status.done else percent:>5}",
        (time, MUTED),
        "  ",
        bar(step.percent, length, glyphs, style),
        (f"  {word:<11}", style),
    )
    at = phrases.item(step) if step.status is StepStatus.STARTED else _summary(step, glyphs)
    return row + Content.styled(at, MUTED).truncate(max(1, width - row.cell_length), ellipsis=True)


def _summary(step: Step, glyphs: Glyphs) -> str:
    """What a closed row should not hide."""
    parts = []
    if step.errors:
        parts.append(clean_line(step.errors[-1].code, 12) or "error")
    if step.warnings:
        many = "s" if len(step.warnings) > 1 else ""
        parts.append(f"{glyphs.warning} {len(step.warnings)} warning{many}")
    return "  ".join(parts)


def _details(step: Step, width: int, glyphs: Glyphs) -> Iterator[Content]:
    """At least two lines, so that the screen keeps still while a stage has little to tell."""
    room = max(10, width - 6)
    said = phrases.current(step) if width < _NARROW else phrases.doing(step)
    message = said or _nothing(step)
    yield _quiet(message, room)
    numbers = f" {glyphs.dot} ".join(phrases.metrics(step.metrics))
    yield _quiet(numbers, room)
    for warning in step.warnings[-_MAX_NOTES:]:
        yield from _note(warning, glyphs.warning, "$warning", room)
    for problem in step.errors[-_MAX_NOTES:]:
        text = " ".join(part for part in (problem.code, problem.message) if part)
        yield from _note(text, glyphs.failed, "$error", room)
        if problem.remediation:
            yield from _note(problem.remediation, glyphs.arrow, "$foreground", room)


def _brief(step: Step, width: int, glyphs: Glyphs) -> Iterator[Content]:
    for problem in step.errors[-_MAX_NOTES:]:
        text = " ".join((glyphs.failed, clean_line(problem.code), clean_line(problem.message)))
        line = Content.styled(text, "$error").truncate(max(1, width - 6), ellipsis=True)
        yield Content(_INDENT) + line


def _nothing(step: Step) -> str:
    return {
        StepStatus.PENDING: "not started",
        StepStatus.REUSED: "reused: an earlier run had finished it",
        StepStatus.SKIPPED: "skipped: nothing to do",
    }.get(step.status, "")


def _quiet(text: str, room: int) -> Content:
    return Content.styled(_INDENT + text, MUTED).truncate(room + len(_INDENT), ellipsis=True)


def _note(text: str, mark: str, style: str, room: int) -> Iterable[Content]:
    """``text`` wrapped beside its mark, which tells what it is without the colour."""
    wrapped = Content(clean_line(text, 2000)).wrap(room - len(mark) - 1)
    for i, line in enumerate(wrapped or [Content("")]):
        head = f"{mark} " if not i else " " * (len(mark) + 1)
        yield Content.styled(_INDENT + head + line.plain, style)
