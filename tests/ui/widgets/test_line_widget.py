"""Only the cells that changed are sent, and all of them are."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from textual.content import Content

from aura_tui.ui.theme.glyphs import ASCII, UNICODE
from aura_tui.ui.widgets.bar import bar
from aura_tui.ui.widgets.line_widget import changed_cells, drawable


def test_lines_that_are_the_same_send_nothing() -> None:
    line = Content.assemble(("a", "red"), "b")
    assert changed_cells(line, Content.assemble(("a", "red"), "b"), 0) is None


def test_the_narrowest_run_of_cells_holds_the_change() -> None:
    region = changed_cells(Content("12 % of it"), Content("13 % of it"), 4)
    assert region is not None
    assert (region.x, region.y, region.width, region.height) == (1, 4, 1, 1)


def test_a_change_of_style_is_a_change() -> None:
    region = changed_cells(
        Content.assemble("ab", ("cd", "red")), Content.assemble("a", ("bcd", "red")), 0
    )
    assert region is not None
    assert (region.x, region.width) == (1, 1)


MIXED = st.text(alphabet="ab \u5b57\u0301", max_size=20)


@given(MIXED, MIXED)
def test_every_changed_cell_is_within_the_region(before: str, after: str) -> None:
    was, now = Content(before), Content(after)
    region = changed_cells(was, now, 0)
    width = max(was.cell_length, now.cell_length) + 1

    def cells(content: Content) -> list[str]:
        out: list[str] = []
        for char in content.plain:
            length = Content(char).cell_length
            if length:
                out += [char] + [""] * (length - 1)
            elif out:
                out[-1] += char
        return out + [" "] * (width - len(out))

    for x, (a, b) in enumerate(zip(cells(was), cells(now), strict=True)):
        if a != b:
            assert region is not None
            assert region.x <= x < region.right


@given(st.floats(), st.integers(1, 60), st.sampled_from((UNICODE, ASCII)))
def test_a_bar_is_always_as_wide_as_it_should(percent: float, width: int, glyphs: object) -> None:
    assert glyphs in (UNICODE, ASCII)
    drawn = bar(percent, width, UNICODE if glyphs is UNICODE else ASCII, "red")
    assert drawn.cell_length == width


def test_a_bar_is_full_at_100_and_only_there() -> None:
    assert bar(100, 10, ASCII, "red").plain == "#" * 10
    assert bar(99.9, 10, UNICODE, "red").plain != "\u2501" * 10
    assert bar(0, 10, ASCII, "red").plain == "-" * 10


@given(st.text(max_size=50))
def test_ascii_spelling_is_ascii_and_as_long(text: str) -> None:
    spelt = ASCII.spell(text)
    assert spelt.isascii()
    assert len(spelt) == len(text)
    assert UNICODE.spell(text) == text


def test_spans_stay_in_their_places() -> None:
    line = drawable(Content.assemble("caf\u00e9 \u2026 ", ("x", "red")), ASCII)
    assert line.plain == "cafe ~ x"
    assert [(span.start, span.end) for span in line.spans] == [(7, 8)]
