"""Where a finished file is copied to."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from aura_tui.model.text import clean_line
from aura_tui.ui import bindings
from aura_tui.ui.screens.dialog import ROOMY, SHORT, Choice
from aura_tui.ui.widgets.entry import Entry
from aura_tui.ui.widgets.painted import drawable

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widgets import Input

    from aura_tui.ui.glyphs import Glyphs


class SaveAs(ModalScreen[str | None]):
    """Gives the path as typed (not expanded, never empty), None when it was closed.

    ``name`` is the file's, ``folder`` where it goes unless the person says otherwise.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.FORM]
    AUTO_FOCUS = "Entry"
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (ROOMY, "-roomy")]  # noqa: RUF012 - Textual's own spelling
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-tall")]  # noqa: RUF012 - as above

    def __init__(self, name: str, folder: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        # A name from outside says nothing about folders.
        self._file_name = PurePath(clean_line(name, 255).replace("\\", "/")).name or "video"
        path = PurePath(clean_line(folder, 4096)) / self._file_name
        self._entry = Entry(str(path), id="path")

    def compose(self) -> ComposeResult:
        title = Content.assemble(("Save ", "bold"), (self._file_name, "bold"), (" as", "bold"))
        with Vertical(id="form"):
            yield Static(drawable(title, self._glyphs), markup=False, classes="line")
            yield self._entry
            with Horizontal(id="answers"):
                yield Choice("Save", self._glyphs, id="start")
                yield Choice("Close", self._glyphs, id="close")

    def on_input_submitted(self, message: Input.Submitted) -> None:
        self.action_submit()

    def action_submit(self) -> None:
        if path := self._entry.value.strip():
            self.dismiss(path)
        else:
            self._entry.focus()

    def action_field(self, step: int) -> None:
        self.focus_next() if step > 0 else self.focus_previous()

    def action_stay(self) -> None:
        self.dismiss(None)

    def on_choice_taken(self, message: Choice.Taken) -> None:
        message.stop()
        if message.choice.id == "start":
            self.action_submit()
        else:
            self.dismiss(None)
