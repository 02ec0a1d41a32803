"""Prose: splits sentences, estimates their spoken length, finds figures, shortens text for cards.

Pure functions of plain text; ``markdown/document.py`` removes the Markdown before. Narration keeps
whole sentences: :func:`shorten` is only for cards.
"""

from __future__ import annotations

import re

from aura_tui.model.text.sentence_end import OPENERS, ends_sentence

# -- spoken form ---------------------------------------------------------------------------------

_URL = re.compile(r"(?:https?|ftp)://(?:www\.)?([^\s/?#<>()\[\]]+)[^\s<>()\[\]]*")
_EMOJI = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u231a-\u23ff\ufe0e\ufe0f\u200d\u20e3"
    "\U000e0020-\U000e007f]|(?<![\\w:]):(?:[a-z][a-z0-9_+-]{1,40}|[+-]1):(?![\\w:])"
)
_LEFTOVER = re.compile(r"\*{2,}|~~|`+|\[\^[^\[\]\s]{1,40}\]")
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9f"
_BREAK_IN_CJK = re.compile(
    f"(?<=[{_CJK}\u3000-\u303f\uff00-\uff65])\\s*\\n\\s*(?=[{_CJK}\u3000-\u303f])"
)
_SPACE_BEFORE_STOP = re.compile(r"\s+([,.;!?])(?=\s|$)")


def spoken_form(text: str) -> str:
    """``text`` for narration and captions: one line, hosts instead of URLs, no emoji, no leftover
    markup."""
    text = _BREAK_IN_CJK.sub("", text)
    if "://" in text:
        text = _URL.sub(_host, text)
    text = _LEFTOVER.sub("", _EMOJI.sub(" ", text))
    return _SPACE_BEFORE_STOP.sub(r"\1", " ".join(text.split()))


def _host(match: re.Match[str]) -> str:
    tail = re.search(r"[.,;:!?]+$", match[0])
    return match[1].rstrip(".,;:!?") + (tail[0] if tail else "")


# -- sentences -----------------------------------------------------------------------------------

_END = re.compile(
    "(?:[.!?\u2026\u061f\u06d4\u0964\u0965]+"
    "(?:[\"'\u201d\u2019\u201c)\\]]|[ \u00a0\u202f]?\u00bb(?!\\w))*(?=\\s|$))"
    "|(?:[\u3002\uff01\uff1f\uff61]+[\u300d\u300f\u201d\uff09]*)"
)
MAX_SENTENCE_CHARS = 700  # a longer one is a text without full stops


def sentences(text: str, language: str = "en") -> list[str]:
    """Split a one-line ``text`` into sentences, without losing any part of it."""
    found: list[str] = []
    start = 0
    for match in _END.finditer(text):
        if _ends_here(text, match, start, language):
            found.append(text[start : match.end()].strip())
            start = match.end()
    found.append(text[start:].strip())
    return [s for s in found if s]


# What continues a sentence after a quotation: a Japanese particle, "he asked" in Chinese.
_SAYS = re.compile(
    "[\u3068\u3063\u306e\u306f\u304c\u3092\u3082\u306b\u3001\uff0c]"
    "|[^\u3002\uff01\uff1f]{0,8}[\u8bf4\u8aaa\u95ee\u554f\u9053\u558a\u53eb\u7b54]"
)
_UNITS_OF_A_LETTER = frozenset("hmsgltVWA")


def _ends_here(text: str, match: re.Match[str], start: int, language: str) -> bool:
    mark = match[0]
    if mark[0] in "\u3002\uff01\uff1f\uff61\u061f\u06d4\u0964\u0965":
        return not (mark[-1] in "\u300d\u300f\u201d" and _SAYS.match(text, match.end()))
    following = text[match.end() : match.end() + 24]
    if mark.strip("\"'\u201d\u2019\u201c)] \u00a0\u202f\u00bb") not in (".", "..", "..."):
        return not following.lstrip(OPENERS + " ")[:1].islower()
    before = text[max(start, match.start() - 48) : match.start()]
    words = before.split()
    if len(words) > 1 and words[-2].isdigit() and words[-1] in _UNITS_OF_A_LETTER:
        return not following.lstrip(OPENERS + " ")[:1].islower()  # "at 8 h. Then ..."
    return ends_sentence(before, following, language)


