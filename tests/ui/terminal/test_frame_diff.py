"""What is sent to a terminal leaves it with exactly the screen that was meant, and is little."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import ControlType, Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.geometry import Region
from textual.strip import Strip

from aura_tui.ui.terminal.frame_diff import FrameDiff

if TYPE_CHECKING:
    from collections.abc import Sequence

COLUMNS, ROWS = 24, 3
_TOKEN = re.compile(r"\x1b\[(?P<numbers>[0-9;]*)(?P<final>[A-Za-z])|(?P<char>.)", re.DOTALL)


class Cell(NamedTuple):
    """A character and what it is dressed in: attributes, ink and ground as SGR has them."""

    char: str = "?"
    attributes: frozenset[str] = frozenset()
    ink: str = "39"
    ground: str = "49"

    @property
    def seen(self) -> Cell:
        """Of a bare blank nobody sees the ink."""
        return self._replace(ink="39") if self.char == " " and not self.attributes else self


class Emulator:
    """A terminal as far as these sequences go, per ECMA-48; anything else is an error."""

    def __init__(self) -> None:
        self.cells = [[Cell()] * COLUMNS for _ in range(ROWS)]
        self._x = self._y = 0
        self._style = Cell()

    def feed(self, text: str) -> None:
        for token in _TOKEN.finditer(text):
            numbers = token["numbers"]
            if token["char"] is not None:
                self.cells[self._y][self._x] = self._style._replace(char=token["char"])
                self._x += 1
            elif token["final"] == "H":
                self._y, self._x = (int(number) - 1 for number in numbers.split(";"))
            elif token["final"] == "C":
                self._x += int(numbers or 1)
            else:
                assert token["final"] == "m", token[0]
                self._dress(numbers.split(";"))
        assert self._style == Cell(), "the style is left as it was found"

    def _dress(self, codes: list[str]) -> None:
        while codes:
            code = codes.pop(0)
            style = self._style
            if code in ("", "0"):
                self._style = Cell()
            elif code in ("38", "48"):
                count = {"2": 4, "5": 2}[codes[0]]
                colour = ";".join([code, *codes[:count]])
                del codes[:count]
                name = "ink" if code == "38" else "ground"
                self._style = style._replace(**{name: colour})  # type: ignore[arg-type]
            elif code in ("39", "49"):
                name = "ink" if code == "39" else "ground"
                self._style = style._replace(**{name: code})  # type: ignore[arg-type]
            else:
                self._style = style._replace(attributes=style.attributes | {code})

    @property
    def seen(self) -> list[list[Cell]]:
        return [[cell.seen for cell in row] for row in self.cells]


def console() -> Console:
    return Console(color_system="truecolor", force_terminal=True, width=COLUMNS)


def whole(rows: Sequence[Sequence[Segment]]) -> LayoutUpdate:
    strips = [[Strip(row).adjust_cell_length(COLUMNS)] for row in rows]
    return LayoutUpdate(strips, Region(0, 0, COLUMNS, len(rows)))  # type: ignore[arg-type]  # an iterable of them each


def meant(rows: Sequence[Sequence[Segment]]) -> list[list[Cell]]:
    """The cells as Textual's own way of sending them leaves them."""
    emulator = Emulator()
    for y, row in enumerate(rows):
        strip = Strip(row).adjust_cell_length(COLUMNS)
        emulator.feed(f"\x1b[{y + 1};1H{strip.render(console())}")
    return emulator.seen


STYLES = st.sampled_from(
    [
        None,
        Style(),
        Style(color="#ff8800"),
        Style(color="#ff8800", bgcolor="#101010"),
        Style(bgcolor="#101010"),
        Style(bold=True),
        Style(bold=True, underline=True, color="#00ff00"),
        Style(reverse=True),
    ]
)
SEGMENTS = st.builds(Segment, st.text(alphabet="ab \u2501\u2500", max_size=9), STYLES, st.none())
SCREENS = st.lists(st.lists(SEGMENTS, max_size=6), min_size=ROWS, max_size=ROWS)


@given(st.lists(SCREENS, min_size=1, max_size=5))
def test_any_screen_after_any_other_is_shown_as_it_is_meant(
    screens: list[list[list[Segment]]],
) -> None:
    shown, emulator = FrameDiff((COLUMNS, ROWS)), Emulator()
    for rows in screens:
        emulator.feed(shown.draw(whole(rows)))
        assert emulator.seen == meant(rows)


