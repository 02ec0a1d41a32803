"""The jobs pane: a summary, a filter, and the list."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input

from aura_tui.format import words
from aura_tui.model.job import INTERRUPTED
from aura_tui.model.status import JobStatus
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.keys import bindings
from aura_tui.ui.keys.names import SHIPPED
from aura_tui.ui.state.choices import MAX_FILTER
from aura_tui.ui.state.context import COUNTED
from aura_tui.ui.state.job_order import Sort
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.theme.glyphs import UNICODE
from aura_tui.ui.widgets.header import STATUS_STYLE
from aura_tui.ui.widgets.job_list import JobList
from aura_tui.ui.widgets.job_rows import column_at, header
from aura_tui.ui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.events import Click

    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.state.job_order import Column
    from aura_tui.ui.state.jobs import JobsState
    from aura_tui.ui.theme.glyphs import Glyphs

_WORDS = {  # of the summary, in its order
    JobStatus.RUNNING: "running",
    JobStatus.PAUSED: "paused",
    JobStatus.QUEUED: "queued",
    JobStatus.FAILED: "failed",
    JobStatus.SUCCEEDED: "done",
    JobStatus.CANCELED: "cancelled",
}


class JobsPane(Vertical):
    """Summary, filter and job list. Of the state it changes only cursor, marks and filter."""

    def __init__(
        self, *, id: str | None = None, can_make: bool = True, key_names: KeyNames = SHIPPED
    ) -> None:
        """``can_make``: whether a key creates jobs here, for the text of an empty list."""
        super().__init__(id=id)
        self._state: JobsState | None = None
        self._glyphs = UNICODE
        self._absent = False
        self._context_above = False
        self._summary = LineWidget(id="jobs-summary")
        self._filter = FilterInput()
        self._matches = LineWidget(id="jobs-matches")
        self._problem = LineWidget(id="jobs-problem")
        self._header = ListHeader(self._sort_by)
        self.rows = JobList(self._ask_filter, can_make=can_make, key_names=key_names)

    def compose(self) -> ComposeResult:
        yield self._summary
        with Horizontal(id="jobs-filter"):
            yield Slash(id="jobs-slash")
            yield self._filter
            yield self._matches
        yield self._problem
        yield self._header
        yield self.rows

    def show(
        self,
        state: JobsState,
        now: datetime,
        glyphs: Glyphs,
        *,
        absent: bool = False,
        context_above: bool = False,
    ) -> None:
        """Draw ``state`` as of ``now``; keys act on it from now on. ``absent``: no engine is
        running. ``context_above``: the context line shows that, and what it counts."""
        state.advance(now)
        self._state, self._glyphs, self._absent = state, glyphs, absent
        self._context_above = context_above
        self.rows.show(state, now, glyphs, absent=absent)
        self._paint_head()

    def next_change_s(self, now: datetime) -> float | None:
        """Seconds until time alone changes the view; None: never."""
        if self._state is None:
            return None
        due = (self.rows.next_change_s(now), self._state.next_change_s(now))
        return min((seconds for seconds in due if seconds is not None), default=None)

    def focus(self, scroll_visible: bool = True) -> JobsPane:
        """Focus the list."""
        self.rows.focus(scroll_visible)
        return self

    def _paint_head(self) -> None:
        state = self._state
        if state is None:
            return
        width = self._summary.size.width
        told = summary(
            state, width, self._glyphs, absent=self._absent, context_above=self._context_above
        )
        self._summary.paint([told], self._glyphs)
        self._header.show(state.sort, self._glyphs)
        self.set_class(state.sort is not Sort.STATUS, "-sorted")
        if self.has_class("-filtering"):
            matches = f"  {len(state.visible):,} of {state.rows:,}"
            self._matches.paint([Content.styled(matches, MUTED)], self._glyphs)
        problem = state.filter.problem
        self.set_class(bool(problem), "-problem")
        text = f"{self._glyphs.warning} {clean_line(problem, 200)}" if problem else ""
        width = max(1, self._problem.size.width or MAX_FILTER)
        lines = Content.styled(text, "$warning").wrap(width)
        self._problem.paint(lines[:3], self._glyphs)

    def on_line_widget_repaint_requested(self, message: LineWidget.RepaintRequested) -> None:
        message.stop()
        self._paint_head()

    def on_job_list_repaint_requested(self) -> None:
        self._paint_head()

    def _sort_by(self, column: Column) -> None:
        """Sort by a column; by the next order of it if that is done already."""
        if self._state is None:
            return
        orders = [sort for sort in Sort if sort.column is column]
        at = orders.index(self._state.sort) + 1 if self._state.sort in orders else 0
        self.rows.set_sort(orders[at % len(orders)])

    # The filter

    def _ask_filter(self) -> None:
        """Open the filter input."""
        if self._state is None:
            return
        self._filter.value = self._state.filter.text
        self._filter.cursor_position = len(self._filter.value)
        self.add_class("-filtering")
        self._paint_head()
        self.screen.set_focus(self._filter)  # at once: the next key may be here already

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        if self.has_class("-filtering"):
            self.rows.set_filter(message.value)

    def on_input_submitted(self, message: Input.Submitted) -> None:
        message.stop()
        self.rows.set_filter(message.value)
        self._leave_filter()

    def on_filter_input_left(self, message: FilterInput.Left) -> None:
        message.stop()
        self.rows.set_filter("")
        self._leave_filter()

    def on_filter_input_moved(self, message: FilterInput.Moved) -> None:
        message.stop()
        self.rows.action_move(message.by)

    def _leave_filter(self) -> None:
        self.remove_class("-filtering")
        self.rows.focus()


class ListHeader(LineWidget):
    """The names of the list's columns; a click on one sorts by it."""

    ALLOW_SELECT = False

    def __init__(self, sort_by: Callable[[Column], None]) -> None:
        super().__init__(id="jobs-header")
        self._sort_by = sort_by
        self._shown: tuple[Sort, Glyphs] = (Sort.STATUS, UNICODE)

    def show(self, sort: Sort, glyphs: Glyphs) -> None:
        """Draw the header of a list in the order ``sort``."""
        self._shown = (sort, glyphs)
        if self.content_size.width:
            self.paint([header(sort, self.content_size.width, glyphs)], glyphs)

    def on_click(self, event: Click) -> None:
        at = event.get_content_offset(self)
        sort, glyphs = self._shown
        column = column_at(at.x, sort, self.content_size.width, glyphs) if at is not None else None
        if column is not None:
            self._sort_by(column)


