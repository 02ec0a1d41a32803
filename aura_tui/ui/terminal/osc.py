"""Escape sequences as strings; nothing is written here.

Texts are stripped of control characters, so none can end the sequence and start another. They are
cut, too, as terminals show only short pop-ups and titles.
"""

from __future__ import annotations

from base64 import b64encode
from enum import Enum

from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.terminal.capabilities import Popup, Through

BELL = "\x07"
SAVE_TITLE = "\x1b[22;2t"  # xterm's XTWINOPS: push the window's title
RESTORE_TITLE = "\x1b[23;2t"  # pop it
POINTER = "\x1b]22;default\x07"  # the mouse pointer's usual shape, as Textual writes it

_ST = "\x1b\\"  # VTE takes progress with this end alone, and every terminal takes it
_TEXT = 200
# GNU screen drops a string longer than its buffer: 256 bytes before 4.2, 512 and 768 later.
_SCREEN_CHUNK = 240


class Progress(Enum):
    """States of OSC 9;4; ``value`` is ConEmu's number (conemu.github.io/en/AnsiEscapeCodes.html).

    Microsoft's "warning" is ConEmu's "paused".
    """

    NONE = 0
    NORMAL = 1
    ERROR = 2
    INDETERMINATE = 3
    PAUSED = 4


def popup(kind: Popup, title: str, body: str) -> str:
    """A desktop notification; "" for no kind."""
    title, body = clean_line(title, _TEXT), clean_line(body, _TEXT)
    if kind is Popup.OSC9:
        return _osc9(body or title)
    if kind is Popup.OSC777:
        return _osc777(title, body)
    if kind is Popup.OSC99:
        return _osc99(title, body)
    return ""


def _osc9(text: str) -> str:
    # ConEmu gave numbers after OSC 9 a meaning of their own; a text must not look like one.
    return f"\x1b]9;{' ' if text[:1].isdigit() else ''}{text}{_ST}"


def _osc777(title: str, body: str) -> str:
    return f"\x1b]777;notify;{title.replace(';', ',')};{body.replace(';', ',')}{_ST}"


def _osc99(title: str, body: str) -> str:
    """sw.kovidgoyal.net/kitty/desktop-notifications: the title first, ``d=1`` with the last part;
    ``e=1``: in base64. The next of the same ``i`` replaces it."""
    return (
        f"\x1b]99;i=aura-tui:d=0:e=1:p=title;{_base64(title)}{_ST}"
        f"\x1b]99;i=aura-tui:d=1:e=1:p=body;{_base64(body)}{_ST}"
    )


def progress(state: Progress, percent: int = 0) -> str:
    """Progress in the taskbar or on the tab; ``percent`` 0-100."""
    return f"\x1b]9;4;{state.value};{min(100, max(0, percent))}{_ST}"


def title(text: str) -> str:
    """The window's title; inside tmux the pane's, which tmux passes on with ``set-titles on``."""
    return f"\x1b]2;{clean_line(text, _TEXT)}{_ST}"


def wrapped(sequence: str, through: Through) -> str:
    """Wrap ``sequence`` so that a multiplexer passes it on to its terminal.

    tmux does so with ``allow-passthrough on`` (from 3.3; before, always), else it drops it. Don't
    wrap bell, title and other sequences that a multiplexer handles itself.
    """
    if not sequence or through is Through.NOTHING:
        return sequence
    if through is Through.TMUX:
        return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + _ST
    # screen's own string ends at the first ST, so the inner one ends in a BEL.
    inner = sequence.replace(_ST, BELL)
    chunks = [inner[at : at + _SCREEN_CHUNK] for at in range(0, len(inner), _SCREEN_CHUNK)]
    return "".join(f"\x1bP{chunk}{_ST}" for chunk in chunks)


def _base64(text: str) -> str:
    return b64encode(text.encode()).decode()
