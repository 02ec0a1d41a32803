"""Suggestions for a misspelt name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from collections.abc import Iterable

_MAX_CHARS: Final = 60  # of a name that is compared
_CHARS_PER_EDIT: Final = 3  # one typing error per so many characters, at least one


def near(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """Up to ``count`` of the ``known`` names that ``name`` is probably a misspelling of, the
    nearest first; [] if none is near. Ignores case and control characters."""
    typed = clean_line(name).lower()
    if not typed or len(typed) > _MAX_CHARS:
        return []
    limit = max(1, len(typed) // _CHARS_PER_EDIT)
    found = []
    for other in known:
        if abs(len(other) - len(typed)) <= limit:
            edits = _distance(typed, other.lower())
            if edits <= limit and edits < len(other):
                found.append((edits, other))
    return [other for _, other in sorted(found, key=lambda pair: pair[0])[:count]]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``Did you mean X? `` to put before a remedy; "" if no known name is near."""
    found = near(name, known, 1)
    return f"Did you mean {found[0]}? " if found else ""


def _distance(a: str, b: str) -> int:
    """The optimal string alignment distance: insertions, deletions, replacements, and swaps of
    neighbours."""
    before: list[int] = []
    row = list(range(len(b) + 1))
    for i, x in enumerate(a):
        last, before, row = before, row, [i + 1]
        for j, y in enumerate(b):
            edits = min(before[j + 1] + 1, row[j] + 1, before[j] + (x != y))
            if i and j and x == b[j - 1] and a[i - 1] == y:
                edits = min(edits, last[j - 1] + 1)
            row.append(edits)
    return row[-1]