class Slash(LineWidget):
    """The sign before the filter."""

    def on_mount(self) -> None:
        self.paint([Content.styled("/", "bold $accent")], UNICODE)


class FilterInput(Input):
    """The filter input. Enter keeps the filter, escape clears it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.FILTER]

    class Left(Message):
        """The person cleared the filter."""

    class Moved(Message):
        """The person moved the cursor while typing."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    def __init__(self) -> None:
        super().__init__(
            placeholder="text, status:failed, age:<2h",
            max_length=MAX_FILTER,
            select_on_focus=False,
            compact=True,
        )

    def action_leave(self) -> None:
        self.post_message(self.Left())

    def action_move(self, by: int) -> None:
        self.post_message(self.Moved(by))


def summary(
    state: JobsState,
    width: int,
    glyphs: Glyphs,
    *,
    absent: bool = False,
    context_above: bool = False,
) -> Content:
    """One line: job counts by status, whether no engine is running (``absent``), marks and filter.
    In words if they fit, else with the signs of the rows. What the context line shows is left
    out (``context_above``)."""
    counts = [(status, word, state.counts[status]) for status, word in _WORDS.items()]
    counts = [(status, word, count) for status, word, count in counts if count]
    notes = list(_notes(state))
    if context_above:
        counts = [each for each in counts if each[0] not in COUNTED]
    elif absent and any(not status.ended for status, _, _ in counts):
        notes.insert(0, Content.styled(f"{glyphs.warning} no engine", "$warning"))
    if state.interrupted and not context_above:
        notes.insert(0, Content.styled(f"{state.interrupted:,} {INTERRUPTED}", "$warning"))
    spelt = [Content.styled(f"{count:,} {word}", STATUS_STYLE[s]) for s, word, count in counts]
    short = [
        Content.styled(f"{glyphs.job(status)} {count:,}", STATUS_STYLE[status])
        for status, _, count in counts
    ]
    gap = Content("  ")
    line = gap.join([*spelt, *notes])
    if line.cell_length > width:
        line = gap.join([*short, *notes])
    return line.truncate(width, ellipsis=True)


def _notes(state: JobsState) -> Iterator[Content]:
    if state.following:
        yield Content.styled("following", "bold $accent")
    if state.marked:
        hidden = state.marked_hidden
        more = f", {hidden} hidden" if hidden else ""
        yield Content.styled(f"{len(state.marked)} marked{more}", "bold $accent")
    if state.filter.text:
        yield Content.styled(f"filter: {clean_line(state.filter.text, MAX_FILTER)}", "$accent")
    if state.polled_s is not None:
        every = words.lasting(state.polled_s)
        yield Content.styled(f"updated every {every}", MUTED)
    if state.loading and len(state):
        yield Content.styled("loading\u2026", MUTED)
