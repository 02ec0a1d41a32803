"""Explains a script: the lines of the brief that each scene tells, and what is left out and why."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from aura_tui.model.text.plural import counted

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from aura_tui.model.script import Script

_WIDTH = 100  # columns


def explained(script: Script) -> str:
    """``script`` as plain text, with its lines; ends with a line feed."""
    return "\n".join(_rows(script)) + "\n"


def _rows(script: Script) -> Iterator[str]:
    yield f"{script.title} ({script.language}), {counted(len(script.scenes), 'scene')}"
    for scene in script.scenes:
        kind = type(scene.card).__name__.removesuffix("Card").lower()
        yield ""
        yield f"{scene.number:3}  {scene.title} ({kind}), {_lines(scene.lines)}"
        indent = " " * 5
        yield from textwrap.wrap(
            scene.narration, _WIDTH, initial_indent=indent, subsequent_indent=indent
        )
    yield ""
    if not script.left_out:
        known = any(scene.lines for scene in script.scenes)  # a model doesn't tell them
        yield "Nothing is left out." if known else "The lines that it comes from are unknown."
        return
    yield "Left out:"
    for part in script.left_out:
        yield f"     {_lines([(part.first, part.last)])}: {part.what} ({part.why})"


def _lines(ranges: Iterable[tuple[int, int]]) -> str:
    """ "line 3", "lines 3-5, 9"; "no line of the brief" for none."""
    known = [pair for pair in ranges if pair[0]]
    texts = [f"{first}" if first == last else f"{first}-{last}" for first, last in known]
    if not known:
        return "no line of the brief"
    many = len(known) > 1 or known[0][0] != known[0][1]
    return f"{'lines' if many else 'line'} {', '.join(texts)}"
