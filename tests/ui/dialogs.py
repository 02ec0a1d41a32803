"""A dialog under test: over a plain app, with its answer, and its screen as text."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Generic, TypeVar

from textual.app import App
from textual.binding import Binding

from aura_tui.model.reduce import fold
from aura_tui.ui.theme.colours import AURA
from tests.ui import keyboard
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from textual.pilot import Pilot
    from textual.screen import ModalScreen

    from aura_tui.model.job import Job
    from tests.ui.recordings import Tape

T = TypeVar("T")
NOT_YET = "no answer yet"


class Host(App[None]):
    """Nothing but what the styles need, and a key that must not work under a dialog."""

    CSS_PATH = ["../../aura_tui/ui/styles/board.tcss", "../../aura_tui/ui/styles/dialogs.tcss"]  # noqa: RUF012 - Textual's own spelling
    BINDINGS = [Binding("n", "new_job", "New", id="job.new")]  # noqa: RUF012 - Textual's own spelling

    def __init__(self, *, ascii: bool = False, colours: bool = True) -> None:
        super().__init__(ansi_color=None if colours else True)
        self._ascii = ascii
        self.leaked = 0

    def on_mount(self) -> None:
        self.set_class(self._ascii, "-ascii")
        self.register_theme(AURA)
        self.theme = AURA.name

    def action_new_job(self) -> None:
        self.leaked += 1


class Asked(Generic[T]):
    """A dialog on the screen."""

    def __init__(self, app: Host, pilot: Pilot[None], screen: ModalScreen[T]) -> None:
        self.app = app
        self.pilot = pilot
        self.screen = screen
        self.answer: T | str | None = NOT_YET

    @property
    def lines(self) -> list[str]:
        """The screen on top, a string a row."""
        # No public way leads from a screen to its characters.
        return [strip.text for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.lines)

    async def press(self, *keys: str) -> None:
        await keyboard.press(self.pilot, *keys)

    async def shows(self, *texts: str) -> None:
        try:
            await until(lambda: all(text in self.text for text in texts), 5.0)
        except TimeoutError:
            missing = [text for text in texts if text not in self.text]
            raise AssertionError(f"{missing} not on the screen:\n{self.text}") from None

    async def lacks(self, text: str) -> None:
        await until(lambda: text not in self.text, 5.0)

    async def answers(self) -> T | str | None:
        """Its answer, as soon as it has one."""
        await until(lambda: self.answer != NOT_YET, 5.0)
        return self.answer


@asynccontextmanager
async def asked(
    screen: ModalScreen[T],
    size: tuple[int, int] = (80, 24),
    *,
    ascii: bool = False,
    colours: bool = True,
    keymap: dict[str, str] | None = None,
) -> AsyncIterator[Asked[T]]:
    """``screen`` over a plain app."""
    app = Host(ascii=ascii, colours=colours)
    async with app.run_test(size=size) as pilot:
        app.set_keymap(keymap or {})
        found = Asked(app, pilot, screen)

        def take(answer: T | None) -> None:
            found.answer = answer

        await app.push_screen(screen, take)
        await pilot.pause()
        yield found


def job_of(tape: Tape) -> Job:
    """The job as of the tape's end."""
    return fold(tape.job, tape.envelopes)
