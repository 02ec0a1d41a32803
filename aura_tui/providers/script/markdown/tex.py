"""Converts TeX formulas to one line of Unicode, for cards, captions and voices.

``parser.py`` decides which dollars are formulas; ``\\(...\\)`` within a line and ``\\[...\\]`` on
lines of their own are replaced here. A formula that doesn't fit on one line (matrices, cases) stays
TeX, shown as code. Takes time proportional to the text's length.
"""

from __future__ import annotations

import re

MAX_CHARS = 1000  # of one formula

_SYMBOLS = {
    "alpha": "\u03b1", "beta": "\u03b2", "gamma": "\u03b3", "delta": "\u03b4",
    "epsilon": "\u03b5", "varepsilon": "\u03b5", "zeta": "\u03b6", "eta": "\u03b7",
    "theta": "\u03b8", "iota": "\u03b9", "kappa": "\u03ba", "lambda": "\u03bb", "mu": "\u03bc",
    "nu": "\u03bd", "xi": "\u03be", "pi": "\u03c0", "rho": "\u03c1", "sigma": "\u03c3",
    "tau": "\u03c4", "upsilon": "\u03c5", "phi": "\u03c6", "varphi": "\u03c6", "chi": "\u03c7",
    "psi": "\u03c8", "omega": "\u03c9", "Gamma": "\u0393", "Delta": "\u0394", "Theta": "\u0398",
    "Lambda": "\u039b", "Xi": "\u039e", "Pi": "\u03a0", "Sigma": "\u03a3", "Phi": "\u03a6",
    "Psi": "\u03a8", "Omega": "\u03a9", "infty": "\u221e", "partial": "\u2202",
    "nabla": "\u2207", "int": "\u222b", "sum": "\u2211", "prod": "\u220f", "forall": "\u2200 ",
    "exists": "\u2203 ", "emptyset": "\u2205", "hbar": "\u210f", "ell": "\u2113",
    "ldots": "\u2026", "cdots": "\u2026", "dots": "\u2026", "prime": "\u2032",
    "circ": "\u00b0", "degree": "\u00b0", "langle": "\u27e8", "rangle": "\u27e9", "|": "\u2016",
    "{": "{", "}": "}", "%": "%", "$": "$", "&": "&", "#": "#", "_": "_",
}  # fmt: skip
_RELATIONS = {
    "leq": "\u2264", "le": "\u2264", "geq": "\u2265", "ge": "\u2265", "neq": "\u2260",
    "ne": "\u2260", "approx": "\u2248", "sim": "~", "equiv": "\u2261", "propto": "\u221d",
    "to": "\u2192", "rightarrow": "\u2192", "Rightarrow": "\u21d2", "implies": "\u21d2",
    "iff": "\u21d4", "leftarrow": "\u2190", "mapsto": "\u21a6", "in": "\u2208",
    "notin": "\u2209", "subset": "\u2282", "subseteq": "\u2286", "cup": "\u222a",
    "cap": "\u2229", "times": "\u00d7", "cdot": "\u00b7", "pm": "\u00b1", "mp": "\u2213",
    "div": "\u00f7", "ll": "\u226a", "gg": "\u226b", "lt": "<", "gt": ">", "mid": "|",
}  # fmt: skip
_SPACES = frozenset({",", ";", ":", " ", "quad", "qquad", "\n"})
_NOTHING = " ! left right big Big bigg Bigg limits nolimits displaystyle textstyle "

_SETS = {"R": "\u211d", "N": "\u2115", "Z": "\u2124", "Q": "\u211a", "C": "\u2102"}
_FUNCTIONS = (
    " sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh log ln lg exp lim max min sup "
    "inf det dim ker gcd arg deg Pr mod "
)

_WRAPPERS = (
    " text textrm textbf textit mathrm mathbf mathit mathsf mathcal mathtt operatorname boldsymbol "
    "vec overline underline "
)

