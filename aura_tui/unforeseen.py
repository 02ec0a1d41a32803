"""What nobody foresaw: its traceback goes to a file, for a report; a user gets a line."""

from __future__ import annotations

import asyncio
import os
import tempfile
import traceback
from typing import TYPE_CHECKING, Any, TypeVar

from aura_tui.errors import Code, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

T = TypeVar("T")


def keep(
    error: BaseException, what: str = "aura-tui made a mistake", todo: str = ""
) -> EngineError:
    """Write down ``error``; what to say of it instead: ``what`` happened, and ``todo`` by whoever
    it happened to."""
    fd, path = tempfile.mkstemp(prefix="aura-tui-", suffix=".log")
    with os.fdopen(fd, "w") as file:
        file.write("".join(traceback.format_exception(error)))
    return EngineError(
        Code.INTERNAL,
        f"{what}: {type(error).__name__}",
        f"{todo} Please report it with {path}.".lstrip(),
    )


def run(main: Coroutine[Any, Any, T], tell: Callable[[EngineError], None]) -> T:
    """As :func:`asyncio.run`. What callbacks and forgotten tasks raise, which asyncio prints at
    once, over a board as well, is told when ``main`` has ended."""
    mistakes: list[EngineError] = []

    def note(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        # AnyIO (4.16) has a Unix socket's reader wake a future that may be cancelled by then.
        if error is not None and not isinstance(error, asyncio.InvalidStateError):
            mistakes.append(keep(error))

    try:
        with asyncio.Runner() as runner:
            runner.get_loop().set_exception_handler(note)
            return runner.run(main)
    finally:
        for mistake in mistakes:
            tell(mistake)
