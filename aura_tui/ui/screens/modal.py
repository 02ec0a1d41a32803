"""The base of every screen over the board."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen
from textual.widgets._toast import ToastRack

if TYPE_CHECKING:
    from textual.events import Resize
    from textual.geometry import Size
    from textual.screen import Screen

T = TypeVar("T")


def hide_toasts(screen: Screen[Any]) -> None:
    """Leave the toasts to the screen above, which shows them, too; at the end of that one they are
    shown again."""
    for rack in screen.query_children(ToastRack):
        rack.display = False


class Modal(ModalScreen[T]):
    """A screen that is dismissed once: a key may repeat before the screen has closed, and Textual
    would close the screen below as well."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_current else AwaitComplete()

    def fit(self, size: Size) -> None:
        """Lay out for a terminal of ``size``, before the first frame and after each resize."""
        width, height = size
        for value, breakpoints in (
            (width, self.HORIZONTAL_BREAKPOINTS or []),
            (height, self.VERTICAL_BREAKPOINTS or []),
        ):
            reached = [name for least, name in breakpoints if value >= least]
            for _, name in breakpoints:
                self.set_class(name in reached[-1:], name)

    def on_screen_suspend(self) -> None:
        hide_toasts(self)

    def on_mount(self) -> None:
        # Textual resizes a new screen only after its first draw.
        self.fit(self.app.size)

    def on_resize(self, event: Resize) -> None:
        self.fit(event.size)
