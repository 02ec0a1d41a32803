"""A choice among a few visible values, by arrow keys or a click."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.message import Message
from textual.style import Style
from textual.widgets import Static

from aura_tui.ui.keys import bindings
from aura_tui.ui.theme.colours import MUTED

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.binding import BindingType
    from textual.events import Click


class Picker(Static, can_focus=True):
    """``values`` with their labels (without blanks); brackets mark the chosen one."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.PICKER]
    ALLOW_SELECT = False

    class Picked(Message):
        """Another value was chosen."""

        def __init__(self, picker: Picker, value: str) -> None:
            super().__init__()
            self.picker = picker
            self.value = value

        @property
        def control(self) -> Picker:
            return self.picker

    def __init__(
        self, options: Sequence[tuple[str, str]], value: str, *, id: str | None = None
    ) -> None:
        super().__init__(markup=False, id=id)
        self._options = tuple(options)
        values = [found for found, _ in self._options]
        self._at = values.index(value) if value in values else 0

    @property
    def value(self) -> str:
        """The chosen value."""
        return self._options[self._at][0]

    @value.setter
    def value(self, value: str) -> None:
        """Choose ``value``; the first one if it isn't offered."""
        values = [found for found, _ in self._options]
        self._pick(values.index(value) if value in values else 0)

    def on_mount(self) -> None:
        self._draw(focused=False)

    def on_focus(self) -> None:
        self._draw(focused=True)

    def on_blur(self) -> None:
        self._draw(focused=False)

    def action_other(self, step: int) -> None:
        self._pick((self._at + step) % len(self._options))

    def on_click(self, event: Click) -> None:
        at = event.style.meta.get("option")
        if isinstance(at, int):
            self._pick(at)

    def _pick(self, at: int) -> None:
        if at != self._at:
            self._at = at
            self._draw(focused=self.has_focus)
            self.post_message(self.Picked(self, self.value))

    def _draw(self, *, focused: bool) -> None:
        parts: list[Content] = []
        for n, (_, label) in enumerate(self._options):
            here = n == self._at
            text = Content(f"[{label}]" if here else f" {label} ")
            style = ("bold reverse" if focused else "bold") if here else MUTED
            parts.append(text.stylize(style).stylize(Style.from_meta({"option": n})))
        self.update(Content("").join(parts))
