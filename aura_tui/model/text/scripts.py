"""The script (writing system) of a character: "Latin", "Cyrillic", "Han". Pure."""

from __future__ import annotations

import functools
import unicodedata
from collections import Counter

# The first word of Unicode's character names, where people call the script otherwise.
_NAMES = {
    "CJK": "Han",
    "IDEOGRAPHIC": "Han",
    "HIRAGANA": "Japanese",
    "KATAKANA": "Japanese",
    "HALFWIDTH": "Japanese",
    "FULLWIDTH": "Latin",
    "MICRO": "Latin",
    "OHM": "Latin",
    "KELVIN": "Latin",
    "ANGSTROM": "Latin",
    "FEMININE": "Latin",
    "MASCULINE": "Latin",
    "MODIFIER": "Latin",
}


@functools.lru_cache(maxsize=4096)
def script_of(char: str) -> str:
    """The common name of a letter's or number's script; "" for other characters, "Latin" for
    digits."""
    if unicodedata.category(char)[0] not in "LN":
        return ""
    if char.isascii() or char.isdigit():
        return "Latin"
    word = unicodedata.name(char, "unknown").split()[0].split("-")[0]
    return _NAMES.get(word, word.capitalize())


def letters_by_script(text: str) -> Counter[str]:
    """How many letters of each script ``text`` has."""
    return Counter(script for c in text if c.isalpha() and (script := script_of(c)))
