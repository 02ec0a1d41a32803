"""English text normalization: numbers, money, units, abbreviations, addresses, code.

Pure. Plain integers, decimals, ordinals and clock times stay digits, which every voice can read.
Words replace what voices read in the wrong order ("$5") or letter by letter ("vs.", "snake_case").
Each form belongs to one token and depends only on it and its neighbours.
"""

from __future__ import annotations

import re

from aura_tui.providers.speech.normalize import english_formula
from aura_tui.providers.speech.normalize.english_lexicon import (
    ABBREVIATIONS,
    BEFORE_NUMBER,
    CURRENCY_CODES,
    MONEY,
    MONTHS,
    NAMES,
    NUMBERED_THINGS,
    ONLY_ATTACHED,
    RULERS,
    SHORT_MONTHS,
    SPELLED_MAGNITUDES,
    STARTERS,
    SYMBOLS,
    UNITS,
    YEAR_WORDS,
)
from aura_tui.providers.speech.normalize.english_numbers import (
    AMOUNT,
    NUMBER,
    fraction,
    numeric,
    ordinal,
    plural,
)

_PLAIN_AMOUNT = re.compile(rf"(?:{NUMBER})(?:k|K|m|M|bn)?")
_LEAD = "([{<\"'\u2018\u201a\u201c\u201e\u00ab*`_"
_TRAIL = ")]}>\"'\u2019\u201d\u00bb*`_,.;:!?\u2026"
_URL = re.compile(r"(?:[a-z][a-z0-9+.-]{1,9}://|www\.)(?:[^\s/@]*@)?([^\s/?#:]+)\S*", re.I)
_MAIL = re.compile(r"([\w.+-]+)@([\w-]+(?:\.[\w-]+)+)")
_DOTTED = re.compile(r"\.?[^\W_][\w-]*(?:\.[^\W_][\w-]*)+|\.[^\W\d_][\w-]*")
_INITIALS = re.compile(r"(?:[^\W\d_]\.)+[^\W\d_]")
_CAMEL = re.compile(r"[a-z][a-z0-9]*[A-Z][A-Za-z0-9]*")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_ARROW = re.compile("\\s*(?:->|=>|[\u2190-\u21ff])\\s*")
_DASH = re.compile("[\u2012-\u2015]|(?<=\\w)--+(?=\\w)")
_SILENT = re.compile('[*_`~^|\\\\<>\\[\\]{}()"\u201c\u201d\u201e\u00ab\u00bb\u2022\u00b7]+')


def forms(tokens: list[str]) -> list[str]:
    """The spoken form of each token; the list is as long as ``tokens``."""
    return [_form(tokens, i) for i in range(len(tokens))]


def _form(tokens: list[str], i: int) -> str:
    token = tokens[i]
    if token in ("-", "\u2212") and 0 < i < len(tokens) - 1 and _subtracts(tokens, i):
        return "minus"
    if token in ("/", "\u00b7") and 0 < i < len(tokens) - 1:
        operands = all(map(english_formula.is_operand, (tokens[i - 1], tokens[i + 1])))
        return ("over" if token == "/" else "times") if operands else ""
    if token in SYMBOLS:
        return _lone_symbol(token, tokens, i)
    core, trail = _split(token)
    before = _split(tokens[i - 1])[0] if i else ""
    if before.isdigit() and (part := fraction(core)):
        return f"and {part}{_pause(trail)}"
    if token.lower() in NAMES:
        return NAMES[token.lower()]
    if not core:
        return _pause(trail)
    if not core.strip("-\u2012\u2013\u2014"):
        return ","
    after = tokens[i + 1] if i + 1 < len(tokens) else ""
    two_before = _split(tokens[i - 2])[0] if i > 1 else ""
    if core.lower() in SPELLED_MAGNITUDES and two_before in CURRENCY_CODES:
        return f"{core} {plural(CURRENCY_CODES[two_before], '2')}{_pause(trail)}"
    if core == "in" and two_before in ("ft", "foot", "feet") and before.isdigit():
        return plural("inch", before) + _pause(trail)
    if trail.startswith("."):
        full = _abbreviation(core, trail, before, after)
        if full is not None:
            return full
        next_word = after.lstrip(_LEAD)
        starts = next_word[:1].isupper() and next_word.lower() in STARTERS
        if len(core) == 1 and core.isupper() and next_word[:1].isupper() and not starts:
            return core  # "J. Doe"
        if _INITIALS.fullmatch(core):  # "the U.S. market": this point doesn't end a sentence
            ends = not after or starts
            return _wording(core) + (_pause(trail[1:]) or ("." if ends else ""))
    if core.lower() in ("vs", "etc"):
        return ABBREVIATIONS[core.lower()][0] + _pause(trail)
    year_likely = (
        (before.lower() in ("", "and") and core[:2] in ("19", "20"))
        or before.lower() in YEAR_WORDS
        or "(" in token
        or _is_day(before, tokens, i)
    )
    return _core(core, before, after, year_likely=year_likely) + _pause(trail)


