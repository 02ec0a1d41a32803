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
from aura_tui.ui.keys.names import SHIPPED
from aura_tui.ui.widgets.line_widget import LineWidget
from aura_tui.ui.widgets.stage_lines import Room, lines

if TYPE_CHECKING:
    from datetime import datetime

    from textual.app import ComposeResult
    from textual.binding import BindingType

    from aura_tui.model.job import Step
    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.state.items import Items
    from aura_tui.ui.state.run import RunState
    from aura_tui.ui.theme.glyphs import Glyphs

_LEAST = 6  # rows of an open stage: its own, what it says, and three of its items
_NUMBERS_STAND = timedelta(seconds=0.5)  # of a running stage; faster changes can't be read


class StageRow(LineWidget, can_focus=True):
    """One stage. Enter, space or a click opens or closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.STAGES[2:]]

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

    def __init__(self, stage: Stage, follow_key: str = "") -> None:
        super().__init__(id=f"stage-{stage.phase}")
        self.stage = stage
        self._follow_key = follow_key
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

    @property
    def _items(self) -> Items | None:
        return self._of.items[self.stage] if self._of is not None else None

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "follow":
            return self._items is not None and self._items.paged
        return action == "open" or len(self.lines) > 1  # a closed one lists nothing

    def action_page(self, by: int) -> None:
        """Page through the items."""
        if self._items is not None:
            self._items.page(by)
            self._paged()

    def action_first(self) -> None:
        self._show_from(1)

    def action_follow(self) -> None:
        self._show_from(None)

    def _show_from(self, first: int | None) -> None:
        if self._items is not None:
            self._items.show_from(first)
            self._paged()

    def _paged(self) -> None:
        self._drawn = ()
        self.post_message(self.RepaintRequested())
        self.refresh_bindings()

    def show(self, state: RunState, now: datetime, glyphs: Glyphs, rows: int) -> None:
        """Draw this stage of ``state`` as of ``now``, in ``rows`` rows if it can."""
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
        room = Room(width, rows)
        if step.status is not StepStatus.STARTED:
            told = (state, state.typical, state.logged, state.job.status, state.opened(step))
            drawn = (step, room, glyphs, self.has_focus, *told)
            if drawn == self._drawn:
                return  # most rows most of the time: nothing changed
            self._drawn = drawn
        else:
            self._drawn = ()
        step = self.readable(step, now)
        key = self._follow_key
        self.paint(lines(state, state.job, step, now, room, glyphs, self.has_focus, key), glyphs)

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

    def __init__(self, key_names: KeyNames = SHIPPED) -> None:
        super().__init__()
        self._at: tuple[RunState | None, Stage | None] = (None, None)
        self._toggled: Stage | None = None
        self._ended = False
        self.room = 0  # rows that the layout gives it
        follow_key = key_names.of("stages.follow")
        self.rows = [StageRow(stage, follow_key) for stage in Stage]

    def compose(self) -> ComposeResult:
        yield from self.rows

    def show(self, state: RunState, now: datetime, glyphs: Glyphs) -> None:
        """Draw all stages of ``state`` as of ``now``, and scroll to the running one."""
        running = state.job.stage if state.job is not None and not state.ended else None
        # The running one gets the rows that the others leave.
        rows = sorted(self.rows, key=lambda row: row.stage is running)
        open_ = {row for row in rows if self._is_open(state, row)}
        left, wait = self.room - len(rows) + len(open_), len(open_)
        for row in rows:
            share = max(left // wait, min(self.room, _LEAST)) if row in open_ else 1
            row.show(state, now, glyphs, share)
            if row in open_:
                left, wait = left - len(row.lines), wait - 1
        stage = state.job.stage if state.job is not None else None
        self._ended = state.ended
        if (state, stage) != self._at:
            self._at = (state, stage)
            self._toggled = None
            self._reveal()

    @staticmethod
    def _is_open(state: RunState, row: StageRow) -> bool:
        return state.job is not None and state.opened(state.job.step(row.stage))

    def on_stage_row_toggled(self, message: StageRow.Toggled) -> None:
        """Show what was opened, once it has its rows; the app opens it."""
        self._toggled = message.stage

    def on_stage_row_resized(self, message: StageRow.Resized) -> None:
        """Keep the stage in sight that was opened, or else the running one, as it grows."""
        message.stop()
        if message.stage in (self._at[1], self._toggled):
            self._reveal()

    def on_resize(self) -> None:
        """Keep the last stage visible when the result panel takes room."""
        if self._ended:
            self._reveal()

    def _reveal(self) -> None:
        stage = self._at[1]
        if any(row is self.screen.focused for row in self.rows) and (self._ended or self._toggled):
            stage = self._toggled
        if stage is not None:
            self.call_after_refresh(self._bring, self.rows[stage.position])

    def _bring(self, row: StageRow) -> None:
        if row.size.height >= self.size.height:  # its first line matters
            self.scroll_to(y=row.virtual_region.y, animate=False)
        else:
            row.scroll_visible(animate=False)

    def action_move(self, by: int) -> None:
        """Focus the row ``by`` rows further down."""
        # The screen knows at once; `has_focus` follows an event later, too late for key repeat.
        focused = self.screen.focused
        at = next((i for i, row in enumerate(self.rows) if row is focused), None)
        to = 0 if at is None else max(0, min(len(self.rows) - 1, at + by))
        self.screen.set_focus(self.rows[to])
