"""A pane under test, alone in an app of its own, and what its screen shows."""

from __future__ import annotations

from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual.app import App
from textual.binding import Binding

from aura_tui import ui
from aura_tui.ui.theme.colours import AURA

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.message import Message
    from textual.pilot import Pilot
    from textual.widget import Widget

STYLES = Path(ui.__file__).parent / "styles"


class PaneApp(App[None]):
    """Shows one widget; keeps what it posts, and the keys that it leaves to the app."""

    CSS_PATH = [STYLES / "board.tcss", STYLES / "log.tcss"]  # noqa: RUF012 - Textual's own spelling
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "note('n')", "New"),
        Binding("escape", "note('escape')", "Back"),
        Binding("left", "note('left')", "Left"),
        Binding("enter", "note('enter')", "Enter"),
    ]

    def __init__(self, pane: Widget, *, is_ascii: bool = False) -> None:
        super().__init__()
        self._pane = pane
        self._is_ascii = is_ascii
        self.left_to_app: list[str] = []
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self._pane

    def on_mount(self) -> None:
        self.register_theme(AURA)
        self.theme = AURA.name
        self.set_class(self._is_ascii, "-ascii")

    def keep(self, message: Message) -> None:
        """Keep what the pane asks of the app."""
        self.posted.append(message)

    on_log_view_copy_asked = keep
    on_result_panel_copy_asked = keep
    on_result_panel_open_asked = keep
    on_result_panel_save_asked = keep

    def action_note(self, key: str) -> None:
        self.left_to_app.append(key)

    @property
    def rows(self) -> list[str]:
        """The screen, a string a row."""
        # No public way leads from a screen to its characters.
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)


@asynccontextmanager
async def pane(
    widget: Widget, size: tuple[int, int] = (80, 24), *, is_ascii: bool = False
) -> AsyncIterator[tuple[PaneApp, Pilot[None]]]:
    """An app that shows ``widget`` and nothing else."""
    app = PaneApp(widget, is_ascii=is_ascii)
    async with app.run_test(size=size) as pilot:
        app.screen.set_class(size[1] < 18, "-short")
        app.screen.add_class("-narrow" if size[0] < 110 else "-wide")
        await pilot.pause()
        yield app, pilot
