"""Reads and writes the file with the person's choices. A file that is missing, damaged, or can't be
written is no error: the board works without it."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import msgspec

from aura_tui.system import files
from aura_tui.ui.state.choices import Choices

if TYPE_CHECKING:
    from pathlib import Path

_MAX_BYTES = 8 * 1024


def read(path: Path) -> Choices:
    """The choices in the file; the default for each that it doesn't have, or that is invalid.
    Blocks."""
    found: dict[str, object] = {}
    with suppress(OSError, msgspec.DecodeError, UnicodeDecodeError):
        with files.open_regular(path) as file:
            raw = file.read(_MAX_BYTES + 1)
        if len(raw) <= _MAX_BYTES:
            found = msgspec.json.decode(raw, type=dict[str, object])
    for name in [*found]:
        try:
            msgspec.convert({name: found[name]}, Choices)
        except msgspec.ValidationError:
            del found[name]
    return msgspec.convert(found, Choices)


def write(path: Path, choices: Choices) -> None:
    """Write the choices. Blocks."""
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)  # no engine may have made it
        files.atomic_write(path, msgspec.json.encode(choices), mode=0o600, synced=False)
