"""The key bar at the bottom: the keys that have an effect now. Each can be clicked.

Textual's own footer has a widget for each key, and rebuilds all of them whenever the focus changes;
this one is a single line, drawn when its text changes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.content import Content
from textual.widget import Widget

from aura_tui.ui.keys.hints import KeyHint, fitting, hints

if TYPE_CHECKING:
    from textual.events import Click, Leave, MouseMove
    from textual.screen import Screen


class KeyBar(Widget):
    """One row; as wide as the screen."""

    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "key-bar--key",
        "key-bar--words",
        "key-bar--hover",
        "key-bar--off",
    }

    def __init__(self) -> None:
        super().__init__()
        self._hints: tuple[KeyHint, ...] = ()
        self._under: KeyHint | None = None  # under the mouse
        self._is_due = False

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._update_soon)

    def _update_soon(self, screen: Screen[object]) -> None:
        """Update once after all changes: one key press changes the bindings several times."""
        if not self._is_due:
            self._is_due = True
            self.call_later(self._update_hints)

    def _update_hints(self) -> None:
        self._is_due = False
        if not self.is_attached:
            return
        now = hints(self.screen.active_bindings.values(), self.app.get_key_display)
        if now != self._hints:
            self._hints = now
            self.refresh()

    def _at(self, x: int) -> KeyHint | None:
        placed = fitting(self._hints, self.size.width)
        return next((hint for at, hint in placed if at <= x < at + hint.width), None)

    def on_mouse_move(self, event: MouseMove) -> None:
        self._point(self._at(event.x))

    def on_leave(self, event: Leave) -> None:
        self._point(None)

    def _point(self, hint: KeyHint | None) -> None:
        if hint != self._under:
            self._under = hint
            self.tooltip = hint.tip if hint is not None else None
            self.refresh()

    def on_click(self, event: Click) -> None:
        hint = self._at(event.x)
        if hint is None:
            return
        if hint.enabled:
            self.app.simulate_key(hint.key)
        else:
            self.app.bell()

    def render(self) -> Content:
        key, words, hover, off = (
            self.get_visual_style(f"key-bar--{part}") for part in ("key", "words", "hover", "off")
        )
        line = Content("")
        for x, hint in fitting(self._hints, self.size.width):
            part = Content.assemble((hint.sign, key), " ", (hint.does, words))
            if not hint.enabled:
                part = part.stylize(off)
            elif hint == self._under:
                part = part.stylize(hover)
            line = line.append(" " * (x - line.cell_length)).append(part)
        return line
