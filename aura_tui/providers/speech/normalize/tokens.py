"""Text normalization: what is said for each whitespace token of a text that captions show.

Pure. The tokens are those of ``str.split()``; each gets exactly one spoken form, which may be
several words or none, so that word times always lead back to the text as written. English is
expanded fully (:mod:`aura_tui.providers.speech.normalize.english`); in every other language only
what is safe in all of them is done, and numbers are left to the voice, which knows its language.
"""

from __future__ import annotations

import re
import unicodedata

from aura_tui.providers.speech.normalize import english
from aura_tui.providers.speech.normalize.english_lexicon import SYMBOLS

VERSION = 2  # part of a sound's key: raise it when a form changes

MAX_RULED = 300  # characters; longer tokens are data, and no pattern runs over them twice
MAX_RUN = 48  # letters and digits in a row; longer ones are hashes and noise, not words
MAX_TOKEN = 2000  # characters of one spoken form; scripts without spaces need long ones

_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{1,9}://|www\.)(?:[^\s/@]*@)?([^\s/?#:]+)[^\s]*", re.I)
_LONG_RUN = re.compile(rf"([A-Za-z0-9]{{{MAX_RUN}}})[A-Za-z0-9]+")
_PAUSE = re.compile("\u2026|\\.{2,}|[\u2012-\u2015\u2192\u21d2]|->|=>|(?<!\\w)-+(?!\\w)|--+")
# What a voice would spell out or stumble over and a person would not say.
_UNSAID = str.maketrans(
    {c: " " for c in "*_`~^\\|<>[]{}\u00ab\u00bb\u201c\u201d\u201e\u2022\u00b7\u00a9\u00ae\u2122"}
)
# Letters and digits in another dress: mathematical, full width, ligatures.
_STYLED = re.compile("[\U0001d400-\U0001d7ff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\ufb00-\ufb06]+")
_JOINERS = "\u200c\u200d"  # carry meaning between letters of Persian and the Indic scripts
_ENDS = ",.;:!?\u3001\u3002\uff0c\uff01\uff1f\u061f\u060c\u0964"


def spoken_forms(text: str, language: str) -> tuple[str, ...]:
    """What is said for each token of ``text.split()``, in order and in equal number.

    ``language`` is BCP 47. A token that is not said (a dash, an emoji) has the form "".
    """
    is_english = language.lower().split("-")[0] in ("", "en")
    tokens = [_visible(token) for token in text.split()]
    short = [token if len(token) <= MAX_RULED else "" for token in tokens]
    forms = english.forms(short) if is_english else [""] * len(tokens)
    said = [
        _bounded(form if is_english and token == known else _neutral(token))
        for token, known, form in zip(tokens, short, forms, strict=True)
    ]
    for i, form in enumerate(said):
        if form and all(unicodedata.category(c)[0] in "PZ" for c in form):
            # A lone dash or bracket: the pause it stands for goes to the word before it.
            if i and said[i - 1] and said[i - 1][-1] not in _ENDS:
                said[i - 1] += form[0] if form[0] in _ENDS else ","
            said[i] = ""
    return tuple(said)


def _visible(token: str) -> str:
    """``token`` in composed form, without pictures, controls and other things one can't say."""
    token = unicodedata.normalize("NFC", token[: MAX_TOKEN * 4])
    token = _STYLED.sub(lambda m: unicodedata.normalize("NFKC", m[0]), token)
    return "".join(c for c in token if (c.isascii() and c.isprintable()) or _sayable(c))


def _sayable(c: str) -> bool:
    category = unicodedata.category(c)
    if category == "So":  # pictures; what English has a word for stays
        return c in SYMBOLS
    return c in _JOINERS or (category[0] != "C" and not "\ufe00" <= c <= "\ufe0f" and c != "\u20e3")


def _neutral(token: str) -> str:
    token = _URL.sub(lambda m: m[1].removeprefix("www."), token)
    return _PAUSE.sub(", ", token).translate(_UNSAID)


def _bounded(form: str) -> str:
    form = _LONG_RUN.sub(r"\1", " ".join(form.split()))[:MAX_TOKEN]
    return form.strip(_JOINERS + " ")
