"""Terminal capabilities: at first from the environment, then from the terminal's own replies.

Nothing is queried or written here. :func:`detect` reads the environment, terminfo included;
:meth:`Capabilities.with_replies` adds what the terminal said of itself (``replies``). Pictures are
never guessed: until the terminal has replied, and where it doesn't, they are drawn in cells.

Everything that affects this choice is in the tables ``_TERMINALS`` and ``_VERSIONS``; their
sources:

- kitty: sw.kovidgoyal.net/kitty/desktop-notifications (OSC 99), .../graphics-protocol
  (pictures, with placeholders from 0.28: the cells stay ordinary text)
- Ghostty: ghostty.org/docs/vt/osc; placeholders: ghostty pull request 2015; progress: 3124
- WezTerm: wezterm.org/escape-sequences (OSC 777); progress: wezterm issue 6581. It draws no
  placeholders (wezterm pull request 7924), so it gets Sixel.
- iTerm2: iterm2.com/documentation-escape-codes (OSC 9); older ones show OSC 9;4 as a pop-up a
  percent (iterm2 issue 12587), so it must say "P" in TERM_FEATURES (iterm2.com/feature-reporting)
- foot: foot-ctlseqs(7): OSC 777
- rxvt-unicode: urxvt(1), OSC 777
- Windows Terminal: learn.microsoft.com/windows/terminal/tutorials/progress-bar-sequences. It has
  no stack of titles (its issue 14575).
- ConEmu: conemu.github.io/en/AnsiEscapeCodes.html
- Konsole: progress from 26.04 (its merge request 1054)
- Ptyxis: progress from 48 (ptyxis issue 305). VTE without it ignores OSC 777 and 9;4.

Sextants are drawn by the terminal itself or, in most fonts, not at all: in kitty, Ghostty, foot,
WezTerm, contour and VTE from 0.70 by themselves (arewelegacycomputingyet.com; notcurses' table of
terminals). Alacritty has them from 0.14 (its pull request 7534), but doesn't say its version.

A title is set only where the one before it can be restored: where XTWINOPS 22 and 23 (xterm's
ctlseqs) keep a stack of titles. A terminal in neither table gets the bell alone.
"""

from __future__ import annotations

import os
import re
from enum import Enum, IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from aura_tui.ui.terminal.replies import Replies


class Popup(Enum):
    """The sequence of a desktop notification; ``value`` as in the settings."""

    NONE = "off"
    OSC9 = "osc9"
    OSC777 = "osc777"
    OSC99 = "osc99"


class Pictures(Enum):
    """The protocol for pictures."""

    NONE = "none"
    CELLS = "cells"  # characters, each in two colours
    SIXEL = "sixel"
    KITTY = "kitty"


class Blocks(Enum):
    """Characters that pictures of cells are made of; ``value`` as in the settings."""

    HALVES = "halves"  # U+2580, which each font has that has any
    QUADRANTS = "quadrants"  # U+2596 to U+259F
    SEXTANTS = "sextants"  # U+1FB00 to U+1FB3B, of Unicode 13

    @property
    def grid(self) -> tuple[int, int]:
        """Parts of a character across and down."""
        return {Blocks.HALVES: (1, 2), Blocks.QUADRANTS: (2, 2), Blocks.SEXTANTS: (2, 3)}[self]


class Through(Enum):
    """A multiplexer between us and the terminal, which passes on only wrapped sequences."""

    NOTHING = "nothing"
    TMUX = "tmux"
    SCREEN = "screen"


class Colours(IntEnum):
    """How many colours the terminal has; ``value`` in bits."""

    EIGHT = 3
    SIXTEEN = 4
    MANY = 8  # the 256 of xterm
    TRUE = 24


class Capabilities(NamedTuple):
    """What the terminal supports. ``title``: it can restore the window's title. ``window``: it is
    one of a window system, not a console. ``replies``: it can be asked. ``remote``: it is at the
    other end of an SSH connection."""

    popup: Popup = Popup.NONE
    progress: bool = False
    title: bool = False
    pictures: Pictures = Pictures.CELLS
    blocks: Blocks = Blocks.HALVES
    colours: Colours = Colours.MANY
    through: Through = Through.NOTHING
    window: bool = True
    replies: bool = True
    remote: bool = False

    def with_replies(self, replies: Replies) -> Capabilities:
        """These, and what the terminal has replied."""
        version = _version(replies.version)
        pictures = self.pictures
        if pictures is not Pictures.NONE:
            if replies.graphics and version is not None and version.placeholders:
                pictures = Pictures.KITTY
            else:
                pictures = Pictures.SIXEL if replies.sixel else Pictures.CELLS
        colours = max(self.colours, version.colours if version else Colours.EIGHT)
        return self._replace(
            title=self.title or (version is not None and version.title),
            pictures=pictures,
            blocks=Blocks.SEXTANTS if version is not None and version.sextants else self.blocks,
            colours=Colours.TRUE if replies.rgb else colours,
        )


