"""Whether a full stop ends a sentence or belongs to its word ("Dr.", "e.g.", "No. 5"). Pure.

One list for all who part texts: sentences for narration, cues for captions.
"""

from __future__ import annotations

import re

OPENERS = "\"'\u201c\u2018\u00ab\u201e(["

_ABBREVIATION = re.compile(
    r"dr|mrs?|ms|prof|st|jr|sr|inc|ltd|corp|vs|e\.?g|i\.?e|al|approx|dept|est|gen|col|sgt|rev|hon|"
    r"cf|ca|resp|u\.[skao]|[ap]\.m|ph\.d|z\.b|d\.h|o\.g|s\.[ou]|bzw|evtl|ggf|inkl|zzgl|mio|mrd|hr|"
    r"fr|bspw|vgl|p\.ex|mme|sra|dra|ej"
)
_BEFORE_NUMBERS = frozenset(
    {"no", "nr", "fig", "figs", "vol", "p", "pp", "abs", "art", "ch", "sec"}
)


def ends_sentence(word: str, following: str, language: str = "") -> bool:
    """Whether the full stop after ``word`` ends a sentence, ``following`` being the text after it.

    ``word`` comes without that stop; white space, quotes and brackets that open may stand before
    both. ``language`` (BCP 47) tells German ordinals; "" knows none.
    """
    word = word.lstrip(OPENERS).lower()
    follows = following.lstrip(OPENERS + " ")[:1]
    if not follows:
        return True
    if follows.islower() or _ABBREVIATION.fullmatch(word):
        return False
    if word in _BEFORE_NUMBERS and follows.isdigit():
        return False
    if len(word) == 1 and word.isalpha() and word not in "iaou":
        return False  # an initial: J. R. R. Tolkien
    # "am 3. Mai"
    return not (language.startswith("de") and word.isdigit() and len(word) <= 2)
