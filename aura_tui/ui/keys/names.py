"""Names of keys on the screen: the only place that turns a binding into the text for its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding, BindingsMap

from aura_tui.ui.keys import bindings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SIGNS = {
    "question_mark": "?",
    "slash": "/",
    "plus": "+",
    "minus": "-",
    "asterisk": "*",
    "exclamation_mark": "!",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "escape": "esc",
    "down": "dn",  # without arrows: "down" would make its help row take two lines
}
_ARROWS = {"up": "\u2191", "down": "\u2193", "left": "\u2190", "right": "\u2192"}


class KeyNames:
    """The current keys: ``moved`` maps ids of bindings to the keys that replace the shipped ones.
    ``ascii``: no arrows."""

    def __init__(self, moved: Mapping[str, str] | None = None, *, ascii: bool = False) -> None:
        self._moved = {id: ",".join(_spelt(keys)) for id, keys in (moved or {}).items()}
        self._arrows = {} if ascii else _ARROWS

    def of(self, id: str) -> str:
        """The first key of a binding, as the screen names it. Raises KeyError for an unknown id."""
        keys = self._moved.get(id) or _SHIPPED[id]
        return self.sign(keys.split(",")[0])

    def sign(self, key: str) -> str:
        """The name of a key on the screen: ``esc`` for ``escape``."""
        return self._arrows.get(key) or _SIGNS.get(key) or key

    def of_group(self, group: Sequence[Binding]) -> dict[tuple[str, str], list[str]]:
        """The keys of each binding, by id and action, as Textual resolves them."""
        resolved = BindingsMap(group)
        resolved.apply_keymap(self._moved)
        found: dict[tuple[str, str], list[str]] = {(b.id or "", b.action): [] for b in group}
        for key, bound in resolved.key_to_bindings.items():
            for binding in bound:
                its = found[binding.id or "", binding.action]
                if key not in its:
                    its.append(key)
        return found


def _spelt(keys: str) -> Iterator[str]:
    """Keys as Textual names them: ``?`` is ``question_mark``."""
    for binding in Binding.make_bindings([Binding(keys, "")]) if keys.strip() else ():
        yield binding.key


_SHIPPED = {
    str(binding.id): binding.key
    for group in (
        *(group for _, group in bindings.GROUPS),
        bindings.REPLAY,
        bindings.FILTER,
        bindings.SEARCH,
        bindings.LIST,
        bindings.PALETTE,
        bindings.HELP,
    )
    for binding in group
}
SHIPPED = KeyNames()
