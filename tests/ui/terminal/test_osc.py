"""No text gets out of its sequence, and each terminal is sent what it understands."""

from __future__ import annotations

from base64 import b64decode

from hypothesis import given
from hypothesis import strategies as st

from aura_tui.ui.terminal import osc
from aura_tui.ui.terminal.capabilities import Popup, Through

HOSTILE = [
    "a\x1b]0;mine\x07b",
    "a\x1b\\b",
    "a\x9c\x9d52;c;AAAA\x07",
    "\x07\x07",
    "a\x18\x1a b",
    "x\x1bPtmux;\x1b\x1b]52;c;AAAA\x07\x1b\\y",
    "one;two;three",
    "\u202etxt.exe",
    "4;1;50",
    "\ud800 lone",
]
# Any characters at all, with those that mean something to a terminal often.
TEXTS = st.lists(
    st.one_of(st.characters(), st.sampled_from(["\x1b", "\x07", "\x9c", "\\", "]", ";", "\x18"]))
).map("".join) | st.sampled_from(HOSTILE)
POPUPS = [Popup.OSC9, Popup.OSC777, Popup.OSC99]


def strings(sent: str) -> list[str]:
    """The bodies of the OSC strings that ``sent`` is made of, as a terminal reads them."""
    found: list[str] = []
    rest = sent
    while rest:
        assert rest.startswith("\x1b]"), f"{rest!r} lies outside of every sequence"
        body = ""
        for at, char in enumerate(rest[2:], 2):
            if char == "\x07" or rest.startswith("\x1b\\", at):
                rest = rest[at + (1 if char == "\x07" else 2) :]
                break
            assert char.isprintable() or not char.isascii(), f"{char!r} in {sent!r}"
            assert not "\x80" <= char <= "\x9f"
            body += char
        else:
            raise AssertionError(f"{sent!r} has no end")
        found.append(body)
    return found


@given(TEXTS, TEXTS)
def test_no_text_breaks_out_of_a_popup(title: str, body: str) -> None:
    for kind in POPUPS:
        bodies = strings(osc.popup(kind, title, body))
        assert len(bodies) == (2 if kind is Popup.OSC99 else 1)
    assert strings(osc.popup(Popup.OSC777, title, body))[0].count(";") == 3
    rest = strings(osc.popup(Popup.OSC9, title, body))[0].removeprefix("9;")
    assert not rest[:1].isdigit(), "a terminal would take it for one of ConEmu's numbers"


@given(TEXTS)
def test_no_text_breaks_out_of_a_title(text: str) -> None:
    (body,) = strings(osc.title(text))
    assert body.startswith("2;")
    assert len(body) <= 202


@given(TEXTS, TEXTS)
def test_tmux_sees_one_string_and_hands_on_what_was_meant(title: str, body: str) -> None:
    inner = osc.popup(Popup.OSC777, title, body)
    sent = osc.wrapped(inner, Through.TMUX)
    assert sent.startswith("\x1bPtmux;")
    assert sent.endswith("\x1b\\")
    within = sent[7:-2]
    assert within.replace("\x1b\x1b", "\x1b") == inner
    assert "\x1b\\" not in within.replace("\x1b\x1b", ""), "it would end tmux's string early"


@given(TEXTS, TEXTS)
def test_screen_sees_short_strings_and_hands_on_what_was_meant(title: str, body: str) -> None:
    inner = osc.popup(Popup.OSC99, title, body)
    sent = osc.wrapped(inner, Through.SCREEN)
    chunks = sent.split("\x1b\\")[:-1]
    assert all(chunk.startswith("\x1bP") and len(chunk.encode()) < 768 for chunk in chunks)
    handed_on = "".join(chunk[2:] for chunk in chunks)
    assert strings(handed_on) == strings(inner)


def test_nothing_is_wrapped_where_nothing_lies_between() -> None:
    assert osc.wrapped("\x1b]9;x\x07", Through.NOTHING) == "\x1b]9;x\x07"
    assert osc.wrapped("", Through.TMUX) == ""


def test_the_three_popups_are_spelt_as_their_terminals_read_them() -> None:
    text = "Succeeded: Sails; 2:31"
    assert osc.popup(Popup.OSC9, "aura-tui", text) == "\x1b]9;Succeeded: Sails; 2:31\x1b\\"
    assert (
        osc.popup(Popup.OSC777, "aura-tui", text)
        == "\x1b]777;notify;aura-tui;Succeeded: Sails, 2:31\x1b\\"
    )
    title, body = strings(osc.popup(Popup.OSC99, "aura-tui", text))
    assert title.startswith("99;i=aura-tui:d=0:e=1:p=title;")
    assert body.startswith("99;i=aura-tui:d=1:e=1:p=body;")
    assert b64decode(body.rsplit(";", 1)[1]).decode() == text
    assert osc.popup(Popup.NONE, "aura-tui", text) == ""


def test_progress_says_state_and_percent_and_stays_within_bounds() -> None:
    assert osc.progress(osc.Progress.NORMAL, 42) == "\x1b]9;4;1;42\x1b\\"
    assert osc.progress(osc.Progress.NONE) == "\x1b]9;4;0;0\x1b\\"
    assert osc.progress(osc.Progress.ERROR, 140) == "\x1b]9;4;2;100\x1b\\"
    assert osc.progress(osc.Progress.INDETERMINATE) == "\x1b]9;4;3;0\x1b\\"
    assert osc.progress(osc.Progress.PAUSED, -1) == "\x1b]9;4;4;0\x1b\\"
