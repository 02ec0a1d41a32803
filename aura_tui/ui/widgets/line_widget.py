"""A widget that is given finished lines and sends to the terminal only the cells that changed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.cells import get_character_cell_size
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aura_tui.ui.theme.glyphs import Glyphs


class LineWidget(Widget):
    """Lines of :class:`Content`; never markup. As high as it has lines."""

    class RepaintRequested(Message):
        """The lines were made for another size or focus; please paint again."""

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._lines: tuple[Content, ...] = ()

    def paint(self, lines: Iterable[Content], glyphs: Glyphs) -> None:
        """Show ``lines``, one a row."""
        old, self._lines = self._lines, tuple(drawable(line, glyphs) for line in lines)
        if len(old) != len(self._lines):
            self.refresh(layout=True)
            return
        changed = [
            region
            for y, (was, now) in enumerate(zip(old, self._lines, strict=True))
            if (region := changed_cells(was, now, y)) is not None
        ]
        if changed:
            self.refresh(*changed)

    def on_resize(self) -> None:
        self.post_message(self.RepaintRequested())

    def on_focus(self) -> None:
        self.post_message(self.RepaintRequested())

    def on_blur(self) -> None:
        self.post_message(self.RepaintRequested())

    def render(self) -> Content:
        return Content("\n").join(self._lines)


def drawable(content: Content, glyphs: Glyphs) -> Content:
    """``content`` in characters this terminal can show; its spans stay where they are."""
    spelt = glyphs.spell(content.plain)
    return content if spelt is content.plain else Content(spelt, [*content.spans])


def changed_cells(was: Content, now: Content, y: int) -> Region | None:
    """The narrowest run of cells in row ``y`` that holds all differences; None if there is none."""
    if was.plain == now.plain and was.spans == now.spans:
        return None  # most lines at most times: no need to take them apart
    old, new = _cells(was), _cells(now)
    if old == new:
        return None
    length = max(len(old), len(new))
    blank = (" ", ())
    old += [blank] * (length - len(old))
    new += [blank] * (length - len(new))
    first = next((i for i in range(length) if old[i] != new[i]), length)
    last = next((i for i in range(length - 1, -1, -1) if old[i] != new[i]), first)
    if first == length:
        return None
    # Where characters aren't one cell wide, positions shift and cells are shared: the whole line.
    if not (_regular(was.plain) and _regular(now.plain)):
        return Region(0, y, max(was.cell_length, now.cell_length), 1)
    return Region(first, y, last - first + 1, 1)


def _regular(text: str) -> bool:
    return text.isascii() or all(get_character_cell_size(char) == 1 for char in text)


def _cells(content: Content) -> list[tuple[str, tuple[object, ...]]]:
    styles: list[list[object]] = [[] for _ in range(len(content))]
    for span in content.spans:
        for i in range(max(0, span.start), min(span.end, len(styles))):
            styles[i].append(span.style)
    return [(char, tuple(style)) for char, style in zip(content.plain, styles, strict=True)]
