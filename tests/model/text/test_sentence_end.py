"""A full stop ends a sentence or belongs to its word."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_tui.model.text.sentence_end import ends_sentence


@pytest.mark.parametrize(
    ("word", "following", "language"),
    [
        ("Dr", " Smith", "en"),
        ("(e.g", " Redis", "en"),
        ("No", " 5", "en"),
        ("R", " R. Tolkien", "en"),
        ("U.S", " Embassy", "en"),
        ("approx", " five", "en"),
        ("z", " B. Eichen", "de"),
        ("B", " Eichen", "de"),
        ("bzw", " Ahorn", "de"),
        ("3", " Mai", "de-AT"),
        ("Mme", " \u00ab Dubois", "fr"),
        ("a", " K\u00f6ln", "de"),
        ("h", " Freitag", "de"),
        ("Abb", " 3", "de"),
        ("Nr", " 5", "de"),
        ("12", " Dienstag", "de"),
        ("3", " Mai", "cs"),
        ("M", " Dubois", "fr"),
        ("ej", " Madrid", "es"),
        ("p\u00e1g", " 4", "es"),
        ("EE", " UU", "es"),
    ],
)
def test_a_stop_that_belongs_to_its_word_ends_nothing(
    word: str, following: str, language: str
) -> None:
    assert not ends_sentence(word, following, language)


@pytest.mark.parametrize(
    ("word", "following", "language"),
    [
        ("left", " Then", "en"),
        ("no", " Then", "en"),
        ("Dr", "", "en"),
        ("3", " The", "en"),
        ("2024", " Der", "de"),
        ("I", " You", "en"),
        ("3", " Dann kommt", "de"),
        ("Mio", " Das ist", "de"),
        ("3", " Elle", "fr"),
        ("a", " Ensuite", "fr"),
        ("min", " Then", "en"),
        ("mm", " Then", "en"),
    ],
)
def test_any_other_stop_ends_its_sentence(word: str, following: str, language: str) -> None:
    assert ends_sentence(word, following, language)


@given(st.text(), st.text())
def test_a_small_letter_never_begins_a_sentence(word: str, following: str) -> None:
    assert not ends_sentence(word, " then" + following)
