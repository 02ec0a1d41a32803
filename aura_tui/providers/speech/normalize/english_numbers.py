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
    "": "",
}
_SIGNS = "|".join(re.escape(s) for s in sorted(_SIGN, key=len, reverse=True))
_QUANTITY = re.compile(rf"({_SIGNS})({NUMBER})(?:-?([^\W\d].*|[%\u00b0\u00d7].*))?")
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
_SIZE = re.compile(r"(\d+)[x\u00d7](\d+)(?:[x\u00d7](\d+))?")
_DECADE = re.compile(r"(1[6-9]|20)(\d)0['\u2019]?s")
_SHORT_DECADE = re.compile(r"['\u2019]?([2-9])0s")
_YEAR = re.compile(r"1[1-9]\d\d|20[1-9]\d")
_LETTER_NUMBER = re.compile(r"([A-Za-z])\.(\d+)")  # "H.264"
_POWER = re.compile(r"(\d+(?:\.\d+)?)(?:e|\^)([-+\u2212]?)(\d+)")


def numeric(core: str, before: str, after: str, *, year_likely: bool) -> str:
    """The spoken form of a number with a unit, sign or the like; "" if other rules apply."""
    if match := AMOUNT.fullmatch(core):
        return _money(match, after)
    if match := _AMOUNT_AFTER.fullmatch(core):
        return _SIGN[match[1]] + _price(match[2], match[3])
    if match := _DATE.fullmatch(core):
        year, month, day = match[1], int(match[2]), int(match[3])
        if 1 <= month <= 12 and 1 <= day <= 31:
            return f"{MONTHS[month - 1]} {_ordinal(day)}, {_year(year)}"
    if match := _CLOCK.fullmatch(core):
        return _clock(match)
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


def _ordinal(day: int) -> str:
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
