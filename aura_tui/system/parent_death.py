"""What ties a child process to its parent: on Linux it dies when the parent does, however that is.

Apart from :mod:`aura_tui.system.processes`, so that a child that starts a child itself needn't
load asyncio.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG = 1  # linux/prctl.h

# Loaded before any fork: between fork and exec nothing may import or allocate much.
_libc = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


def die_with_parent(parent: int) -> None:
    """Ask the kernel to kill this process when its parent ends (Linux; elsewhere a no-op).

    Called in a fresh child with its parent's id; a parent that ended meanwhile is noticed.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def preexec() -> Callable[[], None]:
    """What a child runs between fork and exec: make it die with this process."""
    parent = os.getpid()
    return lambda: die_with_parent(parent)
