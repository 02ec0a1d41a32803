"""The end of a log file on this machine, for the panel that says why a run failed."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from pathlib import Path

_BYTES = 64 * 1024
_LINES = 20
_CHARS = 500


def tail_of(path: Path) -> tuple[str, ...]:
    """The last non-empty lines, cleaned; () if the file can't be read. Blocks.

    For FFmpeg's log: the lines of the command that failed. Parallel commands may have ended later,
    or successfully.
    """
    try:
        with path.open("rb") as file:
            file.seek(0, os.SEEK_END)
            file.seek(max(0, file.tell() - _BYTES))
            text = file.read(_BYTES).decode(errors="replace")
    except OSError:
        return ()
    lines = (clean_line(line, _CHARS) for line in _of_failed(text).splitlines())
    return tuple(line for line in lines if line.strip())[-_LINES:]


def _of_failed(log: str) -> str:
    """The output and exit of the last failed command in FFmpeg's log; any other log whole."""
    blocks = re.split(r"^=== ", log, flags=re.MULTILINE)
    for block in reversed(blocks[1:]):
        ended = re.search(r"^exit code: +(-?\d+)$", block, flags=re.MULTILINE)
        if ended is not None and int(ended[1]):
            what = block.partition("\n")[0]
            said = block.partition("\n--- stderr\n")[2].rpartition("\n---\n")[0]
            return f"{said}\n{what}: exit code {ended[1]}"
    return log
