"""What the terminal supports: by the environment, then by its own replies."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from aura_tui.ui.terminal.capabilities import (
    Blocks,
    Capabilities,
    Colours,
    Pictures,
    Popup,
    Through,
    detect,
)
from aura_tui.ui.terminal.replies import Replies

XTERM = {"TERM": "xterm-256color"}
TMUX = {"TERM": "tmux-256color", "TMUX": "/tmp/t,1,0"}
SSH = {"SSH_CONNECTION": "a 1 b 22"}


@pytest.fixture(autouse=True)
def _unknown_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "unknown")  # terminfo knows of the process's own terminal alone


def test_the_environment_tells_popup_and_progress() -> None:
    of = {
        (Popup.NONE, False): [
            XTERM,
            {"TERM": "alacritty"},
            {"TERM": "alacritty", "KITTY_WINDOW_ID": "1"},  # started from a shell in kitty
            XTERM | {"PTYXIS_VERSION": "47"},
            XTERM | {"KONSOLE_VERSION": "junk"},
            {"TERM": "linux", "KITTY_WINDOW_ID": "1"},
            {"TERM": "dumb"},
            {},
            {"TERM": "screen", "STY": "1.pts"},
        ],
        (Popup.NONE, True): [
            XTERM | {"WT_SESSION": "x"},
            XTERM | {"PTYXIS_VERSION": "48.1"},
            XTERM | {"KONSOLE_VERSION": "260402"},
        ],
        (Popup.OSC99, False): [
            {"TERM": "xterm-kitty"},
            {"TERM": "xterm-kitty"} | SSH,
            XTERM | {"KITTY_WINDOW_ID": "1"},
            TMUX | {"KITTY_WINDOW_ID": "1"},
        ],
        (Popup.OSC777, False): [{"TERM": "foot"}, {"TERM": "rxvt-unicode-256color"}],
        (Popup.OSC777, True): [
            {"TERM": "xterm-ghostty"},
            XTERM | {"TERM_PROGRAM": "WezTerm"},
            # Started from another's shell: what names itself counts.
            XTERM | {"TERM_PROGRAM": "ghostty", "KITTY_WINDOW_ID": "1"},
            TMUX | {"TERM_PROGRAM": "tmux", "WEZTERM_PANE": "0"},
        ],
        (Popup.OSC9, True): [XTERM | {"TERM_PROGRAM": "iTerm.app", "TERM_FEATURES": "T3ScPSx"}],
        # "Pr" isn't "P": an iTerm2 that shows each percent as a pop-up.
        (Popup.OSC9, False): [XTERM | {"TERM_PROGRAM": "iTerm.app", "TERM_FEATURES": "T3Pr2"}],
    }
    for (popup, progress), environs in of.items():
        for environ in environs:
            found = detect(environ)
            assert (found.popup, found.progress) == (popup, progress), environ


def test_the_environment_tells_the_colours() -> None:
    of = {
        Colours.EIGHT: [{"TERM": "xterm"}, {"TERM": "linux"}, {}, {"TERM": "rxvt"}],
        Colours.MANY: [
            XTERM,
            {"TERM": "xterm", "XTERM_VERSION": "XTerm(379)"},  # Debian's
            XTERM | SSH,
            TMUX,
            {"TERM": "screen", "TMUX": "/tmp/t,1,0"},
            {"TERM": "xterm", "TERM_PROGRAM": "Apple_Terminal"},
        ],
        Colours.SIXTEEN: [{"TERM": "xterm-16color"}],
        Colours.TRUE: [
            XTERM | {"COLORTERM": "truecolor"},
            {"TERM": "linux", "COLORTERM": "24bit"},
            {"TERM": "xterm-direct"},
            {"TERM": "xterm-kitty"} | SSH,  # COLORTERM stays behind
            {"TERM": "alacritty"} | SSH,
            {"TERM": "foot"},
            XTERM | {"VTE_VERSION": "7600"},
            XTERM | {"KONSOLE_VERSION": "220400"},
            XTERM | {"WT_SESSION": "x"},
        ],
    }
    for colours, environs in of.items():
        for environ in environs:
            assert detect(environ).colours is colours, environ


def test_terminfo_tells_the_colours_of_the_processs_own_terminal() -> None:
    code = (
        "import os; from aura_tui.ui.terminal.capabilities import detect;"
        "print(detect(os.environ).colours.name)"
    )
    for term, name in (("xterm", "EIGHT"), ("xterm-256color", "MANY"), ("nothing", "EIGHT")):
        environ = {"TERM": term, "PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd()}
        told = subprocess.run([sys.executable, "-c", code], env=environ, capture_output=True)
        assert told.stdout.decode().strip() == name, told.stderr


def test_a_title_is_set_only_where_the_one_before_it_can_be_restored() -> None:
    for environ in ({"TERM": "xterm-kitty"}, {"TERM": "xterm", "XTERM_VERSION": "X"}, TMUX):
        assert detect(environ).title, environ
    urxvt, konsole = {"TERM": "rxvt-unicode-256color"}, XTERM | {"KONSOLE_VERSION": "230400"}
    for environ in (urxvt, konsole, XTERM, {"TERM": "linux"}, {"TERM": "screen", "STY": "1"}):
        assert not detect(environ).title, environ


def test_no_picture_is_drawn_by_the_environment_alone() -> None:
    for environ in ({"TERM": "xterm-kitty"}, {"TERM": "foot"}, XTERM, TMUX, {"TERM": "linux"}):
        assert detect(environ).pictures is Pictures.CELLS, environ
    for environ in ({}, {"TERM": "dumb"}, {"TERM": "unknown"}):
        assert detect(environ).pictures is Pictures.NONE


def test_only_a_terminal_that_shows_nothing_of_a_question_is_asked() -> None:
    assert detect(XTERM).replies
    assert detect(XTERM | SSH).replies
    apple = XTERM | {"TERM_PROGRAM": "Apple_Terminal"}
    through_ssh = {"TERM": "screen-256color"} | SSH
    for environ in ({"TERM": "linux"}, {"TERM": "dumb"}, {}, TMUX, apple, through_ssh):
        assert not detect(environ).replies, environ
    assert detect(TMUX).through is Through.TMUX


def test_replies_tell_pictures_colours_and_title() -> None:
    ssh = detect(XTERM | SSH)
    told = {
        Replies("kitty(0.26.5)", graphics=True): (Pictures.CELLS, Colours.TRUE, True),
        Replies("kitty(0.27.1)", graphics=True): (Pictures.CELLS, Colours.TRUE, True),
        Replies("kitty(0.28.0)", graphics=True): (Pictures.KITTY, Colours.TRUE, True),
        Replies("kitty(0.41.1)", graphics=True): (Pictures.KITTY, Colours.TRUE, True),
        Replies("kitty(1.0.0)", graphics=True): (Pictures.KITTY, Colours.TRUE, True),
        Replies("kitty(0.41.1)"): (Pictures.CELLS, Colours.TRUE, True),  # it draws none
        Replies("ghostty 1.1.3", graphics=True): (Pictures.KITTY, Colours.TRUE, True),
        # It draws Kitty's pictures, but not by placeholders.
        Replies("WezTerm 2024", graphics=True, sixel=True): (Pictures.SIXEL, Colours.TRUE, False),
        Replies("Konsole 23.04", sixel=True): (Pictures.SIXEL, Colours.TRUE, False),
        Replies("foot(1.16.2)", sixel=True): (Pictures.SIXEL, Colours.TRUE, True),
        Replies("XTerm(379)"): (Pictures.CELLS, Colours.MANY, True),
        Replies("XTerm(390)", sixel=True, rgb=True): (Pictures.SIXEL, Colours.TRUE, True),
        Replies("VTE(7600)"): (Pictures.CELLS, Colours.TRUE, True),
        Replies("something new 1", rgb=True): (Pictures.CELLS, Colours.TRUE, False),
        Replies(): (Pictures.CELLS, Colours.MANY, False),
    }
    for replies, (pictures, colours, title) in told.items():
        found = ssh.with_replies(replies)
        assert (found.pictures, found.colours, found.title) == (pictures, colours, title), replies


def test_sextants_are_drawn_only_where_the_terminal_has_said_that_it_is_one_that_has_them() -> None:
    for environ in (XTERM, {"TERM": "xterm-kitty"}, {"TERM": "foot"}, {"TERM": "alacritty"}):
        assert detect(environ).blocks is Blocks.HALVES, environ
    with_them = ("kitty(0.26.5)", "ghostty 1.1.3", "foot(1.16.2)", "VTE(7600)", "WezTerm 2024")
    for version in with_them:
        assert detect(XTERM).with_replies(Replies(version)).blocks is Blocks.SEXTANTS, version
    for version in ("", "XTerm(379)", "VTE(6003)", "Konsole 23.04", "something new 1"):
        assert detect(XTERM).with_replies(Replies(version)).blocks is Blocks.HALVES, version


def test_a_terminal_is_taken_for_no_less_than_the_environment_says() -> None:
    true = detect(XTERM | {"COLORTERM": "truecolor"})
    assert true.with_replies(Replies("XTerm(379)")).colours is Colours.TRUE
    nothing = Capabilities(pictures=Pictures.NONE)
    assert nothing.with_replies(Replies(sixel=True)).pictures is Pictures.NONE
