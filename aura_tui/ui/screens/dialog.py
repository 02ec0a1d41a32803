"""The base of every question over the board: a title, facts, and the answers.

The first answer is the default, so it is never one that destroys. Escape answers ``stay``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, NamedTuple, TypeVar

from textual.containers import Container, Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from aura_tui.ui.keys import bindings
from aura_tui.ui.screens.modal import Modal
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.widgets.line_widget import drawable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from collections.abc import Set as AbstractSet

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.geometry import Size
    from textual.widget import Widget

    from aura_tui.ui.theme.glyphs import Glyphs

T = TypeVar("T")

SHORT = 18  # rows; below it there are no blank rows
ROOMY = 60  # columns; below it answers have no notes


class Option(NamedTuple, Generic[T]):
    """An answer: its value, the id of its widget, its label, and a note if there is room."""

    answer: T
    id: str
    label: str
    note: str = ""


class Choice(Static, can_focus=True):
    """One answer; the focused one carries the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.CHOICE]
    ALLOW_SELECT = False

    class Taken(Message):
        """The answer was chosen, by key or mouse."""

        def __init__(self, choice: Choice) -> None:
            super().__init__()
            self.choice = choice

    def __init__(self, label: str, glyphs: Glyphs, *, id: str) -> None:
        self._label = label
        self._cursor = glyphs.cursor
        super().__init__(Content(f"  {label}"), markup=False, id=id)

    def say(self, label: str) -> None:
        """Change the label."""
        self._label = label
        self._draw(focused=self.has_focus)

    def allow_focus(self) -> bool:
        """A hidden answer never has the cursor."""
        return self.display and super().allow_focus()

    def _draw(self, *, focused: bool) -> None:
        self.update(Content(f"{self._cursor if focused else ' '} {self._label}"))

    def on_focus(self) -> None:
        self._draw(focused=True)

    def on_blur(self) -> None:
        self._draw(focused=False)

    def on_click(self) -> None:
        self.action_press()

    def action_press(self) -> None:
        self.post_message(self.Taken(self))


class Fact(Horizontal):
    """A label and its text, which wraps beside the label."""

    def __init__(self, name: str, text: str, glyphs: Glyphs) -> None:
        super().__init__()
        self._glyphs = glyphs
        self._label = Static(Content.styled(name, MUTED), markup=False, classes="name")
        self._text = Static(markup=False, classes="text")
        self.say(text)

    def compose(self) -> ComposeResult:
        yield self._label
        yield self._text

    def say(self, text: str) -> None:
        """Show ``text``; "" hides the fact."""
        self.display = bool(text)
        self._text.update(drawable(Content(text), self._glyphs))


class Dialog(Modal[T]):
    """A question. Subclasses add the facts, in :meth:`body`."""

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.DIALOG]
    AUTO_FOCUS = "Choice"
    HORIZONTAL_BREAKPOINTS = [(0, "-slim"), (ROOMY, "-roomy")]  # noqa: RUF012 - Textual's own spelling
    VERTICAL_BREAKPOINTS = [(0, "-short"), (SHORT, "-tall")]  # noqa: RUF012 - Textual's own spelling

    def __init__(
        self, question: str, options: Sequence[Option[T]], glyphs: Glyphs, *, stay: T
    ) -> None:
        super().__init__()
        self.glyphs = glyphs
        self._question = question
        self._options = {option.id: option for option in options}
        self._hidden: AbstractSet[str] = frozenset()
        self._stay = stay
        self._body = VerticalScroll(id="facts", can_focus=False)
        self._answers = Container(id="answers")

    def body(self) -> Iterable[Widget]:
        """The widgets between question and answers."""
        return ()

    def compose(self) -> ComposeResult:
        noted = any(option.note for option in self._options.values())
        with Vertical(id="dialog"):
            yield self.text(Content.styled(self._question, "bold"), id="question")
            with self._body:
                yield from self.body()
            with self._answers:
                for option in self._options.values():
                    choice = Choice(option.label, self.glyphs, id=option.id)
                    choice.display = option.id not in self._hidden
                    if not noted:
                        yield choice
                        continue
                    with Horizontal(classes="noted") as beside:
                        beside.display = choice.display
                        yield choice
                        note = Content.styled(option.note, MUTED)
                        yield Static(note, markup=False, classes="note")

    def ask(self, question: str, labels: Mapping[str, str]) -> None:
        """Change the question, and the answers' labels, given by widget id; an answer without a
        label is hidden, and no longer given by any key."""
        self._question = question
        self._options = {
            id: option._replace(label=labels[id]) if id in labels else option
            for id, option in self._options.items()
        }
        self._hidden = self._options.keys() - labels.keys()
        if not self.is_attached:
            return
        self.query_one("#question", Static).update(self._drawable(Content.styled(question, "bold")))
        for choice in self.query(Choice):
            self._show_choice(choice)
        shown = [choice for choice in self.query(Choice) if choice.display]
        if shown and self.focused not in shown:
            shown[0].focus()
        self.fit(self.app.size)

    def _show_choice(self, choice: Choice) -> None:
        id = choice.id or ""
        choice.say(self._options[id].label)
        choice.display = id not in self._hidden
        if isinstance(beside := choice.parent, Horizontal) and beside.has_class("noted"):
            beside.display = choice.display

    @property
    def offered(self) -> list[Option[T]]:
        """The answers that show."""
        return [option for id, option in self._options.items() if id not in self._hidden]

    # Parts of bodies.

    def text(self, content: Content | str, *, id: str | None = None) -> Static:
        """A paragraph; long ones wrap."""
        return Static(self._drawable(content), markup=False, classes="paragraph", id=id)

    def line(self, content: Content | str, *, first: bool = False) -> Static:
        """One line, cut if long. The ``first`` one gets a blank row above if there is room."""
        classes = "line -first" if first else "line"
        return Static(self._drawable(content), markup=False, classes=classes)

    def fact(self, name: str, text: str, *, first: bool = False) -> Fact:
        """A labelled fact; ``first`` as above."""
        fact = Fact(name, text, self.glyphs)
        fact.set_class(first, "-first")
        return fact

    def _drawable(self, content: Content | str) -> Content:
        return drawable(Content(content) if isinstance(content, str) else content, self.glyphs)

    # Keys and mouse.

    def fit(self, size: Size) -> None:
        """A body that doesn't fit scrolls; question and answers always show."""
        super().fit(size)
        short = size.height < SHORT
        noted = any(option.note for option in self._options.values())
        # A cursor and a gap each; border and padding around all.
        beside = sum(len(option.label) + 5 for option in self.offered)
        stacked = noted or beside + (1 if short else 3) > size.width
        self._answers.set_class(stacked, "-stacked")
        # Border, question, answers; and the padding and the blank lines around the body.
        taken = 2 + 1 + (len(self.offered) if stacked else 1) + (0 if short else 4)
        self._body.styles.max_height = max(1, size.height - taken)

    def action_other(self, step: int) -> None:
        self.focus_next(Choice) if step > 0 else self.focus_previous(Choice)

    def action_page(self, step: int) -> None:
        self._body.scroll_relative(y=step * self._body.size.height, animate=False, immediate=True)

    def action_stay(self) -> None:
        self.dismiss(self._stay)

    def on_choice_taken(self, message: Choice.Taken) -> None:
        message.stop()
        id = message.choice.id
        if id is not None and id not in self._hidden:
            self.dismiss(self._options[id].answer)
