"""Kills a child process when its parent ends, in whatever way (Linux only).

Separate from :mod:`aura_tui.system.processes`, so that a child that starts children itself needn't
import asyncio.
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

    Call it in a new child with its parent's id; it exits if the parent has already ended.
    """
    if _libc is not None:
        _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)


def preexec() -> Callable[[], None]:
    """The function for a child to run between fork and exec, to make it die with this process."""
    parent = os.getpid()
    return lambda: die_with_parent(parent)
