"""Errors that nobody foresaw: a traceback goes to a file, for a report; a person gets a line.

Background tasks and callbacks have nobody to raise to: what ends one reaches the event loop's
exception handler, and from there, as long as :func:`telling` lasts, a person.
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

_AGAIN_S: Final = 60.0  # until the same failure is told again
_MOST: Final = 100  # different failures that are told; each may have a file


def write_report(error: BaseException, what: str = "Internal error", todo: str = "") -> EngineError:
    """Write down ``error``; what to say of it instead: ``what`` happened, and ``todo`` by whoever
    it happened to."""
    return EngineError(
        Code.INTERNAL,
        f"{what}: {type(error).__name__}",
        f"{todo} {_asking(error)}".lstrip(),
    )


def _asking(error: BaseException) -> str:
    try:
        fd, path = tempfile.mkstemp(prefix="aura-tui-", suffix=".log")
        with os.fdopen(fd, "w", errors="backslashreplace") as file:
            file.write("".join(traceback.format_exception(error)))
    except OSError as e:  # the disk is full, say: that must not hide what happened
        return f"Please report it. Could not write the traceback: {e.strerror or e}."
    return f"Please report it with {path}."


@contextmanager
def telling(tell: Callable[[AuraError], None]) -> Iterator[None]:
    """While the block lasts, tell what ends callbacks and background tasks of the running loop, at
    once; the same thing at most once a minute."""
    loop = asyncio.get_running_loop()
    before = loop.get_exception_handler()
    loop.set_exception_handler(_Teller(tell))
    try:
        with _threads_reported(loop):
            yield
    finally:
        loop.set_exception_handler(before)


def run_reporting(main: Coroutine[Any, Any, T], tell: Callable[[AuraError], None]) -> T:
    """As :func:`asyncio.run`, :func:`telling` what else goes wrong on the loop. Raises EngineError
    (INTERNAL) where ``main`` is cancelled, and doesn't say by whom."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        loop.set_exception_handler(_Teller(tell))
        try:
            with _threads_reported(loop):
                return runner.run(main)
        except asyncio.CancelledError as e:  # Ctrl-C is a KeyboardInterrupt by now
            raise write_report(
                e, todo="Unfinished jobs are kept; see them with: aura-tui jobs."
            ) from None


@contextmanager
def _threads_reported(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """While the block lasts, the loop reports what ends a thread. Python would print a traceback,
    over a board that may be there."""

    def hook(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is None or isinstance(args.exc_value, SystemExit):
            return
        name = args.thread.name if args.thread is not None else "a thread"
        failure = TaskFailure(name=name, error=args.exc_value, at=datetime.now(UTC))
        with suppress(RuntimeError):  # the loop is closed: nobody is there any more
            loop.call_soon_threadsafe(report, failure)

    before, threading.excepthook = threading.excepthook, hook
    try:
        yield
    finally:
        threading.excepthook = before


class _Teller:
    """An exception handler of an event loop."""

    def __init__(self, tell: Callable[[AuraError], None]) -> None:
        self._tell = tell
        self._told: dict[tuple[object, ...], tuple[float, AuraError]] = {}

    def __call__(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        failure = context.get(FAILURE)
        if failure is None and (error is None or isinstance(error, asyncio.InvalidStateError)):
            # AnyIO (4.16) has a Unix socket's reader wake a future that may be cancelled by then.
            return
        # Of jobs there are any number, with names of their own; of services a few.
        service = failure.name if failure is not None and failure.restarts_in_s is not None else ""
        key = (service, type(error), *_place(error))
        now = time.monotonic()
        before = self._told.get(key)
        if before is not None and now - before[0] < _AGAIN_S:
            return
        if before is not None:
            told = before[1]
        elif len(self._told) < _MOST:
            told = _words(error, failure)
        else:
            return
        self._told[key] = (now, told)
        self._tell(told)


def _words(error: BaseException | None, failure: TaskFailure | None) -> AuraError:
    if failure is not None:
        return of_task(failure)
    assert error is not None
    return error if isinstance(error, AuraError) else write_report(error)


def of_task(failure: TaskFailure) -> AuraError:
    """What to say of a background task that died."""
    error = failure.error
    again = "It is restarted." if failure.restarts_in_s is not None else ""
    if isinstance(error, AuraError):
        todo = f"{again} {error.remediation}".lstrip()
        return EngineError(error.code, f"{failure.name} stopped: {error.message}", todo)
    unseen = error is None or isinstance(error, asyncio.CancelledError)
    todo = "Please report it." if unseen or error is None else _asking(error)
    return EngineError(
        Code.INTERNAL, f"Internal error: {failure.reason}", f"{again} {todo}".lstrip()
    )


def _place(error: BaseException | None) -> tuple[object, ...]:
    """Where an error was raised."""
    trace = error.__traceback__ if error is not None else None
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (trace.tb_frame.f_code.co_filename, trace.tb_lineno) if trace is not None else ()
