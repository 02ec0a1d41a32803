"""Text from outside is data: what may be shown, and what is taken out first."""

from __future__ import annotations

import re

# C0 and C1 controls (tab and newline apart), DEL, lone surrogates, and the bidirectional
# overrides and isolates that can make a terminal line read as another one.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]")
# ECMA-48: CSI, then OSC/DCS/SOS/PM/APC strings up to their terminator, then two-byte escapes.
# A sequence that is cut short ends where it can't go on (a string: at the end of its line), so
# that every introducer matches at once and the time stays linear, whatever the text.
_ESCAPE = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*+[ -/]*+[@-~]?"
    "|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x18\x1a\x1b\x9c\n]*+(?:\x07|\x1b\\\\|\x9c)?"
    "|\x1b[ -/]*+[0-~]?"
)
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")


def clean(text: str, limit: int = 4096) -> str:
    """``text`` without escape sequences and control characters, at most ``limit`` characters.

    Tabs and newlines stay; every other line end becomes a newline. Cut text ends in an ellipsis.
    Markup is left as it is: views draw text as text.
    """
    # Cut before matching: a pattern must never run over an unbounded text.
    cut = len(text) > limit * 4
    text = _LINE_ENDS.sub("\n", text[: limit * 4])
    text = _UNSAFE.sub("", _ESCAPE.sub("", text))
    return text if len(text) <= limit and not cut else text[: limit - 1] + "\u2026"


def one_line(text: str, limit: int = 20_000) -> str:
    """As :func:`clean`, on one line, with all of its spaces: what has a path in it."""
    return clean(text, limit).replace("\n", " ")


def is_clean(text: str) -> bool:
    """Whether :func:`clean` leaves ``text`` as it is. Where not, a path is told as another one."""
    return clean(text) == text


def clean_line(text: str, limit: int = 1000) -> str:
    """As :func:`clean`, on one line: runs of white space become one space."""
    return " ".join(clean(text, limit * 2).split())[:limit]