def split_overlong(text: str) -> list[str]:
    """Split a "sentence" longer than :data:`MAX_SENTENCE_CHARS` into speakable pieces.

    Such a text has no full stops (a transcript, a list in one line), so it is split after clauses,
    or else between words. Words longer than 80 characters (a hash, a data URL) can't be spoken and
    are dropped.
    """
    if len(text) <= MAX_SENTENCE_CHARS:
        return [text]
    pieces: list[str] = []
    current: list[str] = []
    length = 0
    for word in text.split():
        if len(word) > 80 and not is_unspaced(word):
            continue
        for part in [word[i : i + 60] for i in range(0, len(word), 60)]:
            current.append(part)
            length += len(part) + 1
            if length > 200 or (length > 100 and part[-1] in ",;:\u2014\u3001\uff0c\uff1b"):
                pieces.append(" ".join(current))
                current, length = [], 0
    if current:
        pieces.append(" ".join(current))
    return pieces


_STOPS = ".!?\u2026\u3002\uff01\uff1f\uff61\u061f\u06d4\u0964\u0965"
_CLOSERS = "\"'\u201d\u2019\u00bb)]\u300d\u300f\uff09"


def with_stop(text: str) -> str:
    """``text`` with a full stop if no mark ends it; replaces a final colon or comma."""
    text = text.rstrip()
    if text.rstrip(_CLOSERS)[-1:] in tuple(_STOPS):
        return text
    text = text.rstrip(" ,;:\uff1a\uff0c\u3001\u2014\u2013-")
    return text + ("\u3002" if is_unspaced(text[-1:]) else ".") if text else ""


def is_lead_in(text: str) -> bool:
    """Whether a sentence only introduces what follows ("Install using pip:")."""
    text = text.rstrip()
    if text.endswith(("...", "\u2026")):
        return re.search(r"\bfollow(?:ing|s)\b", text[-60:]) is not None
    return text.endswith((":", "\uff1a"))


_STUB = re.compile(
    r"(?:or,?|and|now,?|then,?|also,?)?\s*(?:"
    r"(?:(?:for|as an|an?|here(?:'s| is) an) (?:example|instance)|e\.g\.|examples?|outputs?|"
    r"results?|usage|zum beispiel|z\. ?b\.|beispiel|par exemple|exemple|por ejemplo|ejemplo)"
    r"\s*[:,.\u2026\uff1a]*"
    r"|(?:to|with|via|using|by|in|on|from|for|zum|mit|par|pour|para|con)\b[^,]*\s*[:\uff1a])",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"\b(?:with|by|using|use|via|run|is|are|as|like|do|in|of|to|from|be|execute|type|and|or|"
    r"following(?: \w+)?|like this|gets? us|mit|durch|ist|sind|wie|als|folgt|avec|par|est|con|es)"
    r"\s*[:\uff1a]$",
    re.IGNORECASE,
)


def is_stub(text: str) -> bool:
    """Whether a lead-in has no meaning on its own ("For example:")."""
    return _STUB.fullmatch(text.strip()) is not None


def dangles(text: str) -> bool:
    """Whether a lead-in is incomplete without its colon ("You can run it with:")."""
    return is_lead_in(text) and (is_stub(text) or _DANGLING.search(text.strip()) is not None)


_ANAPHORA = re.compile(
    r"(?:this|that|these|those|it|its|they|them|their|he|she|his|her|such|however|but|and|or|so|"
    r"also|then|therefore|thus|hence|instead|otherwise|moreover|furthermore|besides|yet|still|"
    r"which|now|plus|as well as|both|neither|either|another|here|there|"
    r"for example|for instance|in contrast|as a result|"
    r"dies\w*|das|der|er|sie|es|ihre?r?|sein\w*|diese[rsmn]?|aber|doch|und|oder|au\u00dferdem|"
    r"deshalb|daher|darum|dann|dabei|damit|davon|daf\u00fcr|jedoch|auch|zudem|trotzdem|hier|dort|"
    r"cela|ce|cette|ces|il|elle|ils|mais|donc|ainsi|esto|este|esta|estos|pero|adem\u00e1s)\b",
    re.IGNORECASE,
)


