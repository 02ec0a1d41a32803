"""The base of forms: fields, then Start (or the like) and Close."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual.containers import Horizontal

from aura_tui.ui.keys import bindings
from aura_tui.ui.screens.dialog import ROOMY, SHORT, Choice
from aura_tui.ui.screens.modal import Modal
from aura_tui.ui.widgets.inputs import TextField
from aura_tui.ui.widgets.path_field import PathField
from aura_tui.ui.widgets.picker import Picker

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.widget import Widget

    from aura_tui.ui.theme.glyphs import Glyphs

T = TypeVar("T")

_HIGH = 32  # rows; from here on a text box is taller


class Form(Modal[T | None]):
    """Returns None when closed; subclasses return a result from :meth:`action_submit`."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.FORM]
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (ROOMY, "-roomy")]  # noqa: RUF012 - Textual's own spelling
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-tall"), (_HIGH, "-high")]  # noqa: RUF012 - as above

    def __init__(self, glyphs: Glyphs) -> None:
        super().__init__()
        self.glyphs = glyphs

    def answers(self, submit: str, *beside: Widget) -> ComposeResult:
        """The last line: the submit and close buttons, and ``beside`` them."""
        with Horizontal(id="answers"):
            yield Choice(submit, self.glyphs, id="submit")
            yield Choice("Close", self.glyphs, id="close")
            yield from beside

    def action_submit(self) -> None:
        """Return the input if it is valid."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Text boxes keep enter and the arrows, answers keep enter."""
        if action == "step":
            return isinstance(self.focused, TextField | Picker)
        return True

    def action_field(self, step: int) -> None:
        """Go to the next or the previous field; but first complete a path, if that adds to it."""
        if step < 0 or not (isinstance(self.focused, PathField) and self.focused.complete()):
            self.action_step(step)

    def action_step(self, step: int) -> None:
        self.focus_next() if step > 0 else self.focus_previous()

    def action_stay(self) -> None:
        self.dismiss(None)

    def on_choice_taken(self, message: Choice.Taken) -> None:
        message.stop()
        if message.choice.id == "submit":
            self.action_submit()
        else:
            self.action_stay()
