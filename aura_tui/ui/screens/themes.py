"""The list of colour themes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui.ui.screens.filter_list import FilterList
from aura_tui.ui.theme.colours import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.theme.glyphs import Glyphs


class ThemesScreen(FilterList[str]):
    """Returns the name of the chosen theme, or None when closed. ``current`` is the one in use."""

    def __init__(
        self, names: Sequence[str], current: str, glyphs: Glyphs, key_names: KeyNames
    ) -> None:
        super().__init__(names, "Themes", "Filter by name", glyphs, key_names)
        self._current = current

    def is_first(self, item: str) -> bool:
        return item == self._current

    def filtered(self, typed: str) -> Sequence[str]:
        return [name for name in self.items if typed.strip().casefold() in name.casefold()]

    def line(self, item: str) -> Content:
        in_use = "  in use" if item == self._current else ""
        return Content.assemble(item, (in_use, MUTED))