def refers_back(sentence: str) -> bool:
    """Whether a sentence probably needs the previous one ("However, it ...")."""
    return _ANAPHORA.match(sentence) is not None


# -- spoken length -------------------------------------------------------------------------------

_UNSPACED = re.compile(f"[{_CJK}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")
_WORD = re.compile(r"[^\W_]+(?:['\u2019][^\W_]+)*")


def is_unspaced(text: str) -> bool:
    """Whether ``text`` has characters of a script without spaces between words."""
    return _UNSPACED.search(text) is not None


_STOP = re.compile("[.:!?\u2026\u061f](?=\\s|$)|[\u3002\u0964\uff01\uff1f]")
_COMMA = re.compile("[,;\u060c\u061b](?=\\s|$)|[\u3001\uff0c]")
# Spoken by name, or as a break: "dot", "slash", "percent".
_INNER = re.compile(r"(?<=\w)[._/\\@#:](?=\w)|[/_@#&%]")
_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")  # mostly spelled out
_LETTER_S = 0.0644
_YEAR = re.compile(r"\b(?:1[1-9]|20)\d\d\b")  # spoken as two pairs, "19 84": less than four digits
_YEAR_S = -0.5
# Signs that are spoken as words: "equals", "plus", "alpha".
_SIGN = re.compile(
    "[=+\u2212\u00b1\u00b7\u00d7\u2264\u2265\u2248\u221a]|\\b[\u03b1-\u03c9\u0394\u03a9]\\b"
)
_SIGN_S = 0.35
# Scripts with more speech per character: syllables, words, or unwritten vowels.
_CHARACTER_S: tuple[tuple[re.Pattern[str], float], ...] = (
    (re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]"), 0.26),  # Han
    (re.compile("[\u3040-\u30ff\uff66-\uff9f]"), 0.1),  # kana
    (re.compile("[\uac00-\ud7af]"), 0.2),  # Hangul
    (re.compile("[\u0590-\u06ff]"), 0.105),  # Hebrew, Arabic
    (re.compile("[\u0900-\u0dff]"), 0.08),  # Devanagari and its neighbours
    (re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]"), 0.08),  # Thai, Lao, Burmese, Khmer
)


def seconds(text: str, rate: float = 1.0) -> float:
    """Estimate how many seconds it takes to speak ``text`` at ``rate`` times the voice's own speed.

    Counts letters, digits, stops, and characters that are spelled out or named; fitted to eSpeak NG
    with 1180 scenes of 22 English texts: within 3 % for most texts, 6 % for the worst; about 2.7
    English words per second.
    """
    took = 0.33 * sum(c.isdigit() for c in text) + 0.3 * len(_STOP.findall(text))
    took += _YEAR_S * len(_YEAR.findall(text))
    took += 0.4 * len(_COMMA.findall(text)) + _SIGN_S * len(_SIGN.findall(text))
    took += 0.27 * len(_INNER.findall(text)) + 0.035 * sum(map(len, _CAPITALS.findall(text)))
    if not text.isascii():
        for characters, each_s in _CHARACTER_S:
            text, count = characters.subn("", text)
            took += count * each_s
    return (took + _LETTER_S * sum(c.isalnum() for c in text)) / rate


def words(text: str) -> list[str]:
    """The words of ``text`` in lower case; in scripts without spaces, pairs of characters."""
    found = [w.lower() for w in _WORD.findall(text)]
    return [
        part
        for w in found
        for part in ([w[i : i + 2] for i in range(0, len(w), 2)] if is_unspaced(w) else [w])
    ]


# -- figures -------------------------------------------------------------------------------------

