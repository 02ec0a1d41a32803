"""Where a finished file is copied to."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from aura_tui.model.text import clean_line
from aura_tui.ui.screens.form import Form
from aura_tui.ui.widgets.entry import Entry
from aura_tui.ui.widgets.painted import drawable

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.widgets import Input

    from aura_tui.ui.glyphs import Glyphs


class SaveAs(Form[str]):
    """Gives the path as typed: not expanded, never empty.

    ``name`` is the file's, ``folder`` where it goes unless the person says otherwise.
    """

    AUTO_FOCUS = "Entry"

    def __init__(self, name: str, folder: str, glyphs: Glyphs) -> None:
        super().__init__(glyphs)
        # A name from outside says nothing about folders.
        self._file_name = PurePath(clean_line(name, 255).replace("\\", "/")).name or "video"
        path = PurePath(clean_line(folder, 4096)) / self._file_name
        self._entry = Entry(str(path), id="path")

    def compose(self) -> ComposeResult:
        title = Content.styled(f"Save {self._file_name} as", "bold")
        with Vertical(id="form"):
            yield Static(drawable(title, self.glyphs), markup=False, classes="line")
            yield self._entry
            yield from self.answers("Save")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There is one field: enter gives the path."""
        return action != "step"

    def on_input_submitted(self, message: Input.Submitted) -> None:
        self.action_submit()

    def action_submit(self) -> None:
        if path := self._entry.value.strip():
            self.dismiss(path)
        else:
            self._entry.focus()
