"""Text normalization: the spoken form of each token of a text, whose captions stay as written.

Pure. Tokens are those of ``str.split()``; each has exactly one spoken form of several words, one or
none, so that word times map back to the written text. English is fully expanded
(:mod:`aura_tui.providers.speech.normalize.english`). Other languages get only changes that are safe
in all of them; the voice, which knows its language, reads their numbers.
"""

from __future__ import annotations

import re
import unicodedata

from aura_tui.providers.speech.normalize import english
from aura_tui.providers.speech.normalize.english_lexicon import SYMBOLS

VERSION = 3  # part of a sound's cache key: increment it when a form changes

MAX_RULED = 300  # characters; longer tokens are data, to which the English rules don't apply
MAX_RUN = 48  # consecutive letters and digits; longer runs are hashes and noise, not words
MAX_TOKEN = 2000  # characters of a spoken form; scripts without spaces need many

_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{1,9}://|www\.)(?:[^\s/@]*@)?([^\s/?#:]+)[^\s]*", re.I)
_LONG_RUN = re.compile(rf"([A-Za-z0-9]{{{MAX_RUN}}})[A-Za-z0-9]+")
_PAUSE = re.compile("\u2026|\\.{2,}|[\u2012-\u2015\u2192\u21d2]|->|=>|(?<!\\w)-+(?!\\w)|--+")
# Characters that a voice would spell out but people don't speak.
_SILENT = str.maketrans(
    {c: " " for c in "*_`~^\\|<>[]{}\u00ab\u00bb\u201c\u201d\u201e\u2022\u00b7\u00a9\u00ae\u2122"}
)
# Styled letters and digits: mathematical, full width, ligatures.
_STYLED = re.compile("[\U0001d400-\U0001d7ff\uff10-\uff19\uff21-\uff3a\uff41-\uff5a\ufb00-\ufb06]+")
_JOINERS = "\u200c\u200d"  # meaningful between letters of Persian and Indic scripts
_ENDS = ",.;:!?\u3001\u3002\uff0c\uff01\uff1f\u061f\u060c\u0964"


def spoken_forms(text: str, language: str) -> tuple[str, ...]:
    """The spoken form of each token of ``text.split()``, in order.

    ``language`` is BCP 47. A silent token (a dash, an emoji) has the form "".
    """
    is_english = language.lower().split("-")[0] in ("", "en")
    tokens = [_visible(token) for token in text.split()]
    short = [token if len(token) <= MAX_RULED else "" for token in tokens]
    forms = english.forms(short) if is_english else [""] * len(tokens)
    spoken = [
        _bounded(form if is_english and token == known else _neutral(token))
        for token, known, form in zip(tokens, short, forms, strict=True)
    ]
    for i, form in enumerate(spoken):
        if form and all(unicodedata.category(c)[0] in "PZ" for c in form):
            # A lone dash or bracket becomes a pause after the previous word.
            if i and spoken[i - 1] and spoken[i - 1][-1] not in _ENDS:
                spoken[i - 1] += form[0] if form[0] in _ENDS else ","
            spoken[i] = ""
    return tuple(spoken)


def _visible(token: str) -> str:
    """``token`` in composed form, without emoji, controls and other unpronounceable characters."""
    token = unicodedata.normalize("NFC", token[: MAX_TOKEN * 4])
    token = _STYLED.sub(lambda m: unicodedata.normalize("NFKC", m[0]), token)
    return "".join(c for c in token if (c.isascii() and c.isprintable()) or _sayable(c))


def _sayable(c: str) -> bool:
    category = unicodedata.category(c)
    if category == "So":  # emoji and other symbols; keep those with an English word
        return c in SYMBOLS
    return c in _JOINERS or (category[0] != "C" and not "\ufe00" <= c <= "\ufe0f" and c != "\u20e3")


def _neutral(token: str) -> str:
    token = _URL.sub(lambda m: m[1].removeprefix("www."), token)
    return _PAUSE.sub(", ", token).translate(_SILENT)


def _bounded(form: str) -> str:
    form = _LONG_RUN.sub(r"\1", " ".join(form.split()))[:MAX_TOKEN]
    return form.strip(_JOINERS + " ")
