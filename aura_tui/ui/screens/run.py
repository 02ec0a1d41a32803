"""One run: head, stages, result, log, keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.containers import Vertical
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

    def __init__(self) -> None:
        super().__init__()
        # Held, not queried for: a last draw may come while the board is being taken down.
        self._head = RunHeader()
        self._stages = StageList()
        self._result = ResultPanel()
        self._log = LogView()

    def compose(self) -> ComposeResult:
        yield self._head
        with Vertical(id="body"):
            yield self._stages
            yield self._result
            yield self._log
        yield Footer(compact=True, show_command_palette=False)

    def show(self, state: RunState, now: datetime, glyphs: Glyphs) -> None:
        """Draw ``state`` as of ``now``; what hasn't changed costs nothing."""
        self._head.show(state, now, glyphs)
        self._stages.show(state, now, glyphs)
        self._log.show(state, glyphs)
        if state.job is not None and state.ended and not self.has_class("-ended"):
            self.add_class("-ended")
            self._result.show(state.job, glyphs)
            self._result.focus()
