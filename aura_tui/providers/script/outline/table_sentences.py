"""Describes a table in sentences: columns of numbers by extremes or trend, text row by row.

Each value comes with its column's header, so that listeners can follow.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.providers.script import numbers, prose
from aura_tui.providers.script.markdown.tables import NO, YES, wordy

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.providers.script.markdown.blocks import Table

MAX_ROWS, MAX_COLUMNS = 4, 3  # described
_CELL_WORDS = 24
_FEW = 3  # minimum rows to describe numbers by their extremes


class _Phrases(NamedTuple):
    extremes: str
    course: str
    yes: str
    no: str


_EN = _Phrases(
    "{head}: the highest is {most}, for {top}; the lowest is {least}, for {bottom}.",
    "{head}: from {first} in {start} to {last} in {end}.",
    "yes",
    "no",
)
_PHRASES = {
    "en": _EN,
    "de": _Phrases(
        "{head}: am h\u00f6chsten bei {top} mit {most}, am niedrigsten bei {bottom} mit {least}.",
        "{head}: von {first} im Jahr {start} auf {last} im Jahr {end}.",
        "ja",
        "nein",
    ),
    "fr": _Phrases(
        "{head}\u00a0: le maximum est {most}, pour {top}, et le minimum {least}, pour {bottom}.",
        "{head}\u00a0: de {first} en {start} \u00e0 {last} en {end}.",
        "oui",
        "non",
    ),
    "es": _Phrases(
        "{head}: el m\u00e1ximo es {most}, para {top}, y el m\u00ednimo {least}, para {bottom}.",
        "{head}: de {first} en {start} a {last} en {end}.",
        "s\u00ed",
        "no",
    ),
}
_YEAR = re.compile(r"(?:1[5-9]|20|21)\d\d")
# Headers of numbers that identify something rather than measure it.
_NAMING = re.compile(
    r"#|no\.?|nr\.?|ids?|ports?|years?|jahr|ann\u00e9e|a\u00f1o|rank|pos(?:ition)?|version|date|"
    r"datum|code|line|page|seite|step|schritt|exit.*|status.*|keys?",
    re.IGNORECASE,
)
# Headers to omit: their cells are clear without them.
_PLAIN = re.compile(
    r"(?:what|how|why|does|means?|action|function|meaning|description|details?|notes?|comments?|explanation|purpose|remarks?|"
    r"what it (?:does|is|means)|effect|bedeutung|beschreibung|bemerkung|zweck|description|"
    r"signification|descripci\u00f3n|significado)\b.*",
    re.IGNORECASE,
)
_NOTHING = frozenset({"", "-", "\u2013", "\u2014", "n/a", "\u2026"})


def describe(table: Table, language: str) -> list[str]:
    """A few sentences that describe a table of any length; empty if there is nothing to say."""
    sentences = _by_numbers(table, language) if len(table.rows) >= _FEW else []
    return sentences or _by_rows(table, language)


_YES_AND_NO = {
    "bg": ("\u0434\u0430", "\u043d\u0435"), "cs": ("ano", "ne"), "da": ("ja", "nej"),
    "el": ("\u03bd\u03b1\u03b9", "\u03cc\u03c7\u03b9"), "fi": ("kyll\u00e4", "ei"),
    "hu": ("igen", "nem"), "id": ("ya", "tidak"), "it": ("s\u00ec", "no"),
    "ja": ("\u306f\u3044", "\u3044\u3044\u3048"), "ko": ("\uc608", "\uc544\ub2c8\uc694"),
    "nb": ("ja", "nei"), "nl": ("ja", "nee"), "no": ("ja", "nei"), "pl": ("tak", "nie"),
    "pt": ("sim", "n\u00e3o"), "ro": ("da", "nu"), "ru": ("\u0434\u0430", "\u043d\u0435\u0442"),
    "sv": ("ja", "nej"), "tr": ("evet", "hay\u0131r"),
    "uk": ("\u0442\u0430\u043a", "\u043d\u0456"), "zh": ("\u662f", "\u5426"),
}  # fmt: skip


def yes_and_no(language: str) -> tuple[str, str]:
    """How to say a tick and a cross."""
    code = language.split("-")[0].lower()
    phrases = _PHRASES.get(code, _EN)
    return _YES_AND_NO.get(code, (phrases.yes, phrases.no))


def _by_numbers(table: Table, language: str) -> list[str]:
    phrases = _PHRASES.get(language.split("-")[0].lower())
    labels, *columns = zip(*table.rows, strict=True)
    if (
        phrases is None
        or any(map(wordy, columns))
        or not all(map(str.strip, labels))
        or len(set(labels)) < len(labels)
    ):
        return []
    sentences: list[str] = []
    for head, cells in zip(table.header[1:], columns, strict=True):
        values = numbers.column(cells, language)
        if values is None or not head or _NAMING.fullmatch(head) or len(sentences) == MAX_COLUMNS:
            continue
        if sentence := _column(head.rstrip(" .:?"), labels, cells, values, phrases):
            sentences.append(sentence)
    return sentences


def _column(
    head: str,
    labels: Sequence[str],
    cells: Sequence[str],
    values: Sequence[float | None],
    phrases: _Phrases,
) -> str:
    known = [value for value in values if value is not None]
    most, least = max(known), min(known)
    if most == least or len(known) < _FEW:
        return ""
    is_whole = len(known) == len(values)
    if is_whole and all(map(_YEAR.fullmatch, labels)) and list(labels) == sorted(labels):
        return phrases.course.format(
            head=head, first=cells[0], start=labels[0], last=cells[-1], end=labels[-1]
        )
    if values.count(most) > 1 or values.count(least) > 1:
        return ""  # ties: naming one would be wrong
    top, bottom = values.index(most), values.index(least)
    return phrases.extremes.format(
        head=head, most=cells[top], top=labels[top], least=cells[bottom], bottom=labels[bottom]
    )


def _by_rows(table: Table, language: str) -> list[str]:
    sentences = []
    for label, *cells in table.rows:
        if len(cells) > 1 and YES in cells and {*cells} <= {YES, NO, ""}:
            heads = zip(table.header[1:], cells, strict=True)  # name the columns with a "yes"
            parts = [_name(head, language) for head, cell in heads if cell == YES]
        else:
            parts = [
                part
                for head, cell in zip(table.header[1:], cells, strict=True)
                if (part := _cell(head, cell, language))
            ][:MAX_COLUMNS]
        if parts and any(c.isalnum() for c in label):
            between = "; " if any(", " in part for part in parts) else ", "
            sentences.append(prose.with_stop(f"{label.rstrip(' :.')}: {between.join(parts)}"))
        if len(sentences) == MAX_ROWS:
            break
    return sentences


def _cell(head: str, cell: str, language: str) -> str:
    """A value with its header, such as "memory 40 MB"; "" for an empty or too long cell."""
    cell = prose.sentences(cell, language)[0].split("; ")[0].rstrip(" .;") if cell.strip() else ""
    if cell.lower() in _NOTHING or len(cell.split()) > _CELL_WORDS:
        return ""
    yes, no = yes_and_no(language)
    cell = {YES: yes, NO: no}.get(cell, cell)
    head = head.rstrip(" .:?")
    return cell if not head or _PLAIN.fullmatch(head) else f"{_name(head, language)} {cell}"


def _name(head: str, language: str) -> str:
    """A header for use within a sentence: in lower case, except German nouns and acronyms."""
    first = head.split(" ", 1)[0]
    if language.startswith("de") or not first.istitle() or len(first) < 2:
        return head
    return head[0].lower() + head[1:]
