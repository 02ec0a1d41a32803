"""Types on an app under test, faster than its pilot.

The pilot waits after each key until the processor is idle: longest where there is most to do.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual.events import Key

# No public way leads from a character to the name of its key.
from textual.keys import _character_to_key, key_to_character

if TYPE_CHECKING:
    from textual.pilot import Pilot

_HOPS = 4  # of messages from a key to what it did: application, widget, its parent, application


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys, each when the one before it has been answered."""
    for key in keys:
        name = _character_to_key(key) if len(key) == 1 else key
        pilot.app.post_message(Key(name, key_to_character(name) or key_to_character(key)))
        await _answered(pilot)


async def type_ahead(pilot: Pilot[Any], *keys: str) -> None:
    """Press keys before any of them has been answered, as a key that repeats does."""
    for key in keys:
        pilot.app.post_message(Key(key, key_to_character(key)))
    for _ in keys:
        await _answered(pilot)


async def _answered(pilot: Pilot[Any]) -> None:
    for _ in range(_HOPS):
        await pilot._wait_for_screen()
