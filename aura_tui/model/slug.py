"""File names made from titles."""

from __future__ import annotations

import re
import sys
import unicodedata

MAX_BYTES = 120  # of UTF-8: with any suffix and number, a file system's 255 are never met

_JOINER = "\u200d"  # of emoji, and of Indic letters behind a virama
_VIRAMA = 9  # as its canonical combining class
_FLAG_HALF = re.compile("[\U0001f1e6-\U0001f1ff]")
# Letters and marks that show nothing: Hangul fillers, grapheme joiner, variation selectors, ...
_INVISIBLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)
_APOSTROPHES = str.maketrans("", "", "'\u2019\u02bc`\u00b4")
# Names of devices on Windows, whatever their suffix.
_RESERVED = re.compile(r"(?:con|prn|aux|nul|conin|conout|com\d|lpt\d)")


def slug(title: str, fallback: str = "video") -> str:
    """``title`` as a file name's stem, in its own script: letters, marks and digits in NFC and
    lower case, one ``-`` for whatever stands between them, at most 120 bytes of UTF-8.

    A title without a letter or digit keeps its symbols (emoji); one without these, too, becomes
    ``fallback``. A long one ends at a word where it can, never within a character as people see
    it.
    """
    text = _INVISIBLE.sub("", title[:500].translate(_APOSTROPHES))
    # Full width, ligatures and the like are ASCII in another dress.
    text = "".join(k if (k := unicodedata.normalize("NFKC", c)).isascii() else c for c in text)
    text = unicodedata.normalize("NFC", text.lower().replace("i\u0307", "i"))  # of the Turkish İ
    name = _kept(text, "LN") or _kept(text, "LNS")
    if len(name.encode()) > MAX_BYTES:
        name = _cut(name)
    try:
        name.encode(sys.getfilesystemencoding())
    except UnicodeEncodeError:  # in a locale without UTF-8 no file can have that name
        name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().strip("-")
    if _RESERVED.fullmatch(name):
        name += "-video"
    return name or fallback


def _kept(text: str, kinds: str) -> str:
    """The characters of these general categories (their first letters), and the marks on them.
    No symbol of ASCII: a shell or a file system may read more into it."""
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
    """Whether the joiner at ``i`` changes what is seen; elsewhere it only hides in a name."""
    follows = text[i + 1 : i + 2]
    if not before or not follows:
        return False
    if unicodedata.category(before)[0] == "S":  # emoji
        return unicodedata.category(follows)[0] == "S"
    return unicodedata.combining(before) == _VIRAMA and follows.isalpha()


def _cut(name: str) -> str:
    """The beginning of ``name`` that fits: to the end of a word, or of a character."""
    head = name.encode()[: MAX_BYTES + 1].decode(errors="ignore")
    word, dash, _ = head.rpartition("-")
    if dash and len(word.encode()) >= MAX_BYTES // 2:
        return word
    end = len(name.encode()[:MAX_BYTES].decode(errors="ignore"))
    while end > 1 and _is_within(name, end):
        end -= 1
    return name[:end].strip("-" + _JOINER)


def _is_within(name: str, end: int) -> bool:
    """Whether a cut there would be one within a character: before a mark or a joiner, behind a
    joiner or a virama, in a flag (UAX 29, as far as names need it)."""
    before, char = name[end - 1], name[end]
    return (
        unicodedata.category(char)[0] == "M"
        or _JOINER in (before, char)
        or unicodedata.combining(before) == _VIRAMA
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # the colour of a skin
        or "\u1160" <= char <= "\u11ff"  # a vowel or an ending of a Hangul syllable
        or (bool(_FLAG_HALF.match(char)) and _flag_halves(name[:end]) % 2 == 1)
    )


def _flag_halves(text: str) -> int:
    """How many regional indicators ``text`` ends in; two are a flag."""
    return len(text) - len(text.rstrip("".join(map(chr, range(0x1F1E6, 0x1F200)))))
