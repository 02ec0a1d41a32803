"""A person's request to stop the engine of a home: a file beside its lock, written before the
signal.

The signal alone says that a process must end, as at a restart of the machine, and the next engine
resumes the jobs. With the request they wait for a person. It stays until the next engine starts:
the clients of the one that has stopped start no other.
"""

from __future__ import annotations

import contextlib
import os
from typing import TYPE_CHECKING

from aura_tui.system import files

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.engine.home import Home

_MAX_BYTES = 20


def write(home: Home, pid: int) -> None:
    """Ask the engine of the process ``pid`` to let its jobs wait. Raises OSError."""
    files.atomic_write(_path(home), str(pid).encode(), mode=0o600, synced=False)


def is_for_us(home: Home) -> bool:
    """Whether somebody asked the engine of this process."""
    with contextlib.suppress(OSError, ValueError), _path(home).open("rb") as file:
        return int(file.read(_MAX_BYTES)) == os.getpid()
    return False


def exists(home: Home) -> bool:
    """Whether a person stopped the last engine, or is about to."""
    return _path(home).exists()


def remove(home: Home) -> None:
    """Remove the request, for any engine."""
    with contextlib.suppress(OSError):
        _path(home).unlink(missing_ok=True)


def _path(home: Home) -> Path:
    return home.root / "engine.stop"
