"""Numbers in spoken English: money, units, dates, ranges, versions. Pure."""

from __future__ import annotations

import re

from aura_tui.providers.speech.normalize.english_lexicon import (
    MAGNITUDES,
    MONEY,
    MONTHS,
    PLURALS,
    SPELLED_MAGNITUDES,
    TEENS,
    TENS,
    UNITS,
)

NUMBER = r"\d+(?:,\d{3})*(?:\.\d+)?|\.\d+"
_SIGN = {
    "-": "minus ",
    "\u2212": "minus ",
    "+": "plus ",
    "~": "about ",
    "\u2248": "about ",
    "<": "less than ",
    ">": "more than ",
    "<=": "at most ",
    "\u2264": "at most ",
    ">=": "at least ",
    "\u2265": "at least ",
    "==": "",
    "^": "",
    "\u00b1": "plus or minus ",
    "#": "number ",
    "\u00a7": "section ",
    "": "",
}
_SIGNS = "|".join(re.escape(s) for s in sorted(_SIGN, key=len, reverse=True))
_QUANTITY = re.compile(rf"({_SIGNS})({NUMBER})(?:-?([^\W\d].*|[%\u00b0\u00d7\u00a2].*))?")
_LOSS = re.compile(rf"([$\u20ac\u00a3\u00a5\u20b9])\(({NUMBER})\)?")  # as accounts write it
AMOUNT = re.compile(
    rf"({_SIGNS})(?:US|A|C)?([$\u20ac\u00a3\u00a5\u20b9])({NUMBER})"
    rf"(?:[-\u2013]\2?({NUMBER}))?(k|K|m|M|mn|b|B|bn|T|tn)?"
)
_AMOUNT_AFTER = re.compile(rf"({_SIGNS})({NUMBER})([$\u20ac\u00a3\u00a5])")
_RANGE = re.compile(rf"({NUMBER})([-\u2013\u2012]|\.\.)({NUMBER})(\D.*)?")
_VERSION = re.compile(r"([<>=~^]*)([vV]?)(\d+(?:\.\d+)*)(?:[-+.]?((?:rc|a|b|alpha|beta|dev)\d*))?")
_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_CLOCK = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?")
_RATIO = re.compile(r"(\d+):(\d+)")
_SLASHED = re.compile(r"(\d{1,4})/(\d{1,4})(?:/(\d{4}))?")
_FEET = re.compile(r"(\d{1,2})['\u2032](\d{1,2})?[\"\u2033]?")
_INCHES = re.compile(r"(\d[\d.]*(?:/\d{1,2})?)[\"\u2033]")
_MIXED = re.compile("(\\d+)([\u00bc-\u00be\u2150-\u215e])")
_TIMES = re.compile(r"(\d[\d.,]*)[*\u00b7](\d[\d.,]*)")
_YEARS = re.compile(r"(1[1-9]\d\d|20[1-9]\d)[-\u2013](\d\d)")
_SHARES = re.compile(rf"({NUMBER})%[-\u2013]({NUMBER})%")
_ROOM = re.compile(r"(\d{1,4})([A-Z])")
_SIZE = re.compile(r"(\d+)[x\u00d7](\d+)(?:[x\u00d7](\d+))?")
_DECADE = re.compile(r"(1[6-9]|20)(\d)0['\u2019]?s")
_SHORT_DECADE = re.compile(r"['\u2019]?([2-9])0s")
_YEAR = re.compile(r"1[1-9]\d\d|20[1-9]\d")
_LETTER_NUMBER = re.compile(r"([A-Za-z])\.(\d+)")  # "H.264"
_POWER = re.compile(r"(\d+(?:\.\d+)?)(?:e|\^)([-+\u2212]?)(\d+)")


FRACTIONS = {
    "\u00bd": "a half",
    "\u00bc": "a quarter",
    "\u00be": "three quarters",
    "\u2153": "a third",
    "\u2154": "two thirds",
    "\u215b": "an eighth",
    "\u215c": "3 eighths",
    "\u215d": "5 eighths",
    "\u215e": "7 eighths",
}
_PARTS = {"2": "half", "3": "third", "4": "quarter", "5": "fifth", "6": "sixth", "8": "eighth"}
_PARTS |= {"7": "seventh", "9": "ninth", "10": "tenth", "12": "twelfth", "16": "sixteenth"}
_DATED = frozenset(
    ["on", "by", "from", "until", "till", "since", "before", "after", "of", "to", "dated"]
)


