"""The five stages: a row each, which opens to its items, numbers, warnings, errors and log."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar

from msgspec.structs import replace
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message

from aura_tui.model.stages import Stage
from aura_tui.model.status import StepStatus
from aura_tui.ui.keys import bindings
from aura_tui.ui.widgets.line_widget import LineWidget
from aura_tui.ui.widgets.stage_lines import Room, lines

if TYPE_CHECKING:
    from datetime import datetime

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from aura_tui.model.job import Step
    from aura_tui.ui.state.run import RunState
    from aura_tui.ui.theme.glyphs import Glyphs

_NUMBERS_STAND = timedelta(seconds=0.5)  # of a running stage; faster changes can't be read


class StageRow(LineWidget, can_focus=True):
    """One stage. Enter, space or a click opens or closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [bindings.STAGES[2]]

    class Toggled(Message):
        """The person opened or closed ``stage``."""

        def __init__(self, stage: Stage) -> None:
            super().__init__()
            self.stage = stage

    class Resized(Message):
        """The row of ``stage`` changed its size."""

        def __init__(self, stage: Stage) -> None:
            super().__init__()
            self.stage = stage

    def __init__(self, stage: Stage) -> None:
        super().__init__(id=f"stage-{stage.phase}")
        self.stage = stage
        self._drawn: tuple[object, ...] = ()  # input of the lines, if the stage isn't moving
        self._of: RunState | None = None
        self._read: Step | None = None  # the step whose numbers show
        self._read_until: datetime | None = None

    def on_resize(self) -> None:
        super().on_resize()
        self.post_message(self.Resized(self.stage))

    def action_open(self) -> None:
        self.post_message(self.Toggled(self.stage))

    def on_click(self) -> None:
        self.post_message(self.Toggled(self.stage))

    def show(self, state: RunState, now: datetime, glyphs: Glyphs) -> None:
        """Draw this stage of ``state`` as of ``now``."""
        width = self.size.width
        if not width:
            return
        if state.job is None or state.partial:  # no stages, or not known yet
            self._drawn = ()
            self.paint([Content("")], glyphs)
            return
        if state is not self._of:
            self._of, self._read = state, None
        step = state.job.step(self.stage)
        room = Room.of(width, self.screen.size.height)
        if step.status is not StepStatus.STARTED:
            told = (state, state.typical, state.logged, state.job.status, state.opened(step))
            drawn = (step, room, glyphs, self.has_focus, *told)
            if drawn == self._drawn:
                return  # most rows most of the time: nothing changed
            self._drawn = drawn
        else:
            self._drawn = ()
        step = self.readable(step, now)
        self.paint(lines(state, state.job, step, now, room, glyphs, self.has_focus), glyphs)

    def readable(self, step: Step, now: datetime) -> Step:
        """``step`` with numbers that stay long enough to be read."""
        read = self._read
        if (
            read is not None
            and self._read_until is not None
            and now < self._read_until
            and step.status is StepStatus.STARTED
            and read.metrics is not None
        ):
            same = step.item == read.item and step.message == read.message
            detail = read.detail if same else step.detail
            return replace(step, metrics=read.metrics, detail=detail)
        self._read = step
        self._read_until = now + _NUMBERS_STAND
        return step


class StageList(VerticalScroll, can_focus=False):
    """The rows of the stages. Up and down move between them."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.STAGES[:2]]

    def __init__(self) -> None:
        super().__init__()
        self._at: tuple[RunState | None, Stage | None] = (None, None)
        self._ended = False
        self.rows = [StageRow(stage) for stage in Stage]

    def compose(self) -> ComposeResult:
        yield from self.rows

    def show(self, state: RunState, now: datetime, glyphs: Glyphs) -> None:
        """Draw all stages of ``state`` as of ``now``, and scroll to the running one."""
        for row in self.rows:
            row.show(state, now, glyphs)
        stage = state.job.stage if state.job is not None else None
        self._ended = state.ended
        if (state, stage) != self._at:
            self._at = (state, stage)
            self._reveal()

    def on_stage_row_resized(self, message: StageRow.Resized) -> None:
        """Keep the running stage visible as it grows."""
        message.stop()
        if message.stage is self._at[1]:
            self._reveal()

    def on_resize(self) -> None:
        """Keep the last stage visible when the result panel takes room."""
        if self._ended:
            self._reveal()

    def _reveal(self) -> None:
        _, stage = self._at
        focused = any(row is self.screen.focused for row in self.rows)
        if stage is not None and not (self._ended and focused):
            self.call_after_refresh(self.rows[stage.position].scroll_visible, animate=False)

    def action_move(self, by: int) -> None:
        """Focus the row ``by`` rows further down."""
        # The screen knows at once; `has_focus` follows an event later, too late for key repeat.
        focused = self.screen.focused
        at = next((i for i, row in enumerate(self.rows) if row is focused), None)
        to = 0 if at is None else max(0, min(len(self.rows) - 1, at + by))
        self.screen.set_focus(self.rows[to])
