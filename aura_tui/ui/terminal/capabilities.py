"""Terminal capabilities, from the environment alone; nothing is queried or written.

Everything that affects this choice is the table ``_TERMINALS``; its sources:

- kitty: sw.kovidgoyal.net/kitty/desktop-notifications (OSC 99), .../graphics-protocol
  (pictures, with placeholders: the cells stay ordinary text)
- Ghostty: ghostty.org/docs/vt/osc; placeholders: ghostty pull request 2015; progress: 3124
- WezTerm: wezterm.org/escape-sequences (OSC 777, Sixel); progress: wezterm issue 6581. It draws
  no placeholders (wezterm pull request 7924), so it gets Sixel.
- iTerm2: iterm2.com/documentation-escape-codes (OSC 9); older ones show OSC 9;4 as a pop-up a
  percent (iterm2 issue 12587), so it must say "P" in TERM_FEATURES (iterm2.com/feature-reporting)
- foot: foot-ctlseqs(7): OSC 777, Sixel
- rxvt-unicode: urxvt(1), OSC 777
- Windows Terminal: learn.microsoft.com/windows/terminal/tutorials/progress-bar-sequences. Whether
  it is of the version that draws Sixel it doesn't say.
- ConEmu: conemu.github.io/en/AnsiEscapeCodes.html
- Konsole: progress from 26.04 (its merge request 1054), Sixel from 22.04
- Ptyxis: progress from 48 (ptyxis issue 305). VTE without it ignores OSC 777 and 9;4.

A terminal that isn't in it gets the bell and the title, as every terminal of today skips an OSC it
doesn't know; those in ``_NO_TITLE`` don't.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


class Popup(Enum):
    """The sequence of a desktop notification; ``value`` as in the settings."""

    NONE = "off"
    OSC9 = "osc9"
    OSC777 = "osc777"
    OSC99 = "osc99"


class Pictures(Enum):
    """The protocol for pictures."""

    NONE = "none"
    CELLS = "cells"  # half blocks, each in two colours
    SIXEL = "sixel"
    KITTY = "kitty"


class Through(Enum):
    """A multiplexer between us and the terminal, which passes on only wrapped sequences."""

    NOTHING = "nothing"
    TMUX = "tmux"
    SCREEN = "screen"


class Capabilities(NamedTuple):
    """What the terminal supports. ``remote``: it is at the other end of an SSH connection."""

    popup: Popup = Popup.NONE
    progress: bool = False
    title: bool = True
    pictures: Pictures = Pictures.CELLS
    through: Through = Through.NOTHING
    remote: bool = False


class _Terminal(NamedTuple):
    is_it: Callable[[Mapping[str, str]], bool]
    popup: Popup = Popup.NONE
    progress: Callable[[Mapping[str, str]], bool] = lambda _: False
    pictures: Callable[[Mapping[str, str]], Pictures] = lambda _: Pictures.CELLS


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


def _sixel(_: Mapping[str, str]) -> Pictures:
    return Pictures.SIXEL


def _placeholders(_: Mapping[str, str]) -> Pictures:
    return Pictures.KITTY


# The first match counts.
_TERMINALS = (
    _Terminal(_program("ghostty", "xterm-ghostty"), Popup.OSC777, _always, _placeholders),
    _Terminal(_program("WezTerm", "wezterm"), Popup.OSC777, _always, _sixel),
    _Terminal(_program("iTerm.app"), Popup.OSC9, _feature("P"), _sixel),
    _Terminal(_program("kitty", "xterm-kitty"), Popup.OSC99, pictures=_placeholders),
    _Terminal(_term("foot", "foot-extra"), Popup.OSC777, pictures=_sixel),
    _Terminal(_term("rxvt-unicode", "rxvt-unicode-256color"), Popup.OSC777),
    _Terminal(_program("Apple_Terminal")),
    _Terminal(_program("vscode")),
    _Terminal(lambda env: "WT_SESSION" in env, progress=_always),
    _Terminal(lambda env: env.get("ConEmuANSI") == "ON", progress=_always),
    _Terminal(lambda env: "PTYXIS_VERSION" in env, progress=_at_least("PTYXIS_VERSION", 48)),
    _Terminal(
        lambda env: "KONSOLE_VERSION" in env,
        progress=_at_least("KONSOLE_VERSION", 260400),
        pictures=lambda env: (
            Pictures.SIXEL if _at_least("KONSOLE_VERSION", 220400)(env) else Pictures.CELLS
        ),
    ),
    _Terminal(_term("alacritty")),
    # tmux and SSH hide the names above and leave these; so do other terminals that were started
    # from a shell in one of them, which must not get its pictures.
    _Terminal(lambda env: "KITTY_WINDOW_ID" in env, Popup.OSC99),
    _Terminal(lambda env: "GHOSTTY_RESOURCES_DIR" in env, Popup.OSC777, _always),
    _Terminal(lambda env: "WEZTERM_PANE" in env, Popup.OSC777, _always),
    _Terminal(lambda env: env.get("LC_TERMINAL") == "iTerm2", Popup.OSC9, _feature("P")),
)
_UNKNOWN = _Terminal(_always)
# The Linux console reads on after an OSC it doesn't know (console_codes(4)); the rest are no
# terminals of a window.
_NO_TITLE = ("", "dumb", "unknown", "linux", "cons25", "eterm", "eterm-color")


def detect(environ: Mapping[str, str]) -> Capabilities:
    """Capabilities of the terminal of a process with this environment.

    Inside tmux or screen the variables are those of the terminal the session was started from:
    the likely one, and an OSC that another doesn't know does nothing there. Pictures are drawn in
    cells there, since nobody tells whether the way through is open.
    """
    found = next((each for each in _TERMINALS if each.is_it(environ)), _UNKNOWN)
    through = Through.NOTHING
    if environ.get("TMUX"):
        through = Through.TMUX
    elif environ.get("STY"):
        through = Through.SCREEN
    pictures = found.pictures(environ) if through is Through.NOTHING else Pictures.CELLS
    no_window = environ.get("TERM", "") in _NO_TITLE
    return Capabilities(
        popup=Popup.NONE if no_window else found.popup,
        progress=found.progress(environ) and not no_window,
        title=not no_window,
        pictures=Pictures.NONE if environ.get("TERM", "") in ("", "dumb", "unknown") else pictures,
        through=through,
        remote=any(environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT")),
    )
