"""Formulas in spoken English: "mc\u00b2" becomes "m c squared". Pure.

Applies only to tokens with characters that no word has; other modules handle "=" and the like.
"""

from __future__ import annotations

import re

_GREEK = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma "
    "sigma tau upsilon phi chi psi omega"
)
LETTERS = {chr(0x3B1 + i): name for i, name in enumerate(_GREEK.split())}
LETTERS |= {c.upper(): name for c, name in LETTERS.items()}
_RAISED = dict(
    zip(
        "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207f\u2071\u1d43\u1d47\u1d4f\u1d50\u1d57\u02e3\u02b8",
        "0123456789niabkmtxy",
        strict=True,
    )
)
_LOWERED = dict(
    zip(
        "\u2080\u2081\u2082\u2083\u2084\u2085\u2086\u2087\u2088\u2089\u2096\u1d62\u2c7c\u2090\u2091\u2092\u2093\u209c\u2098\u2099",
        "0123456789kijaeoxtmn",
        strict=True,
    )
)
_SIGN = re.compile(f"[{''.join(_RAISED)}{''.join(_LOWERED)}\u221a\u2212\u0391-\u03c9]")
_PART = re.compile(
    f"(?P<up>\u207b?[{''.join(_RAISED)}]+)|(?P<low>[{''.join(_LOWERED)}]+)|(?P<number>\\d[\\d.]*)"
    "|(?P<greek>[\u0391-\u03c9])|(?P<word>[A-Za-z]+)|(?P<root>\u221a)|(?P<minus>\u2212)"
    "|(?P<over>/)|(?P<times>[\u00b7\u00d7])"
)
_POWERS = {"2": "squared", "3": "cubed"}
OPERATORS = frozenset("=+\u2212\u00b7\u00d7/\u00b1\u2264\u2265\u2248<>")
_OPERAND = re.compile(
    r"\(?[A-Za-z]?\d*[A-Za-z]?\)*[,.]?|.*[\u1d43-\u1d57\u2070-\u209f\u00b2\u00b3\u221a(].*|.*\d[a-z]*\)+"
)
_CALL = re.compile(r"([A-Za-z]|sin|cos|tan|log|ln|exp)\(([A-Za-z])\)")
_FUNCTIONS = {"sin": "sine", "cos": "cosine", "tan": "tangent", "ln": "natural log"}


def is_formula(core: str) -> bool:
    """Whether a token has a character that only formulas have; false for words in Greek letters."""
    return _SIGN.search(core) is not None and not re.search(r"[\u0391-\u03c9]{3}", core)


def is_operand(token: str) -> bool:
    """Whether a token can be an operand of "/" in a formula: a letter, a figure, a bracket."""
    return bool(token) and _OPERAND.fullmatch(token) is not None


def spoken(core: str) -> str:
    """The spoken form of a formula's token."""
    return " ".join(_word(match) for match in _PART.finditer(core))


def call(core: str) -> str | None:
    """ "f of x" for "f(x)" with a single letter or a known function; else None."""
    match = _CALL.fullmatch(core)
    return f"{_FUNCTIONS.get(match[1], match[1])} of {match[2]}" if match else None


def coefficient(core: str) -> str | None:
    """ "3 x" for "3x", which must be next to an operator; None for any other token."""
    match = re.fullmatch(r"(\d+)([a-z]{1,2})", core)
    return f"{match[1]} {' '.join(match[2])}" if match else None


def _word(match: re.Match[str]) -> str:
    text = match[0]
    match match.lastgroup:
        case "up":
            power = "".join(_RAISED.get(c, "") for c in text)
            if text[0] == "\u207b":
                return f"to the minus {power}"
            return _POWERS.get(power) or f"to the {power if power.isdigit() else ' '.join(power)}"
        case "low":
            low = "".join(_LOWERED[c] for c in text)
            return low if low.isdigit() else " ".join(low)
        case "greek":
            return LETTERS.get(text, text)
        case "word":
            return text if len(text) > 2 else " ".join(text)
        case "root":
            return "the root of"
        case "minus":
            return "minus"
        case "over":
            return "over"
        case "times":
            return "times"
        case _:
            return text
