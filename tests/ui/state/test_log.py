"""The log's page against a naive one: which lines show, what matches, where one is."""

from __future__ import annotations

from collections import deque
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from aura_tui.ui.state.log import HITS_A_LINE, ROWS_A_LINE, LogPage
from aura_tui.ui.state.log_rows import Level
from aura_tui.ui.state.run import LogLine
from aura_tui.ui.theme.glyphs import ASCII, UNICODE

if TYPE_CHECKING:
    from aura_tui.model.events import Severity

BEGIN = datetime(2026, 3, 14, 9, 26, 53, tzinfo=UTC)
RING = 12
RANKS = {"info": 0, "warning": 1, "error": 2}


class Ring:
    """A ring of lines as a run's state holds it, and a page over it."""

    def __init__(self, size: int = RING, width: int = 40) -> None:
        self.log: deque[LogLine] = deque(maxlen=size)
        self.logged = 0
        self.page = LogPage()
        self.page.fit(width, UNICODE)

    def add(self, text: str, severity: Severity = "info", source: str = "Voice") -> None:
        at = BEGIN + timedelta(seconds=self.logged)
        self.log.append(LogLine(at, source, severity, text))
        self.logged += 1

    def take(self) -> None:
        self.page.take(self.log, self.logged)

    @property
    def drawn(self) -> list[str]:
        return [self.page.draw(i).plain.rstrip() for i in range(len(self.page.rows))]


def page_of(*texts: str, width: int = 40, needle: str = "") -> LogPage:
    ring = Ring(len(texts), width)
    for text in texts:
        ring.add(text)
    ring.take()
    ring.page.search(needle)
    return ring.page


def marked(page: LogPage) -> list[list[str]]:
    """What is marked in each row."""
    drawn = [page.draw(i) for i in range(len(page.rows))]
    return [[row.plain[start:end] for start, end, _ in row.hits] for row in drawn]


# -- against a naive page

TEXTS = st.text(st.sampled_from("aAb c\u00e9\u5b57"), min_size=1, max_size=60)
SEVERITIES = st.sampled_from(["info", "warning", "error"])
LINES = st.lists(st.tuples(TEXTS, SEVERITIES), max_size=8)
OPS = st.lists(
    st.one_of(
        LINES.map(lambda lines: ("add", lines)),
        st.sampled_from(["", "a", "A", "ab", "b c", "\u00e9"]).map(lambda text: ("search", text)),
        st.sampled_from([("level", None), ("wrap", None), ("narrow", None), ("wide", None)]),
        st.sampled_from([1, -1]).map(lambda by: ("step", by)),
    ),
    max_size=25,
)


class Naive:
    """The same with nothing kept: everything is worked out from the ring each time."""

    def __init__(self, ring: Ring) -> None:
        self.ring = ring
        self.level = 0
        self.needle = ""
        self.current: tuple[int, int] | None = None

    @property
    def lines(self) -> list[tuple[int, str]]:
        first = self.ring.logged - len(self.ring.log)
        return [
            (first + i, line.text)
            for i, line in enumerate(self.ring.log)
            if RANKS[line.severity] >= self.level
        ]

    @property
    def hits(self) -> list[tuple[int, int]]:
        if not self.needle:
            return []
        exact = any(char.isupper() for char in self.needle)
        found = []
        for number, text in self.lines:
            within = text if exact else text.lower()
            at = within.find(self.needle)
            while at >= 0:
                found.append((number, at))
                at = within.find(self.needle, at + len(self.needle))
        return found

    def step(self, by: int, everything_in_sight: bool) -> None:
        hits = self.hits
        if not hits:
            return
        if self.current in hits and everything_in_sight:
            self.current = hits[(hits.index(self.current) + by) % len(hits)]
        else:
            self.current = hits[0 if by > 0 else -1]


