"""The job list; it draws only visible rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.visual import Visual

from aura_tui.format import words
from aura_tui.model.job import since
from aura_tui.ui.keys import bindings
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.theme.glyphs import UNICODE
from aura_tui.ui.widgets.job_rows import WIDE, Row, age_stands_s, lines
from aura_tui.ui.widgets.line_widget import LineWidget, alike, drawable

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from textual import events
    from textual.binding import BindingType
    from textual.style import Style

    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.state.job_order import Sort
    from aura_tui.ui.state.jobs import JobsState
    from aura_tui.ui.theme.glyphs import Glyphs

_MARK_CELLS = 3  # at the left end of a row: a click there marks


class JobList(ScrollView, can_focus=True):
    """The rows. It keeps the last state, so that it responds to a key at once."""

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [*bindings.JOBS]
    COMPONENT_CLASSES: ClassVar[set[str]] = {"jobs--cursor", "jobs--cursor-focused"}

    class Opened(Message):
        """The person opened this job."""

        def __init__(self, job_id: str) -> None:
            super().__init__()
            self.job_id = job_id

    class RepaintRequested(LineWidget.RepaintRequested):
        """Other rows became visible, or the person changed the view: it is drawn as of the last
        ``now`` and needs another :meth:`show`."""

    def __init__(
        self, ask_filter: Callable[[], None], *, can_make: bool, key_names: KeyNames
    ) -> None:
        super().__init__()
        self._key_names = key_names
        self._ask_filter = ask_filter
        self._can_make = can_make
        self._state: JobsState | None = None
        self._now: datetime | None = None
        self._glyphs = UNICODE
        self._absent = False
        self._lines: list[_Line] = []  # visible lines, from the top
        self._rows: dict[str, tuple[Row, tuple[_Line, ...]]] = {}  # of the visible jobs
        self._made_for: tuple[int, Glyphs] | None = None  # width and glyphs of the rows
        self._cursor: str | None = None  # as last drawn
        self._clears = False  # whether the footer offers Clear
        self._anchor: tuple[str, int] | None = None  # a visible job and its line in the window

    def show(
        self, state: JobsState, now: datetime, glyphs: Glyphs, *, absent: bool = False
    ) -> None:
        """Draw the visible rows as of ``now``."""
        self._state, self._now, self._glyphs, self._absent = state, now, glyphs, absent
        self._draw()

    def next_change_s(self, now: datetime) -> float | None:
        """Seconds until a visible age changes; None if there is none."""
        ages = ((now - since(row.job)).total_seconds() for row, _ in self._rows.values())
        return min(map(age_stands_s, ages), default=None)

    def set_filter(self, text: str) -> None:
        """Apply the filter as typed."""
        if self._state is not None:
            self._state.set_filter(text)
            self._acted()

    @property
    def _width(self) -> int:
        return self.scrollable_content_region.width  # `size` counts the scrollbar in

    @property
    def _height(self) -> int:
        return self.scrollable_content_region.height

    # Positions of lines. At the head of a narrow list, jobs have two.

    @property
    def _tall(self) -> int:
        """How many jobs have two lines."""
        return 0 if self._state is None or self._width >= WIDE else self._state.urgent

    def _top(self, index: int) -> int:
        """The first line of the job at ``index``."""
        return index + min(index, self._tall)

    def _index(self, line: int) -> int:
        """The index of the job at ``line``."""
        tall = self._tall
        return line // 2 if line < 2 * tall else line - tall

    # Drawing

    def _draw(self) -> None:
        if self._state is not None and self._width:
            self._fit(self._state)
            self._draw_rows()

    def _fit(self, state: JobsState) -> None:
        """Set size and offset: scroll to a moved cursor, else keep the visible jobs in place."""
        height, offset, total = (
            self._height,
            self.scroll_offset.y,
            self._top(len(state.visible)),
        )
        self.virtual_size = Size(self._width, total)
        moved, self._cursor = state.cursor != self._cursor, state.cursor
        wanted, line = (state.cursor, None) if moved else (self._anchor or (None, None))
        at = None if wanted is None else state.position(wanted)
        if at is not None:
            top, bottom = self._top(at), self._top(at + 1)
            # At the top, new jobs should show.
            if line is not None and (offset or bottom > height):
                offset = top - line
            else:
                offset = max(min(offset, top), bottom - height)
        offset = max(0, min(offset, total - height))
        if offset != self.scroll_offset.y:
            self.scroll_to(y=offset, animate=False, immediate=True)

    @property
    def lines(self) -> list[Content]:
        """The visible lines, from the top."""
        return [line.content for line in self._lines]

    def _draw_rows(self) -> None:
        """Make the visible lines, and redraw those that changed."""
        if self._state is None or self._now is None:
            return
        if self._made_for != (self._width, self._glyphs):
            self._made_for = (self._width, self._glyphs)
            self._rows.clear()
        old = self._lines
        self._lines = self._in_sight(self._state, self._now) or self._nothing(self._state)
        if len(old) != len(self._lines):
            self.refresh()
            return
        changed = [
            Region(0, y, self._width, 1)
            for y, (was, now) in enumerate(zip(old, self._lines, strict=True))
            if was is not now and (was.tint != now.tint or not alike(was.content, now.content))
        ]
        if changed:
            self.refresh(*changed)

    def _in_sight(self, state: JobsState, now: datetime) -> list[_Line]:
        """The visible lines; [] without jobs. Caches their rows and sets the anchor."""
        height, offset = self._height, self.scroll_offset.y
        first = self._index(offset)
        urgent, focused = state.urgent, self.has_focus
        rows: dict[str, tuple[Row, tuple[_Line, ...]]] = {}
        jobs = state.visible[first : self._index(offset + height - 1) + 1]
        for index, job in enumerate(jobs, first):
            cursor = job.id == state.cursor
            family = state.family(job.id)
            row = Row(
                job,
                words.age_of(since(job), now),
                urgent=index < urgent,
                marked=state.is_marked(job.id),
                cursor=cursor,
                focused=cursor and focused,
                alone=self._absent and not job.status.ended and not job.interrupted,
                attempts=len(family) if family is not None else 1,
                unfolded=family is not None and family.unfolded,
                below=state.is_below(job.id),
                sort=state.sort,
            )
            known = self._rows.get(job.id)
            rows[job.id] = (
                known if known is not None and known[0] == row else (row, self._make(row))
            )
            if cursor or index == first:
                self._anchor = (job.id, self._top(index) - offset)
        self._rows = rows
        made = [line for _, row_lines in rows.values() for line in row_lines]
        hidden = offset - self._top(first)
        return made[hidden : hidden + height]

    def _make(self, row: Row) -> tuple[_Line, ...]:
        tint = ("jobs--cursor-focused" if row.focused else "jobs--cursor") if row.cursor else ""
        made = lines(row, self._width, self._glyphs)
        return tuple(_Line(drawable(content, self._glyphs), tint) for content in made)

    def _nothing(self, state: JobsState) -> list[_Line]:
        """The text of an empty list."""
        if len(state):
            key = self._key_names.of("jobs.clear" if self.has_focus else "filter.clear")
            text = f"No job matches the filter; {key} clears it"
        elif state.loading:
            text = "Loading the jobs\u2026"
        elif self._can_make:
            key = self._key_names.of("job.new")
            text = f"No jobs yet. Press {key} to create one, or run: aura-tui run FILE.md"
        else:
            text = "No jobs yet"
        wrapped = Content.styled(text, MUTED).wrap(max(1, self._width - 4))
        return [_Line(drawable(Content("  ") + line, self._glyphs)) for line in wrapped]

    def render_line(self, y: int) -> Strip:
        width = self._width
        if y >= len(self._lines):
            return Strip.blank(width, self.rich_style)
        line = self._lines[y]
        style = self.get_visual_style(line.tint) if line.tint else self.visual_style
        if line.strip is None or line.style is not style or line.strip.cell_length != width:
            strips = Visual.to_strips(self, line.content, width, 1, style, pad=True)
            line.strip = strips[0].crop(0, width) if strips else Strip.blank(width, self.rich_style)
            line.style = style
        return line.strip

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        super().watch_scroll_y(old_value, new_value)
        if round(old_value) != round(new_value):
            self._draw_rows()
            self.post_message(JobList.RepaintRequested())

    def watch_has_focus(self, _has_focus: bool) -> None:
        super().watch_has_focus(_has_focus)
        self._draw_rows()

    def on_resize(self) -> None:
        self._draw()
        self.post_message(JobList.RepaintRequested())

    # Keys and mouse

    def _acted(self) -> None:
        """Draw the effect of a key at once, and request a repaint."""
        state = self._state
        if state is None:
            return
        self._draw()
        if self._clears != state.clearable:  # the footer is rebuilt, so not at every key
            self._clears = state.clearable
            self.refresh_bindings()
        # Posted by the list in every case: a message of the pane wouldn't pass it.
        self.post_message(JobList.RepaintRequested().set_sender(self))

    def action_move(self, by: int) -> None:
        if self._state is not None:
            self._state.move(by)
            self._acted()

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, len(self._rows) - 1))

    def action_first(self) -> None:
        if self._state is not None:
            self._state.first()
            self._acted()

    def action_last(self) -> None:
        if self._state is not None:
            self._state.last()
            self._acted()

    def action_open(self) -> None:
        if self._state is not None and self._state.cursor is not None:
            self.post_message(JobList.Opened(self._state.cursor))

    def action_mark(self) -> None:
        """Toggle the mark and move down, so that one key marks many."""
        state = self._state
        if state is not None and state.cursor is not None:
            was = state.cursor
            state.toggle_mark()
            if state.cursor == was:  # a filter by marks may have hidden it
                state.move(1)
            self._acted()

    def action_mark_many(self, which: str) -> None:
        """Mark all visible jobs, those from the last mark to the cursor, or all others instead."""
        state = self._state
        if state is not None:
            mark = {
                "all": state.mark_all,
                "range": state.mark_range,
                "others": state.invert_marks,
            }
            mark[which]()
            self._acted()

    def action_sort(self) -> None:
        if self._state is not None:
            self.set_sort(self._state.sort.next)

    def set_sort(self, sort: Sort) -> None:
        """Change the order; the cursor stays on its job, in sight."""
        if self._state is not None:
            self._state.set_sort(sort)
            self._cursor = None
            self._draw()
            self._acted()

    def action_fold(self) -> None:
        if self._state is not None and self._state.toggle_fold():
            self._acted()

    def action_filter(self) -> None:
        self._ask_filter()

    def action_clear(self) -> None:
        """Clear the marks; without marks, the filter."""
        if self._state is not None:
            if self._state.marked:
                self._state.clear_marks()
            else:
                self._state.set_filter("")
            self._acted()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """With nothing to clear, pass escape on."""
        if action == "clear":
            state = self._state
            return state is not None and state.clearable
        return True

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        state = self._state
        if at is None or state is None or at.y >= len(self._lines) or not state.visible:
            return
        job = state.visible[self._index(self.scroll_offset.y + at.y)]
        if event.button == 3 or event.ctrl or at.x < _MARK_CELLS:
            state.toggle_mark(job.id)
            self._acted()
        elif event.button == 1:
            state.place(job.id)
            self._acted()
            self.post_message(JobList.Opened(job.id))


class _Line:
    """A line of the list. ``tint``: the component style behind it, or ""."""

    __slots__ = ("content", "strip", "style", "tint")

    def __init__(self, content: Content, tint: str = "") -> None:
        self.content = content
        self.tint = tint
        self.strip: Strip | None = None  # as drawn in ``style``
        self.style: Style | None = None