_PER = r"(?:/(?:s|h|min|d|a|l|m|km|kg|day|week|month|year|second|hour|minute)\b)?[\u00b2\u00b3]?"
_UNITS = (
    r"%|\u2030|percent\b|per cent\b|Prozent\b|[x\u00d7](?![\w.]|\s?\d)|times\b|mal\b|"
    r"(?:thousand|million|billion|trillion|Millionen|Milliarden|Mio\.?|Mrd\.?|millones|millions|"
    r"milliards)\b(?:\s(?:dollars|euros?|Euro))?|[kMG]?bit/s|"
    rf"(?:[kMGTP]i?B|(?<=\s)B|[kMGT]?Wh?|[mk\u00b5n]?[sgm]|[cd]m|km|kg)(?![A-Za-z]){_PER}|"
    r"[kMG]?Hz\b|\u00b0[CF]?|fps\b|rpm\b|"
    r"(?:\u20ac|\$|\u00a3|USD|EUR|euros?|dollars)(?!\w)"
)
_CURRENCY = "$\u20ac\u00a3\u00a5"
_DIGITS = r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?![\d])(?:[.,]\d+)?|\d[\d.,]*"
_FIGURE = re.compile(
    rf"(?<![\w.,/#:\u2013\u2014{_CURRENCY}-])(?:"
    rf"[+\u2212-]?[{_CURRENCY}]\s?\d[\d.,]*\d?"
    r"(?:\s?(?:k|K|M|B|bn|million|billion|trillion)\b)?"
    rf"|[+\u2212-]?(?:{_DIGITS})(?<![.,])\s?(?:{_UNITS})(?![\w/\u00b2\u00b3])"
    r"|\d{1,3}(?:[,.]\d{3})+(?![\d.,]*\d)"
    r")"
)
_RANGE = r"(?:[-\u2013\u2014]|to|through|and|or|bis|und|oder|\u00e0|a|et|y|o|x|\u00d7|of)"
_GOES_ON = re.compile(rf"\s?{_RANGE}\s?[+\u2212-]?[{_CURRENCY}]?\d|[.,:/]\d|\s?\)?\s?[\u00b1]")
_GOES_BEFORE = re.compile(
    rf"\d\s?(?:[^\W\d]{{1,9}}|[%{_CURRENCY}])?\s?{_RANGE}\s?[{_CURRENCY}]?$"
    r"|\d[ \u00a0\u202f]$|[(\u00b1~]\s?$"
    r"|\b(?:No|Nr|Apt|ext|p|pp|S|vol|ch|fig|sec)\.\s?$",
    re.IGNORECASE,
)
_YEAR_WITH = re.compile(r"(?:1[0-9]|20|21)\d\d(?:[smgxB\u00d7]|\s(?:x|\u00d7|mal|times))$")


def figure(sentence: str) -> re.Match[str] | None:
    """The first figure worth its own card: a whole quantity with a unit, a currency or thousands;
    else None. A year, or a part of a range, of an account's loss or of an address is none."""
    for match in _FIGURE.finditer(sentence):
        if (
            not _YEAR_WITH.match(match[0])
            and not _GOES_ON.match(sentence, match.end())
            and not _GOES_BEFORE.search(sentence[max(0, match.start() - 24) : match.start()])
        ):
            return match
    return None


# -- short forms for cards -----------------------------------------------------------------------

_HARD_BORDER = re.compile(
    r"\s*[;:\u2014\uff1b\uff1a]\s+|\s+[\u2013-]{1,2}\s+|\s*[\uff0c\u3001]|\s+\("
)
_SOFT_BORDER = re.compile(
    r",?\s+(?=(?:which|where|who|because|so that|while|whereas|although|but|yet|"
    r"weil|damit|sodass|wobei|w\u00e4hrend|obwohl|sondern|aber|"
    r"parce que|mais|tandis que|porque|pero|mientras)\b)"
    r"|,\s+(?=(?:and|so|or|with|without|using|including|such as|making|not|even|both|then|as|in|"
    r"und|oder|mit|ohne|nicht|dann|bei)\b)"
)
_IN_A_LIST = re.compile(r",\s+(?:and|or|und|oder)\b")
_SUBORDINATE = re.compile(
    r"(?:if|when|while|because|as|although|though|since|after|before|once|until|unless|whenever|"
    r"for|in|on|at|by|with|to|during|under|from|wenn|als|weil|nachdem|bevor|da|obwohl|um|im|in der|"
    r"bei|mit|seit|si|quand|lorsque|cuando|aunque)\b[^,;:.]{3,80},\s+",
    re.IGNORECASE,
)
# The clause goes on after its comma: "If you want bread, and want it good, ..."
_CONTINUED = re.compile(
    r"(?:and|or|but|nor|und|oder|aber|et|ou|mais|y|o|pero)\b[^,;:.]{1,80},\s+", re.I
)
_OPENERS = re.compile(
    r"(?:however|moreover|furthermore|therefore|also|then|finally|first|second|third|next|"
    r"for example|for instance|in fact|of course|in short|in other words|instead|today|"
    r"jedoch|au\u00dferdem|zudem|dabei|daher),\s+",
    re.IGNORECASE,
)
_PARENTHESES = re.compile(r"\s*(?:\([^()]{1,200}\)|\[[^\[\]]{1,200}\])")


