"""The command palette: all commands with their keys; those without effect say why."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from textual.content import Content

from aura_tui.ui.screens.filter_list import FilterList
from aura_tui.ui.theme.colours import FAINT, MUTED

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.theme.glyphs import Glyphs

_TITLE_MAX = 24  # cells
_KEYS_MAX = 9  # more keys than fit push their own line


class Command(NamedTuple):
    """A command. ``keys``: their names on the screen; ``where``: the pane that has them, "" for
    the whole board; ``idle``: why it has no effect now, "" if it has one."""

    title: str
    does: str
    keys: str
    where: str
    idle: str
    run: Callable[[], object]


class Palette(FilterList[Command]):
    """Returns the chosen command; one without effect can't be chosen."""

    def __init__(self, commands: Sequence[Command], glyphs: Glyphs, key_names: KeyNames) -> None:
        super().__init__(commands, "Commands", "Search for commands", glyphs, key_names)
        self._widths = (
            min(_TITLE_MAX, max((len(each.title) for each in commands), default=0)),
            min(_KEYS_MAX, max((len(each.keys) for each in commands), default=0)),
        )

    def filtered(self, typed: str) -> Sequence[Command]:
        """Commands with all words; those whose title begins as typed first, idle ones last."""
        whole = typed.strip().casefold()
        found = [
            each
            for each in self.items
            if all(word in " ".join(each[:4]).casefold() for word in whole.split())
        ]

        def order(each: Command) -> tuple[bool, bool, bool]:
            title = each.title.casefold()
            return bool(each.idle), title != whole, not title.startswith(whole)

        return sorted(found, key=order)

    def line(self, item: Command) -> Content:
        title, keys = self._widths
        told = item.does if item.does != item.title else ""
        if item.where:
            told = f"{item.where}: {told}" if told else item.where
        if item.idle:
            return Content.styled(
                f"{item.title:<{title}}  {item.keys:<{keys}}  - {item.idle}", FAINT
            )
        return Content.assemble(
            f"{item.title:<{title}}  ", (f"{item.keys:<{keys}}", "bold"), (f"  {told}", MUTED)
        )

    def choose(self, item: Command) -> None:
        if item.idle:
            self.say(item.idle)
        else:
            self.dismiss(item)