_MARKS = {"hat": "\u0302", "bar": "\u0304", "tilde": "\u0303", "dot": "\u0307"}
_UPPER = dict(zip("0123456789+-=()niabkmtxy", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁼⁽⁾ⁿⁱᵃᵇᵏᵐᵗˣʸ", strict=True))
_LOWER = dict(zip("0123456789+-=(),kijaeoxtmn", "₀₁₂₃₄₅₆₇₈₉₊₋₌₍₎,ₖᵢⱼₐₑₒₓₜₘₙ", strict=True))
_SCRIPTS = re.escape("".join({*_UPPER.values(), *_LOWER.values()} - {","}))

_TOKEN = re.compile(r"\\(?:[A-Za-z]+\*?|.|\Z)|[{}^_\[\]&]|\s+|[^\\{}^_\[\]&\s]", re.DOTALL)
_OPERATORS = (
    "=<>+\u2212\u00b1\u2213\u00d7\u00b7\u00f7\u2264\u2265\u2260\u2248\u2261\u2192\u21d2\u2208"
)
_SINGLE = re.compile(r"-?\w+\Z|[^\W\d]\W?\Z")
_LARGE = re.compile(f"(?:[\u222b\u2211\u220f]|lim)(?:[{_SCRIPTS}]|[_^]\\([^()]*\\))*")
MAX_DEPTH = 12


class _Unwritable(Exception):
    """The formula can't be written on one line."""


def one_line(tex: str) -> str | None:
    """``tex`` (without its dollars) in Unicode on one line; None if that is impossible."""
    if len(tex) > MAX_CHARS:
        return None
    try:
        made = _Reader(_TOKEN.findall(tex)).row(0)
    except _Unwritable:
        return None
    made = " ".join(_LARGE.sub(r"\g<0> ", made).split())
    made = re.sub(r"([(\u221a]) | (?=[),])", r"\1", made)
    return made or None


class _Reader:
    def __init__(self, tokens: list[str]) -> None:
        self._tokens = tokens
        self._at = 0

    def row(self, depth: int, until: str = "") -> str:
        """Convert up to ``until`` (which is consumed) or the end."""
        if depth > MAX_DEPTH:
            raise _Unwritable
        out = ""
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            if token == until:
                self._at += 1
                return out
            self._at += 1
            if token in "^_":
                out = out.rstrip() + self._script(token, depth)
            elif token == "'":
                out += "\u2032"
            elif token == "-":
                binary = out.rstrip()[-1:] not in ("", "(", *_OPERATORS)
                out += " \u2212 " if binary else "\u2212"
            elif token in "=<>+" and token:
                out += f" {token} " if out.strip() else token
            elif token.isspace():
                out += " "
            else:
                self._at -= 1
                out += self._atom(depth)
        if until:
            raise _Unwritable
        return out

    def _atom(self, depth: int) -> str:
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        if self._at >= len(self._tokens):
            raise _Unwritable
        token = self._tokens[self._at]
        self._at += 1
        if token == "{":
            return self.row(depth + 1, "}")
        if token in ("}", "&", "\\"):
            raise _Unwritable
        return self._command(token[1:].rstrip("*"), depth) if token[0] == "\\" else token

    def _command(self, name: str, depth: int) -> str:
        if name in _SYMBOLS:
            return _SYMBOLS[name]
        if name in _RELATIONS:
            return f" {_RELATIONS[name]} "
        if name in _SPACES:
            return " "
        if f" {name} " in _NOTHING:
            if self._tokens[self._at : self._at + 1] == ["."]:  # \right. closes nothing
                self._at += 1
            return ""
        if f" {name} " in _FUNCTIONS:
            after = self._tokens[self._at : self._at + 1]
            return f" {name}" + ("" if after and after[0] in "(^_[{" else " ")
        if name in ("frac", "dfrac", "tfrac"):
            over, under = self._atom(depth).strip(), self._atom(depth).strip()
            return _fraction(over, under)
        if name == "sqrt":
            return self._root(depth)
        if f" {name} " in _WRAPPERS:
            return self._atom(depth)
        if name in _MARKS:
            inner = self._atom(depth).strip()
            return inner[:1] + _MARKS[name] + inner[1:]
        if name == "mathbb":
            inner = self._atom(depth).strip()
            return _SETS.get(inner, inner)
        raise _Unwritable

    def _root(self, depth: int) -> str:
        degree = ""
        if self._tokens[self._at : self._at + 1] == ["["]:
            self._at += 1
            degree = "".join(_UPPER.get(c, "") for c in self.row(depth + 1, "]"))
        inner = self._atom(depth).strip()
        return f"{degree}\u221a{inner if _SINGLE.match(inner) else f'({inner})'}"

    def _script(self, mark: str, depth: int) -> str:
        inner = self._atom(depth).strip()
        if mark == "^" and inner in ("\u2032", "\u00b0", "*"):
            return inner
        return as_script(mark, inner) or (
            f"{mark}{inner}" if len(inner) == 1 else f"{mark}({inner})"
        )


def as_script(mark: str, text: str) -> str:
    """``text`` as a superscript (``mark`` is "^") or a subscript in Unicode; "" if impossible."""
    table = _UPPER if mark == "^" else _LOWER
    plain = text.replace("\u2212", "-").replace(" ", "")
    return "".join(table[c] for c in plain) if all(c in table for c in plain) else ""


def _fraction(over: str, under: str) -> str:
    if over.isdigit() and under.isdigit():
        return f"{over}/{under}"
    sides = [side if _SINGLE.match(side) else f"({side})" for side in (over, under)]
    return " / ".join(sides)


_SAYABLE = re.compile(
    "[A-Za-z0-9 .,()=+\u2212\u00b7\u00d7/<>\u2264\u2265\u2248\u2260\u00b1\u00b2\u00b3\u221a%!"
    "\u00b9\u2070-\u209f\u0391-\u03c9\u221e\u2192\u1d43-\u1d57\u02e3\u02b8]{1,48}"
)
_HARD = re.compile("[\u222b\u2211\u220f\u2202\u2207\u2200\u2203\u2208\u2282\u2286]|[\\^_]\\(")


def is_sayable(formula: str) -> bool:
    """Whether a listener can follow ``formula`` (from :func:`one_line`) when a voice reads it."""
    return _SAYABLE.fullmatch(formula) is not None and formula.count("(") <= 2


def has_hard_formula(text: str) -> bool:
    """Whether ``text`` contains signs that a voice can't read."""
    return _HARD.search(text) is not None


# -- in a Markdown text --------------------------------------------------------------------------

FOUND = re.compile(
    r"(?P<code>^ {0,3}(?P<fence>`{3,}|~{3,})(?:.|\n)*?(?:^ {0,3}(?P=fence)|\Z)|`[^`\n]{1,300}`)"
    r"|^[ \t]*\\\[(?P<square>(?:(?!\\\[)[^$]){1,1000}?)\\\][ \t]*$"
    r"|\\\((?P<round>(?:(?!\\\()[^$`\n]){1,200}?)\\\)",
    re.MULTILINE,
)
_ESCAPED = re.compile(r"([\\`*_\[\]<>~|])")


def written(match: re.Match[str]) -> str:
    """What replaces a match of :data:`FOUND`: a display formula becomes a ``math`` fence."""
    if match["square"]:
        return f"\n```math\n{match['square'].strip()}\n```\n"
    made = one_line(match["round"]) if match["round"] else None
    return _ESCAPED.sub(r"\\\1", made) if made else match[0]
