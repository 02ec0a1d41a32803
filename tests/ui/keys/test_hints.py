"""Which keys the line at the bottom tells, by its width."""

from __future__ import annotations

import pytest
from textual.binding import ActiveBinding, Binding
from textual.widget import Widget

from aura_tui.ui.keys.hints import KeyHint, fitting, hints


def hint(sign: str, does: str, *, always: bool = False) -> KeyHint:
    return KeyHint(sign, sign, does, does, always, True)


ALL = (
    hint("o", "Open"),
    hint("c", "Cancel"),
    hint("n", "New"),
    hint("?", "Help", always=True),
    hint("q", "Quit", always=True),
)


def said(width: int) -> str:
    line = ""
    for x, each in fitting(ALL, width):
        line = f"{line.ljust(x)}{each.sign} {each.does}"
    return line


@pytest.mark.parametrize(
    ("width", "wanted"),
    [
        (80, "o Open  c Cancel  n New  ? Help  q Quit"),
        (39, "o Open  c Cancel  n New  ? Help  q Quit"),
        (38, "o Open c Cancel n New ? Help q Quit"),
        (35, "o Open c Cancel n New ? Help q Quit"),
        (34, "o Open c Cancel ? Help q Quit"),
        (20, "o Open ? Help q Quit"),
        (19, "? Help q Quit"),
        (12, "? Help"),
        (3, ""),
    ],
)
def test_the_last_keys_go_first_and_help_and_quit_stay(width: int, wanted: str) -> None:
    assert said(width) == wanted


@pytest.mark.parametrize("width", range(60))
def test_no_hint_is_cut_or_overlaps_another(width: int) -> None:
    end = 0
    for x, each in fitting(ALL, width):
        assert x >= end
        end = x + each.width
        assert end <= width


def test_wide_signs_take_their_cells() -> None:
    assert hint("\u5b57", "x").width == 4


def test_an_action_is_told_once_and_a_hidden_one_not() -> None:
    node = Widget()
    shown = Binding("enter", "open", "Open", id="jobs.open")
    active = [
        ActiveBinding(node, shown, True, "Show the job"),
        ActiveBinding(node, Binding("space", "open", "Open"), True, ""),
        ActiveBinding(node, Binding("j", "move(1)", "Next", show=False), True, ""),
        ActiveBinding(node, Binding("q", "quit", "Quit", id="app.quit"), False, ""),
    ]
    assert hints(active, lambda binding: binding.key.upper()) == (
        KeyHint("enter", "ENTER", "Open", "Show the job", False, True),
        KeyHint("q", "Q", "Quit", "Quit", True, False),
    )
