"""The base of lists that are filtered as one types."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Generic, TypeVar

from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.keys import bindings
from aura_tui.ui.screens.modal import Modal
from aura_tui.ui.theme.colours import MUTED
from aura_tui.ui.widgets.inputs import TextField
from aura_tui.ui.widgets.line_widget import drawable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from textual.app import ComposeResult
    from textual.binding import BindingType
    from textual.geometry import Size
    from textual.widgets import Input

    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.theme.glyphs import Glyphs

T = TypeVar("T")

_AROUND = 9  # rows: border, padding, title, filter, blank, and two of the hint


class FilterList(Modal[T | None], Generic[T]):
    """Returns the chosen item, or None when closed. Letters go to the filter.

    Subclasses say which items a filter leaves, how each is drawn, and which keys there are.
    """

    BINDINGS: ClassVar[list[BindingType]] = [*bindings.LIST]
    AUTO_FOCUS = "TextField"

    def __init__(
        self, items: Sequence[T], title: str, placeholder: str, glyphs: Glyphs, key_names: KeyNames
    ) -> None:
        super().__init__()
        self.items = items
        self.glyphs = glyphs
        self.keys = key_names
        self.offered: Sequence[T] = ()
        self._drawn: int | None = None  # the row that is drawn as the one under the cursor
        self._title = title
        self._filter = TextField(id="filter")
        self._filter.placeholder = placeholder
        self.list = OptionList(compact=True, markup=False)
        self.list.can_focus = False
        self._status = Static(markup=False, id="hint")

    def compose(self) -> ComposeResult:
        with Vertical(id="filter-list"):
            yield Static(Content.styled(self._title, "bold"), markup=False, classes="line")
            yield self._filter
            yield self.list
            yield self._status

    def on_mount(self) -> None:
        self._offer("")
        self.action_move(next((n for n, item in enumerate(self.offered) if self.is_first(item)), 0))
        self.say()

    def is_first(self, item: T) -> bool:
        """Whether the cursor starts on ``item``; without such an item it starts on the first."""
        return False

    def fit(self, size: Size) -> None:
        """The list has the rows that the rest leaves."""
        super().fit(size)
        self.list.styles.height = max(1, min(len(self.items), size.height - _AROUND))

    def filtered(self, typed: str) -> Sequence[T]:
        """The items that match ``typed``, the best first."""
        raise NotImplementedError

    def line(self, item: T) -> Content:
        """``item`` as one row."""
        raise NotImplementedError

    def hint(self) -> str:
        """What the last row says when there is no news."""
        return f"{self.keys.of('list.choose')} chooses, {self.keys.of('list.close')} closes"

    def on_input_changed(self, message: Input.Changed) -> None:
        message.stop()
        self._offer(message.value)
        self.say()

    def _offer(self, typed: str) -> None:
        self.offered = self.filtered(typed)
        self.list.clear_options()
        self._drawn = None
        self.list.add_options(Option(self._row(item)) for item in self.offered)
        self.list.highlighted = 0 if self.offered else None

    def _row(self, item: T, *, here: bool = False) -> Content:
        """A row; the one under the cursor shows without colours, too."""
        row = Content.assemble(f"{self.glyphs.cursor} " if here else "  ", self.line(item))
        return drawable(row.stylize("bold reverse") if here else row, self.glyphs)

    def on_option_list_option_highlighted(self, message: OptionList.OptionHighlighted) -> None:
        message.stop()
        at = self.list.highlighted
        for index in {self._drawn, at} - {None}:
            assert index is not None
            row = self._row(self.offered[index], here=index == at)
            self.list.replace_option_prompt_at_index(index, row)
        self._drawn = at

    def say(self, text: str = "") -> None:
        """Show ``text`` in the last row; "": the hint."""
        said = text or (self.hint() if self.offered else "Nothing matches")
        self._status.update(drawable(Content.styled(clean_line(said, 500), MUTED), self.glyphs))

    @property
    def here(self) -> T | None:
        """The item under the cursor."""
        at = self.list.highlighted
        return None if at is None else self.offered[at]

    def action_move(self, by: int) -> None:
        if self.offered:
            at = (self.list.highlighted or 0) + by
            self.list.highlighted = max(0, min(len(self.offered) - 1, at))
            self.say()

    def action_page(self, by: int) -> None:
        self.action_move(by * max(1, self.list.size.height - 1))

    def action_choose(self) -> None:
        if self.here is not None:
            self.choose(self.here)

    def choose(self, item: T) -> None:
        """Return ``item``."""
        self.dismiss(item)

    def on_option_list_option_selected(self, message: OptionList.OptionSelected) -> None:
        message.stop()  # by a click
        self.action_choose()

    def action_stay(self) -> None:
        self.dismiss(None)
