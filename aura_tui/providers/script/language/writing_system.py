"""Guesses the language of a text from its writing system. Pure.

An English voice can't read Cyrillic or kana; it spells them out. If the language isn't given, the
writing system is a better guess. Latin letters say nothing about the language.
"""

from __future__ import annotations

import bisect

_SAMPLE = 4000  # letters to examine

# First code point of a block -> its most common language ("" for Latin and the rest).
_BLOCKS: tuple[tuple[int, str], ...] = (
    (0x0000, ""),
    (0x0370, "el"),
    (0x0400, "ru"),
    (0x0530, "hy"),
    (0x0590, "he"),
    (0x0600, "ar"),
    (0x0700, ""),
    (0x0900, "hi"),
    (0x0980, "bn"),
    (0x0A00, "pa"),
    (0x0A80, "gu"),
    (0x0B00, "or"),
    (0x0B80, "ta"),
    (0x0C00, "te"),
    (0x0C80, "kn"),
    (0x0D00, "ml"),
    (0x0D80, "si"),
    (0x0E00, "th"),
    (0x0E80, ""),
    (0x1000, "my"),
    (0x10A0, "ka"),
    (0x1100, "ko"),
    (0x1200, "am"),
    (0x1380, ""),
    (0x1F00, "el"),
    (0x2000, ""),
    (0x3040, "ja"),
    (0x3100, ""),
    (0x3400, "zh"),
    (0xA000, ""),
    (0xAC00, "ko"),
    (0xD7B0, ""),
    (0x20000, "zh"),
)
_STARTS = [start for start, _ in _BLOCKS]
# Letters that distinguish two languages of one writing system.
_DISTINCTIVE = (
    ("ru", "uk", frozenset("\u0456\u0457\u0454\u0491\u0406\u0407\u0404\u0490")),
    ("ar", "fa", frozenset("\u067e\u0686\u0698\u06af\u06cc\u06a9")),
)

LANGUAGES = frozenset({tag for _, tag in _BLOCKS if tag} | {tag for _, tag, _ in _DISTINCTIVE})


def language_of(text: str) -> str:
    """The language (BCP 47) whose writing system most letters of ``text`` belong to, else ""."""
    letters = [c for c in text[: _SAMPLE * 2] if c.isalpha()][:_SAMPLE]
    counts: dict[str, int] = {}
    for c in letters:
        language = _BLOCKS[bisect.bisect_right(_STARTS, ord(c)) - 1][1]
        counts[language] = counts.get(language, 0) + 1
    if counts.get("ja", 0) * 10 > counts.get("zh", 0):  # Japanese mixes kana and Han
        counts["ja"] = counts.pop("ja", 0) + counts.pop("zh", 0)
    if not counts:
        return ""
    best = max(counts, key=lambda language: counts[language])
    if counts[best] * 2 <= len(letters):
        return ""
    for common, other, signs in _DISTINCTIVE:
        if best == common and sum(c in signs for c in letters) * 100 > len(letters):
            return other
    return best
