"""The items of a stage (scenes, or parts of the narration) and their last reports. Bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from aura_tui.format import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from aura_tui.model.events import StepProgressed

MAX_KEPT = 2000  # more than a job has scenes


class Item(NamedTuple):
    """``text`` is its first report, ``at_s`` the time of it in seconds of the stage (None: none
    yet)."""

    number: int
    text: str
    at_s: float | None


class Window(NamedTuple):
    """Some items in order, and how many are hidden before, between and after them."""

    items: tuple[Item, ...]
    earlier: int
    between: int
    later: int


class Items:
    """The items of one stage, the newest MAX_KEPT of them."""

    def __init__(self) -> None:
        self.active: frozenset[int] = frozenset()  # numbers of the running ones
        self._from: int | None = None  # the first that shows, once the person has paged
        self._shown = (1, 0)  # number of the first in the last window, and how many
        self._told: dict[int, Item] = {}
        self._total = 0

    def tell(self, event: StepProgressed, at_s: float) -> None:
        """Take in ``event``, ``at_s`` seconds into its stage."""
        self._total = event.total_items or self._total
        number = event.current_item
        at_work = event.active_items
        if not at_work and event.done_items is None and number is not None:
            at_work = (number,)  # an engine without `active_items` works on the item it names
        self.active = frozenset(at_work)
        for each in sorted(self.active):  # an engine may list one before its first report
            self._told.setdefault(each, Item(each, "", at_s))
        if number is None:
            return
        known = self._told.get(number)
        if known is not None and known.text:
            return  # its first text stays: the live one is shown above, and the list keeps still
        text = words.describe_item(event)
        self._told[number] = Item(number, text, known.at_s if known is not None else at_s)
        while len(self._told) > MAX_KEPT:
            del self._told[next(iter(self._told))]

    @property
    def kept(self) -> int:
        """How many items are kept, at most MAX_KEPT."""
        return len(self._told)

    def count(self, *, open_end: bool) -> int:
        """How many items can be listed, as :meth:`window` counts them."""
        return self._span(open_end)[1]

    def _span(self, open_end: bool) -> tuple[int, int]:
        """The lowest number, and how many there are from it on."""
        lowest, highest = min(self._told, default=1), max(self._told, default=0)
        return lowest, max(highest, self._total if open_end else 0) - lowest + 1

    @property
    def paged(self) -> bool:
        """Whether the person has paged away from the running ones."""
        return self._from is not None

    def page(self, by: int) -> None:
        """Show the next page (1) or the previous one (-1); an item stays in sight."""
        first, shown = self._shown
        self.show_from(first + by * max(1, shown - 1))

    def show_from(self, first: int | None) -> None:
        """Show the items from number ``first`` on; None: the running ones again."""
        self._from = first

    def window(self, room: int, *, open_end: bool) -> Window:
        """At most ``room`` items: the running ones, neighbours of the first one, and one that is
        still to come, if any; once the person has paged, those on the page.

        ``open_end``: whether more items follow the last reported one.
        """
        lowest, count = self._span(open_end)
        if self._from is not None:
            begin = max(0, min(self._from - lowest, count - room))
            return self._window(lowest, count, range(begin, min(count, begin + room)))
        known = sorted(n for n in self.active if lowest <= n < lowest + count)
        at = (known[0] if known else max(self._told, default=0)) - lowest
        numbers = _about(at, count, room)
        apart: list[int] = []
        while len(numbers) > 1:  # running ones further on replace neighbours
            apart = [n - lowest for n in known if n - lowest not in numbers]
            if len(numbers) + len(apart) <= room:
                break
            numbers = _about(at, count, len(numbers) - 1)
        return self._window(lowest, count, sorted({*numbers, *apart[: room - len(numbers)]}))

    def _window(self, lowest: int, count: int, chosen: Sequence[int]) -> Window:
        items = tuple(self._told.get(lowest + i) or Item(lowest + i, "", None) for i in chosen)
        if not chosen:
            return Window((), 0, 0, count)
        self._shown = (items[0].number, len(items))
        # They count from 1: reused ones may never have been reported.
        earlier = chosen[0] + max(0, lowest - 1)
        between = chosen[-1] + 1 - chosen[0] - len(chosen)
        return Window(items, earlier, between, count - chosen[-1] - 1)


def _about(at: int, count: int, room: int) -> range:
    """``room`` consecutive indices of ``count``, with ``at`` among them."""
    before = room - 2 if room > 2 else room - 1  # the previous one is worth more than the next
    first = max(0, min(at - before, count - room))
    return range(first, min(count, first + room))
