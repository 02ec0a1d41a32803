"""What comes out can be drawn, and the rows hold all of it within their room."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.cells import cell_len

from aura_tui.ui.state.cells import (
    PATH_CHARS,
    TEXT_CHARS,
    cells,
    printable,
    printable_path,
    row_spans,
    window,
)

CHARS = st.one_of(
    st.sampled_from("ab  \n"),
    st.sampled_from("\u5b57\U0001f680e\u0301\u200b\u202e\ufe0f\t\x1b[31m\u0338\u200d"),
    st.characters(exclude_categories=["Cs"]),
)
TEXTS = st.text(CHARS, max_size=120)


@given(TEXTS)
def test_every_character_is_seen_or_is_an_accent(text: str) -> None:
    shown = printable(text)
    assert shown.replace("\n", "").isprintable()
    assert printable(shown) == shown
    assert not any(unicodedata.category(char) == "Cf" for char in shown)


@pytest.mark.parametrize(
    "text",
    ["x" * 100_000, "\u5b57" * 100_000, "\x1b[1m" * 100_000, "e" + "\u0301" * 100_000],
    ids=["plain", "wide", "escapes", "accents"],
)
def test_any_text_is_bounded(text: str) -> None:
    assert len(printable(text)) <= TEXT_CHARS
    assert len(printable_path(text)) <= PATH_CHARS


def test_accents_do_not_pile_up() -> None:
    assert printable("a" + "\u0335" * 50 + "b") == "a\u0335\u0335b"
    assert printable("e\u0301") == "\u00e9"


def test_what_a_path_hides_is_seen() -> None:
    path = "/tmp/a  b/\x1b[2J\u202egpj.exe\n\u200b\udcff.mp4"
    assert printable_path(path) == "/tmp/a  b/?[2J?gpj.exe???.mp4"


@given(TEXTS, st.integers(2, 30), st.integers(0, 40))
def test_rows_hold_the_text_within_their_room(text: str, room: int, taken: int) -> None:
    text = printable(text)
    spans = row_spans(text, room, taken)
    at = 0
    for i, (start, end) in enumerate(spans):
        assert start >= at
        assert not text[at:start].strip(" \n"), "only blanks are in no row"
        space = max(2, room - taken) if i == 0 else room
        assert cell_len(text[start:end]) <= space
        assert "\n" not in text[start:end]
        at = end
    assert not text[at:].strip(" \n")
    assert len(spans) >= text.count("\n") + 1


def test_rows_break_at_blanks_and_words_only_where_they_must() -> None:
    text = "one two  three-and-four"
    rows = [text[start:end] for start, end in row_spans(text, 8)]
    assert rows == ["one two", "three-an", "d-four"]


def test_rows_end_where_they_are_too_many() -> None:
    assert len(row_spans("\n" * 500, 10, most=7)) == 7
    assert len(row_spans("x" * 500, 10, most=7)) == 7


@given(TEXTS, st.integers(0, 60), st.integers(2, 30))
@example("00\u2e800", 2, 2)  # a wide character across the one cell that is left
def test_a_window_fits_and_says_what_it_shows(text: str, left: int, room: int) -> None:
    text = printable(text).replace("\n", " ")
    shown, start, end, shift = window(text, left, room, "~")
    assert cell_len(shown) <= room
    assert shown[shift : shift + end - start] == text[start:end]
    if left == 0 and cells(text) <= room:
        assert shown == text
    if cells(text) > left + room:
        assert shown.endswith("~")
    if left:
        assert shown.startswith("~")


def test_a_vowel_sign_with_a_place_of_its_own_takes_a_cell() -> None:
    assert cells("\u0939\u093f") == 2
    assert cells("\u0939\u0941") == 1


def test_a_path_breaks_after_a_slash_as_far_to_the_right_as_it_can() -> None:
    path = "/home/ada/Videos/solar-sails/2026/how-a-sail-works.mp4"
    rows = [path[start:end] for start, end in row_spans(path, 30)]
    assert rows == ["/home/ada/Videos/solar-sails/", "2026/how-a-sail-works.mp4"]
    # A slash far to the left would waste the row.
    assert [end for _, end in row_spans("/a/" + "x" * 40, 20)] == [20, 40, 43]
    said = f"saved in {path}"
    assert [said[start:end] for start, end in row_spans(said, 30)][:2] == ["saved in", rows[0]]
