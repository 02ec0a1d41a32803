"""The language of a brief whose writer didn't name it. Pure, and the same for the same text.

Other letters than Latin tell it by themselves; else the small words do. When in doubt it is
English: an English voice reading a stray German text is a smaller mistake than a German voice
reading a README.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING

from aura_tui.providers.script.language import writing_system
from aura_tui.providers.script.language.stopwords import IN_NAMES, WORDS

if TYPE_CHECKING:
    from aura_tui.model.request import Brief

VERSION = "1"  # part of the scripts' keys: raise it when the same brief gives another language
DEFAULT = "en"
MAX_CHARS = 20_000  # looked at
_MIN_WORDS = 4
# Below so many words: what the different small words must weigh, their least share, and how many
# there must be for each English one. In a short text each counts, and must be clear.
_SURE = ((12, 1.5, 0.4, 3), (40, 3.0, 0.15, 2), (MAX_CHARS, 4.0, 0.08, 2))

_CODE = re.compile(
    r"^ {0,3}(?P<mark>`{3,}|~{3,}).*?(?:^ {0,3}(?P=mark)|\Z)|`[^`\n]{1,300}`|<[^<>]{1,500}>",
    re.MULTILINE | re.DOTALL,
)
_NO_WORD = re.compile(r"[@$\\_={}|/]|\w[.:]\w")  # addresses, paths, names in code
_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)?")


def of_brief(brief: Brief) -> str:
    """BCP 47: the language the brief names, else the one its text is likely in, else English."""
    return brief.language or judged(f"{brief.topic[:MAX_CHARS]}\n\n{brief.text[:MAX_CHARS]}")


def judged(text: str) -> str:
    """BCP 47 of the language that ``text`` is likely in; English when in doubt."""
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
    # A single letter is a word in Polish, and a variable in any code: alone it proves nothing.
    weight = sum(0.5 if word in IN_NAMES else 1.0 for word in set(own) if len(word) > 1)
    _, least, share, times = next(row for row in _SURE if len(found) < row[0])
    sure = weight >= least and len(own) >= max(share * len(found), times * against)
    return best if sure else DEFAULT
