"""Text from outside: nothing that a terminal would act on stays, and everything else does."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aura_tui.model.text.sanitize import clean, clean_line
from tests.model.strategies import texts

ACTED_ON = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]"
)


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[38;2;1;2;3mx", "x"),
        ("\x1b[?1049hx", "x"),
        ("\x1b[ qx", "x"),
        ("\x9b2Jx", "x"),
        ("a\x1b[31", "a"),  # cut short
        ("\x1b]0;title\x07x", "x"),
        ("\x1b]8;;http://e\x1b\\link\x1b]8;;\x1b\\", "link"),
        ("\x9d0;title\x9cx", "x"),
        ("\x1b]0;never ended\nnext line", "\nnext line"),
        ("\x1b]0;never ended", ""),
        ("\x1b]0;given up\x18x", "x"),
        ("\x1bPq#0;sixel\x1b\\x", "x"),
        ("\x90dcs\x9cx", "x"),
        ("\x1b_apc\x1b\\\x1b^pm\x1b\\\x1bXsos\x1b\\x", "x"),
        ("\x1b(Bx", "x"),
        ("\x1bcx", "x"),
        ("\x1b7x\x1b8", "x"),
        ("\x1b\x1b[mx", "x"),
        ("\x1b", ""),
        ("a\x00b\x08c\x7fd\x85e", "abcde"),
        ("\u202eevil\u202c \u2066x\u2069", "evil x"),
        ("\ud83dhalf\udc00", "half"),
        ("\ufeffbom", "bom"),
        ("a\r\nb\rc\u2028d\u2029e\nf", "a\nb\nc\nd\ne\nf"),
        ("tab\tstays", "tab\tstays"),
        ("[bold]markup[/] <b>&amp; {x} %s", "[bold]markup[/] <b>&amp; {x} %s"),
        ("é 漢 🎬 \u200fשלג\u200f e\u0301", "é 漢 🎬 \u200fשלג\u200f e\u0301"),
        ("👩\u200d👩\u200d👧", "👩\u200d👩\u200d👧"),
    ],
)
def test_what_a_terminal_would_act_on_goes(raw: str, shown: str) -> None:
    assert clean(raw) == shown


@settings(deadline=None)
@given(st.text(st.characters()) | texts, st.integers(1, 60))
def test_any_text_comes_out_safe_bounded_and_settled(raw: str, limit: int) -> None:
    shown = clean(raw, limit)
    assert not ACTED_ON.search(shown)
    assert len(shown) <= limit
    assert clean(shown, limit) == shown
    shown.encode()
    line = clean_line(raw, limit)
    assert "\n" not in line
    assert "\t" not in line
    assert len(line) <= limit


def test_cut_text_ends_in_an_ellipsis() -> None:
    assert clean("abcdef", 4) == "abc\u2026"
    assert clean("abcd", 4) == "abcd"
    assert clean("\x1b[m" * 100 + "lost", 10).endswith("\u2026")


def test_a_line_is_one_line() -> None:
    assert clean_line("  a\n\n b\t\x1b[1mc \r\n") == "a b c"


@pytest.mark.parametrize(
    "piece",
    [
        "\x1b[",
        "\x1b]",
        "\x9d",
        "\x9b",
        "\x1b[0",
        "\x1b ",
        "\x1b]x\x1b",
        "\x9dx",
        "\x1bP",
        "\x1b",
        "0",
    ],
)
@pytest.mark.parametrize("end", ["", "\x1b", "\x07"])
def test_hostile_text_takes_linear_time(piece: str, end: str) -> None:
    text = (piece * 1_000_000)[:1_000_000] + end
    begin = time.process_time()
    clean(text, 1_000_000)
    assert time.process_time() - begin < 1.0  # quadratic would be minutes
