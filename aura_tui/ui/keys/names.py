"""What keys are called on the screen: the one way from a binding to the text that names its key."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.binding import Binding, BindingsMap

from aura_tui.ui.keys import bindings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

_SIGNS = {
    "question_mark": "?",
    "slash": "/",
    "pagedown": "pgdn",
    "pageup": "pgup",
    "escape": "esc",
    "down": "dn",  # where there are no arrows: with three letters more, its row takes two lines
}
_ARROWS = {"up": "\u2191", "down": "\u2193", "left": "\u2190", "right": "\u2192"}


class KeyNames:
    """The keys that people press: ``moved`` has ids of bindings, with the keys they have instead
    of the shipped ones. ``ascii``: no arrows."""

    def __init__(self, moved: Mapping[str, str] | None = None, *, ascii: bool = False) -> None:
        self._moved = {id: ",".join(_spelt(keys)) for id, keys in (moved or {}).items()}
        self._arrows = {} if ascii else _ARROWS

    def of(self, id: str) -> str:
        """The first key of a binding, as the screen names it. Raises KeyError for no binding."""
        keys = self._moved.get(id) or _SHIPPED[id]
        return self.sign(keys.split(",")[0])

    def sign(self, key: str) -> str:
        """A key by the name the screen has for it: ``esc`` for ``escape``."""
        return self._arrows.get(key) or _SIGNS.get(key) or key

    def of_group(self, group: Sequence[Binding]) -> dict[tuple[str, str], list[str]]:
        """The keys of each binding (by id and action), as Textual itself finds them."""
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
    for _, group in (*bindings.GROUPS, ("", bindings.FILTER + bindings.SEARCH + bindings.HELP))
    for binding in group
}
SHIPPED = KeyNames()
