"""All commands of the board, with their keys, for the palette."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from textual.actions import parse

from aura_tui.ui.keys import bindings
from aura_tui.ui.screens.board import Pane
from aura_tui.ui.screens.palette import Command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from collections.abc import Set as AbstractSet

    from textual.app import App
    from textual.binding import Binding

    from aura_tui.ui.keys.names import KeyNames
    from aura_tui.ui.screens.board import BoardScreen

_LATER = "It has no effect now"
_PANES = (
    ("Jobs", bindings.JOBS, Pane.JOBS),
    ("Stages", bindings.STAGES, Pane.JOB),
    ("Log", bindings.LOG, Pane.LOG),
    ("Finished job", bindings.RESULT, Pane.JOB),
)
_HERE = {"interrupt"}  # from the palette it would copy or cancel what isn't visible


def commands(
    app: App[None],
    board: BoardScreen,
    key_names: KeyNames,
    *,
    recorded: bool,
    why_idle: Callable[[str, tuple[object, ...]], str | None],
) -> Iterator[Command]:
    """Commands of the whole board, then those of its panes; without keys that only move.
    ``why_idle`` returns None for an action that has an effect, else the reason, or "".
    """
    own = bindings.APP + (bindings.REPLAY if recorded else ())
    for binding, keys in _told(own, key_names):
        name, parameters = parse(binding.action)[1:]
        if name in _HERE:
            continue
        why = why_idle(name, parameters)
        run = partial(app.run_action, binding.action)
        yield _command(binding, keys, "", "" if why is None else why or _LATER, run)
    yield Command("Theme", "Choose the colours", "", "", "", app.action_change_theme)
    taken: set[str] = set()  # by the replay, on whose board they come first
    if recorded:
        taken.update(*key_names.of_group(bindings.REPLAY).values())
    for where, group, pane in _PANES:
        for binding, keys in _told(group, key_names, taken):
            idle = board.why_not(where, parse(binding.action)[1])
            if recorded and binding.id in bindings.CHANGING:
                idle = why_idle("new_job", ()) or idle
            go = partial(board.run_in, pane, binding.action)
            yield _command(binding, keys, where, idle, go)


def _command(
    binding: Binding, keys: str, where: str, idle: str, run: Callable[[], object]
) -> Command:
    return Command(
        binding.description, binding.tooltip or binding.description, keys, where, idle, run
    )


def _told(
    group: Sequence[Binding], key_names: KeyNames, taken: AbstractSet[str] = frozenset()
) -> Iterator[tuple[Binding, str]]:
    """The bindings of ``group`` that do more than move, each once, with the names of their keys;
    without those ``taken``."""
    keys = key_names.of_group(group)
    told: set[str] = set()
    for binding in group:
        its = [key for key in keys[binding.id or "", binding.action] if key not in taken]
        moves = group is not bindings.REPLAY and not (binding.show or binding.tooltip)
        if not moves and binding.action not in told:
            told.add(binding.action)
            yield binding, " ".join(map(key_names.sign, its))
