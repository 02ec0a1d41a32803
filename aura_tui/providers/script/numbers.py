"""Reads the numbers in a table's column: "1.234,5", "$(45)", "0.5M", "1 1/2". Pure.

One cell can't tell what its marks mean ("1.000" is one, or a thousand); its column and the text's
language can. Units of one kind (ms and s, MB and GB) are compared in their base unit.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_NOTHING = "- \u2013 \u2014 \u2026 ... ? n/a na n.a. k.a. none"
MISSING = frozenset({"", "k. a.", *_NOTHING.split()})
# Languages that write one and a half as "1.5"; most others write "1,5".
_LANGUAGES = "en zh ja ko th he hi bn ta te mr ur ms ga cy mt sw la"
_POINT = frozenset(_LANGUAGES.split())
_SPACES = "\u0020\u00a0\u202f\u2009"
_MARKS = f".,'\u2019{_SPACES}"
_DIGITS = rf"\d(?:[\d{_MARKS}]*\d)?"
_VULGAR = {
    "\u00bd": 1 / 2, "\u2153": 1 / 3, "\u2154": 2 / 3, "\u00bc": 1 / 4, "\u00be": 3 / 4,
    "\u2155": 1 / 5, "\u2156": 2 / 5, "\u2157": 3 / 5, "\u2158": 4 / 5, "\u215b": 1 / 8,
    "\u215c": 3 / 8, "\u215d": 5 / 8, "\u215e": 7 / 8,
}  # fmt: skip
_CURRENCY = r"[$\u20ac\u00a3\u00a5\u20b9\u20bd\u20a9]|[A-Z]{1,2}\$|USD|EUR|GBP|CHF|JPY|Rs\.?|kr\.?"
_SIGN = "[+\u2212\u2013-]"
_CELL = re.compile(
    rf"(?P<about>[~\u2248<>\u2264\u2265\u00b1]|ca\.|approx\.|about)?\s?"
    rf"(?P<sign>{_SIGN})?\s?(?P<before>{_CURRENCY})?\s?(?P<sign2>{_SIGN})?"
    rf"(?:(?P<open>\()\s?(?P<inner>{_CURRENCY})?\s?)?"
    rf"(?:(?P<digits>{_DIGITS})(?P<vulgar>[{''.join(_VULGAR)}])?"
    rf"(?:\s(?P<over>\d{{1,2}})/(?P<under>\d{{1,2}}))?"
    rf"|(?P<only>[{''.join(_VULGAR)}])|(?P<over2>\d{{1,2}})/(?P<under2>\d{{1,2}}))"
    r"(?(open)(?P<inner_unit>\s?[^\d\s()][^\d()]{0,15})?\))"
    r"(?P<after>\s?[^\d\s()*\u2020\u2021\[][^\d()]{0,15}?)?"
    r"\s?(?P<note>[*\u2020\u2021]|\[\d{1,3}\])?"
)
_SCALES = {
    "k": 1e3, "K": 1e3, "tsd.": 1e3, "tsd": 1e3, "thousand": 1e3, "mil": 1e3,
    "\u0442\u044b\u0441.": 1e3,
    "M": 1e6, "m": 1e6, "mio.": 1e6, "mio": 1e6, "million": 1e6, "millionen": 1e6, "millions": 1e6,
    "millones": 1e6, "milioni": 1e6, "milh\u00f5es": 1e6, "miljoen": 1e6, "mln": 1e6, "mln.": 1e6,
    "\u043c\u043b\u043d": 1e6, "\u043c\u043b\u043d.": 1e6,
    "B": 1e9, "bn": 1e9, "billion": 1e9, "milliarden": 1e9, "mrd.": 1e9, "mrd": 1e9,
    "milliards": 1e9,
    "mld": 1e9, "mld.": 1e9, "\u043c\u043b\u0440\u0434": 1e9, "\u043c\u043b\u0440\u0434.": 1e9,
    "T": 1e12, "tn": 1e12, "trillion": 1e12,
}  # fmt: skip
# Unit -> (kind, factor to the kind's base unit).
_UNITS = {
    "ns": ("s", 1e-9), "\u00b5s": ("s", 1e-6), "us": ("s", 1e-6), "ms": ("s", 1e-3),
    "s": ("s", 1.0),
    "sec": ("s", 1.0), "min": ("s", 60.0), "h": ("s", 3600.0), "d": ("s", 86400.0),
    "B": ("B", 1.0), "kB": ("B", 1e3), "KB": ("B", 1e3), "MB": ("B", 1e6), "GB": ("B", 1e9),
    "TB": ("B", 1e12), "KiB": ("B", 2.0**10), "MiB": ("B", 2.0**20), "GiB": ("B", 2.0**30),
    "TiB": ("B", 2.0**40),
    "mm": ("m", 1e-3), "cm": ("m", 1e-2), "m": ("m", 1.0), "km": ("m", 1e3),
    "mg": ("g", 1e-3), "g": ("g", 1.0), "kg": ("g", 1e3), "t": ("g", 1e6),
    "W": ("W", 1.0), "kW": ("W", 1e3), "MW": ("W", 1e6), "GW": ("W", 1e9),
    "Hz": ("Hz", 1.0), "kHz": ("Hz", 1e3), "MHz": ("Hz", 1e6), "GHz": ("Hz", 1e9),
}  # fmt: skip


class _Parts(NamedTuple):
    digits: str
    fraction: float
    is_negative: bool
    currency: str
    unit: str


def column(cells: Sequence[str], language: str = "en") -> tuple[float | None, ...] | None:
    """The numbers in a column, None for a missing one ("\u2014", "n/a").

    None if a cell is no number, if the units or currencies are of several kinds, or if all numbers
    are years. A cell may omit the currency.
    """
    parts = [None if cell.strip().lower() in MISSING else _parts(cell) for cell in cells]
    known = [part for part in parts if part is not None]
    if not known or any(
        part is None and cell.strip().lower() not in MISSING
        for part, cell in zip(parts, cells, strict=True)
    ):
        return None
    if all(_is_year(part) for part in known):
        return None
    point = _decimal_mark([part.digits for part in known], language)
    kinds = {_scaled(part.unit, known)[0] for part in known}
    if point is None or len(kinds) > 1 or len({part.currency for part in known} - {""}) > 1:
        return None
    values: list[float | None] = []
    for part in parts:
        if part is None:
            values.append(None)
            continue
        number = _number(part.digits, point)
        if number is None:
            return None
        value = (number + part.fraction) * _scaled(part.unit, known)[1]
        values.append(-value if part.is_negative else value)
    return tuple(values)


def _parts(cell: str) -> _Parts | None:
    match = _CELL.fullmatch(cell.strip())
    if match is None:
        return None
    over, under = match["over"] or match["over2"], match["under"] or match["under2"]
    fraction = int(over) / int(under) if over and int(under) else 0.0
    fraction += _VULGAR.get(match["vulgar"] or match["only"] or "", 0.0)
    currency = (match["before"] or "") + (match["inner"] or "")
    unit = ((match["inner_unit"] or "") + (match["after"] or "")).strip()
    scale, _, rest = unit.partition(" ")
    if re.fullmatch(_CURRENCY, unit):
        currency, unit = currency + unit, ""
    elif rest and re.fullmatch(_CURRENCY, rest):
        currency, unit = currency + rest, scale
    elif unit and re.fullmatch(_CURRENCY, unit[-1]):
        currency, unit = currency + unit[-1], unit[:-1].strip()
    signs = (match["sign"] or "") + (match["sign2"] or "")
    is_negative = match["open"] is not None or any(sign in "\u2212\u2013-" for sign in signs)
    return _Parts(match["digits"] or "0", fraction, is_negative, currency.strip("."), unit)


def _is_year(part: _Parts) -> bool:
    return (
        re.fullmatch(r"(?:1[5-9]|20|21)\d\d", part.digits) is not None
        and not part.unit
        and not part.currency
        and not part.fraction
        and not part.is_negative
    )


def _scaled(unit: str, all_parts: Sequence[_Parts]) -> tuple[str, float]:
    """The kind of ``unit``, and its factor to the kind's base unit.

    "m" and "B" are metres and bytes beside other units of these kinds, else million and billion
    beside plain numbers.
    """
    others = {part.unit for part in all_parts}
    is_scale = unit in _SCALES or unit.lower() in _SCALES
    if (
        is_scale
        and (unit not in _UNITS or others <= {"", *_SCALES})
        and (unit not in ("m", "B") or "" in others or others & {"k", "K", "M", "bn"})
    ):
        return "", _SCALES.get(unit) or _SCALES[unit.lower()]
    head, _, rest = unit.partition(" ")
    if rest and head.lower() in _SCALES:
        return rest, _SCALES[head.lower()]
    return _UNITS.get(unit, (unit, 1.0))


def _decimal_mark(numbers: Sequence[str], language: str) -> str | None:
    """The mark before the decimals of a column: "." or ","; None if the cells contradict."""
    found: set[str] = set()
    for digits in numbers:
        marks = re.findall(r"[.,]", digits)
        if not marks:
            continue
        last = marks[-1]
        head, _, tail = digits.rpartition(last)
        if len(set(marks)) == 1 and len(marks) > 1:
            found.add("," if last == "." else ".")
        elif (
            len(marks) > 1
            or len(tail) != 3
            or head.startswith("0")
            or not re.fullmatch(r"\d{1,3}", head)
        ):
            found.add(last)
    if found:
        return found.pop() if len(found) == 1 else None
    return "." if language.split("-")[0].lower() in _POINT else ","


def _number(digits: str, point: str) -> float | None:
    """The value of digits whose decimals follow ``point``; None if they are no number."""
    whole, _, decimals = digits.partition(point)
    groups = re.split(rf"[{_MARKS}]", whole)
    if len(groups) > 1 and not (
        1 <= len(groups[0]) <= 3
        and all(len(group) in (2, 3) for group in groups[1:])
        and len(groups[-1]) == 3
    ):
        return None
    plain = "".join(groups)
    if not plain.isdecimal() or len(plain) > 15 or (decimals and not decimals.isdecimal()):
        return None
    return float(f"{plain}.{decimals or 0}")
