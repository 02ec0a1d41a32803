"""The log pane: the newest lines, wrapped, at its end until the person scrolls away from it."""

from __future__ import annotations

from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from aura_tui.model.text import clean
from aura_tui.ui import bindings
from aura_tui.ui.theme import FAINT

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
        self._rows: list[Content] = []
        self._heights: deque[int] = deque()  # rows of each line, oldest first
        self._taken = 0  # lines ever taken over from the state
        self._width = 0
        self._follows = True

    def show(self, state: RunState, glyphs: Glyphs) -> None:
        """Take over the lines that came since the last time."""
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

    def action_scroll_end(self) -> None:
        self._to_end()

    def render_line(self, y: int) -> Strip:
        at = self.scroll_offset.y + y
        width = self.size.width
        if at >= len(self._rows):
            return Strip.blank(width, self.rich_style)
        row = self._rows[at]
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
        return selection.extract("\n".join(row.plain for row in self._rows)), "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()


def _rows(line: LogLine, width: int, glyphs: Glyphs) -> list[Content]:
    """``line`` wrapped, its continuation under its text. The mark tells the severity."""
    mark, style = {
        "info": ("", ""),
        "warning": (f"{glyphs.warning} ", "$warning"),
        "error": (f"{glyphs.failed} ", "$error"),
    }[line.severity]
    head = f"{line.source:<12} " if line.source or width >= _NARROW else ""
    if width >= _NARROW:
        head = f"{line.at.astimezone():%H:%M:%S}  {head}"
    elif line.source:
        head = f"{line.source}: "
    indent = len(head) if width >= _NARROW else 2
    first_room = max(8, width - len(head) - len(mark))
    rows: list[Content] = []
    for text in glyphs.spell(clean(line.text, 4000)).expandtabs(4).splitlines() or [""]:
        wrapped = [text]
        if len(text) > first_room or not text.isascii():
            wrapped = [part.plain for part in Content(text).wrap(first_room)] or [""]
        for part in wrapped:
            lead = (
                Content.assemble((head, FAINT), (mark, style))
                if not rows
                else Content(" " * (indent + len(mark)))
            )
            rows.append(lead + Content.styled(part.rstrip(), style))
            if len(rows) == _MAX_ROWS_A_LINE:
                return rows
    return rows
