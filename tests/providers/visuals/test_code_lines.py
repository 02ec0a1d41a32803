"""Lines of code on a card: nothing of them is lost, none is longer than the card is wide."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from aura_tui.providers.visuals.card_layouts.code_lines import (
    Line,
    columns,
    highlighted,
    wrap_lines,
)

COMMAND = "$ python3 -m venv .venv && .venv/bin/pip install -q . && .venv/bin/aura-tui run a.md"


def shown(line: Line) -> str:
    """The line as it is seen: every span at its column."""
    text, column = "", 0
    for at, part, _ in line:
        assert at >= column
        text += " " * (at - column) + part
        column = at + columns(part)
    return text


def text_of(lines: list[Line]) -> str:
    return " ".join(" ".join(shown(line) for line in lines).split())


def test_a_session_of_one_line_is_shown() -> None:
    assert text_of(highlighted(COMMAND, "console")) == COMMAND


def test_a_long_line_goes_on_below_indented_and_breaks_after_a_space() -> None:
    rows = wrap_lines(highlighted(COMMAND, ""), 40)
    assert len(rows) == 3
    assert [row[0][0] for row in rows] == [0, 2, 2]
    assert text_of(rows) == COMMAND


def test_a_short_line_is_as_it_was() -> None:
    lines = highlighted("def f(x):\n    return x + 1", "python")
    assert wrap_lines(lines, 40) == lines


@given(
    st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=200),
    st.integers(8, 60),
    st.sampled_from(["", "python", "console", "bash", "json"]),
)
def test_wrapping_loses_nothing_and_fits(source: str, limit: int, language: str) -> None:
    lines = highlighted(source, language)
    rows = wrap_lines(lines, limit)
    assert text_of(rows).replace(" ", "") == text_of(lines).replace(" ", "")
    assert all(columns(shown(row).rstrip()) <= limit for row in rows)


@given(
    st.lists(st.text("abcdefgh-=./\"'", min_size=1, max_size=8), min_size=1, max_size=40),
    st.integers(12, 60),
    st.sampled_from(["", "python", "console", "bash", "json"]),
)
def test_words_and_the_blanks_between_them_stay(
    words: list[str], limit: int, language: str
) -> None:
    lines = highlighted(" ".join(words), language)
    assert text_of(wrap_lines(lines, limit)) == text_of(lines) == " ".join(words)