def fraction(text: str) -> str:
    """ "a half" for "1/2", "3 eighths" for "3/8"; "" if it isn't a proper fraction with a name."""
    over, _, under = text.partition("/")
    if not (over.isdigit() and under in _PARTS and 0 < int(over) < int(under)):
        return ""
    name = _PARTS[under]
    if over == "1":
        return f"{'an' if name[0] == 'e' else 'a'} {name}"
    plural_name = "halves" if name == "half" else f"{name}s"
    return f"{over} {plural_name}"


def numeric(core: str, before: str, after: str, *, year_likely: bool) -> str:
    """The spoken form of a number with a unit, sign or the like; "" if other rules apply."""
    if match := _LOSS.fullmatch(core):
        return f"minus {_price(match[2], match[1])}"
    if match := AMOUNT.fullmatch(core):
        return _money(match, after)
    if match := _AMOUNT_AFTER.fullmatch(core):
        return _SIGN[match[1]] + _price(match[2], match[3])
    if match := _DATE.fullmatch(core):
        year, month, day = match[1], int(match[2]), int(match[3])
        if 1 <= month <= 12 and 1 <= day <= 31:
            return f"{MONTHS[month - 1]} {ordinal(day)}, {_year(year)}"
    if match := _CLOCK.fullmatch(core):
        return _clock(match)
    if match := _SLASHED.fullmatch(core):
        return _slashed(match, before)
    if spoken := _measured(core, before):
        return spoken
    if match := _RATIO.fullmatch(core):
        return f"{match[1]} {'by' if int(match[1]) > 2 < int(match[2]) else 'to'} {match[2]}"
    if match := _SIZE.fullmatch(core):
        return " by ".join(part for part in match.groups() if part)
    if match := _DECADE.fullmatch(core):
        return _decade(match)
    if match := _SHORT_DECADE.fullmatch(core):
        return TENS[match[1]] + "ties"
    if match := _RANGE.fullmatch(core):
        spoken = _range(match)
        if spoken:
            return spoken
    if _YEAR.fullmatch(core) and year_likely:
        return _year(core)
    if match := _VERSION.fullmatch(core):
        spoken = _version(match, before)
        if spoken:
            return spoken
    if match := _LETTER_NUMBER.fullmatch(core):
        number = match[2]
        pair = len(number) == 3 and number[1] != "0"  # "H.264": two sixty-four
        return f"{match[1]} {number[0]} {number[1:]}" if pair else f"{match[1]} {number}"
    if match := _POWER.fullmatch(core):
        power = f"{_SIGN[match[2]]}{match[3]}"
        return f"{match[1]} {'times 10 ' if 'e' in core else ''}to the power of {power}"
    if match := _QUANTITY.fullmatch(core):
        return _quantity(match)
    return ""


def _slashed(match: re.Match[str], before: str) -> str:
    """A date ("27/11/2026", "on 27/11"), a fraction ("3/8"), or a proportion ("22/7")."""
    first, second, year = match.groups()
    day, month = (first, second) if int(first) > 12 else (second, first)
    is_date = 1 <= int(month) <= 12 < int(day) <= 31
    if year:
        parts = f"{first} {second}"
        if is_date:
            parts = f"{MONTHS[int(month) - 1]} {ordinal(int(day))},"
        return f"{parts} {_year(year)}"
    if is_date and before.lower() in _DATED:
        return f"{MONTHS[int(month) - 1]} {ordinal(int(day))}"
    if spoken := fraction(f"{first}/{second}"):
        return spoken
    is_proportion = int(second) < 10 or int(first) < 10 <= int(second)
    return f"{first} over {second}" if is_proportion else ""


_ROOMS = frozenset(
    ["apt", "apartment", "room", "suite", "ste", "flat", "unit", "gate", "seat", "platform", "row"]
)


def _measured(core: str, before: str) -> str:
    """Feet and inches, a mixed number, a product, years and shares in a range, a room."""
    if match := _FEET.fullmatch(core):
        return f"{match[1]} foot {match[2]}" if match[2] else f"{match[1]} feet"
    if match := _INCHES.fullmatch(core):
        part = fraction(match[1])
        return f"{part} of an inch" if part else f"{match[1]} {plural('inch', match[1])}"
    if match := _MIXED.fullmatch(core):
        return f"{match[1]} and {FRACTIONS[match[2]]}" if match[2] in FRACTIONS else ""
    if match := _TIMES.fullmatch(core):
        return f"{match[1]} times {match[2]}"
    if match := _YEARS.fullmatch(core):
        is_later = match[2] > match[1][2:] and match[2] != "00"
        return f"{_year(match[1])} to {match[2]}" if is_later and int(match[2]) > 12 else ""
    if (match := _ROOM.fullmatch(core)) and before.lower() in _ROOMS:
        return f"{match[1]} {match[2]}"
    if re.fullmatch(r"\d+h", before) and re.fullmatch(r"\d+m", core):
        return f"{core[:-1]} {plural('minute', core[:-1])}"
    if match := _SHARES.fullmatch(core):
        return f"{match[1]} to {match[2]} percent"
    return ""


