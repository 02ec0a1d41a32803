"""Standard input, output and error, which may be closed, full, or unread."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import io
import locale
import os
import sys
from typing import IO, TYPE_CHECKING, Any

from aura_tui.errors import Code, OutputError, ReaderGone
from aura_tui.system.fd_writer import FdWriter, write_all

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_MOMENT_S = 0.2  # for a line to be written before further output
_LAST_WORDS_S = 2.0
# The reader has left: a closed pipe or socket, or a terminal that has hung up.
_GONE = (errno.EPIPE, errno.ECONNRESET, errno.EIO)


def open_standard_streams() -> None:
    """Make ``sys.stdin``, ``sys.stdout`` and ``sys.stderr`` usable however we were started.

    A closed stream becomes ``/dev/null``: else a file opened later would take its number and
    receive our output. From now on a failed write to ``sys.stdout`` raises OutputError, never
    OSError, and a failed write to ``sys.stderr`` is dropped: there is nowhere left to report it.
    """
    for fd in range(3):
        try:
            os.fstat(fd)
        except OSError:  # closed, and so the lowest free number
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    if sys.stdin is None:
        sys.stdin = io.TextIOWrapper(io.BufferedReader(io.FileIO(0, closefd=False)))
    sys.stdout = _text(sys.stdout, _Stdout(1, "wb", closefd=False))
    sys.stderr = _text(sys.stderr, _Stderr(2, "wb", closefd=False))


def _text(before: object, raw: io.FileIO) -> io.TextIOWrapper:
    """A text stream on ``raw`` with the encoding and buffering of ``before``. Characters that the
    encoding lacks are written as escapes."""
    was = before if isinstance(before, io.TextIOWrapper) else None
    if was is not None:  # the board still writes to it, as sys.__stdout__
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
    """The error for a failed write to standard output."""
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
    """Redirect ``fd`` to ``/dev/null``, also for data that is still buffered: else each flush, the
    interpreter's own at exit too, would fail again."""
    with contextlib.suppress(OSError):
        null = os.open(os.devnull, os.O_WRONLY)
        try:
            os.dup2(null, fd)
        finally:
            os.close(null)


class StreamWriter:
    """Writes a view's output to ``out``, a text or binary file that may be slow or gone.
    :meth:`write` never blocks the loop, which may also run the engine."""

    def __init__(self, out: IO[Any]) -> None:
        self._out = out
        self._fd: int | None = None
        with contextlib.suppress(OSError, ValueError):  # memory has no descriptor
            self._fd = out.fileno()
            self._writer = FdWriter(self._fd)

    async def write(self, data: bytes) -> None:
        """Return when ``data`` is written. Raises OutputError (ReaderGone if the reader has left).
        When cancelled it returns at once, so that a stuck reader can't keep the process alive."""
        if self._fd is None:
            text = isinstance(self._out, io.TextIOBase)
            encoding = getattr(self._out, "encoding", None) or "utf-8"
            self._out.write(data.decode(encoding) if text else data)
            self._out.flush()
            return
        loop = asyncio.get_running_loop()
        written: asyncio.Future[None] = loop.create_future()

        def done(error: BaseException | None) -> None:
            if written.done():
                return
            if error is None:
                written.set_result(None)
            else:
                written.set_exception(error)

        def report(error: BaseException | None) -> None:
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(done, error)

        self._writer.write(data, report)
        try:
            await written
        except OSError as e:
            discard(self._fd)
            raise output_error(e) from None


class LineWriter:
    """Writes lines to stdout (1) or stderr (2), in order. In an event loop :meth:`say` blocks for a
    moment at most; elsewhere the line is written when it returns."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._writer = FdWriter(fd)

    def say(self, line: str) -> None:
        """Write ``line``; ignores a stream that has hung up or was closed from the start."""
        stuck = not self._writer.idle
        self.log(line)
        if not _in_a_loop():
            self.settle(None)
        elif not stuck:
            self.settle(_MOMENT_S)

    def log(self, line: str) -> None:
        """As :meth:`say`, without waiting. While nobody reads, lines beyond
        :data:`~aura_tui.system.fd_writer.MAX_WAITING_BYTES` are dropped."""
        stream = sys.__stdout__ if self._fd == 1 else sys.__stderr__
        if stream is not None:  # else its number may belong to another file by now
            self._writer.write(f"{line}\n".encode(stream.encoding, "backslashreplace"))

    def settle(self, timeout_s: float | None = _LAST_WORDS_S) -> None:
        """Return when all is written, or after ``timeout_s``."""
        self._writer.settle(timeout_s)


def _in_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


ERRORS = LineWriter(2)
OUTPUT = LineWriter(1)
