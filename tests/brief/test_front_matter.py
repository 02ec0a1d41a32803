"""Front matter: what begins one, what ends it, and what is left."""

from __future__ import annotations

import time

from hypothesis import given
from hypothesis import strategies as st

from aura_tui.brief.front_matter import split_front_matter


def test_yaml_and_toml_are_taken_off_with_their_title() -> None:
    for text, title, rest in (
        ("---\ntitle: A\n---\nB", "A", "B"),
        ("---\ntitle: 'A b'\ntags: [x]\n---\n\nB\n", "A b", "\nB\n"),
        ("\n \n---\nTITLE : A\n---\nB", "A", "B"),
        ("---\ntags: x\n---\nB", "", "B"),
        ("---\ntitle: A\n...\nB", "A", "B"),  # YAML's own end
        ("---\ntitle: A\n---", "A", ""),
        ('+++\ntitle = "A"\n+++\nB', "A", "B"),
        ("---\n\n# a comment\n---\nB", "", None),
    ):
        assert split_front_matter(text) == (title, text if rest is None else rest), text


def test_what_only_looks_like_it_stays() -> None:
    for text in (
        "",
        "Title: A",
        "---\ntitle: A\n",
        "---\n\nBetween two rules.\n\n---\n",
        "+++\nno key\n+++\n",
        "B\n---\ntitle: A\n---\n",
        "---\ntitle: A\n    ---\nB",
        "---\nlong: " + "x" * 30_000 + "\n---\nB",
    ):
        assert split_front_matter(text) == ("", text), text


@given(st.text(alphabet="-+.:=ab \n\t", max_size=200))
def test_what_is_left_ends_the_text(text: str) -> None:
    title, rest = split_front_matter(f"---\na: {text}")
    assert f"---\na: {text}".endswith(rest)
    assert "\n" not in title


def test_it_takes_time_in_proportion() -> None:
    for piece in ("---\na: b\n", "---\na: b\n-- \n", "---\na:\n" + " " * 50, "\n"):
        began = time.process_time()
        split_front_matter("---\na: b\n" + piece * (1_000_000 // len(piece)))
        assert time.process_time() - began < 0.5, piece
