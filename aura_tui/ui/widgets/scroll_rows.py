"""A scrolling pane that draws only visible rows, with text selection by mouse."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from rich.segment import Segment
from textual.geometry import Region
from textual.scroll_view import ScrollView
from textual.strip import Strip

if TYPE_CHECKING:
    from textual.content import Content
    from textual.selection import Selection


class SelectedRow(NamedTuple):
    """A row for the selection: ``lead`` characters that aren't part of the text, then the text.
    ``joint`` is the text between the row above and this one."""

    plain: str
    lead: int
    joint: str


class ScrollRows(ScrollView, can_focus=True):
    """Rows of :class:`Content`, each no wider than the pane. Subclasses provide the rows.

    Selections use row numbers that stay valid when earlier rows are dropped: ``first_row`` is the
    number of the topmost row.
    """

    ALLOW_SELECT = True

    @property
    def row_width(self) -> int:
        """Cells of a row: the pane without its scrollbar, or the room reserved for it."""
        return self.scrollable_content_region.width

    @property
    def row_count(self) -> int:
        """The number of rows."""
        raise NotImplementedError

    @property
    def first_row(self) -> int:
        """The selection's number for row 0."""
        return 0

    def draw_row(self, at: int) -> Content:
        """Row ``at`` as drawn."""
        raise NotImplementedError

    def selected_row(self, at: int) -> SelectedRow:
        """Row ``at`` as copied."""
        raise NotImplementedError

    def refresh_row(self, at: int) -> None:
        """Redraw row ``at`` if it is visible."""
        y = at - self.scroll_offset.y
        if 0 <= y < self.size.height:
            self.refresh(Region(0, y, self.size.width, 1))

    def render_line(self, y: int) -> Strip:
        at = self.scroll_offset.y + y
        width = self.size.width
        if at >= self.row_count:
            return Strip.blank(width, self.rich_style)
        row = self.draw_row(at)
        number = self.first_row + at
        selection = self.text_selection
        span = selection.get_span(number) if selection is not None else None
        if span is not None:
            start, end = span
            style = self.screen.get_visual_style("screen--selection")
            row = row.stylize(style, start, len(row) if end == -1 else end)
        base, segments, x = self.visual_style, [], 0
        for text, part in row.render(base, end=""):
            segments.append(Segment(text, (base + part).rich_style_with_offset(x, number)))
            x += len(text)
        return Strip(segments).extend_cell_length(width, base.rich_style)

    def get_selection(self, selection: Selection) -> tuple[str, str] | None:
        """The selected text, with wrapped lines joined."""
        start, end = selection.start, selection.end
        top = 0 if start is None else max(0, start.y - self.first_row)
        bottom = self.row_count - 1
        if end is not None:
            bottom = min(bottom, end.y - self.first_row)
        text = ""
        for at in range(top, bottom + 1):
            span = selection.get_span(self.first_row + at)
            if span is None:
                continue
            row = self.selected_row(at)
            begin, stop = span
            stop = len(row.plain) if stop == -1 else stop
            goes_on = at > top and row.joint != "\n"
            if goes_on:
                begin = max(begin, row.lead)
            part = row.plain[begin:stop].rstrip()
            text += part if at == top else (row.joint if goes_on else "\n") + part
        return text, "\n"

    def selection_updated(self, selection: Selection | None) -> None:
        self.refresh()
