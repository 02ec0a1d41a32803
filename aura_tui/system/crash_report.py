"""Reports unexpected errors: the traceback goes to a file, a one-line error to the user.

Background tasks and callbacks have no caller to raise to: their errors reach the event loop's
exception handler, which passes them on to the user while :func:`telling` is active.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
import threading
import time
import traceback
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeVar

from aura_tui.errors import AuraError, Code, EngineError
from aura_tui.system.tasks import FAILURE, TaskFailure, report

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator

T = TypeVar("T")

_AGAIN_S: Final = 60.0  # until the same failure is reported again
_MAX_REPORTED: Final = 100  # different failures to report; each may have a file


def write_report(error: BaseException, what: str = "Internal error", todo: str = "") -> EngineError:
    """Write the traceback of ``error`` to a file; returns the error to show instead. ``what`` says
    what happened, ``todo`` is an additional remedy."""
    return EngineError(
        Code.INTERNAL,
        f"{what}: {type(error).__name__}",
        f"{todo} {_remedy(error)}".lstrip(),
    )


def _remedy(error: BaseException) -> str:
    try:
        fd, path = tempfile.mkstemp(prefix="aura-tui-", suffix=".log")
        with os.fdopen(fd, "w", errors="backslashreplace") as file:
            file.write("".join(traceback.format_exception(error)))
    except OSError as e:  # such as a full disk: that must not hide the original error
        return f"Please report it. Could not write the traceback: {e.strerror or e}."
    return f"Please report it with {path}."


@contextmanager
def telling(on_error: Callable[[AuraError], None]) -> Iterator[None]:
    """While the block runs, pass errors of the running loop's callbacks and background tasks to
    ``on_error``, at once; the same failure at most once a minute."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(_ErrorReporter(on_error))
    try:
        with _threads_reported(loop):
            yield
    finally:
        loop.set_exception_handler(before)


def run_reporting(main: Coroutine[Any, Any, T], on_error: Callable[[AuraError], None]) -> T:
    """As :func:`asyncio.run`, with other errors on the loop passed to ``on_error``. Raises
    EngineError (INTERNAL) if ``main`` is cancelled unexpectedly."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(_ErrorReporter(on_error))
        try:
            with _threads_reported(loop):
                return runner.run(main)
        except asyncio.CancelledError as e:  # Ctrl-C is a KeyboardInterrupt by now
            raise write_report(
                e, todo="Unfinished jobs are kept; see them with: aura-tui jobs."
            ) from None


@contextmanager
def _threads_reported(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """While the block runs, report errors of threads on the loop. Python would print a traceback,
    over a board that may be on the screen."""

    def hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is None or isinstance(args.exc_value, SystemExit):
            return
        name = args.thread.name if args.thread is not None else "a thread"
        failure = TaskFailure(name=name, error=args.exc_value, at=datetime.now(UTC))
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(report, failure)

    before, threading.excepthook = threading.excepthook, hook
    try:
        yield
    finally:
        threading.excepthook = before


class _ErrorReporter:
    """An exception handler for an event loop."""

    def __init__(self, on_error: Callable[[AuraError], None]) -> None:
        self._on_error = on_error
        self._reported: dict[tuple[object, ...], tuple[float, AuraError]] = {}

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        failure = context.get(FAILURE)
        if failure is None and (error is None or isinstance(error, asyncio.InvalidStateError)):
            # AnyIO (4.16) may wake a future of a Unix socket that has been cancelled.
            return
        # There are few services, but any number of jobs, each with its own name.
        service = failure.name if failure is not None and failure.restarts_in_s is not None else ""
        key = (service, type(error), *_place(error))
        now = time.monotonic()
        before = self._reported.get(key)
        if before is not None and now - before[0] < _AGAIN_S:
            return
        if before is not None:
            shown = before[1]
        elif len(self._reported) < _MAX_REPORTED:
            shown = _error_for(error, failure)
        else:
            return
        self._reported[key] = (now, shown)
        self._on_error(shown)


def _error_for(error: BaseException | None, failure: TaskFailure | None) -> AuraError:
    if failure is not None:
        return _error_of_task(failure)
    assert error is not None
    return error if isinstance(error, AuraError) else write_report(error)


def _error_of_task(failure: TaskFailure) -> AuraError:
    """The error to show for a background task that died."""
    error = failure.error
    again = "It is restarted." if failure.restarts_in_s is not None else ""
    if isinstance(error, AuraError):
        todo = f"{again} {error.remediation}".lstrip()
        return EngineError(error.code, f"{failure.name} stopped: {error.message}", todo)
    unseen = error is None or isinstance(error, asyncio.CancelledError)
    todo = "Please report it." if unseen or error is None else _remedy(error)
    return EngineError(
        Code.INTERNAL, f"Internal error: {failure.reason}", f"{again} {todo}".lstrip()
    )


def _place(error: BaseException | None) -> tuple[object, ...]:
    """The file and line where an error was raised."""
    trace = error.__traceback__ if error is not None else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ()
