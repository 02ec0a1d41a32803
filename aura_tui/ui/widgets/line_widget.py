"""A widget that shows ready-made lines, and redraws those that changed.

``ui/terminal/frame_diff.py`` finds the cells that the terminal needs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Iterable

    from aura_tui.ui.theme.glyphs import Glyphs


class LineWidget(Widget):
    """Shows lines of :class:`Content`, never markup; its height is the number of lines."""

    class RepaintRequested(Message):
        """The lines were made for another size or focus: paint again."""

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
            Region(0, y, self.size.width, 1)
            for y, (was, now) in enumerate(zip(old, self._lines, strict=True))
            if not alike(was, now)
        ]
        if changed:
            self.refresh(*changed)

    @property
    def lines(self) -> tuple[Content, ...]:
        """The shown lines, one per row."""
        return self._lines

    def on_resize(self) -> None:
        self.post_message(self.RepaintRequested())

    def on_focus(self) -> None:
        self.post_message(self.RepaintRequested())

    def on_blur(self) -> None:
        self.post_message(self.RepaintRequested())

    def render(self) -> Content:
        return Content("\n").join(self._lines)


def drawable(content: Content, glyphs: Glyphs) -> Content:
    """``content`` in characters that this terminal can show; its spans stay in place."""
    spelt = glyphs.spell(content.plain)
    return content if spelt is content.plain else Content(spelt, [*content.spans])


def alike(one: Content, other: Content) -> bool:
    """Whether two lines look the same."""
    return one is other or (one.plain == other.plain and one.spans == other.spans)