@settings(max_examples=300, deadline=None)
@given(OPS)
def test_any_order_of_doings_shows_what_a_naive_page_shows(ops: list[tuple[str, object]]) -> None:
    ring = Ring()
    naive = Naive(ring)
    page = ring.page
    for name, value in ops:
        if name == "add":
            assert isinstance(value, list)
            for text, severity in value:
                ring.add(text, severity)
            ring.take()
        elif name == "search":
            assert isinstance(value, str)
            page.search(value)
            naive.needle, naive.current = value, None
            naive.step(1, everything_in_sight=True)
        elif name == "step":
            assert isinstance(value, int)
            page.step(value, 0, len(page.rows))
            naive.step(value, everything_in_sight=True)
        elif name == "level":
            page.next_level()
            naive.level = (naive.level + 1) % 3
        elif name == "wrap":
            page.toggle_wrap()
        else:
            page.fit(30 if name == "narrow" else 100, UNICODE)
        if naive.current not in naive.hits:
            naive.current = None

        shown: dict[int, str] = {}
        for row in page.rows:
            shown[row.entry.number] = shown.get(row.entry.number, "") + row.text
        blankless = [(number, text.replace(" ", "")) for number, text in shown.items()]
        assert blankless == [(number, text.replace(" ", "")) for number, text in naive.lines]
        hits = naive.hits
        if not naive.needle:
            assert page.found() == ""
        elif not hits:
            assert page.found() == f"no match: {naive.needle}"
        elif naive.current is None:
            assert page.found() == f"{len(hits)}: {naive.needle}"
        else:
            place = hits.index(naive.current) + 1
            assert page.found() == f"{place} of {len(hits)}: {naive.needle}"
            at = page.current_row
            assert at is not None
            assert page.rows[at].entry.number == naive.current[0]
        if not page.wraps:
            continue  # then it may be beyond the pane's side
        wanted = [naive.current] if naive.current else []
        current = {
            page.rows[i].entry.number
            for i in range(len(page.rows))
            if any(is_current for _, _, is_current in page.draw(i).hits)
        }
        assert current == {number for number, _ in wanted}
        assert all(cell_len(line) <= 100 for line in ring.drawn)


# -- lines


def test_a_line_has_its_time_source_sign_and_text_in_columns() -> None:
    ring = Ring(width=70)
    ring.add("all is well")
    ring.add("it is not: " + "word " * 10, "error", "Rendering")
    ring.take()
    time = BEGIN.astimezone().strftime("%H:%M:")
    assert ring.drawn[0] == f"{time}53 Voice     all is well"
    assert ring.drawn[1].startswith(f"{time}54 Render  \u2717 it is not: word")
    assert ring.drawn[2] == " " * 19 + "word word"


def test_where_columns_do_not_fit_the_source_stands_before_the_text() -> None:
    ring = Ring(width=30)
    ring.add("The font has no glyph for it", "warning", "Visuals")
    ring.take()
    assert ring.drawn == ["\u25b2 Visuals: The font has no", "  glyph for it"]


def test_lines_that_the_ring_has_lost_are_gone_however_many_came() -> None:
    ring = Ring()
    for n in range(5):
        ring.add(f"early {n}")
    ring.take()
    for n in range(100):
        ring.add(f"late {n}")
    ring.take()
    assert [row.text for row in ring.page.rows] == [f"late {n}" for n in range(88, 100)]


def test_another_runs_log_replaces_this_one() -> None:
    ring = Ring()
    ring.add("mine")
    ring.take()
    other = Ring()
    other.page = ring.page
    other.add("yours")
    ring.page.clear()
    other.take()
    assert [row.text for row in ring.page.rows] == ["yours"]


def test_a_flood_is_taken_in_parts_and_in_the_end_whole() -> None:
    ring = Ring(1000)
    for n in range(1000):
        ring.add(f"{n} " + "\u5b57" * 2000)
    takes = 0
    while not takes or ring.page.behind:
        before = len(ring.page.rows)
        ring.page.take(ring.log, ring.logged)
        assert len(ring.page.rows) - before < 100 * ROWS_A_LINE
        takes += 1
    assert takes > 5
    numbers = dict.fromkeys(row.entry.number for row in ring.page.rows)
    assert list(numbers) == list(range(1000))


def test_what_a_flood_overtook_is_never_shown() -> None:
    ring = Ring(50)
    for n in range(50):
        ring.add(f"first {n}")
    ring.page.take(ring.log, ring.logged, effort=500)
    assert ring.page.behind
    for n in range(50):
        ring.add(f"second {n}")
    ring.page.take(ring.log, ring.logged)
    assert [row.text for row in ring.page.rows] == [f"second {n}" for n in range(50)]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("wraps", [True, False])
def test_no_row_is_wider_than_the_pane(width: int, wraps: bool) -> None:
    ring = Ring(width=width)
    ring.add("x" * 100_000, "error", "Composition")
    ring.add("\u5b57" * 100_000, "warning", "\u5b57" * 50)
    ring.add("\x1b[2J[red]" * 300 + "e\u0301" * 300 + "\n" * 300 + "\u202e\u200b")
    ring.take()
    if not wraps:
        ring.page.toggle_wrap()
    assert all(cell_len(line) <= width for line in ring.drawn)
    assert len(ring.page.rows) <= 3 * ROWS_A_LINE
    text = "".join(ring.drawn)
    assert text.isprintable()
    assert "[red]" in text


