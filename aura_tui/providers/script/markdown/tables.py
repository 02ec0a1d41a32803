"""Cards for tables: a table, or a bar chart if a column has numbers in one unit."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from aura_tui.model.script import ChartCard, TableCard
from aura_tui.providers.script import numbers

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aura_tui.providers.script.markdown.blocks import Table

YES, NO = "\u2713", "\u2717"  # drawn for ticks and crosses in cells


_TABLE_ROWS, _TABLE_COLUMNS, _CELL_CHARS = 8, 5, 120
_ELLIPSIS = "\u2026"


def parts(table: Table) -> Iterator[Table]:
    """``table`` in parts of at most five columns, each with the first column."""
    others = len(table.header) - 1
    count = -(-others // (_TABLE_COLUMNS - 1)) or 1
    if others < _TABLE_COLUMNS:
        yield table
        return
    for i in range(count):
        start, end = 1 + others * i // count, 1 + others * (i + 1) // count

        def cut(cells: tuple[str, ...], start: int = start, end: int = end) -> tuple[str, ...]:
            return (*cells[:1], *cells[start:end])

        yield replace(
            table,
            header=cut(table.header),
            rows=tuple(map(cut, table.rows)),
            align=cut(table.align),
        )


def rows_left_out(table: Table) -> int:
    """How many rows of ``table`` its card has no room for."""
    return len(table.rows) - _TABLE_ROWS + 1 if len(table.rows) > _TABLE_ROWS else 0


def table_card(table: Table, title: str, kicker: str) -> TableCard:
    """A card for the table (one of its :func:`parts`), cut to as many whole rows as can be read."""

    def row(cells: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_short, cells))

    rows = [row(r) for r in table.rows[:_TABLE_ROWS]]
    if len(table.rows) > _TABLE_ROWS:
        rows[-1] = tuple(_ELLIPSIS for _ in rows[0])
    return TableCard(
        title=title,
        header=row(table.header),
        rows=tuple(rows),
        kicker=kicker,
        align=table.align,
    )


def chart_card(table: Table, title: str, kicker: str, language: str) -> ChartCard | None:
    """A chart if there are 2 to 8 rows of a label and a number, not all 0; else None.

    ``language`` (BCP 47) decides what "1.000" means.
    """
    if not 2 <= len(table.rows) <= 8 or len(table.header) != 2:
        return None  # a chart has no room for other columns
    labels, texts = zip(*table.rows, strict=True)
    values = chart_values(texts, language)
    if values is None or not any(values) or not all(labels):
        return None
    head = table.header[1]
    labels = tuple(label[:24] for label in labels)
    if len(set(labels)) < len(labels):
        return None
    name = head if len(head.split()) >= 2 else title  # "Trips (million)" is better than "Trips"
    if not kicker and name != title and len(title) <= 48:
        kicker = title
    return ChartCard(
        title=name,
        labels=labels,
        values=values,
        texts=texts,
        kicker=kicker,
    )


def chart_values(cells: tuple[str, ...], language: str) -> tuple[float, ...] | None:
    """The numbers in the cells, if every cell is one; else None."""
    values = numbers.column(cells, language) or ()
    known = tuple(value for value in values if value is not None)
    return known if known and len(known) == len(cells) else None


def _short(cell: str) -> str:
    """A cell short enough to read in passing; cut between words if it is too long."""
    if len(cell) <= _CELL_CHARS:
        return cell
    kept = cell[:_CELL_CHARS].rsplit(" ", 1)[0][: _CELL_CHARS - 1]
    return kept.rstrip(" ,;:.") + _ELLIPSIS


def wordy(cells: tuple[str, ...]) -> bool:
    """Whether a column contains sentences rather than names and figures."""
    return sum(len(cell.split()) for cell in cells) >= 4 * len(cells)
