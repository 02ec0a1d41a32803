"""The layout of a code card: a window with coloured lines."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

from aura_tui.providers.visuals.layout import (
    Block,
    Box,
    Code,
    Shape,
    column,
    column_height,
    fit,
)
from aura_tui.providers.visuals.text_cards import heading
from aura_tui.providers.visuals.wrap import ELLIPSIS, clusters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.model.script import CodeCard
    from aura_tui.providers.visuals.faces import Faces
    from aura_tui.providers.visuals.layout import Item, Sheet

ADVANCE_EM = 0.6  # of every character of JetBrains Mono
LEADING_EM = 1.5
TAB = 4

Line = tuple[tuple[int, str, str], ...]  # (column, text, syntax role)


def code(card: CodeCard, faces: Faces, sheet: Sheet) -> tuple[Item, ...]:
    """A heading and a window of code, as large as its longest line and number of lines allow.

    Lines that are too long even at the smallest size end in an ellipsis; so does the code.
    """
    least, most = sheet.unit * 1.9, sheet.unit * 3.5
    # No more than can be shown: colouring costs more than anything else here.
    first = card.code.split("\n")[: int(sheet.area.h / (least * LEADING_EM)) + 1]
    lines = highlighted("\n".join(first), card.language)
    widest = max((line[-1][0] + columns(line[-1][1]) for line in lines if line), default=1)
    unit = sheet.unit
    pad, bar = unit * 4, unit * 4.8
    inner = sheet.area.w - 2 * pad

    def window(text_px: float, room: float) -> Block:
        leading = text_px * LEADING_EM
        fits_columns = int(inner / (text_px * ADVANCE_EM) + 1e-6)
        fits_lines = max(1, int((room - bar - 1.7 * pad + leading * 0.2) / leading))
        shown = lines
        if len(shown) > fits_lines:
            shown = [*lines[: fits_lines - 1], ((0, ELLIPSIS, "comment"),)]
        shown = [_clip(line, fits_columns) for line in shown]
        text_h = leading * (len(shown) - 1) + text_px * 1.2
        outer = Box(0, 0, sheet.area.w, bar + 1.7 * pad + text_h)
        items: list[Item] = [
            Shape(box=outer, radius=unit * 2, fill="panel", holds=True, outline=True),
            Shape(box=Box(0, 0, outer.w, bar), radius=unit * 2, fill="panel_bar", holds=True),
        ]
        lamp = unit * 1.7
        items += (
            Shape(
                box=Box(pad * 0.75 + i * lamp * 1.7, (bar - lamp) / 2, lamp, lamp),
                radius=lamp / 2,
                fill="lamp",
                lamp=i,
            )
            for i in range(3)
        )
        items.append(
            Code(
                box=Box(pad, bar + 0.85 * pad, inner, text_h),
                lines=tuple(shown),
                size=text_px,
                advance=text_px * ADVANCE_EM,
                baseline=text_px * 0.92,
                leading=leading,
            )
        )
        return Block(items=tuple(items), w=outer.w, h=outer.h, gap=unit * 4.6)

    def make(scale: float) -> Sequence[Block]:
        top = heading(faces, card.title, sheet, scale)
        room = sheet.area.h - column_height(top) - (unit * 4.6 if top else 0)
        wanted = min(
            inner / (max(widest, 1) * ADVANCE_EM),
            (room - bar - 1.7 * pad) / (LEADING_EM * max(len(lines), 1)),
            most,
        )
        if wanted < least and scale > 0:
            room = 1e9  # not yet: a smaller heading may make room
        return [*top, window(max(least, wanted), room)]

    return column(fit(make, sheet.area.h), sheet.area)


def columns(text: str) -> int:
    """Columns of a terminal-like grid: wide characters take two, marks none."""
    total = 0
    for char in text:
        if char >= "\u0300" and unicodedata.category(char) in ("Mn", "Me", "Cf"):
            continue
        total += 2 if char > "\u1100" and unicodedata.east_asian_width(char) in "WF" else 1
    return total


def highlighted(source: str, language: str) -> list[Line]:
    """The lines of ``source``, coloured; an unknown language is plain text."""
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
    # What all lines are indented by says nothing.
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


def _clip(line: Line, limit: int) -> Line:
    if not line or line[-1][0] + columns(line[-1][1]) <= limit:
        return line
    kept: list[tuple[int, str, str]] = []
    for at, text, role in line:
        if at + columns(text) < limit:
            kept.append((at, text, role))
            continue
        part, end = "", at
        for cluster in clusters(text):
            end += columns(cluster)
            if end >= limit:
                break
            part += cluster
        kept.append((at, part + ELLIPSIS, role))
        break
    return tuple(kept)


def _tokens(source: str, language: str) -> list[tuple[str, str]]:
    from pygments.lexers import get_lexer_by_name
    from pygments.token import Token
    from pygments.util import ClassNotFound

    if not language:
        return [("text", source)]
    try:
        lexer = get_lexer_by_name(language, stripnl=False, ensurenl=False)
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
