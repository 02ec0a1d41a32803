"""An application that sends the terminal only the cells that changed."""

from __future__ import annotations

import asyncio
import signal
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.app import App

from aura_tui.errors import Code, InputError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.terminal.capabilities import detect
from aura_tui.ui.terminal.frame_diff import FrameDiff, Sent

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from rich.console import RenderableType
    from textual.screen import Screen

    from aura_tui.ui.terminal.replies import Replies


class DiffApp(App[None]):
    """Sends frames as differences to ``shown``, which is reset after foreign output.

    ``capabilities`` are the terminal's, by ``environ`` and by its own replies once they are here.
    """

    def __init__(self, environ: Mapping[str, str], **how: Any) -> None:
        super().__init__(**how)
        self.capabilities = detect(environ)
        self.shown = FrameDiff((0, 0), self.capabilities.colours)

    def replied(self, replies: Replies) -> None:
        """Take what the terminal says of itself."""
        capabilities = self.capabilities.with_replies(replies)
        if capabilities == self.capabilities:
            return
        self.capabilities = capabilities
        if capabilities.colours is not self.shown.colours:
            self.shown.colours = capabilities.colours
            self.action_redraw()
        self.capabilities_changed()

    def capabilities_changed(self) -> None:
        """Called after ``capabilities`` changed."""

    def _display(
        self, screen: Screen[object], renderable: RenderableType | CompositorUpdate | None
    ) -> None:
        """Overrides Textual's output: sends only the difference to the current screen."""
        goes_out = not (self._batch_count or self.is_headless) and self._running
        if goes_out and isinstance(renderable, LayoutUpdate | ChopsUpdate):
            if self.shown.size != self.size:
                self.shown = FrameDiff(self.size, self.capabilities.colours)
            text = self.shown.draw(renderable)
            renderable = Sent(text) if text else None
        super()._display(screen, renderable)  # type: ignore[arg-type]  # Textual's own are updates

    def write_codes(self, codes: Iterable[str]) -> None:
        """Send our own control sequences to the terminal, between two frames."""
        if self._driver is not None:
            for code in codes:
                self._driver.write(code)

    async def run_in_terminal(self, command: Sequence[str], environ: Mapping[str, str]) -> None:
        """Run a program in the terminal in place of the board, which returns when it has ended;
        jobs and everything else go on. Raises InputError if it can't be run."""
        driver = self._driver
        if driver is None or not driver.can_suspend:
            raise _unrun(command, "this terminal can't be shared")
        failed: OSError | None = None
        driver_muted = getattr(driver, "mute", nullcontext)
        # Ctrl-C is the program's: it reaches this process, too, but not the child's handler.
        interrupted = signal.signal(signal.SIGINT, lambda *_: None)
        try:
            with self.suspend(), driver_muted():
                try:
                    process = await asyncio.create_subprocess_exec(*command, env={**environ})
                except OSError as e:
                    failed = e
                else:
                    await process.wait()
        finally:
            signal.signal(signal.SIGINT, interrupted)
        self.action_redraw()
        if failed is not None:
            raise _unrun(command, failed.strerror or str(failed))

    @property
    def closing(self) -> bool:
        """Whether the app is exiting."""
        return self._exit

    def last_words(self) -> list[str]:
        """Sequences that reset what the terminal shows of us outside its screen."""
        return []

    def on_resize(self) -> None:
        """Redraw all: the terminal may have moved its content, even if the size is the old one."""
        self.shown.forget()

    def action_redraw(self) -> None:
        """Send the whole screen again, whatever the terminal may show."""
        self.shown.forget()
        self.refresh(layout=True)


def _unrun(command: Sequence[str], why: str) -> InputError:
    return InputError(
        Code.REQUEST_INVALID,
        f"Can't run {clean_line(command[0], 100)}: {why}",
        f"Open {clean_line(command[-1], 400)} with another program.",
    )
