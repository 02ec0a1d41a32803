"""The log pane: follows the newest lines until the person scrolls; search and filter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from rich.segment import Segment
from textual.containers import Horizontal, Vertical
from textual.content import Content, Span
from textual.geometry import Size
from textual.message import Message
from textual.strip import Strip
from textual.widgets import Input, Static

from aura_tui.ui.keys import bindings
from aura_tui.ui.keys.names import SHIPPED, KeyNames
from aura_tui.ui.state.log import NEEDLE_CHARS, LogPage
from aura_tui.ui.state.log_rows import Anchor, Level
from aura_tui.ui.theme.colours import FAINT
from aura_tui.ui.theme.glyphs import UNICODE
from aura_tui.ui.widgets.line_widget import LineWidget
from aura_tui.ui.widgets.scroll_rows import ScrollRows, SelectedRow

if TYPE_CHECKING:
    from typing import Self

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.selection import Selection

    from aura_tui.ui.state.log_rows import Row
    from aura_tui.ui.state.run import RunState
    from aura_tui.ui.theme.glyphs import Glyphs

_STYLES = {"info": "", "warning": "$warning", "error": "$error"}
_HIT = "reverse"
_CURRENT = "bold underline reverse $primary"
_SIDESTEP = 8


class LogRows(ScrollRows, inherit_bindings=False):
    """The rows. Posts messages when the person scrolls, and when its size changes."""

    class Scrolled(Message):
        """The person scrolled; ``at_end``: to the last row."""

        def __init__(self, *, at_end: bool) -> None:
            super().__init__()
            self.at_end = at_end

    class Unsettled(Message):
        """The rows need another layout: the size changed, or a selection no longer holds them."""

    def __init__(self, page: LogPage) -> None:
        super().__init__()
        self.page = page
        self.left = 0  # cells scrolled sideways
        self.selected = False
        self._placed_for = Size(0, 0)
        self._placing = False
        self._sight: list[Row] = []

    @property
    def row_count(self) -> int:
        return len(self.page.rows)

    @property
    def first_row(self) -> int:
        return self.page.passed_by

    @property
    def top(self) -> int:
        """The first visible row."""
        return self.scroll_offset.y

    @property
    def bottom(self) -> int:
        """The row after the last visible one."""
        return self.top + self.size.height

    def place(self, y: int) -> None:
        """Show the current page from row ``y`` on; unchanged rows aren't sent again."""
        self._placing = True
        self.virtual_size = Size(self.row_width, self.row_count)
        self.scroll_to(y=y, animate=False, immediate=True, force=True)
        self._placing = False
        self._placed_for = self.size
        sight = self.page.rows[self.top : self.bottom]
        for i in range(max(len(sight), len(self._sight))):
            now, was = sight[i : i + 1], self._sight[i : i + 1]
            if not (now and was and now[0] is was[0]):
                self.refresh(Size(self.size.width, 1).region.translate((0, i)))
        self._sight = sight

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        # A scroll forced by a new size isn't the person's.
        if not self._placing and self.size == self._placed_for:
            self.post_message(self.Scrolled(at_end=round(new_value) >= self.max_scroll_y))

    @property
    def unsettled(self) -> bool:
        """Whether the rows need another layout though they are the same."""
        return self.size != self._placed_for

    def on_resize(self) -> None:
        self._sight = []
        self.post_message(self.Unsettled())

    def render_line(self, y: int) -> Strip:
        if y or self.row_count or not self.page.is_empty:
            return super().render_line(y)
        text = Content.styled("No line yet", FAINT)
        base = self.visual_style
        segments = [
            Segment(part, (base + style).rich_style) for part, style in text.render(base, end="")
        ]
        return Strip(segments).adjust_cell_length(self.size.width, base.rich_style)

    def draw_row(self, at: int) -> Content:
        drawn = self.page.draw(at, self.left)
        style = _STYLES[drawn.severity]
        plain = drawn.plain
        head = len(drawn.head)
        spans = [Span(0, head, FAINT)]
        if style:
            spans.append(Span(head, len(plain), style))
        for start, end, current in drawn.hits:
            spans.append(Span(start, end, _CURRENT if current else _HIT))
        return Content(plain, spans)

    def selected_row(self, at: int) -> SelectedRow:
        drawn, row = self.page.draw(at, self.left), self.page.rows[at]
        lead = len(drawn.mark) + len(drawn.head)
        joint = "\n"
        if not row.first and at:
            joint = row.entry.text[self.page.rows[at - 1].end : row.start]
        return SelectedRow(drawn.plain, lead, joint)

    def selection_updated(self, selection: Selection | None) -> None:
        super().selection_updated(selection)
        if self.selected and selection is None:
            self._placed_for = Size(0, 0)
            self.post_message(self.Unsettled())
        self.selected = selection is not None


