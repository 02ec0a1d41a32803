"""File names made from titles."""

from __future__ import annotations

import re
import unicodedata

MAX_CHARS = 60

# Letters that NFKD leaves whole, as their languages write them in ASCII.
_FOLD = str.maketrans(
    {
        "ß": "ss",
        "æ": "ae",
        "œ": "oe",
        "ø": "o",
        "ł": "l",
        "đ": "d",
        "ð": "d",
        "þ": "th",
        "\u0131": "i",
    }
)


def slug(title: str, fallback: str = "video") -> str:
    """``title`` as a file name's stem: ``[a-z0-9-]``, at most 60 characters, never empty.

    A title with no letter that ASCII can write becomes ``fallback``. Long ones end at a word.
    """
    folded = unicodedata.normalize("NFKD", title[:500].lower().translate(_FOLD))
    ascii_only = folded.encode("ascii", "ignore").decode()
    # An apostrophe or an accent joins: "don't" is "dont", not "don-t".
    name = re.sub(r"[^a-z0-9]+", "-", ascii_only.replace("'", "")).strip("-")
    if len(name) > MAX_CHARS:
        head, _, rest = name[: MAX_CHARS + 1].rpartition("-")
        name = head if len(head) >= MAX_CHARS // 2 else (head + rest)[:MAX_CHARS]
    return name.strip("-") or fallback
