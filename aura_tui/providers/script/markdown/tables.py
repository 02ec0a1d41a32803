"""Cards for tables: a table, or a bar chart if a column has numbers in one unit."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from aura_tui.model.script import ChartCard, TableCard

if TYPE_CHECKING:
    from aura_tui.providers.script.markdown.blocks import Table

YES, NO = "\u2713", "\u2717"  # drawn for ticks and crosses in cells


_TABLE_ROWS, _TABLE_COLUMNS, _CELL_CHARS = 8, 5, 120
_ELLIPSIS = "\u2026"


def table_card(table: Table, title: str, kicker: str) -> TableCard:
    """A card for the table, cut to as many whole rows and columns as can be read."""

    def row(cells: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_short, cells[:_TABLE_COLUMNS]))

    rows = [row(r) for r in table.rows[:_TABLE_ROWS]]
    if len(table.rows) > _TABLE_ROWS:
        rows[-1] = tuple(_ELLIPSIS for _ in rows[0])
    return TableCard(title=title, header=row(table.header), rows=tuple(rows), kicker=kicker)


_VALUE = re.compile(
    r"(?P<before>[$\u20ac\u00a3\u00a5~\u2248<>]?\s?)(?P<sign>[+\u2212-]?)"
    r"(?P<digits>\d[\d.,'\u00a0\u202f ]*)(?P<after>\s?[^\d\s][^\d]{0,12})?"
)


def chart_card(table: Table, title: str, kicker: str) -> ChartCard | None:
    """A chart if there are 2 to 8 rows and, beside the labels, one column of values in one unit;
    else None."""
    if not 2 <= len(table.rows) <= 8:
        return None
    columns = list(zip(*table.rows, strict=True))
    numeric = [values for cells in columns[1:] if (values := chart_values(cells))]
    if len(numeric) != 1 or len(columns) > 3 or not all(columns[0]):
        return None
    if any(wordy(cells) for cells in columns[1:]):
        return None  # a chart would drop these words
    at = next(i for i, cells in enumerate(columns) if i and chart_values(cells))
    head = table.header[at]
    labels = tuple(label[:24] for label in columns[0])
    if len(set(labels)) < len(labels):
        return None
    name = head if len(head.split()) >= 2 else title  # "Trips (million)" is better than "Trips"
    if not kicker and name != title and len(title) <= 48:
        kicker = title
    return ChartCard(
        title=name,
        labels=labels,
        values=numeric[0],
        texts=tuple(columns[at]),
        kicker=kicker,
    )


def _short(cell: str) -> str:
    """A cell short enough to read in passing; cut between words if it is too long."""
    if len(cell) <= _CELL_CHARS:
        return cell
    kept = cell[:_CELL_CHARS].rsplit(" ", 1)[0][: _CELL_CHARS - 1]
    return kept.rstrip(" ,;:.") + _ELLIPSIS


def wordy(cells: tuple[str, ...]) -> bool:
    """Whether a column contains sentences rather than names and figures."""
    return sum(len(cell.split()) for cell in cells) >= 4 * len(cells)


def chart_values(cells: tuple[str, ...]) -> tuple[float, ...] | None:
    """The numbers in the cells, if every cell is a number and all have one unit; else None."""
    values: list[float] = []
    units: set[tuple[str, str]] = set()
    for cell in cells:
        match = _VALUE.fullmatch(cell.strip())
        if match is None:
            return None
        value = _number_of(match["digits"])
        if value is None:
            return None
        values.append(-value if match["sign"] in ("-", "\u2212") else value)
        units.add((match["before"].strip(), (match["after"] or "").strip()))
    return tuple(values) if len(units) == 1 else None


def _number_of(digits: str) -> float | None:
    """1,234.5 and 1.234,5 and 1 234: the last mark is decimal unless three digits follow."""
    digits = re.sub(r"['\u00a0\u202f ]", "", digits)
    if len(digits) > 15 or digits[-1] in ".,":
        return None
    marks = re.findall(r"[.,]", digits)
    if marks:
        last = max(digits.rfind("."), digits.rfind(","))
        mark, tail = digits[last], digits[last + 1 :]
        grouped = len(tail) == 3 and (mark == "," or len(marks) > 1) and digits[0] != "0"
        if len(set(marks)) == 1 and (grouped or len(marks) > 1):
            digits = digits.replace(mark, "")
        else:
            digits = re.sub(r"[.,]", "", digits[:last]) + "." + tail
    try:
        return float(digits)
    except ValueError:
        return None
