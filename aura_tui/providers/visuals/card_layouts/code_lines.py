"""Lines of code for a card: syntax-highlighted, on a grid of columns, wrapped if too long."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from aura_tui.providers.visuals.card_layouts.wrap import clusters

if TYPE_CHECKING:
    from collections.abc import Sequence

TAB = 4

Line = tuple[tuple[int, str, str], ...]  # (column, text, syntax role)


def columns(text: str) -> int:
    """The width of ``text`` in columns: wide characters take two, combining marks none."""
    total = 0
    for char in text:
        if char >= "\u0300" and unicodedata.category(char) in ("Mn", "Me", "Cf"):
            continue
        total += 2 if char > "\u1100" and unicodedata.east_asian_width(char) in "WF" else 1
    return total


def highlighted(source: str, language: str) -> list[Line]:
    """The highlighted lines of ``source``; plain text for an unknown language."""
    source = source.expandtabs(TAB).strip("\n")
    lines: list[list[tuple[int, str, str]]] = [[]]
    at = 0
    for role, value in _tokens(source, language):
        for i, part in enumerate(value.split("\n")):
            if i:
                lines.append([])
                at = 0
            if part.strip():
                lines[-1].append((at, part, role))
            at += columns(part)
    while len(lines) > 1 and not lines[-1]:
        lines.pop()
    # Remove the common indentation.
    indents = [line[0][0] + _leading(line[0][1]) for line in lines if line]
    shift = min(indents, default=0)
    return [_shifted(line, shift) for line in lines]


def _leading(text: str) -> int:
    return len(text) - len(text.lstrip(" "))


def _shifted(line: list[tuple[int, str, str]], shift: int) -> Line:
    moved = []
    for at, text, role in line:
        drop = max(0, min(shift - at, _leading(text)))
        moved.append((max(0, at + drop - shift), text[drop:], role))
    return tuple(moved)


def wrap_lines(lines: Sequence[Line], limit: int) -> list[Line]:
    """Wrap lines at ``limit`` columns; continuation lines are indented by two more.

    Breaks after a space if there is one late enough in the line, else anywhere.
    """
    result: list[Line] = []
    for line in lines:
        if not line or line[-1][0] + columns(line[-1][1]) <= limit:
            result.append(line)
        else:
            result += _wrap(line, limit)
    return result


def _wrap(line: Line, limit: int) -> list[Line]:
    column = line[0][0]
    start = min(column, limit // 2)
    hang = min(start + 2, limit // 2)
    cells: list[tuple[str, str]] = []
    for at, text, role in line:
        cells += [(" ", "text")] * (at - column)  # spaces between spans
        cells += [(cluster, role) for cluster in clusters(text)]
        column = at + columns(text)
    rows: list[Line] = []
    row: list[tuple[int, str, str]] = []
    column = start
    soft = 0  # number of cells before the last good break in the row
    for cluster, role in cells:
        if cluster == " " and not row and rows:
            continue  # drop spaces at a break
        if row and column + columns(cluster) > limit:
            keep = soft if soft and row[soft - 1][0] >= limit // 3 else len(row)
            if cluster == " ":
                keep = len(row)
            rows.append(_joined(row[:keep]))
            rest, row, column, soft = row[keep:], [], hang, 0
            for _, held, held_role in rest:
                row.append((column, held, held_role))
                column += columns(held)
            if cluster == " " and not row:
                continue
        row.append((column, cluster, role))
        column += columns(cluster)
        if cluster == " ":
            soft = len(row)
    rows.append(_joined(row))
    return [row for row in rows if row]


def _joined(cells: Sequence[tuple[int, str, str]]) -> Line:
    """Join adjacent cells of the same role into spans."""
    spans: list[tuple[int, str, str]] = []
    for at, cluster, role in cells:
        if spans and spans[-1][2] == role and spans[-1][0] + columns(spans[-1][1]) == at:
            spans[-1] = (spans[-1][0], spans[-1][1] + cluster, role)
        else:
            spans.append((at, cluster, role))
    return tuple(span for span in spans if span[1].strip())


def _tokens(source: str, language: str) -> list[tuple[str, str]]:
    from pygments.lexers import get_lexer_by_name
    from pygments.token import Token
    from pygments.util import ClassNotFound

    if not language:
        return [("text", source)]
    try:
        lexer = get_lexer_by_name(language, stripnl=False)
    except ClassNotFound:
        return [("text", source)]
    roles = (
        (Token.Comment, "comment"),
        (Token.Literal.String.Doc, "comment"),
        (Token.Literal.String, "string"),
        (Token.Literal.Number, "number"),
        (Token.Keyword.Type, "type"),
        (Token.Keyword, "keyword"),
        (Token.Operator.Word, "keyword"),
        (Token.Name.Tag, "keyword"),
        (Token.Name.Function, "function"),
        (Token.Name.Builtin, "function"),
        (Token.Name.Attribute, "function"),
        (Token.Name.Class, "type"),
        (Token.Name.Decorator, "type"),
        (Token.Name.Exception, "type"),
    )
    return [
        (next((role for kind, role in roles if token in kind), "text"), value)
        for token, value in lexer.get_tokens(source)
    ]