def _subtracts(tokens: list[str], i: int) -> bool:
    """Whether a lone dash is between two numbers: "3 - 1"."""
    return all(re.fullmatch(NUMBER, _split(tokens[at])[0]) for at in (i - 1, i + 1))


def _split(token: str) -> tuple[str, str]:
    """Split into (core, trail); drops leading quotes, brackets and emphasis marks."""
    body = token.lstrip(_LEAD)
    if token[:1] == "<" and body[:1].isdigit():
        body = "<" + body
    core = body.rstrip(_TRAIL)
    while core.count("(") > core.count(")") and body[len(core) :].startswith(")"):
        core = body[: len(core) + 1]  # the bracket belongs to a call: "run()"
    if re.fullmatch(r"\d[\d'\u2032./]*", core) and body[len(core) :][:1] == '"' and body == token:
        core = body[: len(core) + 1]  # inches
    return core, body[len(core) :]


def _pause(trail: str) -> str:
    """The audible punctuation mark of a word's trail; "" if none."""
    for c in reversed(trail):
        if c in ",.;:!?":
            return c
        if c == "\u2026":
            return ","
    return "," if ")" in trail else ""


def _lone_symbol(token: str, tokens: list[str], i: int) -> str:
    if token in ("<", ">", "~", "+", "=", "@") and (i == 0 or i + 1 == len(tokens)):
        return ""  # a bullet or a prompt, not an operator
    return SYMBOLS[token]


_TITLES = frozenset(
    ("st", "gen", "sen", "rev", "ms", "mt", "ft", "lt", "col", "capt", "gov", "sgt", "maj", "cpl")
)


def _is_street(before: str, after: str) -> bool:
    """Whether "St." follows a street's name and no saint's follows: "Elm St. and"."""
    return before[:1].isupper() and not after.lstrip(_LEAD)[:1].isupper()


def _abbreviation(core: str, trail: str, before: str, after: str) -> str | None:
    low = core.lower()
    rest = _pause(trail[1:])
    if low in BEFORE_NUMBER and after[:1].isdigit():
        return BEFORE_NUMBER[low] + rest
    if low == "ft" and (before.lower() in ("sq", "cu") or before.isdigit()):
        return "feet" + rest
    if low not in ABBREVIATIONS:
        return None
    full, never_ends = ABBREVIATIONS[low]
    if never_ends and after:
        capital = after.lstrip(_LEAD)[:1]
        if low == "st" and _is_street(before, after):
            return "street" + rest
        if low in ("sq", "cu") and _split(after)[0].lower() not in UNITS:
            return None
        if low in _TITLES and not capital.isupper():
            return "street" + rest if low == "st" else None
        if low in ("oct", "dec", "nov", "apr", "jan", "feb", "aug", "sept", "ch", "eq", "vol"):
            return full + rest if capital.isdigit() else None
        return full.rstrip(",") + rest if rest else full
    if low == "st":
        full = "street"  # at the end: "12 High St."
    following = after.lstrip(_LEAD)
    is_name = following.rstrip(_TRAIL).lower() in ABBREVIATIONS  # "Co. Ltd."
    ends = not after or (following[:1].isupper() and not is_name)
    return full.rstrip(",") + (rest or ("." if ends else ""))


def _is_day(before: str, tokens: list[str], i: int) -> bool:
    """Whether the previous token is the day of a month: "May 1, 2024"."""
    return before.isdigit() and i >= 2 and _split(tokens[i - 2])[0].capitalize() in MONTHS


