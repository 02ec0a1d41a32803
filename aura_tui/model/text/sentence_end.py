"""Decides whether a full stop ends a sentence or belongs to a word ("Dr.", "e.g.", "No. 5"). Pure.

Shared by the two splitters: sentences for narration, cues for captions.
"""

from __future__ import annotations

import re

OPENERS = "\"'\u201c\u2018\u00ab\u201e(["

# Abbreviations whose full stop never ends a sentence: in any language, and in one language.
_ABBREVIATION = re.compile(
    r"dr|mrs?|ms|prof|st|jr|sr|inc|ltd|corp|vs|e\.?g|i\.?e|al|approx|dept|est|gen|col|sgt|rev|hon|"
    r"cf|ca|resp|u\.[skao]|[ap]\.m|ph\.d|z\.[btz]|d\.h|o\.[g\u00e4]|s\.[ou]|u\.[\u00e4u]|v\.a|"
    r"[vn]\.chr|i\.d\.r|bzw|bspw|evtl|ggf|inkl|exkl|zzgl|mio|mrd|hr|fr|vgl|sog|bzgl|p\.ex|p\.ej|"
    r"c\.-?\u00e0-d|mme|sra|dra|ej"
)
_OWN = {
    "de": frozenset(("bsp", "geb", "hl", "hrsg", "mind", "max", "min", "jh", "jhd", "chr", "lt")),
    "fr": frozenset(("mm", "mmes", "mlle", "mlles", "mgr", "env")),
    "es": frozenset(("sres", "sras", "srta", "ud", "uds", "vd", "vds", "ee", "uu", "aprox")),
}
_NUMBERED = (
    "no nr fig figs vol p pp abs art ch sec abb tab kap bd abschn anm ziff tel chap cap av apr "
    "n\u00fam p\u00e1g p\u00e1gs n s ver eq ex"
)
_BEFORE_NUMBERS = frozenset(_NUMBERED.split())
# Languages that write "third" as "3.".
_ORDINALS = frozenset(
    {"de", "da", "nb", "nn", "no", "is", "fi", "et", "lv", "cs", "sk", "sl", "hr", "sr", "hu", "tr"}
)
# Words that start a German sentence and never follow an ordinal.
_STARTERS = (
    "aber alle als am auch auf aus bei da dabei daf\u00fcr damit danach dann das dazu dem den denn "
    "der deshalb die dies diese dieser dieses doch dort du ein eine einen er es f\u00fcr hier ich "
    "ihr im in ist jede jeder kein keine man mit nach noch nun nur ob obwohl sie so um und viele "
    "von vor was weil wenn wer wie wir wo zu zum zur zwar"
)
_GERMAN_STARTERS = frozenset(_STARTERS.split())
_MAY_END = frozenset({"mio", "mrd", "str"})
# Single letters that are words: they may end a sentence.
_LETTER_WORDS = {"en": "iaou", "de": "", "fr": "a\u00e0y", "es": "", "": "iaou"}


def ends_sentence(word: str, following: str, language: str = "") -> bool:
    """Whether the full stop after ``word`` ends a sentence; ``following`` is the text after it.

    ``word`` excludes the stop; white space, opening quotes and brackets may precede both.
    ``language`` (BCP 47) decides about ordinals ("am 3. Mai") and single-letter words; "" has no
    ordinals.
    """
    word = word.lstrip(OPENERS).lower()
    following = following.lstrip(OPENERS + " \u00a0\u202f")
    follows = following[:1]
    if not follows:
        return True
    if follows.islower():
        return False
    base_language = language.split("-")[0].lower()
    may_end = base_language == "de" and (word.isdigit() or word in _MAY_END)
    if may_end and _first_word(following) in _GERMAN_STARTERS:
        return True  # "Es sind 3. Dann ..."
    if _ABBREVIATION.fullmatch(word) or word in _OWN.get(base_language, ()):
        return False
    if word in _BEFORE_NUMBERS and follows.isdigit():
        return False
    if len(word) == 1 and word.isalpha() and word not in _LETTER_WORDS.get(base_language, "iaou"):
        return False  # an initial: J. R. R. Tolkien
    return not (base_language in _ORDINALS and word.isdigit() and len(word) <= 2)


def _first_word(text: str) -> str:
    match = re.match(r"\w+", text)
    return match[0].lower() if match else ""