class _Terminal(NamedTuple):
    is_it: Callable[[Mapping[str, str]], bool]
    popup: Popup = Popup.NONE
    progress: Callable[[Mapping[str, str]], bool] = lambda _: False
    title: bool = False
    colours: Colours = Colours.EIGHT  # at least; terminfo or COLORTERM may know of more


class _Version(NamedTuple):
    """What is known of a terminal by its reply to XTVERSION."""

    name: re.Pattern[str]
    colours: Colours = Colours.TRUE
    title: bool = False
    placeholders: bool = False
    sextants: bool = False  # it draws these itself, whatever the font


def _term(*names: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda env: env.get("TERM", "") in names


def _program(name: str, *terms: str) -> Callable[[Mapping[str, str]], bool]:
    return lambda env: env.get("TERM_PROGRAM") == name or env.get("TERM", "") in terms


def _always(_: Mapping[str, str]) -> bool:
    return True


def _at_least(name: str, version: int) -> Callable[[Mapping[str, str]], bool]:
    """Whether the variable's leading number is ``version`` or more."""

    def holds(env: Mapping[str, str]) -> bool:
        number = env.get(name, "").split(".")[0]
        return number.isascii() and number.isdigit() and int(number[:9]) >= version

    return holds


def _feature(letter: str) -> Callable[[Mapping[str, str]], bool]:
    """Whether TERM_FEATURES names the feature: one capital with its small letters and digits."""

    def holds(env: Mapping[str, str]) -> bool:
        text = env.get("TERM_FEATURES", "")
        return any(
            char == letter and not text[at + 1 : at + 2].islower() for at, char in enumerate(text)
        )

    return holds


_TRUE, _MANY = Colours.TRUE, Colours.MANY
# The first match counts.
_TERMINALS = (
    _Terminal(_program("ghostty", "xterm-ghostty"), Popup.OSC777, _always, True, _TRUE),
    _Terminal(_program("WezTerm", "wezterm"), Popup.OSC777, _always, False, _TRUE),
    _Terminal(_program("iTerm.app"), Popup.OSC9, _feature("P"), True, _TRUE),
    _Terminal(_program("kitty", "xterm-kitty"), Popup.OSC99, title=True, colours=_TRUE),
    _Terminal(_term("foot", "foot-extra"), Popup.OSC777, title=True, colours=_TRUE),
    _Terminal(_term("rxvt-unicode", "rxvt-unicode-256color"), Popup.OSC777),
    _Terminal(_program("Apple_Terminal"), colours=_MANY),
    _Terminal(_program("vscode"), colours=_TRUE),
    _Terminal(lambda env: "WT_SESSION" in env, progress=_always, colours=_TRUE),
    _Terminal(lambda env: env.get("ConEmuANSI") == "ON", progress=_always, colours=_TRUE),
    _Terminal(
        lambda env: "PTYXIS_VERSION" in env,
        progress=_at_least("PTYXIS_VERSION", 48),
        title=True,
        colours=_TRUE,
    ),
    _Terminal(
        lambda env: "KONSOLE_VERSION" in env,
        progress=_at_least("KONSOLE_VERSION", 260400),
        colours=_TRUE,
    ),
    _Terminal(_term("alacritty"), title=True, colours=_TRUE),
    # tmux and SSH hide the names above and leave these; so do other terminals that were started
    # from a shell in one of them.
    _Terminal(lambda env: "KITTY_WINDOW_ID" in env, Popup.OSC99),
    _Terminal(lambda env: "GHOSTTY_RESOURCES_DIR" in env, Popup.OSC777, _always),
    _Terminal(lambda env: "WEZTERM_PANE" in env, Popup.OSC777, _always),
    _Terminal(lambda env: env.get("LC_TERMINAL") == "iTerm2", Popup.OSC9, _feature("P")),
    _Terminal(_at_least("VTE_VERSION", 3600), title=True, colours=_TRUE),
    # Debian's says no more than TERM=xterm, which may have eight colours.
    _Terminal(lambda env: "XTERM_VERSION" in env, title=True, colours=_MANY),
)
_UNKNOWN = _Terminal(_always)
_VERSIONS = (
    _Version(re.compile(r"kitty\((?:0\.(?:2[89]|[3-9]\d|\d{3,})|[1-9])"), _TRUE, True, True),
    _Version(re.compile(r"kitty"), title=True, sextants=True),
    _Version(re.compile(r"ghostty"), title=True, placeholders=True, sextants=True),
    _Version(re.compile(r"foot|VTE\(7|contour"), title=True, sextants=True),
    _Version(re.compile(r"VTE|iTerm2|mintty"), title=True),
    _Version(re.compile(r"WezTerm"), sextants=True),
    _Version(re.compile(r"Konsole|xterm\.js")),
    _Version(re.compile(r"XTerm"), _MANY, title=True),
)
# The Linux console reads on after an OSC it doesn't know (console_codes(4)); the rest are no
# terminals of a window.
_NO_WINDOW = ("", "dumb", "unknown", "linux", "cons25", "eterm", "eterm-color")
_COLOURS = {"256color": Colours.MANY, "16color": Colours.SIXTEEN, "direct": Colours.TRUE}


def detect(environ: Mapping[str, str]) -> Capabilities:
    """Capabilities of the terminal of a process with this environment.

    Inside tmux or screen the variables are those of the terminal the session was started from:
    the likely one, and an OSC that another doesn't know does nothing there. Colours and title are
    the multiplexer's own.
    """
    found = next((each for each in _TERMINALS if each.is_it(environ)), _UNKNOWN)
    term = environ.get("TERM", "")
    through = Through.NOTHING
    if environ.get("TMUX"):
        through = Through.TMUX
    elif environ.get("STY"):
        through = Through.SCREEN
    if through is not Through.NOTHING or term.startswith(("tmux", "screen")):
        # tmux has a stack of titles, and all of its versions of today have 256 colours.
        tmux = through is Through.TMUX
        found = found._replace(title=tmux, colours=Colours.MANY if tmux else Colours.EIGHT)
    window = term not in _NO_WINDOW
    return Capabilities(
        popup=found.popup if window else Popup.NONE,
        progress=found.progress(environ) and window,
        title=found.title and window,
        pictures=Pictures.NONE if term in ("", "dumb", "unknown") else Pictures.CELLS,
        colours=_colours(environ, found.colours if window else Colours.EIGHT),
        through=through,
        window=window,
        # A multiplexer would reply for itself; Terminal.app shows a part of the question.
        replies=window
        and through is Through.NOTHING
        and not term.startswith(("tmux", "screen", "vt"))
        and environ.get("TERM_PROGRAM") != "Apple_Terminal",
        remote=any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT")),
    )


def _colours(environ: Mapping[str, str], least: Colours) -> Colours:
    """By COLORTERM and the name of TERM, else by terminfo, which knows each terminal but may be
    older; never fewer than ``least``."""
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return Colours.TRUE
    term = environ.get("TERM", "")
    named = _COLOURS.get(term.rpartition("-")[2], Colours.EIGHT)
    # ncurses knows one terminal a process: that of the process's own TERM.
    if least is not Colours.TRUE and term and term == os.environ.get("TERM"):
        named = max(named, _terminfo())
    return max(least, named)


@lru_cache
def _terminfo() -> Colours:
    """How many colours terminfo says that this process's terminal has."""
    try:
        import curses

        curses.setupterm(fd=1)
        if curses.tigetflag("Tc") > 0 or curses.tigetflag("RGB") > 0:
            return Colours.TRUE
        number = curses.tigetnum("colors")
    except Exception:  # no curses, no terminfo, or no such terminal
        return Colours.EIGHT
    if number > 256:
        return Colours.TRUE
    return Colours.MANY if number >= 256 else Colours.SIXTEEN if number >= 16 else Colours.EIGHT


def _version(name: str) -> _Version | None:
    return next((each for each in _VERSIONS if each.name.match(name)), None)


def placeholders(version: str) -> bool:
    """Whether a terminal of this reply to XTVERSION shows pictures by placeholders, if at all."""
    known = _version(version)
    return known is not None and known.placeholders
