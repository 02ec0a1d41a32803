"""One run: head, stages, result, log, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.screen import Screen
from textual.widgets import Footer

from aura_tui.ui.widgets.header import RunHeader
from aura_tui.ui.widgets.log import LogView
from aura_tui.ui.widgets.result import ResultPanel
from aura_tui.ui.widgets.stages import StageList

if TYPE_CHECKING:
    from datetime import datetime

    from textual.app import ComposeResult

    from aura_tui.ui.glyphs import Glyphs
    from aura_tui.ui.state import RunState


class RunScreen(Screen[None]):
    """Hands the state down; holds nothing but the layout."""

    VERTICAL_BREAKPOINTS = [(0, "-short"), (18, "-tall")]  # noqa: RUF012 - Textual's own spelling
    AUTO_FOCUS = "StageRow"

    def compose(self) -> ComposeResult:
        yield RunHeader()
        yield StageList()
        yield ResultPanel()
        log = LogView()
        log.border_title = "Log"
        yield log
        yield Footer(compact=True)

    def show(self, state: RunState, now: datetime, glyphs: Glyphs) -> None:
        """Draw ``state`` as of ``now``; what hasn't changed costs nothing."""
        self.query_one(RunHeader).show(state, now, glyphs)
        self.query_one(StageList).show(state, now, glyphs)
        self.query_one(LogView).show(state, glyphs)
        if state.job is not None and state.ended and not self.has_class("-ended"):
            self.add_class("-ended")
            result = self.query_one(ResultPanel)
            result.show(state.job, glyphs)
            result.focus()
