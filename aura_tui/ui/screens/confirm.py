"""The question before a run is cancelled. "Keep running" is what enter takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Static

from aura_tui.model.stages import Stage
from aura_tui.ui import bindings, phrases

if TYPE_CHECKING:
    from textual.app import ComposeResult
    from textual.binding import BindingType

    from aura_tui.model.job import Job
    from aura_tui.ui.glyphs import Glyphs


class Choice(Static, can_focus=True):
    """One answer; the focused one carries the cursor."""

    class Taken(Message):
        """A click took this answer."""

        def __init__(self, answer: bool) -> None:
            super().__init__()
            self.answer = answer

    def __init__(self, text: str, answer: bool, glyphs: Glyphs, *, id: str) -> None:
        super().__init__(Content(f"  {text}"), markup=False, id=id)
        self.answer = answer
        self._text = text
        self._cursor = glyphs.cursor

    def on_focus(self) -> None:
        self.update(Content(f"{self._cursor} {self._text}"))

    def on_blur(self) -> None:
        self.update(Content(f"  {self._text}"))

    def on_click(self) -> None:
        self.post_message(self.Taken(self.answer))


class ConfirmCancel(ModalScreen[bool]):
    """True: cancel the run. Tells first what would be lost and what is kept."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.CONFIRM]
    AUTO_FOCUS = "#keep"

    def __init__(self, job: Job, elapsed_s: float, glyphs: Glyphs) -> None:
        super().__init__()
        self._job = job
        self._elapsed_s = elapsed_s
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        with Vertical(id="question"):
            yield Static(Content.styled("Cancel this run?", "bold"), markup=False)
            yield Static(Content(self._stakes()), markup=False, id="stakes")
            with Horizontal(id="answers"):
                yield Choice("Keep running", False, self._glyphs, id="keep")
                yield Choice("Cancel the run", True, self._glyphs, id="cancel")

    def _stakes(self) -> str:
        done = sum(step.status.done for step in self._job.steps)
        return (
            f"{done} of {len(Stage)} stages done, {phrases.duration(self._elapsed_s)} of work. "
            "Finished pieces are kept: a retry takes them up again."
        )

    def action_other(self) -> None:
        self.focus_next(Choice)

    def action_take(self) -> None:
        if isinstance(self.focused, Choice):
            self.dismiss(self.focused.answer)

    def action_answer(self, answer: bool) -> None:
        self.dismiss(answer)

    def on_choice_taken(self, message: Choice.Taken) -> None:
        self.dismiss(message.answer)
