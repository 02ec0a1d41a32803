"""Checks moved keys (``[board.keys]``) before the board opens.

A key without effect, or with another one than shown, is worse than a rejected setting.
"""

from __future__ import annotations

from string import punctuation
from typing import TYPE_CHECKING

# There is no public function from a character to the key name in bindings.
from textual.keys import Keys, _character_to_key

from aura_tui.errors import Code, InputError
from aura_tui.model.text.sanitize import clean_line
from aura_tui.ui.keys import bindings

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from textual.binding import Binding

# Bindings that are active together. A focused input gets the letters.
TOGETHER: tuple[Sequence[Binding], ...] = (
    bindings.APP + bindings.JOBS + bindings.PALETTE,
    bindings.APP + bindings.STAGES + bindings.PALETTE,
    bindings.APP + bindings.LOG + bindings.PALETTE,
    bindings.APP + bindings.RESULT + bindings.PALETTE,
    bindings.APP + bindings.REPLAY + bindings.PALETTE,
    bindings.FILTER,
    bindings.SEARCH,
    bindings.DIALOG + bindings.CONFIRM + bindings.CHOICE,
    bindings.FORM + bindings.NEW_JOB + bindings.PICKER,
    bindings.LIST + bindings.SAMPLE,
    bindings.HELP,
)
_NAMES = {key.value.rpartition("+")[2] for key in Keys}
_NAMES |= {_character_to_key(sign) for sign in punctuation} | {"space", "tab", "delete"}
_MODIFIERS = {"ctrl", "shift", "alt", "super", "hyper", "meta"}


def check(keymap: Mapping[str, str]) -> None:
    """Raise InputError for an unknown id, an unknown key, or a moved key that another binding has
    already."""
    known = {binding.id for group in TOGETHER for binding in group}
    for moved, keys in keymap.items():
        if moved not in known:
            names = ", ".join(sorted(str(each) for each in known))
            raise _refusal(f"unknown key id {clean_line(moved, 80)!r}", f"Known ids: {names}.")
        for key in _split(keys):
            if not _is_key(key):
                raise _refusal(
                    f"{clean_line(key, 40)!r} (for {moved}) is not a key",
                    'Write keys as "x", "X", "ctrl+x", "f5", "pagedown", with commas between.',
                )
    for group in TOGETHER:
        _check_group(group, keymap)


def _check_group(group: Iterable[Binding], keymap: Mapping[str, str]) -> None:
    shipped: dict[str, set[str]] = {}
    now: dict[str, set[str]] = {}
    for binding in group:
        name = str(binding.id)
        shipped.setdefault(name, set()).update(_split(binding.key))
        keys = keymap.get(name)
        now.setdefault(name, set()).update(_split(keys or binding.key))
    for moved in keymap.keys() & now.keys():
        for other in now.keys() - {moved}:
            # Some share a key by default: the focused widget comes first.
            clash = (now[moved] & now[other]) - (shipped[moved] & shipped[other])
            if clash:
                first, second = sorted((moved, other))
                raise _refusal(
                    f"{first} and {second} both use the key {min(clash)}",
                    "Use another key for one of them.",
                )


def _split(keys: str) -> list[str]:
    """The keys of a comma-separated list, by Textual's names: ``question_mark`` for ``?``."""
    return [_named(key.strip()) for key in keys.split(",")]


def _named(key: str) -> str:
    return _character_to_key(key) if len(key) == 1 else key


def _is_key(key: str) -> bool:
    *modifiers, name = key.split("+")
    return _MODIFIERS.issuperset(modifiers) and (len(name) == 1 or name in _NAMES)


def _refusal(what: str, remedy: str) -> InputError:
    return InputError(
        Code.SETTINGS_INVALID,
        f"Invalid key binding: {what}",
        f"{remedy} Keys are set in [board.keys] of config.toml, or in AURA_BOARD_KEYS.",
    )