def length_in_words(text: str) -> int:
    """The number of words; three characters of a script without spaces count as one."""
    unspaced = len(_UNSPACED.findall(text))
    return len(text.split()) + unspaced // 3


def shorten(text: str, limit: int) -> str | None:
    """Shorten ``text`` to at most ``limit`` words by cutting after a clause; None if it can't be.

    Removes the final full stop, as in a headline, and capitalizes the first letter.
    """
    text = _bare(text)
    if length_in_words(text) <= limit:
        return text
    text = _bare(_OPENERS.sub("", _PARENTHESES.sub("", text), count=1))
    if length_in_words(text) <= limit:
        return capitalize(text)
    if main := _SUBORDINATE.match(text):
        rest = _bare(_CONTINUED.sub("", text[main.end() :]))
        short = rest if length_in_words(rest) <= limit else _cut(rest, limit)
        return capitalize(short) if short else None
    short = _cut(text, limit)
    return capitalize(short) if short else None


def _cut(text: str, limit: int) -> str | None:
    best = None
    for border, least in ((_HARD_BORDER, 3), (_SOFT_BORDER, 5)):
        for match in border.finditer(text):
            head = text[: match.start()].rstrip(" ,")
            if _opens_quotation(head):
                continue
            if _IN_A_LIST.match(match[0] + text[match.end() :]) and "," in head[-40:]:
                continue  # don't split "a, b, and c"
            count = length_in_words(head)
            if count > limit:
                break
            if count >= least and (best is None or len(head) > len(best)):
                best = head
    return best


def _opens_quotation(head: str) -> bool:
    """Whether a quotation that starts in ``head`` goes on after it."""
    return (
        head.count('"') % 2 == 1
        or head.count("\u201c") > head.count("\u201d") + head.count("\u201e")
        or head.count("\u201e") > head.count("\u201c") + head.count("\u201d")
        or head.count("\u00ab") != head.count("\u00bb")
        or head.count("\u300c") > head.count("\u300d")
    )


def _bare(text: str) -> str:
    text = text.strip()
    if text.endswith(("...", "\u2026")):
        return text
    return text.rstrip(" .,;:\u3002\uff1a\uff0c\u3001")


def capitalize(text: str) -> str:
    """Capitalize ``text``, unless its first word has a special spelling ("iPhone")."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.isalpha() and first.islower() else text


def cut(text: str, limit: int) -> str:
    """``text`` in at most ``limit`` characters, cut at a word with an ellipsis."""
    if len(text) <= limit:
        return text
    head = text[: limit - 1]
    if not is_unspaced(head) and " " in head[limit // 2 :]:
        head = head.rsplit(" ", 1)[0]
    return head.rstrip(" ,;:.-\u2013\u2014(") + "\u2026"


def headline(text: str, limit: int) -> str:
    """Shorten ``text`` in any case: by :func:`shorten`, else unchanged up to twice ``limit``, else
    cut between words with an ellipsis."""
    short = shorten(text, limit)
    if short is not None:
        return cut(short, 400)
    text = _bare(text)
    if length_in_words(text) <= limit * 2:
        return cut(text, 400)
    if is_unspaced(text):
        return text[: limit * 3] + "\u2026"
    return " ".join(text.split()[:limit]).rstrip(",;:-\u2013\u2014")[:400] + "\u2026"
