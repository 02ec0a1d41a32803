"""Decides whether a full stop ends a sentence or belongs to a word ("Dr.", "e.g.", "No. 5"). Pure.

Shared by the two splitters: sentences for narration, cues for captions. The rules are few; the
words are data (``sentence_words.toml``). The libraries sentencex and pysbd find fewer sentences of
the table in ``tests/providers/script``.
"""

from __future__ import annotations

import re

from aura_tui.model.text import abbreviations

OPENERS = "\"'\u201c\u2018\u00ab\u201e([\u00bf\u00a1"

# "Vol. II", "Apt. 3B", "Appendix C": what belongs to an abbreviation before numbers.
_NUMBER = re.compile(r"[#\u2116\u00a7]?\s?\d|[IVXLCDM]+\b|[A-Z]\b|n\u00ba|\u00ba|\u00b0")
_ELISION = re.compile(r"(?:l|d|dell|all|nell|dall|sull|un|jusqu|qu)['\u2019](?=\w)")
_INITIALS = re.compile(r"(?:[^\W\d_][.-]+)*[^\W\d_]")  # "J", "J.R", "J.-P"


def ends_sentence(before: str, following: str, language: str = "") -> bool:
    """Whether the full stop between ``before`` and ``following`` ends a sentence.

    ``before`` excludes the stop; its last word decides, and the word before that one helps.
    ``language`` (BCP 47) chooses the words, and whether "3." may be an ordinal; "" has the words of
    all languages, and no ordinals.
    """
    words = before.split()[-2:]
    word = (words[-1] if words else "").lstrip(OPENERS).lower()
    following = following.lstrip(OPENERS + " \u00a0\u202f")
    if not following:
        return True
    if following[0].islower():
        return False
    tag = language.split("-")[0].lower()
    known = abbreviations.of_language(tag)
    if word not in known.before_words:
        word = _ELISION.sub("", word, count=1)
    if word in known.before_words:
        return False
    if _first_word(following) in known.starters:
        return True
    if word.isdigit():
        is_ordinal = len(word) <= 2 and tag in abbreviations.ORDINALS
        counted = words[0].lower().rstrip(".") if len(words) > 1 else ""
        return not is_ordinal or counted in known.before_numbers
    if word in known.before_numbers and (
        _NUMBER.match(following) or _stopped_word(following) in known.before_numbers
    ):
        return False  # "Fig. 3", and "Art. No. 5"
    if word in known.may_end or _INITIALS.fullmatch(word):
        return False
    return not (tag in abbreviations.ORDINALS and re.fullmatch("[ivxl]{2,6}", word))


def _first_word(text: str) -> str:
    """The first word in lower case; "" for an initial ("A. Smith")."""
    match = re.match(r"[\w'\u2019]+(?!\.[^\W\d_])", text)
    if match is None or (len(match[0]) == 1 and text[1:2] == "."):
        return ""
    return match[0].lower().replace("\u2019", "'")


def _stopped_word(text: str) -> str:
    match = re.match(r"(\w+)\.", text)
    return match[1].lower() if match else ""