class SearchInput(Input):
    """The search input, with extra keys: keep, clear, next, previous."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.SEARCH]

    class Left(Message):
        """The person left the input; ``keep`` the search, or end it."""

        def __init__(self, *, keep: bool) -> None:
            super().__init__()
            self.keep = keep

    class Stepped(Message):
        """Go to the next match (1) or the previous one (-1)."""

        def __init__(self, by: int) -> None:
            super().__init__()
            self.by = by

    class Recalled(Message):
        """The person asked for the last search, in an empty input."""

    def action_keep(self) -> None:
        self.post_message(self.Left(keep=True))

    def action_clear(self) -> None:
        self.post_message(self.Left(keep=False))

    def action_match(self, by: int) -> None:
        self.post_message(self.Stepped(by) if self.value or by > 0 else self.Recalled())

    def on_blur(self) -> None:
        self.post_message(self.Left(keep=True))


class LogView(Vertical):
    """The pane with its title and, during a search, the search line."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.LOG]

    class CopyAsked(Message):
        """The person asked to copy ``text``, ``lines`` lines of the log; ``searched``: only the
        matching ones."""

        def __init__(self, text: str, lines: int, searched: bool) -> None:
            super().__init__()
            self.text = text
            self.lines = lines
            self.searched = searched

    def __init__(self, key_names: KeyNames = SHIPPED, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._follow_key = key_names.of("log.follow")
        self.page = LogPage()
        self.rows = LogRows(self.page)
        self._input = SearchInput(
            compact=True, max_length=NEEDLE_CHARS, select_on_focus=False, id="needle"
        )
        self._input.cursor_blink = False
        self._line = Horizontal(Static("/", markup=False), self._input, id="search")
        self._line.display = False
        self._glyphs = UNICODE
        self._state: RunState | None = None
        self._follows = True
        self._origin: tuple[Anchor | None, bool] = (None, True)  # where the search started
        self._held: Anchor | None = None  # the visible row that the filter hid
        self._note = ""
        self._last = ""  # what was searched for last

    def compose(self) -> ComposeResult:
        yield self.rows
        yield self._line

    def on_mount(self) -> None:
        self._tell()

    def focus(self, scroll_visible: bool = True) -> Self:
        """Give the keys to the rows."""
        self.rows.focus(scroll_visible)
        return self

    def show(self, state: RunState, glyphs: Glyphs) -> None:
        """Take over the lines that came since the last time."""
        self._glyphs = glyphs
        if state is not self._state:
            if self._state is not None:
                self.page.clear()
                self._follows = True
                self._held = None
            self._state = state
            self._tell()
        width = self.rows.row_width
        if not width:
            return
        place = self.page.anchor(self.rows.top)
        fitted = self.page.fit(width, glyphs)
        taken = self.page.take(state.log, state.logged)
        if fitted or taken or self.rows.unsettled:
            self._place(place)
        if taken:
            self._tell()
        if self.page.behind:
            self.post_message(LineWidget.RepaintRequested())

    def on_log_rows_unsettled(self, message: LogRows.Unsettled) -> None:
        message.stop()
        if self._state is not None:
            self.show(self._state, self._glyphs)

    def _place(self, place: Anchor | None) -> None:
        holds = not self._follows or self.rows.selected
        self.rows.place(self.page.row_of(place) if holds else len(self.page.rows))

    def _tell(self) -> None:
        """Write the title."""
        follows = "" if self._follows or not self.page.rows else f" ({self._follow_key}: follow)"
        parts = [self.page.title + follows, self.page.found(), self._note]
        title = self._glyphs.spell(", ".join(part for part in parts if part))
        if self.border_title != title:
            self.border_title = Content(title)
        noted = self.page.level is not Level.ALL or self.page.needle or self._note
        self.set_class(bool(noted), "-noted")

    # -- scrolling

    def on_log_rows_scrolled(self, message: LogRows.Scrolled) -> None:
        message.stop()
        self._note = ""
        self._held = None
        self._follows = message.at_end
        self._tell()

    def _go(self, y: int) -> None:
        """Scroll to row ``y`` for the person."""
        self.rows.scroll_to(y=y, animate=False, immediate=True, force=True)

    def action_move(self, by: int) -> None:
        self._go(self.rows.top + by)

    def action_page(self, by: int) -> None:
        self._go(self.rows.top + by * max(1, self.rows.size.height - 1))

    def action_first(self) -> None:
        self._go(0)

    def action_follow(self) -> None:
        self._follows = True
        self._held = None
        self._note = ""
        self._place(None)
        self._tell()

    def action_sideways(self, by: int) -> None:
        rows = self.rows
        widest = self.page.widest(rows.top, rows.size.height)
        most = max(rows.left, widest - self.page.room)
        rows.left = max(0, min(rows.left + by * _SIDESTEP, most))
        rows.refresh()

    def _reveal(self, at: int) -> None:
        """Scroll to row ``at`` with some context above, and stop following."""
        rows = self.rows
        self._held = None
        self._follows = False
        y = rows.top if rows.top <= at < rows.bottom else at - rows.size.height // 3
        rows.place(max(0, y))
        rows.refresh()

    def _reveal_match(self, at: int) -> None:
        """Scroll to the current match, which starts in row ``at``."""
        rows, where = self.rows, self.page.current_cells
        if not self.page.wraps and where is not None:
            start, end = where
            if not rows.left < start <= end < rows.left + self.page.room:
                rows.left = max(0, end - self.page.room // 2)
        self._reveal(at)

    # -- search

    def action_search(self) -> None:
        self._origin = (self.page.anchor(self.rows.top), self._follows)
        self._line.display = True
        self.screen.set_focus(self._input)  # at once: the next key may be here already

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        if self._line.display:
            self._search(message.value)

    def _search(self, needle: str) -> None:
        self._note = ""
        self._last = needle or self._last
        place, followed = self._origin
        at = self.page.search(needle, self.page.row_of(place))
        if at is None:
            self._follows = followed
            self._place(place)
            self.rows.refresh()
        else:
            self._reveal_match(at)
        self._tell()

    def on_search_input_left(self, message: SearchInput.Left) -> None:
        message.stop()
        if not self._line.display:
            return
        if not message.keep:
            self._search("")
        self._line.display = False
        with self._input.prevent(Input.Changed):  # the next search starts empty
            self._input.value = ""
        if self._input.has_focus:
            self.rows.focus()
        self.refresh_bindings()

    def on_search_input_stepped(self, message: SearchInput.Stepped) -> None:
        message.stop()
        self.action_match(message.by)

    def on_search_input_recalled(self, message: SearchInput.Recalled) -> None:
        message.stop()
        self._input.value = self._last
        self._input.cursor_position = len(self._last)

    def action_match(self, by: int) -> None:
        self._note = ""
        at = self.page.step(by, self.rows.top, self.rows.bottom)
        if at is not None:
            self._reveal_match(at)
        self._tell()

    def action_clear_search(self) -> None:
        self.page.search("")
        self.rows.refresh()
        self._tell()
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "search":  # in the input, a slash is text
            return self.screen.focused is not self._input
        # A key without an effect here goes to the app.
        if action in ("match", "clear_search"):
            return bool(self.page.needle)
        if action == "sideways":
            return not self.page.wraps
        return True

    # -- what shows

    def action_first_error(self) -> None:
        at = self.page.first_error()
        self._note = "" if at is not None else "no error"
        if at is not None:
            self._reveal(at)
        self._tell()

    def action_severity(self) -> None:
        self._note = ""
        self._held = self._held or self.page.anchor(self.rows.top)
        self.page.next_level()
        self._place(self._held)
        self._tell()

    def action_wrap(self) -> None:
        place = self.page.anchor(self.rows.top)
        self.rows.left = 0
        self.page.toggle_wrap()
        self._place(place)

    def action_copy(self) -> None:
        text, lines = self.page.copied()
        self._note = "" if lines else "nothing to copy"
        if lines:
            self.post_message(self.CopyAsked(text, lines, bool(self.page.needle)))
        self._tell()
