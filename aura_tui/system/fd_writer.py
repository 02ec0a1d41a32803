"""Writes to a pipe, a terminal or a file that may be slow, full or gone, without blocking.

A write that could block runs in a daemon thread. Other programs share a terminal's modes and a
file's flags, so nothing here changes them, except :func:`write_within`.
"""

from __future__ import annotations

import contextlib
import os
import select
import stat
import threading
import time
from collections import deque
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

    from _typeshed import ReadableBuffer

    # Called with the error that the write raised, or None; in any thread.
    Done = Callable[[BaseException | None], None]

MAX_WAITING_BYTES: Final = 1 << 20  # several whole screens; further writes are dropped
_IDLE_S: Final = 1.0  # until an idle thread ends


class _Write(NamedTuple):
    data: bytes
    done: Done


def _ignore(error: BaseException | None) -> None:
    """The callback of writes whose failure doesn't matter."""


class FdWriter:
    """Writes to the descriptor ``fd`` in order: at once if that doesn't block, else in a daemon
    thread. After dropping writes it calls ``drained``, in that thread, when all others are
    written."""

    def __init__(self, fd: int, drained: Callable[[], None] = lambda: None) -> None:
        self._fd = fd
        self._drained = drained
        self._waiting: deque[_Write] = deque()
        self._waiting_bytes = 0
        self._left_out = False
        self._abandoned = threading.Event()
        # Its lock is reentrant: a signal handler may write while we do.
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def idle(self) -> bool:
        """Whether no write is pending."""
        return not self._waiting

    def write(self, data: bytes, done: Done = _ignore) -> None:
        """Write ``data``; never blocks and never raises. Drops it, without calling ``done``, if too
        much is pending already."""
        error: BaseException | None = None
        with self._changed:
            try:
                at_once = self.idle and can_write(self._fd, len(data))
                if at_once:
                    write_all(self._fd, data)
            except Exception as e:  # mostly an OSError
                at_once, error = True, e
            if not at_once:
                self._put(_Write(data, done))
                return
        done(error)

    def _put(self, write: _Write) -> None:
        if self._waiting_bytes > MAX_WAITING_BYTES:
            self._left_out = True
            return
        self._waiting.append(write)
        self._waiting_bytes += len(write.data)
        self._changed.notify_all()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="aura-output", daemon=True)
            self._thread.start()

    def settle(self, timeout_s: float | None) -> None:
        """Return when all is written, or after ``timeout_s``."""
        with self._changed:
            self._changed.wait_for(lambda: not self._waiting, timeout_s)

    def abandon(self, timeout_s: float) -> None:
        """Drop all pending writes; return when the current one has ended, or after ``timeout_s``.
        Doesn't take our lock: the interrupted thread may hold it."""
        self._abandoned.set()
        if self._waiting and self._thread is not None:
            self._thread.join(timeout_s)

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting, _IDLE_S)
                if not self._waiting or self._abandoned.is_set():
                    self._thread = None
                    return
                write = self._waiting[0]
            error: BaseException | None = None
            try:
                write_all(self._fd, write.data)
            except BaseException as e:  # any error: somebody may be waiting for this thread
                error = e
            if self._abandoned.is_set():
                return
            with self._changed:
                self._waiting.popleft()
                self._waiting_bytes -= len(write.data)
                drained = self._left_out and not self._waiting
                self._left_out = self._left_out and not drained
                self._changed.notify_all()
            write.done(error)
            if drained:
                self._drained()


def can_write(fd: int, size_bytes: int) -> bool:
    """Whether a write of ``size_bytes`` can't block. True for a file, and for a writable pipe up to
    PIPE_BUF bytes (POSIX: all or none). A terminal guarantees nothing: it is writable with room for
    one byte, and a write of two would block."""
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return True
    if not stat.S_ISFIFO(mode) or size_bytes > select.PIPE_BUF:
        return False
    return bool(select.select([], [fd], [], 0)[1])


def write_all(fd: int, data: ReadableBuffer) -> None:
    """Write all data, blocking as long as necessary, even if another program has set the shared
    file to non-blocking mode. Raises OSError."""
    left = memoryview(data).cast("B")
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:
            select.select([], [fd], [])


def write_within(fd: int, data: bytes, timeout_s: float) -> None:
    """Write as much of ``data`` as a terminal accepts within ``timeout_s``, without a thread."""
    until = time.monotonic() + timeout_s
    blocking = os.get_blocking(fd)
    with contextlib.suppress(OSError):
        os.set_blocking(fd, False)
        while data and time.monotonic() < until:
            if select.select([], [fd], [], 0.1)[1]:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(fd, data) :]
        os.set_blocking(fd, blocking)  # a shell shares this terminal
