"""Writing to a pipe that may be slow, or closed, without holding up the loop or the exit."""

from __future__ import annotations

import asyncio
import os
import select
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any


async def write(out: IO[Any], send: Callable[[], object], size_bytes: int) -> bool:
    """Run ``send``, which writes and flushes; False once nobody reads ``out`` any more.

    A pipe with room is written to at once; a full one from a thread: the engine that makes the
    events may live in this very loop.
    """
    try:
        if _takes(out, size_bytes):
            send()
        else:
            await asyncio.to_thread(send)
    except BrokenPipeError:
        _mute(out)
        return False
    return True


def _takes(out: IO[Any], size_bytes: int) -> bool:
    try:
        fd = out.fileno()
    except (OSError, ValueError):  # memory: always
        return True
    # POSIX: a pipe that is writable takes PIPE_BUF bytes without blocking.
    return size_bytes <= select.PIPE_BUF and bool(select.select([], [fd], [], 0)[1])


def _mute(out: IO[Any]) -> None:
    """What is still buffered goes nowhere: else the interpreter complains of it at exit."""
    try:
        fd = out.fileno()
    except (OSError, ValueError):
        return
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, fd)
    finally:
        os.close(null)
