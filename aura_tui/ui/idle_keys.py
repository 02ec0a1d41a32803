"""What to say where a key of the board does nothing: better a word than a key that seems broken."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.ui import bindings

if TYPE_CHECKING:
    from collections.abc import Mapping

_CHANGES = {
    "cancel_run": "Nothing here can be cancelled: only what waits, runs or is paused",
    "pause_run": "Nothing here can be paused: only what runs",
    "retry_run": "Nothing here can be retried: only what failed or was cancelled",
    "new_job": "",
}


def words(key: str, keymap: Mapping[str, str], *, looks_on: bool, recorded: bool) -> str:
    """Why ``key`` (as Textual names it, or where ``keymap`` has moved it) changes nothing now; ""
    where it isn't one of the keys that change something."""
    for binding in bindings.APP:
        keys = keymap.get(str(binding.id), binding.key)
        if binding.action in _CHANGES and key in (each.strip() for each in keys.split(",")):
            if recorded:
                return "A recording can't be changed"
            if looks_on:
                return "This board only looks on: it was started with --read-only"
            return _CHANGES[binding.action]
    return ""
