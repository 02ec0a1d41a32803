"""Formats captions as SubRip and WebVTT text. Pure."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aura_tui.model.timeline import Cue


# What players take for a tag or a style. SubRip has no escapes, so U+2060, an invisible character
# that joins words, is put inside: FFmpeg, and with it mpv and our own track, then show the text.
_MARKUP = re.compile(r"(<(?=[A-Za-z/!])|\{(?=\\))")


def srt(cues: Iterable[Cue]) -> str:
    """Format as SubRip; texts that look like markup show as they are."""
    return "\n".join(
        f"{number}\n{_time(cue.start_s, ',')} --> {_time(cue.end_s, ',')}\n"
        + "\n".join(_MARKUP.sub("\\1\u2060", line) for line in _lines(cue))
        + "\n"
        for number, cue in enumerate(cues, 1)
    )


def vtt(cues: Iterable[Cue], language: str) -> str:
    """Format as WebVTT (W3C), escaped, with the language in the header."""
    # Escaping ">" also keeps "-->", which is illegal in a cue's text, out of it.
    head = f"WEBVTT\nKind: captions\nLanguage: {_header(language)}\n"
    return "\n".join(
        [
            head,
            *(
                f"{number}\n{_time(cue.start_s, '.')} --> {_time(cue.end_s, '.')}\n"
                + "\n".join(_escape(line) for line in _lines(cue))
                + "\n"
                for number, cue in enumerate(cues, 1)
            ),
        ]
    )


def _lines(cue: Cue) -> list[str]:
    """A cue's lines without line breaks and empty lines, which would end the cue."""
    return [" ".join(line.split()) for line in cue.lines if line.strip()]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _header(language: str) -> str:
    return "".join(c for c in language if c.isascii() and (c.isalnum() or c == "-")) or "und"


def _time(seconds: float, point: str) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}{point}{ms % 1000:03}"
