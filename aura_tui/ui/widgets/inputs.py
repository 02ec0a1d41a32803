"""Text inputs: Textual's, without frame and blinking, with sanitized paste.

A blinking cursor would write to the terminal all day.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.content import Content
from textual.widgets import Input, TextArea

from aura_tui.model.text.sanitize import clean

if TYPE_CHECKING:
    from textual.events import Paste


class TextField(Input):
    """One line."""

    def __init__(self, value: str = "", *, id: str | None = None) -> None:
        super().__init__(id=id, compact=True, select_on_focus=False)
        self.cursor_blink = False
        self._initial = value  # Textual's own reactive needs a running app

    def on_mount(self) -> None:
        self.value = self._initial
        self.call_after_refresh(self._show_end)  # before that it has no width

    def _show_end(self) -> None:
        self.cursor_position = 0
        self.cursor_position = len(self.value)

    def on_paste(self, event: Paste) -> None:
        """Runs before Textual's handler, which would insert escape sequences unchanged."""
        event.text = clean(event.text, len(event.text) + 1).strip("\n")


class TextBox(TextArea):
    """Several lines."""

    def __init__(self, text: str = "", placeholder: str = "", *, id: str | None = None) -> None:
        super().__init__(
            text,
            id=id,
            compact=True,
            placeholder=Content(placeholder),
            highlight_cursor_line=False,
        )
        self.cursor_blink = False

    def on_paste(self, event: Paste) -> None:
        """As :meth:`TextField.on_paste`."""
        event.text = clean(event.text, len(event.text) + 1)
