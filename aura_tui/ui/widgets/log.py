"""The log pane: the newest lines, wrapped, at its end until the person scrolls away from it."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from aura_tui.model.text import clean
from aura_tui.ui import bindings
from aura_tui.ui.glyphs import UNICODE
from aura_tui.ui.theme import FAINT
from aura_tui.ui.widgets.painted import Painted

if TYPE_CHECKING:
    from textual import events
    from textual.binding import BindingType
    from textual.selection import Selection

    from aura_tui.ui.glyphs import Glyphs
    from aura_tui.ui.state import LogLine, RunState

_NARROW = 60
_MAX_ROWS_A_LINE = 40


class LogView(ScrollView, can_focus=True):
    """Draws the rows in sight alone, so that a flood of lines costs no more than a trickle."""

    ALLOW_SELECT = True
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.LOG]

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self.border_title = "Log"
        self._glyphs = UNICODE
        self._rows: list[_Row] = []
        self._heights: deque[int] = deque()  # rows of each line, oldest first
        self._taken = 0  # lines ever taken over from the state
        self._width = 0
        self._follows = True

    def show(self, state: RunState, glyphs: Glyphs) -> None:
        """Take over the lines that came since the last time."""
        self._glyphs = glyphs
        width = self.size.width
        if not width:
            return
        if width != self._width:
            self._width = width
            self._rows.clear()
            self._heights.clear()
            self._taken = state.logged - len(state.log)
        elif state.logged == self._taken:
            return
        fresh = min(state.logged - self._taken, len(state.log))
        for line in islice(state.log, len(state.log) - fresh, None):
            rows = _rows(line, width, glyphs)
            self._rows += rows
            self._heights.append(len(rows))
        self._taken = state.logged
        lost = sum(self._heights.popleft() for _ in range(len(self._heights) - len(state.log)))
        del self._rows[:lost]
        self.virtual_size = Size(width, len(self._rows))
        if self._follows:
            self._to_end()
        elif lost:
            self.scroll_to(y=max(0, self.scroll_offset.y - lost), animate=False, immediate=True)
        self.refresh()

    def _to_end(self) -> None:
        self.scroll_to(y=self.max_scroll_y, animate=False, immediate=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        self._follows = round(new_value) >= self.max_scroll_y
        self.border_title = "Log" if self._follows else "Log, scrolled: end follows again"

    def on_resize(self, event: events.Resize) -> None:
        if self._follows:
            self._to_end()
        self.post_message(Painted.Stale())  # a scrollbar came or went: wrap anew

    def action_scroll_end(self) -> None:
        self._to_end()

    def render_line(self, y: int) -> Strip:
        at = self.scroll_offset.y + y
        width = self.size.width
        if at >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row = self._rows[at].draw(width, self._glyphs)
        selection = self.text_selection
        span = selection.get_span(at) if selection is not None else None
        if span is not None:
            start, end = span
            style = self.screen.get_visual_style("screen--selection")
            row = row.stylize(style, start, len(row) if end == -1 else end)
        strips = Visual.to_strips(
            self, row, width, 1, self.visual_style, apply_selection=False, pad=True
        )
        return strips[0].apply_offsets(0, at) if strips else Strip.blank(width, self.rich_style)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        rows = (row.draw(self._width, self._glyphs).plain for row in self._rows)
        return selection.extract("\n".join(rows)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()


class _Row(NamedTuple):
    """A row of the pane: a part of a line's text. Made for every line, drawn only in sight."""

    line: LogLine
    text: str
    first: bool

    def draw(self, width: int, glyphs: Glyphs) -> Content:
        head, mark = _head(self.line, width, glyphs)
        style = _STYLES[self.line.severity]
        if self.first:
            lead = Content.assemble((head, FAINT), (mark, style))
        else:
            lead = Content(" " * (_indent(head, width) + len(mark)))
        return lead + Content.styled(self.text, style)


_STYLES = {"info": "", "warning": "$warning", "error": "$error"}


def _head(line: LogLine, width: int, glyphs: Glyphs) -> tuple[str, str]:
    """What stands before the text: when and where, and the mark that tells the severity."""
    marks = {"info": "", "warning": f"{glyphs.warning} ", "error": f"{glyphs.failed} "}
    if width < _NARROW:
        return f"{line.source}: " if line.source else "", marks[line.severity]
    return f"{line.at.astimezone():%H:%M:%S}  {line.source:<12} ", marks[line.severity]


def _indent(head: str, width: int) -> int:
    return len(head) if width >= _NARROW else 2


def _rows(line: LogLine, width: int, glyphs: Glyphs) -> list[_Row]:
    """``line`` wrapped."""
    rows: list[_Row] = []
    head, mark = _head(line, width, glyphs)
    room = max(8, width - len(head) - len(mark))
    for text in glyphs.spell(clean(line.text, 4000)).expandtabs(4).splitlines() or [""]:
        parts = [text]
        if len(text) > room or not text.isascii():
            parts = [part.plain for part in Content(text).wrap(room)] or [""]
        rows += [_Row(line, part.rstrip(), not rows and not i) for i, part in enumerate(parts)]
    return rows[:_MAX_ROWS_A_LINE]
