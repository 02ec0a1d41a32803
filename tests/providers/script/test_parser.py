"""What the parser makes of dollars, footnotes and task lists, and in what time."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.providers.script.markdown.blocks import Bullets, Code, Formula, Paragraph
from aura_tui.providers.script.markdown.document import parse


def blocks(text: str) -> list[object]:
    return [block for section in parse(text).sections for block in section.blocks]


def words(text: str) -> str:
    """The text of its only paragraph."""
    (block,) = blocks(text)
    assert isinstance(block, Paragraph)
    return block.text


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("so $x=1$ holds.", "so x = 1 holds."),
        ("the $n$ of them, $a+b$", "the n of them, a + b"),
        ("a $$x^2$$ here", "a x\u00b2 here"),
        ("so $x_1*2$ and *y*", "so x\u2081*2 and y"),
        ("so $x=\n1$ holds", "so x = 1 holds"),
        ("it costs $5 and $10 today", "it costs $5 and $10 today"),
        ("from $5/month to $50/year", "from $5/month to $50/year"),
        ("set $HOME/bin:$PATH now", "set $HOME/bin:$PATH now"),
        ("US$5 or A$6 = b", "US$5 or A$6 = b"),
        ("say `$x=1$` so", "say $x=1$ so"),
        ("a \\$5 b $ c", "a $5 b $ c"),
        ("of $A *and* B$ all", "of $A and B$ all"),
        ("of $x=`1`$ all", "of $x=1$ all"),
        ("with $\\unknown{x}$ in it", "with $\\unknown{x}$ in it"),
    ],
)
def test_dollars_are_formulas_only_where_they_are(text: str, read: str) -> None:
    assert words(text) == read


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("$$\na = b\n$$", [Formula("a = b")]),
        ("$$a = b$$.", [Formula("a = b")]),
        ("$$\na = b\n$$.\n\n$$\nc = d\n$$", [Formula("a = b"), Formula("c = d")]),
        ("It says:\n$$\na = b\n$$\nand so on.", [
            Paragraph("It says:"), Formula("a = b"), Paragraph("and so on.")
        ]),
        ("$$\na\n\n= b\n$$", [Formula("a = b")]),
        ("$$\n\\begin{matrix}a\\end{matrix}\n$$", [Code("\\begin{matrix}a\\end{matrix}", "tex")]),
        ("$$\nnever closed\n\nWords follow it.", [
            Paragraph("$$ never closed"), Paragraph("Words follow it.")
        ]),
        ("```\n$$\na\n$$\n```", [Code("$$\na\n$$", "")]),
        ("- one\n- $$a = b$$\n- two", [Bullets(("one", "a = b", "two"), False)]),
    ],
)  # fmt: skip
def test_a_formula_on_lines_of_its_own_is_a_block(text: str, found: list[object]) -> None:
    assert blocks(text) == found


def test_footnotes_are_left_out_with_all_their_paragraphs() -> None:
    text = "Rivers[^1] flow[^n].\n\n[^1]: A note.\n\n    Its second paragraph.\n[^n]: Another.\n"
    assert words(text) == "Rivers flow."
    assert blocks("A line of text.\n[^1]: A note.") == [Paragraph("A line of text.")]
    assert blocks("| a | b |\n|---|---|\n| \u274c [^1] | c |\n\n[^1]: n") != []
    assert "after it" in str(blocks("[^1]: A note.\n\nWords after it.\n"))


def test_a_task_keeps_whether_it_is_done_and_loses_its_box() -> None:
    text = "- [ ] Buy *milk* now\n- [x] Sell the cow\n- [X] Sow the beans\n- plain words\n"
    assert blocks(text) == [
        Bullets(
            ("Buy milk now", "Sell the cow", "Sow the beans", "plain words"),
            False,
            frozenset({1, 2}),
        )
    ]
    assert words("[x] is no task") == "[x] is no task"


@pytest.mark.parametrize(
    "piece",
    [
        *("$", "$$", "$$\n", "$$a\n", "$$a\n\n", "- $$a\n", "> $$a\n", "$a\n", "$a$ ", "\\$"),
        *(":::a\n", "!!! note\n", "!!! note\n    x\n\n", ": a\n", "a\n: b\n\n", "{{< a ", "{#a "),
        *("==a", "[[a", "~a", "^a", "%%a", "[1]", "![a](b c", "\u2705 a\n", "a: b\n", "<!-- "),
        *(
            "<ul><li>",
            "<table><tr><td>a",
            "<p>a\n",
            "<a href='",
            "<sup>a",
            "<pre>",
            "<del>a</del> ",
        ),
        *("[^a]: ", "[^a]: x\n", "[^a]", "^[", "- [ ] x\n", "- [x] ", "[^a]: x\n\n    y\n\n"),
    ],
)
def test_any_repetition_is_parsed_in_proportion_to_its_length(piece: str) -> None:
    def taken_s(length: int) -> float:
        began = time.process_time()
        parse(piece * (length // len(piece)))
        return time.process_time() - began

    # Once in three times is enough: others may have the core's caches meanwhile.
    assert any(taken_s(40_000) < max(0.25, 10 * taken_s(10_000)) for _ in range(3))


@settings(deadline=None)
@given(st.text(alphabet="$\\[]^ \n-x1:>`*_=|", max_size=300))
def test_any_text_is_parsed_without_an_error(text: str) -> None:
    for block in blocks(text):
        assert block
