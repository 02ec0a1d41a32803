"""Detects the language of a brief that doesn't name it. Pure and deterministic.

Uses the writing system, and for Latin letters the function words ("the", "und"). In doubt the
result is English: an English voice for a German text is a smaller mistake than a German voice for
an English README.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from aura_tui.providers.script.language import writing_system
from aura_tui.providers.script.language.stopwords import IN_NAMES, WORDS

if TYPE_CHECKING:
    from aura_tui.model.request import Brief

VERSION = "1"  # part of scripts' cache keys: increment it when detection changes
DEFAULT = "en"
MAX_CHARS = 20_000  # to examine
_MIN_WORDS = 4
# For texts of fewer words than the first number: the minimum weight of distinct function words,
# their minimum share, and their minimum number per English one. Short texts need a clear majority.
_THRESHOLDS = ((12, 1.5, 0.4, 3), (40, 3.0, 0.15, 2), (MAX_CHARS, 4.0, 0.08, 2))

_CODE = re.compile(
    r"^ {0,3}(?P<mark>`{3,}|~{3,}).*?(?:^ {0,3}(?P=mark)|\Z)|`[^`\n]{1,300}`|<[^<>]{1,500}>",
    re.MULTILINE | re.DOTALL,
)
_NO_WORD = re.compile(r"[@$\\_={}|/]|\w[.:]\w")  # URLs, paths, identifiers
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def of_brief(brief: Brief) -> str:
    """The brief's language (BCP 47): the named one, else the likely one of its text."""
    return brief.language or of_text(f"{brief.topic[:MAX_CHARS]}\n\n{brief.text[:MAX_CHARS]}")


def of_text(text: str) -> str:
    """The likely language of ``text`` (BCP 47); English if in doubt."""
    text = unicodedata.normalize("NFC", _CODE.sub(" ", text[:MAX_CHARS]))
    return writing_system.language_of(text) or _by_words(text.replace("\u2019", "'").lower())


def _by_words(text: str) -> str:
    prose = " ".join(part for part in text.split() if not _NO_WORD.search(part))
    found = _WORD.findall(prose)
    if len(found) < _MIN_WORDS:
        return DEFAULT
    english = WORDS[DEFAULT]
    hits = {tag: sum(word in known for word in found) for tag, known in WORDS.items()}
    best = max(hits, key=lambda tag: hits[tag])
    own = [word for word in found if word in WORDS[best] and word not in english]
    against = sum(word in english and word not in WORDS[best] for word in found)
    # A single letter may be a Polish word or a variable in code: it has no weight.
    weight = sum(0.5 if word in IN_NAMES else 1.0 for word in set(own) if len(word) > 1)
    _, least, share, times = next(row for row in _THRESHOLDS if len(found) < row[0])
    is_clear = weight >= least and len(own) >= max(share * len(found), times * against)
    return best if is_clear else DEFAULT