def _money(match: re.Match[str], after: str) -> str:
    sign, symbol, low, high, magnitude = match.groups()
    number = f"{low} to {high}" if high else low
    name = MONEY[symbol][0]
    if magnitude:
        return f"{_SIGN[sign]}{number} {MAGNITUDES[magnitude]} {plural(name, '2')}"
    if after.lower() in SPELLED_MAGNITUDES:
        return _SIGN[sign] + number
    if high:
        return f"{_SIGN[sign]}{number} {plural(name, '2')}"
    return _SIGN[sign] + _price(low, symbol)


def _price(number: str, symbol: str) -> str:
    """ "3 dollars 50" for "3.50" and "$"."""
    name, part = MONEY[symbol]
    whole, _, cents = number.partition(".")
    if len(cents) != 2 or not part:
        return f"{number} {plural(name, number)}"
    if not cents.strip("0"):
        return f"{whole} {plural(name, whole)}"
    small = str(int(cents))
    if not whole.strip("0"):
        return f"{small} {plural(part, small)}"
    return f"{whole} {plural(name, whole)} {small}"


def plural(name: str, number: str) -> str:
    if number == "1":
        return name
    if name in PLURALS or name.endswith("hertz"):
        return PLURALS.get(name, name)
    head, per, tail = name.partition(" per ")
    return f"{head}s{per}{tail}"


def ordinal(day: int) -> str:
    suffix = {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{'th' if day in (11, 12, 13) else suffix}"


def _year(year: str) -> str:
    """ "1984" -> "19 84", "1905" -> "19 oh 5", "1900" -> "19 hundred"; 2000 to 2009 unchanged."""
    if year.startswith("200") or year.endswith("000"):
        return year
    century, rest = year[:2], year[2:]
    if rest == "00":
        return f"{century} hundred"
    return f"{century} oh {rest[1]}" if rest[0] == "0" else f"{century} {rest}"


def _decade(match: re.Match[str]) -> str:
    century, tens = match.groups()
    if tens == "0":
        return "two thousands" if century == "20" else f"{TEENS[century]} hundreds"
    return f"{TEENS[century]} {'tens' if tens == '1' else TENS[tens] + 'ties'}"


def _clock(match: re.Match[str]) -> str:
    hour, minute, second = match.groups()
    if second:
        return f"{hour} {minute} {second}"
    if minute == "00":
        return f"{hour} o'clock"
    return f"{int(hour)} oh {minute[1]}" if minute[0] == "0" else f"{int(hour)} {minute}"


def _range(match: re.Match[str]) -> str:
    low, dash, high, rest = match.groups()
    a, b = float(low.replace(",", "")), float(high.replace(",", ""))
    if dash == "-" and (a >= b or (len(low) == 3 and len(high) == 4)):
        return ""  # a phone number, a score, a part number
    if _YEAR.fullmatch(low) and _YEAR.fullmatch(high) and not rest:
        return f"{_year(low)} to {_year(high)}"
    unit = (rest or "").strip("-")
    if not unit:
        return f"{low} to {high}"
    if unit in UNITS:
        return f"{low} to {high} {plural(UNITS[unit], high)}"
    if unit in MAGNITUDES:
        return f"{low} to {high} {MAGNITUDES[unit]}"
    return ""


def _version(match: re.Match[str], before: str) -> str:
    sign, v, digits, stage = match.groups()
    if not v and not stage and digits.count(".") < 2:
        return ""
    name = "version " if v and before.lower() not in ("version", "versions", "release") else ""
    relation = _SIGN.get(sign, "")
    spoken = relation + name + digits.replace(".", " point ")
    if stage:
        spoken += " " + re.sub(r"(\d)", r" \1", stage, count=1)
    return spoken


def _quantity(match: re.Match[str]) -> str:
    sign, number, unit = match.groups()
    spoken = _SIGN[sign] + number
    if not unit:
        return spoken
    if unit in UNITS:
        return f"{spoken} {plural(UNITS[unit], number)}"
    if unit in MAGNITUDES and (unit, number) not in {("K", n) for n in ("2", "4", "5", "8")}:
        return f"{spoken} {MAGNITUDES[unit]}"
    if unit in ("st", "nd", "rd", "th"):
        return spoken + unit
    return ""
