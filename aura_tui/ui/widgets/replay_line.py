"""The line of a replay: its speed, its position, and a bar."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui.ui.state.playback import describe
from aura_tui.ui.widgets.bar import bar
from aura_tui.ui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from aura_tui.service import Playback
    from aura_tui.ui.theme.glyphs import Glyphs

_GAP = 2
_BAR_MIN = 8  # cells


class ReplayLine(LineWidget):
    """One line."""

    def show(self, playback: Playback, glyphs: Glyphs) -> None:
        """Draw the replay as it is now."""
        width = self.content_size.width
        if width:
            self.paint([line(playback, width, glyphs)], glyphs)


def line(playback: Playback, width: int, glyphs: Glyphs) -> Content:
    """The line in ``width`` cells; without room for a bar, the words alone."""
    style = "$warning" if playback.paused and not playback.over else "$primary"
    said = Content.styled(describe(playback), style)
    room = width - said.cell_length - _GAP
    if room < _BAR_MIN:
        return said.truncate(width, ellipsis=True)
    part = playback.position_s / playback.duration_s if playback.duration_s else 1.0
    return Content.assemble(said, " " * _GAP, bar(100.0 * part, room, glyphs, style))
