"""The log pane's content: the lines that pass its filter, their rows, and the search matches.

No widget, no I/O. Each line is parsed once on arrival, at a cost that doesn't grow with the number
of lines. Rows are numbered from the oldest one in memory.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING

from aura_tui.model.text.local_time import local
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.state.cells import TEXT_CHARS, cells, printable, row_spans, window
from aura_tui.ui.state.log_rows import Anchor, Drawn, Entry, Level, Row
from aura_tui.ui.theme.glyphs import UNICODE

if TYPE_CHECKING:
    from aura_tui.model.events import Severity
    from aura_tui.ui.state.run import LogLine
    from aura_tui.ui.theme.glyphs import Glyphs

NEEDLE_CHARS = 200
HITS_A_LINE = 200  # matches per line; more are neither highlighted nor counted
ROWS_A_LINE = 60
EFFORT = 300_000  # per take; about 10 ms on an ordinary core
_LINE_EFFORT = 100  # what a line costs, however short
_WIDE_EFFORT = 4  # what a character costs where widths differ
_NARROW = 60
# Short forms of the sources that are longer than their column.
_SHORT = {"Composition": "Compose", "Rendering": "Render", "Connection": "Connect"}
_SOURCE = 7
_TIME = 8
_BEFORE = -1_000_000  # before any match of a line: those in its mark and head are negative
_RANKS: dict[Severity, int] = {"info": 0, "warning": 1, "error": 2}
_LEVEL_TITLES = {
    Level.ALL: "Log",
    Level.WARNINGS: "Log: warnings and errors",
    Level.ERRORS: "Log: errors",
}


class LogPage:
    """The rows of the pane. The caller keeps the scroll position and converts it to an
    :class:`Anchor` and back wherever rows may change."""

    def __init__(self) -> None:
        self.level = Level.ALL
        self.wraps = True
        self.needle = ""
        self.rows: list[Row] = []
        self.behind = False  # the last take left lines to the next one
        self.passed_by = 0  # dropped rows: added to a row's number, it makes that permanent
        self._entries: deque[Entry] = deque()
        self._taken = 0  # lines ever taken over from the ring
        self._width = 80
        self._glyphs = UNICODE
        self._pattern: re.Pattern[str] | None = None
        self._hits: list[tuple[int, int]] = []  # line number and offset, in order
        self._current: tuple[int, int] | None = None

    # -- input

    def clear(self) -> None:
        """Remove all lines, for another job's log. Filter, wrap and search stay."""
        self.passed_by += len(self.rows) + 1
        self._entries.clear()
        self.rows = []
        self._hits = []
        self._current = None
        self._taken = 0

    def take(self, log: deque[LogLine], logged: int, effort: int = EFFORT) -> bool:
        """Take over the lines since the last call, and drop those that left the ring.

        ``logged`` is the total number of lines so far, ``log`` the newest of them. Stops after
        about ``effort`` characters, so that a flood doesn't delay a key; then the page is
        :attr:`behind`. Returns whether anything changed.
        """
        if logged == self._taken:
            return False
        if logged < self._taken:
            self.clear()
        oldest = logged - len(log)
        first = max(self._taken, oldest)
        for number, line in enumerate(islice(log, first - oldest, None), first):
            if effort <= 0:
                break
            chars = min(len(line.text), 4 * TEXT_CHARS)
            effort -= _LINE_EFFORT + chars * (1 if line.text.isascii() else _WIDE_EFFORT)
            self._add(Entry(number, line, self._glyphs))
            first = number + 1
        self._taken = first
        self.behind = first < logged
        self._drop(oldest)
        return True

    def _add(self, entry: Entry) -> None:
        self._entries.append(entry)
        if self._pattern is not None:
            self._find(entry, self._pattern)
        if self._passes(entry):
            self.rows += self._rows(entry)
            self._hits += [(entry.number, start) for start, _ in entry.hits]

    def _drop(self, oldest: int) -> None:
        """Drop all lines before number ``oldest``."""
        rows = 0
        while self._entries and self._entries[0].number < oldest:
            entry = self._entries.popleft()
            rows += len(entry.rows) if self._passes(entry) else 0
        del self.rows[:rows]
        self.passed_by += rows
        first = (oldest, _BEFORE)
        if self._hits and self._hits[0] < first:
            del self._hits[: bisect_left(self._hits, first)]
        if self._current is not None and self._current < first:
            self._current = None

    # -- layout

    def fit(self, width: int, glyphs: Glyphs) -> bool:
        """Lay out for a pane ``width`` cells wide; returns whether that changed anything."""
        if width == self._width and glyphs is self._glyphs:
            return False
        narrow, self._width = self._narrow, width
        if glyphs is not self._glyphs:
            self._glyphs = glyphs
            self.clear()  # to be taken again in the new glyphs
        elif narrow is not self._narrow:
            self._find_all()  # what precedes the text is another one
        self._lay_out()
        return True

    def toggle_wrap(self) -> None:
        """Wrap long lines, or give each one row."""
        self.wraps = not self.wraps
        self._lay_out()

    def next_level(self) -> None:
        """Filter by the next severity."""
        self.level = self.level.next
        self._collect()
        if self._current is not None and self._ordinal is None:
            self._current = None

    def _lay_out(self) -> None:
        for entry in self._entries:
            entry.rows = []
        self._collect()

    def _collect(self) -> None:
        self.passed_by += len(self.rows) + 1
        self.rows = [row for e in self._entries if self._passes(e) for row in self._rows(e)]
        self._collect_hits()

    def _collect_hits(self) -> None:
        shown = (entry for entry in self._entries if entry.hits and self._passes(entry))
        self._hits = [(entry.number, start) for entry in shown for start, _ in entry.hits]

    def _passes(self, entry: Entry) -> bool:
        return _RANKS[entry.line.severity] >= self.level

    @property
    def _narrow(self) -> bool:
        return self._width < _NARROW

    @property
    def gutter(self) -> int:
        """Cells before the text."""
        return 2 if self._narrow else _TIME + 1 + _SOURCE + 1 + 2

    @property
    def room(self) -> int:
        """Cells for the text."""
        return max(8, self._width - self.gutter)

    def _source(self, line: LogLine) -> str:
        ellipsis = self._glyphs.spell("\u2026")
        name = _SHORT.get(line.source, line.source)
        source = self._glyphs.spell(printable(clean_line(name, 100)))
        return window(source, 0, _SOURCE, ellipsis)[0]

    def _lead(self, line: LogLine) -> str:
        """The prefix of a line's text: its source, where columns don't fit."""
        return f"{self._source(line)}: " if self._narrow and line.source else ""

    def _rows(self, entry: Entry) -> list[Row]:
        """The entry's rows, made on first use."""
        if entry.rows:
            return entry.rows
        text = entry.text
        if self.wraps:
            spans = row_spans(text, self.room, cells(self._lead(entry.line)), ROWS_A_LINE + 1)
        else:
            spans = _lines(text)
        entry.rows = [Row(entry, start, end) for start, end in spans[:ROWS_A_LINE]]
        if len(spans) > ROWS_A_LINE:
            entry.rows[-1] = entry.rows[-1]._replace(cut=True)
        return entry.rows

    def _before(self, line: LogLine) -> tuple[str, str]:
        """Head and mark of a line's first row."""
        signs = {"info": " ", "warning": self._glyphs.warning, "error": self._glyphs.failed}
        head = ""
        if not self._narrow:
            head = f"{local(line.at):%H:%M:%S} {self._source(line)}"
            head += " " * (self.gutter - 2 - cells(head))
        return head, f"{signs[line.severity]} {self._lead(line)}"

    def draw(self, at: int, left: int = 0) -> Drawn:
        """Row ``at``, its text from cell ``left`` on where lines aren't wrapped."""
        row = self.rows[at]
        line, text = row.entry.line, row.text
        head, mark = "" if self._narrow else " " * (self.gutter - 2), "  "
        if row.first:
            head, mark = self._before(line)
        start, shift = row.start, 0
        end = row.end
        if row.cut or not self.wraps:
            room = max(2, self.room - (cells(mark) - 2))
            ellipsis = self._glyphs.spell("\u2026")
            if row.cut:
                text, room = text + ellipsis, min(room, cells(text) + 1)
            text, begin, stop, shift = window(text, left, room, ellipsis)
            start, end = row.start + begin, min(row.end, row.start + stop)
        lead = len(mark) + len(head)
        hits: list[tuple[int, int, bool]] = []
        for hit, stop in row.entry.hits:
            current = (row.entry.number, hit) == self._current
            if hit < 0 and row.first:
                hits.append((lead + hit, lead + min(stop, 0), current))
            if hit < end and stop > max(start, 0):
                shown = max(hit, start) - start, min(stop, end) - start
                hits.append((lead + shift + shown[0], lead + shift + shown[1], current))
        return Drawn(head, mark, text, line.severity, tuple(hits))

    def widest(self, first: int, count: int) -> int:
        """Cells of the longest text among ``count`` rows from ``first`` on."""
        rows = self.rows[max(0, first) : first + count]
        return max((cells(row.text) for row in rows), default=0)

    # -- anchors

    def anchor(self, at: int) -> Anchor | None:
        """The anchor of row ``at``; None if there is no such row."""
        return Anchor(*self.rows[at].key) if 0 <= at < len(self.rows) else None

    def row_of(self, anchor: Anchor | None) -> int:
        """The row of ``anchor``, or the next one if its line is dropped or hidden."""
        if anchor is None:
            return 0
        at = bisect_left(self.rows, (anchor.number, anchor.start), key=lambda row: row.key)
        before = self.rows[at - 1] if at else None
        exact = at < len(self.rows) and self.rows[at].key == anchor
        if not exact and before is not None and before.entry.number == anchor.number:
            return at - 1
        return max(0, min(at, len(self.rows) - 1))

    # -- search

    def search(self, needle: str, at: int = 0) -> int | None:
        """Search the lines as they are drawn for ``needle``, plain text; "" ends the search.
        Case-sensitive if it has capitals. "error" and "warning" find the marks of these lines, too.

        The first match in or after row ``at`` becomes the current one, else the first of all.
        Returns its row, or None without a match.
        """
        needle = self._glyphs.spell(printable(needle.replace("\n", " "), NEEDLE_CHARS))
        if needle != self.needle:
            self.needle = needle
            self._pattern = _pattern(needle) if needle else None
            self._find_all()
            self._collect_hits()
        self._current = None
        return self.step(1, at, at)

    def _find_all(self) -> None:
        for entry in self._entries:
            entry.hits = ()
            if self._pattern is not None:
                self._find(entry, self._pattern)

    def _find(self, entry: Entry, pattern: re.Pattern[str]) -> None:
        severity = entry.line.severity
        head, mark = self._before(entry.line)
        before = head + mark
        lead = len(before)
        found = pattern.finditer(before + entry.text)
        # The blanks between the columns are no match.
        each = (match for match in found if match.start() >= lead or match.group().strip())
        hits = [(m.start() - lead, m.end() - lead) for m in islice(each, HITS_A_LINE)]
        if severity != "info" and self.needle.lower() == severity:
            hits.append((-len(mark), 1 - len(mark)))
        entry.hits = tuple(sorted(hits))

    def step(self, by: int, top: int, bottom: int) -> int | None:
        """Go to the next match (1) or the previous one (-1), wrapping around; returns its row, or
        None without a match. Starts at the current match if it is within rows ``top`` to
        ``bottom``, else at ``top``: people continue from what they see."""
        if not self._hits:
            return None
        ordinal = self._ordinal
        at = self.current_row
        if ordinal is None or at is None or not top <= at < bottom:
            place = self.anchor(top)
            after = len(self._hits)
            if place is not None:
                after = bisect_left(self._hits, (place.number, place.start or _BEFORE))
            # A match from the row above continues in this one.
            ordinal = after - 1 if by > 0 else after
        self._current = self._hits[(ordinal + by) % len(self._hits)]
        return self.current_row

    @property
    def _ordinal(self) -> int | None:
        if self._current is None:
            return None
        at = bisect_left(self._hits, self._current)
        return at if at < len(self._hits) and self._hits[at] == self._current else None

    @property
    def current_row(self) -> int | None:
        """The row in which the current match starts."""
        return None if self._current is None else self.row_of(Anchor(*self._current))

    @property
    def current_cells(self) -> tuple[int, int] | None:
        """Start and end cell of the current match in its uncut row; None also for one that starts
        before the text, which always shows."""
        at = self.current_row
        if at is None or self._current is None or self._current[1] < 0:
            return None
        row = self.rows[at]
        before = cells(row.entry.text[row.start : self._current[1]])
        return before, before + cells(self.needle)

    def found(self) -> str:
        """The state of the search: "3 of 17: needle"; "" without one."""
        if not self.needle:
            return ""
        needle = self.needle if len(self.needle) <= 30 else f"{self.needle[:29]}\u2026"
        if not self._hits:
            return f"no match: {needle}"
        ordinal = self._ordinal
        place = "" if ordinal is None else f"{ordinal + 1} of "
        return f"{place}{len(self._hits)}: {needle}"

    @property
    def is_empty(self) -> bool:
        """Whether there is no line at all, whatever the filter."""
        return not self._entries

    @property
    def title(self) -> str:
        """The pane's title: "Log" and the filter."""
        none = ", none" if self.level is not Level.ALL and not self.rows else ""
        return _LEVEL_TITLES[self.level] + none

    # -- the rest

    def first_error(self) -> int | None:
        """The first row of the oldest error in memory."""
        errors = (i for i, row in enumerate(self.rows) if row.entry.line.severity == "error")
        return next(errors, None)

    def copied(self) -> tuple[str, int]:
        """The matching lines (without a search, all that pass the filter) as text, and their
        number."""
        lines = [
            entry.copied()
            for entry in self._entries
            if self._passes(entry) and (entry.hits or not self.needle)
        ]
        return "\n".join(lines), len(lines)


def _pattern(needle: str) -> re.Pattern[str]:
    capitals = any(char.isupper() for char in needle)
    return re.compile(re.escape(needle), 0 if capitals else re.IGNORECASE)


def _lines(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    offset = 0
    for line in text.split("\n"):
        spans.append((offset, offset + len(line)))
        offset += len(line) + 1
    return spans
