"""What a stage told of each of its items: scenes, or parts of the narration. Bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aura_tui.ui import phrases

if TYPE_CHECKING:
    from aura_tui.model.events import StepProgressed

MAX_KEPT = 200


class Item(NamedTuple):
    """``text`` is what was first told of it, ``at_s`` how far into the stage (None: not yet)."""

    number: int
    text: str
    at_s: float | None


class Window(NamedTuple):
    """Some items in a row, and how many there are before and after them."""

    items: tuple[Item, ...]
    earlier: int
    later: int


class Items:
    """The items of one stage, the newest MAX_KEPT of them."""

    def __init__(self) -> None:
        self.current: int | None = None
        self._told: dict[int, Item] = {}
        self._total = 0

    def tell(self, event: StepProgressed, at_s: float) -> None:
        """Take in what ``event`` says, ``at_s`` seconds into its stage."""
        self._total = event.total_items or self._total
        number = self.current = event.current_item
        if number is None:
            return
        known = self._told.get(number)
        if known is not None and known.text:
            return  # its first words stay: what runs on is read above, and a list holds still
        at = phrases.item_of(event.step, number, event.total_items)
        text = phrases.told(event.message, event.substage_detail, at)
        self._told[number] = Item(number, text, known.at_s if known is not None else at_s)
        if len(self._told) > MAX_KEPT:
            del self._told[next(iter(self._told))]

    def window(self, room: int, *, open_end: bool) -> Window:
        """At most ``room`` items about the current one; one that is to come, too, if any is.

        ``open_end``: whether items past the last that was told of are still to come.
        """
        lowest, highest = min(self._told, default=1), max(self._told, default=0)
        count = max(highest, self._total if open_end else 0) - lowest + 1
        at = highest - lowest
        if self.current is not None and lowest <= self.current <= highest:
            at = self.current - lowest
        before = room - 2 if room > 2 else room - 1  # the one before tells more than the next
        first = max(0, min(at - before, count - room))
        last = min(count, first + room)
        numbers = range(lowest + first, lowest + last)
        items = tuple(self._told.get(n) or Item(n, "", None) for n in numbers)
        # They count from 1: of those that were there already nothing may have been told.
        return Window(items, first + max(0, lowest - 1), count - last)
