"""The parts of the log pane: a line that is held, a row of it, and how a row is drawn. Plain."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.model.sanitize import clean, clean_line
from aura_tui.ui.state.cells import printable

if TYPE_CHECKING:
    from aura_tui.model.events import Severity
    from aura_tui.ui.state.run import LogLine
    from aura_tui.ui.theme.glyphs import Glyphs


class Level(IntEnum):
    """How grave a line must be to show."""

    ALL = 0
    WARNINGS = 1
    ERRORS = 2

    @property
    def next(self) -> Level:
        """The one after this, and the first after the last."""
        return Level((self + 1) % len(Level))


class Entry:
    """A line that is held. ``text`` is what is drawn, and searched: what one sees one can find.
    ``hits`` are the offsets of its matches. ``rows`` is empty until it is wanted."""

    __slots__ = ("hits", "line", "number", "rows", "text")

    def __init__(self, number: int, line: LogLine, glyphs: Glyphs) -> None:
        self.number = number
        self.line = line
        self.text = glyphs.spell(printable(line.text))
        self.hits: tuple[int, ...] = ()
        self.rows: list[Row] = []

    def copied(self) -> str:
        """The line as text of its own, for elsewhere."""
        severity = "" if self.line.severity == "info" else f"{self.line.severity}: "
        source = f"{clean_line(self.line.source, 40)}  " if self.line.source else ""
        time = f"{self.line.at.astimezone():%H:%M:%S}"
        return f"{time}  {source}{severity}{clean(self.line.text)}"


class Row(NamedTuple):
    """A row of the pane: the part ``start`` to ``end`` of an entry's text."""

    entry: Entry
    start: int
    end: int
    cut: bool = False  # the line goes on, but no row shows it

    @property
    def text(self) -> str:
        """Its text, whole."""
        return self.entry.text[self.start : self.end]

    @property
    def first(self) -> bool:
        """Whether the line begins here."""
        return self.start == 0

    @property
    def key(self) -> tuple[int, int]:
        """Its place in the order of everything."""
        return self.entry.number, self.start


class Drawn(NamedTuple):
    """A row as it is drawn: mark and head (blank where a line goes on), then text. ``hits`` are
    start, end and whether it is the current match, as offsets in ``text``."""

    mark: str
    head: str
    text: str
    severity: Severity
    hits: tuple[tuple[int, int, bool], ...]

    @property
    def plain(self) -> str:
        """All of it."""
        return self.mark + self.head + self.text


class Anchor(NamedTuple):
    """A place in the log that stays the same when rows come, go, or are wrapped anew."""

    number: int
    start: int
