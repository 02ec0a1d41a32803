"""A job's name from its brief: one clean line."""

from __future__ import annotations

import time

import pytest

from aura_tui.brief.title import title_of
from aura_tui.model.request import Brief
from aura_tui.model.text.slug import slug


@pytest.mark.parametrize(
    ("brief", "title"),
    [
        (Brief(topic="  The \n river "), "The river"),
        (Brief(text="\n\n## The river\nflows"), "The river"),
        (Brief(text="- one\n- two"), "one"),
        (Brief(topic="\x1b[31mRed\x1b[0m\u202e"), "Red"),
        (Brief(text="\x1b[2J\n\x07\nReal"), "Real"),
        (Brief(topic="\x1b[0m", text="Body"), "Body"),
        (Brief(), "Untitled"),
        (Brief(text="\n" * 900_000 + "At last"), "At last"),
        (Brief(text="#\n" * 400_000 + "Never"), "Untitled"),
        (Brief(text="---\ntags: x\nTitle: 'A \x1b[1mriver'\n---\n# Not this"), "A river"),
        (Brief(text="---\ntags: x\n---\n# This"), "This"),
        (Brief(text="---\nnever closed"), "never closed"),
        (Brief(topic="[b]x[/b]"), "[b]x[/b]"),
    ],
)
def test_the_title_is_one_clean_line(brief: Brief, title: str) -> None:
    begin = time.process_time()
    assert title_of(brief) == title
    assert time.process_time() - begin < 0.3


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("---\ntitle: 'A tour'\ndate: x\n---\n# Other\n", "A tour"),
        ("---\ndate: x\n---\n\n# The heading\n", "The heading"),
        ("---\nnot closed\n", "not closed"),
        ('+++\ntitle = "A tour"\n+++\n# Other\n', "A tour"),
        ("+++\ndraft = true\n+++\n# The heading\n", "The heading"),
        ("---\r\ntitle: A tour\r\n---\r\n# Other\r\n", "A tour"),
        ("---\n\nBetween two rules\n\n---\n", "Between two rules"),
        ("\n\n> *quoted*\n", "quoted"),
        (" \n", "Untitled"),
        ('<h1 align="center">Lantern</h1>', "Lantern"),
        ("[![build](a.svg)](b) ![x](y.png)\n\n# The [real](z) one", "The real one"),
    ],
)
def test_a_text_is_named_by_its_title_or_first_words(text: str, title: str) -> None:
    assert title_of(Brief(text=text)) == title


@pytest.mark.parametrize("brief", [Brief(text="rackmount " * 30), Brief(topic="rackmount " * 30)])
def test_a_long_title_is_cut_at_a_word_with_a_mark(brief: Brief) -> None:
    title = title_of(brief)
    assert 100 <= len(title) <= 120
    assert set(title.removesuffix("\u2026").split(" ")) == {"rackmount"}
    assert title.endswith("rackmount\u2026")
    assert set(slug(title).split("-")) == {"rackmount"}


def test_a_long_title_without_spaces_is_cut_with_a_mark() -> None:
    title = title_of(Brief(text="\u8336" * 300))
    assert len(title) == 120
    assert title.endswith("\u2026")