@given(SCREENS, SCREENS, st.integers(0, ROWS - 1), st.integers(0, COLUMNS - 1), st.integers(1, 9))
def test_a_part_that_changes_is_shown_and_the_rest_stays(
    before: list[list[Segment]], after: list[list[Segment]], y: int, x: int, width: int
) -> None:
    """The compositor parts rows where widgets begin and end, and names the cells to be sent."""
    shown, emulator = FrameDiff((COLUMNS, ROWS)), Emulator()
    emulator.feed(shown.draw(whole(before)))
    end = min(COLUMNS, x + width)
    row = Strip(before[y]).adjust_cell_length(COLUMNS)
    new = Strip(after[y]).adjust_cell_length(COLUMNS)
    parts = {0: row.crop(0, x), x: new.crop(x, end), end: row.crop(end, COLUMNS)}
    chops = [{at: strip for at, strip in parts.items() if strip.cell_length} if i == y else {}
             for i in range(ROWS)]  # fmt: skip
    ends = [[at + strip.cell_length for at, strip in line.items()] for line in chops]
    emulator.feed(shown.draw(ChopsUpdate(chops, [(y, x, end)], ends)))
    rows = [*before]
    rows[y] = [segment for strip in parts.values() for segment in strip]
    assert emulator.seen == meant(rows)


def test_what_is_there_is_not_sent() -> None:
    shown = FrameDiff((COLUMNS, ROWS))
    row = [Segment("12 % of it", Style(color="#ff8800"))]
    assert shown.draw(whole([row]))
    assert shown.draw(whole([row])) == ""


def test_a_digit_costs_a_digit() -> None:
    shown = FrameDiff((COLUMNS, ROWS))
    style = Style(color="#ff8800", bgcolor="#101010")
    shown.draw(whole([[Segment("12 % of it", style)]]))
    sent = shown.draw(whole([[Segment("13 % of it", style)]]))
    assert sent == "\x1b[1;2H\x1b[38;2;255;136;0;48;2;16;16;16m3\x1b[0m"


def test_cells_far_apart_are_reached_by_passing_over_those_between() -> None:
    shown = FrameDiff((COLUMNS, ROWS))
    shown.draw(whole([[Segment("1 is not changed 1", None)]]))
    assert shown.draw(whole([[Segment("2 is not changed 2", None)]])) == ("\x1b[1;1H2\x1b[16C2")


def test_after_forgetting_all_is_sent() -> None:
    shown, emulator = FrameDiff((COLUMNS, ROWS)), Emulator()
    rows = [[Segment("something", Style(bold=True))], [], []]
    shown.draw(whole(rows))
    shown.forget()
    emulator.feed(shown.draw(whole(rows)))
    assert emulator.seen == meant(rows)


def test_characters_of_other_widths_are_sent_with_their_row_each_time() -> None:
    """A terminal may think otherwise of how wide they are: what was there is not built upon."""
    shown = FrameDiff((COLUMNS, ROWS))
    row = [Segment("\u5b57 wide, e\u0301 and \U0001f680", None)]
    first = shown.draw(whole([row]))
    assert "\U0001f680" in first
    assert shown.draw(whole([row])) == first
    after = shown.draw(whole([[Segment(" " * COLUMNS, None)]]))
    assert after == "\x1b[1;1H" + " " * COLUMNS


def test_a_picture_is_sent_as_it_is_and_what_comes_over_it_whole() -> None:
    shown = FrameDiff((COLUMNS, ROWS))
    picture = Segment("\x1bPq#0!4~\x1b\\", None, [(ControlType.CURSOR_FORWARD, 0)])
    row = [Segment(" " * 4), picture]
    assert picture.text in shown.draw(whole([row]))
    # The blanks that take its place clear it: also those that were there beneath it.
    assert shown.draw(whole([[Segment(" " * COLUMNS)]])) == "\x1b[1;1H" + " " * COLUMNS


def test_a_screen_that_shrank_meanwhile_is_not_written_past() -> None:
    shown = FrameDiff((10, 1))
    update = LayoutUpdate(
        [[Strip([Segment("0123456789abc")])], [Strip([Segment("below")])]],
        Region(0, 0, 13, 2),
    )
    assert shown.draw(update) == "\x1b[1;1H0123456789"
