"""Sanitizes text from outside: removes escape sequences and control characters, bounds length."""

from __future__ import annotations

import re

# C0 and C1 controls (except tab and newline), DEL, lone surrogates, and the bidirectional
# overrides and isolates, which can make a terminal line look like another one.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufeff]")
# ECMA-48: CSI, then OSC/DCS/SOS/PM/APC strings up to their terminator, then two-byte escapes.
# An incomplete sequence ends at the first byte that can't belong to it (a string: at the end of
# its line), so that every introducer matches at once and the time stays linear for any text.
_ESCAPE = re.compile(
    "(?:\x1b\\[|\x9b)[0-?]*+[ -/]*+[@-~]?"
    "|(?:\x1b[\\]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x07\x18\x1a\x1b\x9c\n]*+(?:\x07|\x1b\\\\|\x9c)?"
    "|\x1b[ -/]*+[0-~]?"
)
_LINE_ENDS = re.compile("\r\n?|[\u2028\u2029]")


def clean(text: str, limit: int = 4096) -> str:
    """Remove escape sequences and control characters; keep at most ``limit`` characters.

    Tabs and newlines stay; every other line end becomes a newline. Truncated text ends in an
    ellipsis. Markup stays: views show text literally.
    """
    # Truncate before matching: a pattern must never run over unbounded text.
    cut = len(text) > limit * 4
    text = _LINE_ENDS.sub("\n", text[: limit * 4])
    text = _UNSAFE.sub("", _ESCAPE.sub("", text))
    return text if len(text) <= limit and not cut else text[: limit - 1] + "\u2026"


def one_line(text: str, limit: int = 20_000) -> str:
    """Like :func:`clean`, on one line, but keeps all spaces: for text with a path in it."""
    return clean(text, limit).replace("\n", " ")


# What a message says of a path that isn't clean.
NOT_CLEAN = "contains control characters or is not valid UTF-8"


def is_clean(text: str) -> bool:
    """Whether :func:`clean` leaves ``text`` unchanged. If not, a path would be shown as another."""
    return clean(text) == text


def clean_line(text: str, limit: int = 1000) -> str:
    """Like :func:`clean`, on one line: runs of white space become one space."""
    return " ".join(clean(text, limit * 2).split())[:limit]
