"""Writing to a pipe that may be slow, or closed, without holding up the loop or the exit."""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import IO, Any


async def write(out: IO[Any], send: Callable[[], object], data: bytes) -> bool:
    """Write ``data``, which is what ``send`` writes where ``out`` is no file but memory; False
    once nobody reads ``out`` any more.

    A pipe with room is written to at once; a full one from a thread: the engine that makes the
    events may live in this very loop. Cancelled, it returns at once, and the process may end
    whatever the reader does.
    """
    try:
        fd = out.fileno()
    except (OSError, ValueError):
        send()
        return True
    try:
        if _takes(fd, len(data)):
            data = data[os.write(fd, data) :]  # a terminal may take a part
        if data:
            await _from_a_thread(fd, data)
    except BrokenPipeError:
        _mute(out)
        return False
    return True


def _takes(fd: int, size_bytes: int) -> bool:
    # POSIX: a pipe that is writable takes PIPE_BUF bytes without blocking, all or none.
    return size_bytes <= select.PIPE_BUF and bool(select.select([], [fd], [], 0)[1])


async def _from_a_thread(fd: int, data: bytes) -> None:
    """A thread that nobody waits for at the end, and that holds no lock of the interpreter's."""
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()

    def tell(error: OSError | None) -> None:
        if done.done():
            return
        if error is None:
            done.set_result(None)
        else:
            done.set_exception(error)

    def work() -> None:
        failure: OSError | None = None
        left = memoryview(data)
        try:
            while left:
                left = left[os.write(fd, left) :]
        except OSError as e:
            failure = e
        with contextlib.suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(tell, failure)

    threading.Thread(target=work, name="aura-output", daemon=True).start()
    await done


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
