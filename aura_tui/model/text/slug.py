"""Makes file names from titles."""

from __future__ import annotations

import re
import sys
import unicodedata

MAX_BYTES = 120  # of UTF-8: with suffix and number still below a file system's limit of 255

_JOINER = "\u200d"  # joins emoji, and Indic letters after a virama
_VIRAMA = 9  # its canonical combining class
_FLAG_HALF = re.compile("[\U0001f1e6-\U0001f1ff]")
# Invisible letters and marks: Hangul fillers, grapheme joiner, variation selectors, ...
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc`\u00b4")
# Device names on Windows, with any suffix.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin|conout|com\d|lpt\d)")


def slug(title: str, fallback: str = "video") -> str:
    """Turn ``title`` into a file name stem in its own script: letters, marks and digits in NFC and
    lower case, one ``-`` for anything between them, at most 120 bytes of UTF-8.

    A title without letters and digits keeps its symbols (emoji); without those, it becomes
    ``fallback``. A long title is cut at a word if possible, never within a visible character.
    """
    text = _INVISIBLE.sub("", title[:500].translate(_APOSTROPHES))
    # NFKC only where it gives ASCII: full-width letters, ligatures and the like.
    text = "".join(k if (k := unicodedata.normalize("NFKC", c)).isascii() else c for c in text)
    text = unicodedata.normalize("NFC", text.lower().replace("i\u0307", "i"))  # of the Turkish İ
    name = _kept(text, "LN") or _kept(text, "LNS")
    if len(name.encode()) > MAX_BYTES:
        name = _cut(name)
    try:
        name.encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:  # a locale without UTF-8 can't express that name
        name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip("-")
    if _RESERVED.fullmatch(name):
        name += "-video"
    return name or fallback


def _kept(text: str, kinds: str) -> str:
    """Keep the characters of these general categories (first letters) and the marks on them.
    ASCII symbols are dropped: they may be special to a shell or a file system."""
    name = ""
    for i, char in enumerate(text):
        kind = unicodedata.category(char)[0]
        keep = kind in kinds and not (kind == "S" and char.isascii())
        on_one = kind == "M" or (char == _JOINER and _joins(text, i, name[-1:]))
        if keep or (on_one and name[-1:] not in ("", "-")):
            name += char
        elif name[-1:] not in ("", "-"):
            name += "-"
    return name.strip("-" + _JOINER)


def _joins(text: str, i: int, before: str) -> bool:
    """Whether the joiner at ``i`` has a visible effect; elsewhere it would hide in a name."""
    follows = text[i + 1 : i + 2]
    if not before or not follows:
        return False
    if unicodedata.category(before)[0] == "S":  # emoji
        return unicodedata.category(follows)[0] == "S"
    return unicodedata.combining(before) == _VIRAMA and follows.isalpha()


def _cut(name: str) -> str:
    """The start of ``name`` that fits, cut after a word, or else after a character."""
    head = name.encode()[: MAX_BYTES + 1].decode(errors="ignore")
    word, dash, _ = head.rpartition("-")
    if dash and len(word.encode()) >= MAX_BYTES // 2:
        return word
    end = len(name.encode()[:MAX_BYTES].decode(errors="ignore"))
    while end > 1 and _is_within(name, end):
        end -= 1
    return name[:end].strip("-" + _JOINER)


def _is_within(name: str, end: int) -> bool:
    """Whether a cut at ``end`` would split a character: before a mark or a joiner, after a joiner
    or a virama, in a flag (the part of UAX 29 that names need)."""
    before, char = name[end - 1], name[end]
    return (
        unicodedata.category(char)[0] == "M"
        or _JOINER in (before, char)
        or unicodedata.combining(before) == _VIRAMA
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # skin tone
        or "\u1160" <= char <= "\u11ff"  # vowel or final of a Hangul syllable
        or (bool(_FLAG_HALF.match(char)) and _flag_halves(name[:end]) % 2 == 1)
    )


def _flag_halves(text: str) -> int:
    """The number of regional indicators at the end of ``text``; two make a flag."""
    return len(text) - len(text.rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))