def test_a_line_of_too_many_rows_says_that_it_goes_on() -> None:
    page = page_of("\n".join(str(n) for n in range(200)))
    assert len(page.rows) == ROWS_A_LINE
    assert page.draw(ROWS_A_LINE - 1).text == f"{ROWS_A_LINE - 1}\u2026"


def test_in_ascii_what_one_sees_one_finds() -> None:
    ring = Ring()
    ring.page.fit(40, ASCII)
    ring.add("na\u00efve \u5b57 " * 20, "warning")
    ring.take()
    ring.page.toggle_wrap()
    assert all(line.isascii() for line in ring.drawn)
    assert ring.page.draw(0).text.endswith("~")
    for needle in ("na\u00efve", "naive"):
        ring.page.search(needle)
        assert ring.page.found() == "1 of 20: naive"


# -- search


def test_a_match_goes_on_in_the_next_row() -> None:
    page = page_of("aaaaaaaaaaaaaaaaaaaaaaaa find me bbb", needle="find me b", width=38)
    assert marked(page) == [["find"], ["me b"]] or marked(page) == [["find me"], ["b"]]


def test_a_search_covers_all_that_the_line_shows() -> None:
    ring = Ring(9, 80)
    ring.add("Scene 1: new", source="Visuals")
    ring.add("Scene 2: failed", "error", source="Visuals")
    ring.add("a word on visuals", "warning")
    ring.take()
    page = ring.page
    first = page.draw(0).plain
    for needle, wanted in (
        (first[2:7], [[first[2:7]]] * 3),  # hours and minutes
        ("visuals", [["Visuals"], ["Visuals"], ["visuals"]]),
        (first[4:24], [[first[4:19], first[19:24]], [], []]),  # from the time into the text
        ("error", [[], ["\u2717"], []]),
        ("warning", [[], [], ["\u25b2"]]),
        ("\u2717", [[], ["\u2717"], []]),
        ("warn", [[], [], []]),
    ):
        page.search(needle)
        assert marked(page) == wanted, needle
    page.search("visuals")
    assert [page.step(1, 0, 3) for _ in range(3)] == [1, 2, 0]
    page.search("error", 2)
    assert page.current_row == 1
    # Without columns the time isn't there; the source is.
    page.search(first[2:7])
    page.fit(30, UNICODE)
    assert page.found() == f"no match: {first[2:7]}"
    page.search("visuals: scene 2")
    assert page.found() == "1 of 1: visuals: scene 2"
    page.fit(80, UNICODE)
    assert page.found() == "no match: visuals: scene 2"


def test_case_counts_where_the_needle_has_capitals() -> None:
    assert page_of("Error error ERROR", needle="error").found() == "1 of 3: error"
    assert page_of("Error error ERROR", needle="Error").found() == "1 of 1: Error"


@pytest.mark.parametrize("needle", [".*", "[a-z]", "(", "\\", "a|b", "^", "  "])
def test_a_needle_is_plain_text(needle: str) -> None:
    assert page_of("nothing of it", needle=needle).found() == f"no match: {needle}"
    assert page_of(f"x{needle}x", needle=needle).found() == f"1 of 1: {needle}"


def test_a_needle_is_bounded_and_harmless() -> None:
    page = page_of("text", needle="\x1b[2J" + "n\n" * 5000)
    assert len(page.needle) <= 200
    assert page.needle.isprintable()
    assert len(page.found()) < 60


def test_hidden_characters_do_not_hide_a_word() -> None:
    assert page_of("er\u200bror", needle="error").found() == "1 of 1: error"


def test_a_line_that_is_all_matches_is_bounded() -> None:
    page = page_of("a" * 2000, needle="a")
    assert page.found() == f"1 of {HITS_A_LINE}: a"


def test_a_search_begins_at_the_row_in_sight_and_goes_round() -> None:
    page = page_of("x 0", "x 1", "y", "x 3")
    assert page.search("x", 2) == 3
    assert page.step(1, 0, 4) == 0
    assert page.step(-1, 0, 4) == 3


def test_the_next_match_is_looked_for_from_what_is_in_sight() -> None:
    page = page_of(*(f"x {n}" for n in range(20)), needle="x")
    assert page.step(1, 10, 15) == 10
    assert page.step(1, 10, 15) == 11
    assert page.step(-1, 3, 8) == 2


