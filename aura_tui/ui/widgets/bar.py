"""A bar as text: filled and empty parts differ by shape, and its width never changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui.ui.theme.colours import TRACK

if TYPE_CHECKING:
    from aura_tui.ui.theme.glyphs import Glyphs


def bar(percent: float, width: int, glyphs: Glyphs, style: str) -> Content:
    """A bar of ``width`` cells, full only at 100 percent."""
    halves = int(max(0.0, min(100.0, percent)) / 100.0 * width * 2)
    full, half = divmod(halves, 2)
    filled = glyphs.bar * full + (glyphs.bar_half if half else "")
    return Content.assemble((filled, style), (glyphs.track * (width - len(filled)), TRACK))
