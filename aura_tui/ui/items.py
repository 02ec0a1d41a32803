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
        self._forgotten = 0
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
            self._forgotten += 1

    def window(self, room: int, *, open_end: bool) -> Window:
        """At most ``room`` items about the current one; one that is to come, too, if any is.

        ``open_end``: whether items that nothing was told of are still to come.
        """
        told = sorted(self._told.values())
        highest = told[-1].number if told else 0
        coming = max(0, self._total - highest) if open_end else 0
        count = len(told) + coming
        at = len(told) - 1
        if self.current is not None:
            at = next((i for i, item in enumerate(told) if item.number == self.current), at)
        before = room - 2 if room > 2 else room - 1  # the one before tells more than the next
        first = max(0, min(at - before, count - room))
        last = min(count, first + room)
        items = told[first:last]
        for number in range(highest + 1, highest + 1 + last - max(first, len(told))):
            items.append(Item(number, "", None))
        return Window(tuple(items), first + self._forgotten, count - last)