def test_a_match_that_the_ring_loses_is_no_longer_the_current_one() -> None:
    ring = Ring(3)
    for n in range(3):
        ring.add(f"x {n}")
    ring.take()
    ring.page.search("x")
    ring.add("x 3")
    ring.take()
    assert ring.page.found() == "3: x"
    assert ring.page.step(1, 0, 3) == 0
    assert ring.page.found() == "1 of 3: x"


# -- filter, places, copies


def test_the_filter_goes_through_the_severities_and_round() -> None:
    ring = Ring(width=80)
    severities: list[Severity] = ["info", "warning", "error"]
    for severity in severities:
        ring.add(severity, severity)
    ring.take()
    seen = []
    for _ in range(4):
        seen.append((ring.page.title, [row.text for row in ring.page.rows]))
        ring.page.next_level()
    assert seen == [
        ("Log", ["info", "warning", "error"]),
        ("Log: warnings and errors", ["warning", "error"]),
        ("Log: errors", ["error"]),
        ("Log", ["info", "warning", "error"]),
    ]
    assert Level.ERRORS.next is Level.ALL


def test_the_first_error_is_found_whatever_the_filter() -> None:
    ring = Ring()
    ring.add("fine")
    ring.take()
    assert ring.page.first_error() is None
    ring.add("bad", "error")
    ring.add("worse", "error")
    ring.take()
    assert ring.page.first_error() == 1
    ring.page.next_level()
    assert ring.page.first_error() == 0


def test_a_place_outlives_wrapping_and_filtering() -> None:
    ring = Ring(width=40)
    for n in range(6):
        ring.add(f"{n} " + "word " * 12, "warning" if n % 2 else "info")
    ring.take()
    page = ring.page
    at = next(i for i, row in enumerate(page.rows) if row.entry.number == 3)
    place = page.anchor(at)
    page.fit(100, UNICODE)
    assert page.rows[page.row_of(place)].entry.number == 3
    page.next_level()
    assert page.rows[page.row_of(place)].entry.number == 3
    page.next_level()
    page.next_level()
    hidden = page.anchor(next(i for i, r in enumerate(page.rows) if r.entry.number == 2))
    page.next_level()
    assert page.rows[page.row_of(hidden)].entry.number == 3


def test_a_row_keeps_its_number_while_rows_before_it_go() -> None:
    ring = Ring(3)
    for n in range(3):
        ring.add(f"line {n}")
    ring.take()
    number = ring.page.passed_by + 2
    ring.add("line 3")
    ring.take()
    assert ring.page.rows[number - ring.page.passed_by].text == "line 2"


def test_copied_are_the_lines_that_show_whole_and_clean() -> None:
    ring = Ring(width=30)
    ring.add("fine " * 20)
    ring.add("bad\x1b]52;c;cGF5bG9hZA==\x07 [bold]x[/]\nsecond", "error", "Rendering")
    ring.take()
    time = BEGIN.astimezone().strftime("%H:%M:")
    text, lines = ring.page.copied()
    assert lines == 2
    assert text.splitlines() == [
        f"{time}53  Voice  {'fine ' * 20}",
        f"{time}54  Rendering  error: bad [bold]x[/]",
        "second",
    ]
    ring.page.search("bad")
    assert ring.page.copied()[1] == 1
    ring.page.search("nowhere")
    assert ring.page.copied() == ("", 0)


def test_where_the_current_match_stands_in_its_row_is_known() -> None:
    page = page_of("\u5b57\u5b57\u5b57 needle", needle="needle")
    page.toggle_wrap()
    assert page.current_cells == (7, 13)
    page.search("nowhere")
    assert page.current_cells is None


def test_unwrapped_lines_are_one_row_each_and_scroll_sideways() -> None:
    page = page_of("0123456789" * 8, "short", needle="45", width=32)
    page.toggle_wrap()
    assert [page.draw(i).text for i in (0, 1)] == ["0123456789012345678901…", "short"]
    row = page.draw(0, 8)
    assert row.text == "…9012345678901234567890…"[: len(row.text)] or row.text[0] == "…"
    assert page.widest(0, 2) == 80
    for left in (0, 3, 8, 40):
        drawn = page.draw(0, left)
        assert cell_len(drawn.plain) <= 32
        assert all(drawn.plain[start:end] in "45" for start, end, _ in drawn.hits)
