"""The parts of the log pane: an entry (a line), its rows, and a row ready to draw."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model.text.local_time import local
from aura_tui.model.text.sanitize import clean, clean_line
from aura_tui.ui.state.cells import printable

if TYPE_CHECKING:
    from aura_tui.model.events import Severity
    from aura_tui.ui.state.run import LogLine
    from aura_tui.ui.theme.glyphs import Glyphs


class Level(IntEnum):
    """The least severity that shows."""

    ALL = 0
    WARNINGS = 1
    ERRORS = 2

    @property
    def next(self) -> Level:
        """The next level; the first after the last."""
        return Level((self + 1) % len(Level))


class Entry:
    """A line in memory. ``text`` is drawn and searched: what shows can be found. ``hits`` are its
    matches as start and end offset in the text; before it, in mark and head, these are negative.
    ``rows`` is filled on first use."""

    __slots__ = ("hits", "line", "number", "rows", "text")

    def __init__(self, number: int, line: LogLine, glyphs: Glyphs) -> None:
        self.number = number
        self.line = line
        self.text = glyphs.spell(printable(line.text))
        self.hits: tuple[tuple[int, int], ...] = ()
        self.rows: list[Row] = []

    def copied(self) -> str:
        """The line as plain text, for the clipboard."""
        severity = "" if self.line.severity == "info" else f"{self.line.severity}: "
        source = f"{clean_line(self.line.source, 40)}  " if self.line.source else ""
        time = f"{local(self.line.at):%H:%M:%S}"
        return f"{time}  {source}{severity}{clean(self.line.text)}"


class Row(NamedTuple):
    """A row of the pane: the part ``start`` to ``end`` of an entry's text."""

    entry: Entry
    start: int
    end: int
    cut: bool = False  # the line continues, but no row shows the rest

    @property
    def text(self) -> str:
        """The row's text, uncut."""
        return self.entry.text[self.start : self.end]

    @property
    def first(self) -> bool:
        """Whether this is the line's first row."""
        return self.start == 0

    @property
    def key(self) -> tuple[int, int]:
        """Sort key among all rows."""
        return self.entry.number, self.start


class Drawn(NamedTuple):
    """A row ready to draw: head and mark (blank on a continuation row), then text. ``hits`` are
    matches as start and end offset in ``plain``, and whether it is the current one."""

    head: str
    mark: str
    text: str
    severity: Severity
    hits: tuple[tuple[int, int, bool], ...]

    @property
    def plain(self) -> str:
        """The row as plain text."""
        return self.head + self.mark + self.text


class Anchor(NamedTuple):
    """A position in the log that stays valid when rows come, go, or rewrap."""

    number: int
    start: int