def _core(core: str, before: str, after: str, *, year_likely: bool) -> str:
    low = core.lower()
    if low in NAMES:
        return NAMES[low]
    if re.match(r"[-\u2212]\d", core) and (
        spoken := numeric(core, before, after, year_likely=False)
    ):
        return spoken
    if core in UNITS and re.search("[/\u00b0\u00b2\u00b3]", core) and not before[-1:].isdigit():
        return plural(UNITS[core], "2")
    if core not in UNITS and english_formula.is_formula(core):
        return english_formula.spoken(core)
    if applied := english_formula.call(core):
        return applied
    if english_formula.OPERATORS & {before, after} and (both := english_formula.coefficient(core)):
        return both
    number = before.lstrip("-\u2212+~\u2248<>\u2264\u2265\u00b1")
    if core in UNITS and core not in ONLY_ATTACHED and re.fullmatch(NUMBER, number):
        return plural(UNITS[core], number)
    if core in CURRENCY_CODES and _PLAIN_AMOUNT.fullmatch(number):
        return plural(CURRENCY_CODES[core], number)
    if core in CURRENCY_CODES and re.match(r"\d", after):
        return ""  # it is said after the amount
    if before in CURRENCY_CODES and _split(after)[0].lower() in SPELLED_MAGNITUDES:
        return core
    if before in CURRENCY_CODES and _PLAIN_AMOUNT.fullmatch(core):
        return f"{core} {plural(CURRENCY_CODES[before], core)}"
    if core in SHORT_MONTHS and (before.isdigit() or re.match(r"\d{4}", after)):
        return SHORT_MONTHS[core]
    if re.fullmatch("[IVX]{1,6}", core) and (spoken := _roman(core, before)):
        return spoken
    if low in SPELLED_MAGNITUDES and (money := AMOUNT.fullmatch(before)) and not money[5]:
        return f"{core} {MONEY[money[2]][0]}s"  # "$5 million": speak the currency after "million"
    if any(c.isdigit() for c in core) and (
        spoken := numeric(core, before, _split(after)[0], year_likely=year_likely)
    ):
        return spoken
    if match := _URL.fullmatch(core):
        return _dotted(match[1].removeprefix("www."))
    if match := _MAIL.fullmatch(core):
        return f"{_identifier(match[1].replace('.', ' dot '))} at {_dotted(match[2])}"
    return _wording(core)


_ROMAN = {"I": 1, "V": 5, "X": 10}


def _roman(core: str, before: str) -> str:
    """The number that follows "Chapter", the ordinal that follows "Henry"; else ""."""
    total = 0
    for letter, following in zip(core, [*core[1:], "I"], strict=True):
        value, is_less = _ROMAN[letter], _ROMAN[letter] < _ROMAN[following]
        total += -value if is_less else value
    if before.lower() in NUMBERED_THINGS:
        return str(total)
    return f"the {ordinal(total)}" if before.lower() in RULERS and core != "I" else ""


def _dotted(name: str) -> str:
    return " dot ".join(_identifier(part) for part in name.split(".") if part)


def _identifier(name: str) -> str:
    """Split an identifier into words: snake_case, camelCase, kebab-case."""
    words = re.sub(r"[_\-+]+", " ", name).split()
    return " ".join(_HUMP.sub(" ", w) if _CAMEL.fullmatch(w) else w for w in words)


def _wording(core: str) -> str:
    """Words as they are, and code as words."""
    if _INITIALS.fullmatch(core):
        letters = core.upper().split(".") if len(core) == 3 else core.split(".")
        return " ".join("ay" if letter == "A" else letter for letter in letters)  # not the article
    core = re.sub(r"\(.*?\)|\[\]", "", core)
    core = _URL.sub(lambda m: m[1].removeprefix("www."), core)
    core = _DASH.sub(", ", _ARROW.sub(" to ", core)).replace("::", " ")
    if "/" in core or "\\" in core:
        parts = [p for p in re.split(r"[/\\]+", core) if p not in ("", "~", ".", "..")]
        joint = " slash " if len(parts) > 2 or core[:1] in "/~." else " "
        return joint.join(_wording(part) for part in parts)
    if _DOTTED.fullmatch(core):
        return _dotted(core)
    if core.startswith("-"):
        core = core.lstrip("-")
    if core.startswith("#") and len(core) > 1:
        core = ("number " if core[1].isdigit() else "hashtag ") + core[1:]
    elif core.startswith("@"):
        core = "at " + core[1:]
    core = re.sub(r"!=|[<>=]=", lambda m: f" {SYMBOLS[m[0]]} ", core)
    core = re.sub(r"(?<=\w)([=&+%\u00b0\u00d7])", lambda m: f" {SYMBOLS[m[1]]} ", core)
    core = _SILENT.sub(" ", core)
    return " ".join(_HUMP.sub(" ", w) if _CAMEL.fullmatch(w) else w for w in core.split())
