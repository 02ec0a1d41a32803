"""The end of a log file on this machine, for the panel that says why a run failed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from aura_tui.model.text import clean_line

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 16 * 1024
_LINES = 20
_CHARS = 500


def tail_of(path: Path) -> tuple[str, ...]:
    """The last lines that say something, cleaned; () where the file can't be read. Blocks."""
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _BYTES))
            text = file.read(_BYTES).decode(errors="replace")
    except OSError:
        return ()
    lines = (clean_line(line, _CHARS) for line in text.splitlines())
    return tuple(line for line in lines if line.strip())[-_LINES:]
