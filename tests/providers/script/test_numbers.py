"""The table of number cells: every column has its numbers."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aura_tui.providers.script import numbers

_TABLE = Path(__file__).with_name("numbers.txt")


def _expected(text: str) -> tuple[float | None, ...] | None:
    if text == "none":
        return None
    return tuple(None if part == "none" else float(part) for part in text.split())


def test_a_table_of_columns_has_its_numbers() -> None:
    count, wrong = 0, {}
    for line in _TABLE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        columns, _, values = line.rpartition(" = ")
        language, *cells = columns.split(" | ")
        count += len(cells)
        found = numbers.column(["" if cell == "_" else cell for cell in cells], language)
        expected = _expected(values)
        if found != (None if expected is None else pytest.approx(expected)):
            wrong[columns] = found
    assert wrong == {}
    assert count >= 100


@given(st.lists(st.text(max_size=20), max_size=5), st.sampled_from(["en", "de", ""]))
def test_any_cells_are_numbers_or_none(cells: list[str], language: str) -> None:
    found = numbers.column(cells, language)
    assert found is None or len(found) == len(cells)


@given(st.lists(st.integers(-(10**9), 10**9).map(lambda n: n / 100), min_size=1, max_size=6))
def test_numbers_written_by_a_program_read_back(values: list[float]) -> None:
    cells = [f"{value:,.2f}" for value in values]
    assert numbers.column(cells, "de") == pytest.approx(values)
    german = [cell.translate(str.maketrans(",.", ".,")) for cell in cells]
    assert numbers.column(german, "en") == pytest.approx(values)
