"""TeX on one line, and where a text has it."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_tui.providers.script.markdown import tex
from aura_tui.providers.script.markdown.preprocess import prepare


def converted(text: str) -> str:
    return prepare(text).markdown


@pytest.mark.parametrize(
    ("formula", "line"),
    [
        (r"E=mc^2", "E = mc\u00b2"),
        (r"\frac{a+b}{2}", "(a + b) / 2"),
        (r"\frac12", "1/2"),
        (r"\int_0^1 x^2 dx", "\u222b\u2080\u00b9 x\u00b2 dx"),
        (r"\sum_{i=1}^{n} i", "\u2211\u1d62\u208c\u2081\u207f i"),
        (
            r"x_{1,2} = \frac{-b \pm \sqrt{b^2-4ac}}{2a}",
            "x\u2081,\u2082 = (\u2212b \u00b1 \u221a(b\u00b2 \u2212 4ac)) / 2a",
        ),
        (r"e^{i\pi}+1=0", "e^(i\u03c0) + 1 = 0"),
        (r"\left( \alpha \leq 3\,\text{m} \right)", "(\u03b1 \u2264 3 m)"),
        (r"\sin(x)+\cos x", "sin(x) + cos x"),
        (r"\sqrt[3]{8}", "\u00b3\u221a8"),
        (r"\begin{matrix}a&b\end{matrix}", None),
        (r"\unknown{x}", None),
        ("{", None),
        ("x^", None),
        ("x^{" * 40, None),
        ("x" * 2000, None),
    ],
)
def test_a_formula_has_one_line_or_none(formula: str, line: str | None) -> None:
    assert tex.one_line(formula) == line


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("of them, \\\\(a+b\\\\)", "of them, a + b"),
        ("`\\\\(x\\\\)` and\n\n```\n\\\\(x=1\\\\)\n```\n", None),
        ("\\\\[\na = b\n\\\\]\n", "\n```math\na = b\n```\n\n"),
        ("\\\\(x_1*2\\\\)", "x\u2081\\*2"),
    ],
)
def test_brackets_of_tex_are_formulas(text: str, read: str | None) -> None:
    text = text.replace("\\\\", "\\")
    assert converted(text) == (text if read is None else read)


@given(st.text(alphabet="\\\\$^_{}[]()ab12 frac\n`~|", max_size=200))
def test_any_text_is_read_without_an_error(text: str) -> None:
    converted(text)
    tex.one_line(text)


@pytest.mark.parametrize(
    "piece", ["$", "\\[", "\\(", "$a", "```", "`a", "$a\n", "$$ a\n", "\\[ a\n", "{", "^"]
)
def test_reading_takes_time_in_proportion(piece: str) -> None:
    began = time.process_time()
    converted(piece * (200_000 // len(piece)))
    assert time.process_time() - began < 1.0


@pytest.mark.parametrize(
    ("formula", "sayable"),
    [("E = mc\u00b2", True), ("(a + b) / 2", True), ("\u222b x dx", False), ("e^(i\u03c0)", False)],
)
def test_only_what_one_can_follow_by_ear_is_sayable(formula: str, sayable: bool) -> None:
    assert tex.is_sayable(formula) is sayable
