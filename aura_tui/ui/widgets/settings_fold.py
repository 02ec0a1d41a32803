"""A job's own settings, in a fold below its header."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content

from aura_tui.format.job_settings import settings_pairs
from aura_tui.model.text.plural import counted
from aura_tui.ui.state.cells import printable_path, row_spans
from aura_tui.ui.theme.colours import FAINT, MUTED
from aura_tui.ui.widgets.line_widget import LineWidget

if TYPE_CHECKING:
    from aura_tui.model.job import Job
    from aura_tui.ui.theme.glyphs import Glyphs

_GAP = 2


class SettingsFold(LineWidget):
    """A row for each setting, or more for a long value."""

    def show(self, job: Job | None, glyphs: Glyphs, most: int) -> None:
        """Draw the settings of ``job`` in at most ``most`` rows."""
        width = self.content_size.width
        if width:
            self.paint(lines(job, width, most) if job is not None else [], glyphs)


def lines(job: Job, width: int, most: int) -> list[Content]:
    """The rows, each at most ``width`` cells; the last one counts those that don't fit."""
    pairs = settings_pairs(job)
    if not pairs:
        said = Content.styled("Settings: not reported by the engine", MUTED)
        return [said.truncate(width, ellipsis=True)]
    label = max(len(name) for name, _ in pairs) + _GAP
    rows: list[Content] = []
    for n, (name, value) in enumerate(pairs):
        text = printable_path(value)
        room = max(8, width - label)
        spans = row_spans(text, room) if len(pairs) <= most else [(0, len(text))]
        left = len(pairs) - n
        if len(rows) + len(spans) + (left > 1) > most:
            more = Content.styled(f"{counted(left, 'more setting')}: aura-tui show", FAINT)
            return [*rows, more.truncate(width, ellipsis=True)]
        for i, (start, end) in enumerate(spans):
            lead = Content.styled(f"{'' if i else name:<{label}}", MUTED)
            rows.append((lead + text[start:end]).truncate(width, ellipsis=True))
    return rows
