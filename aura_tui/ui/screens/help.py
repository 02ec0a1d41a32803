"""Every key and what it does, made from the bindings themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from aura_tui.ui import bindings
from aura_tui.ui.theme import MUTED

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.app import ComposeResult
    from textual.binding import Binding, BindingType

_KEY_NAMES = {"question_mark": "?", "G": "shift+g"}


class HelpScreen(ModalScreen[None]):
    """Closed with the key that opened it."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.HELP]

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help"):
            palette = self.app.use_command_palette
            yield Static(Content("\n").join(_lines(palette=palette)), markup=False)

    async def action_dismiss(self, result: None = None) -> None:
        self.dismiss(result)


def _lines(*, palette: bool) -> Iterator[Content]:
    for i, (title, group) in enumerate(bindings.GROUPS):
        if i:
            yield Content("")
        yield Content.styled(title, "bold $primary")
        for binding in group:
            yield Content.assemble((f"  {_keys(binding):<14}", "bold"), " ", _says(binding))
    if palette:
        yield Content("")
        yield Content.styled("ctrl+p opens the command palette: themes and more.", MUTED)


def _keys(binding: Binding) -> str:
    keys = (key.strip() for key in binding.key.split(","))
    return ", ".join(_KEY_NAMES.get(key, key) for key in keys)


def _says(binding: Binding) -> str:
    return binding.tooltip or binding.description
