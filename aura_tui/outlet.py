"""Writing to where perhaps nobody reads: a pipe that is full, a terminal that takes nothing.

A write that could wait is a thread's, which nobody waits for at the end. The other programs on a
terminal share its modes, and whoever shares our file its flags: neither is touched here.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import select
import stat
import sys
import threading
from collections import deque

_MAX_WAITING = 1000  # lines; what comes above that, no stuck terminal will ever show
_MOMENT_S = 0.2  # for a line to stand before what comes next
_LAST_WORDS_S = 2.0


def takes(fd: int, size_bytes: int) -> bool:
    """Whether a write of so much ends at once. True of a file; of a pipe as POSIX has it: one that
    is writable takes PIPE_BUF bytes, all or none. A terminal promises nothing of the kind: it is
    writable with room for one byte, and a write of two waits."""
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return True
    if not stat.S_ISFIFO(mode) or size_bytes > select.PIPE_BUF:
        return False
    return bool(select.select([], [fd], [], 0)[1])


def write_all(fd: int, data: bytes) -> None:
    """Write all of it, waiting for as long as that takes, also where another program has left the
    file that we share with it in non-blocking mode. Raises OSError."""
    left = memoryview(data)
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:
            select.select([], [fd], [])


class Lines:
    """Lines for stdout (1) or stderr (2), in the order they were said. Said in an event loop, one
    never holds that up for longer than a moment; elsewhere it has been written when :meth:`say`
    returns."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._waiting: deque[bytes] = deque()
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    def say(self, line: str) -> None:
        """Write ``line``; one that nobody can take (a hang-up, a stream that we were started
        without) is no error."""
        stream = sys.__stdout__ if self._fd == 1 else sys.__stderr__
        if stream is None:  # by now the number may be another file's
            return
        data = f"{line}\n".encode(stream.encoding, "backslashreplace")
        with self._changed:
            stuck = bool(self._waiting)
            if not stuck and self._written(data):
                return
            if len(self._waiting) < _MAX_WAITING:
                self._waiting.append(data)
                self._changed.notify_all()
            if self._thread is None:
                self._thread = threading.Thread(target=self._write, name="aura-lines", daemon=True)
                self._thread.start()
        if not _in_a_loop():
            self.settle(None)
        elif not stuck:
            self.settle(_MOMENT_S)

    def settle(self, timeout_s: float | None = _LAST_WORDS_S) -> None:
        """Return when all is written, or after ``timeout_s``."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, timeout_s)

    def _written(self, data: bytes) -> bool:
        """Whether it is, or can't be, without waiting."""
        try:
            if not takes(self._fd, len(data)):
                return False
            write_all(self._fd, data)
        except (OSError, ValueError):
            pass
        return True

    def _write(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting)
                data = self._waiting[0]
            with contextlib.suppress(OSError, ValueError):
                write_all(self._fd, data)
            with self._changed:
                self._waiting.popleft()
                self._changed.notify_all()


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


ERRORS = Lines(2)
OUTPUT = Lines(1)
