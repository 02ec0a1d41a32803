"""A scrolling pane that draws the rows in sight alone, and whose text the mouse can select."""

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
    """A row as selecting sees it: ``lead`` characters that are no part of the text, then text.
    ``joint`` is what stands between the text of the row above and this one's."""

    plain: str
    lead: int
    joint: str


class ScrollRows(ScrollView, can_focus=True):
    """Rows of :class:`Content`, each no wider than the pane. Subclasses say what a row is.

    To selections a row has a number that stays its own when rows before it go away: ``first_row``
    is the number of the topmost.
    """

    ALLOW_SELECT = True

    @property
    def row_width(self) -> int:
        """Cells of a row: the pane without its scrollbar, or the place that is kept for one."""
        return self.scrollable_content_region.width

    @property
    def row_count(self) -> int:
        """How many rows there are."""
        raise NotImplementedError

    @property
    def first_row(self) -> int:
        """The number that selections know row 0 by."""
        return 0

    def draw_row(self, at: int) -> Content:
        """Row ``at``, as it looks."""
        raise NotImplementedError

    def selected_row(self, at: int) -> SelectedRow:
        """Row ``at``, as it is copied."""
        raise NotImplementedError

    def refresh_row(self, at: int) -> None:
        """Draw row ``at`` anew, if it is in sight."""
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
        """What is selected, with each wrapped line whole again."""
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
