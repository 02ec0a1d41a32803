"""Writing to a pipe, a terminal or a file that may be slow, full or gone, without waiting for it.

A write that could wait is a thread's, which nobody waits for at the end. The other programs on a
terminal share its modes, and the other users of our file its flags: neither is touched here, but
by :func:`write_within`.
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

    # Gets what the write raised, or None; called in any thread.
    Done = Callable[[BaseException | None], None]

MAX_WAITING_BYTES: Final = 1 << 20  # several whole screens; what comes above that is left out
_IDLE_S: Final = 1.0  # until a thread with nothing to write ends


class _Write(NamedTuple):
    data: bytes
    done: Done


def _ignore(error: BaseException | None) -> None:
    """For writes whose failure is no news."""


class FdWriter:
    """Writes to the descriptor ``fd`` in order. What it takes at once is written at once, all else
    from a daemon thread. ``drained`` is called, in that thread, when all is written after some was
    left out."""

    def __init__(self, fd: int, drained: Callable[[], None] = lambda: None) -> None:
        self._fd = fd
        self._drained = drained
        self._waiting: deque[_Write] = deque()
        self._waiting_bytes = 0
        self._left_out = False
        self._abandoned = threading.Event()
        # Its lock is reentrant: a signal's handler may write while we do.
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None

    @property
    def idle(self) -> bool:
        """Whether nothing waits to be written."""
        return not self._waiting

    def write(self, data: bytes, done: Done = _ignore) -> None:
        """Have ``data`` written; never waits, and never raises. ``done`` isn't called for what is
        left out because too much is waiting already."""
        error: BaseException | None = None
        with self._changed:
            try:
                at_once = self.idle and can_write(self._fd, len(data))
                if at_once:
                    write_all(self._fd, data)
            except Exception as e:  # an OSError, mostly
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
        """Write nothing after what is being written now; return when that is, or after
        ``timeout_s``. Doesn't take our lock: the thread that it interrupts may hold it."""
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
            except BaseException as e:  # whatever it is: somebody may wait for this thread
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
    """Whether a write of so much ends at once. True of a file; of a pipe as POSIX has it: one that
    is writable takes PIPE_BUF bytes, all or none. A terminal promises nothing of the kind: it is
    writable with room for one byte, and a write of two waits."""
    mode = os.fstat(fd).st_mode
    if stat.S_ISREG(mode):
        return True
    if not stat.S_ISFIFO(mode) or size_bytes > select.PIPE_BUF:
        return False
    return bool(select.select([], [fd], [], 0)[1])


def write_all(fd: int, data: ReadableBuffer) -> None:
    """Write all of it, waiting for as long as that takes, also where another program has left the
    file that we share with it in non-blocking mode. Raises OSError."""
    left = memoryview(data).cast("B")
    while left:
        try:
            left = left[os.write(fd, left) :]
        except BlockingIOError:
            select.select([], [fd], [])


def write_within(fd: int, data: bytes, timeout_s: float) -> None:
    """Write as much of ``data`` as a terminal takes within ``timeout_s``, without a thread."""
    until = time.monotonic() + timeout_s
    blocking = os.get_blocking(fd)
    with contextlib.suppress(OSError):
        os.set_blocking(fd, False)
        while data and time.monotonic() < until:
            if select.select([], [fd], [], 0.1)[1]:
                with contextlib.suppress(BlockingIOError):
                    data = data[os.write(fd, data) :]
        os.set_blocking(fd, blocking)  # a shell has this terminal, too
