"""A text input for a path, with completions."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.message import Message
from textual.suggester import Suggester

from aura_tui.system.path_completion import PathCompletion
from aura_tui.ui.widgets.inputs import TextField

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Complete = Callable[[str], Awaitable[PathCompletion]]


async def nothing_to_complete(typed: str) -> PathCompletion:
    """No completions."""
    return PathCompletion(typed, typed, typed, ())


class PathField(TextField):
    """The first completion shows after the cursor, where the right arrow takes it.

    ``complete`` runs after each change, in a worker.
    """

    class Completed(Message):
        """The completions of the text are known."""

        def __init__(self, field: PathField) -> None:
            super().__init__()
            self.field = field

        @property
        def control(self) -> PathField:
            return self.field

    def __init__(self, value: str, complete: Complete, *, id: str | None = None) -> None:
        super().__init__(value, id=id)
        self._completion = PathCompletion("", "", "", ())
        self.suggester = _Completions(complete, self._take)

    def _take(self, completion: PathCompletion) -> None:
        if completion.typed == self.value:
            self._completion = completion
            self.post_message(self.Completed(self))

    @property
    def names(self) -> tuple[str, ...]:
        """The completions; () if they aren't known yet."""
        return self._completion.names if self._completion.typed == self.value else ()

    @property
    def can_grow(self) -> bool:
        """Whether there is a completion that is more than the text."""
        names = self.names
        return bool(names) and names != (self.value.rpartition("/")[2],)

    def complete(self) -> bool:
        """Append what all completions have in common; False if that is nothing, or unknown."""
        text = self._completion.text
        if self._completion.typed != self.value or text == self.value or not self._at_end:
            return False
        if self.value.rpartition("/")[2] in self.names:  # it is a file that exists
            return False
        self.value = text
        self.cursor_position = len(text)
        return True

    @property
    def _at_end(self) -> bool:
        return self.cursor_position == len(self.value)


class _Completions(Suggester):
    def __init__(self, complete: Complete, found: Callable[[PathCompletion], None]) -> None:
        super().__init__(use_cache=False, case_sensitive=True)  # files come and go
        self._complete = complete
        self._found = found

    async def get_suggestion(self, value: str) -> str | None:
        completion = await self._complete(value)
        self._found(completion)
        return completion.first if completion.first != value else None
