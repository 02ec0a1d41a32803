"""Standard input, output and error: perhaps closed, full, or read by nobody.

A write that could wait is a thread's, which nobody waits for at the end. The other programs on a
terminal share its modes, and whoever shares our file its flags: neither is touched here.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import locale
import os
import select
import stat
import sys
import threading
from collections import deque
from typing import TYPE_CHECKING

from aura_tui.errors import Code, OutputError, ReaderGone

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_MAX_WAITING = 1000  # lines; what comes above that, no stuck terminal will ever show
_MOMENT_S = 0.2  # for a line to stand before what comes next
_LAST_WORDS_S = 2.0
# Nobody reads any more: of a pipe or a socket, and of a terminal that has hung up.
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.EIO)


def open_standard_streams() -> None:
    """Make ``sys.stdin``, ``sys.stdout`` and ``sys.stderr`` usable however we were started.

    A closed one becomes ``/dev/null``: a file opened later would take its number, and get what is
    meant for the terminal. From here on a write to ``sys.stdout`` that fails raises OutputError,
    never OSError, and one to ``sys.stderr`` is dropped: there is nowhere left to report it.
    """
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:  # the lowest free number is this one
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
    sys.stdout = _text(sys.stdout, _Stdout(1, "wb", closefd=False))
    sys.stderr = _text(sys.stderr, _Stderr(2, "wb", closefd=False))


def _text(before: object, raw: io.FileIO) -> io.TextIOWrapper:
    """A text stream on ``raw``, in the encoding and buffered as ``before`` was. A character that
    the locale lacks is written as an escape."""
    was = before if isinstance(before, io.TextIOWrapper) else None
    if was is not None:  # the board goes on writing to it, as sys.__stdout__
        was.reconfigure(errors="backslashreplace")
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=was.encoding if was else locale.getencoding(),
        errors="backslashreplace",
        line_buffering=was.line_buffering if was else raw.fileno() == 2,
        write_through=was.write_through if was else False,
    )


class _Stdout(io.FileIO):
    def write(self, data: ReadableBuffer, /) -> int:
        try:
            write_all(self.fileno(), data)
        except OSError as e:
            discard(self.fileno())
            raise output_error(e) from None
        return memoryview(data).nbytes


class _Stderr(io.FileIO):
    def write(self, data: ReadableBuffer, /) -> int:
        with contextlib.suppress(OSError):
            write_all(self.fileno(), data)
        return memoryview(data).nbytes


def output_error(error: OSError) -> OutputError:
    """What a failed write to standard output is told as."""
    if error.errno in _GONE:
        return ReaderGone(
            Code.OUTPUT_FAILED, "The reader of stdout is gone", "Keep it open until the end."
        )
    return OutputError(
        Code.OUTPUT_FAILED,
        f"Can't write to stdout: {error.strerror or error}",
        "Free some space there, or redirect stdout to another place.",
    )


def discard(fd: int) -> None:
    """From now on what is written to ``fd``, and what is still buffered for it, goes nowhere: else
    each flush, the interpreter's own at exit too, fails again."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, fd)
        finally:
            os.close(null)


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


class LineWriter:
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
            if self._thread is None or not self._thread.is_alive():
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
            if not can_write(self._fd, len(data)):
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
            # Whatever it is: this is where errors are told, and somebody waits for the line.
            with contextlib.suppress(Exception):
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


ERRORS = LineWriter(2)
OUTPUT = LineWriter(1)
