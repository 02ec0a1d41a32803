"""Runs the board from start to end, and opens and closes its service.

:func:`board` returns when the board has closed; cancelling its task closes the board cleanly, as a
signal handler does.
"""

from __future__ import annotations

import asyncio
import gc
from typing import TYPE_CHECKING

from aura_tui.errors import AuraError
from aura_tui.system.crash_report import telling, write_report
from aura_tui.ui.app import BoardApp
from aura_tui.ui.keys import keymap
from aura_tui.ui.state.quit import Leave
from aura_tui.ui.sync.lazy_service import LazyService

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from contextlib import AbstractAsyncContextManager

    from aura_tui.service import JobService
    from aura_tui.ui.state.options import BoardOptions, Outcome


async def board(
    make_service: Callable[[], AbstractAsyncContextManager[JobService]],
    find_job: Callable[[JobService], Awaitable[str]] | None,
    options: BoardOptions,
    stop: Callable[[], None] = lambda: None,
) -> Outcome:
    """Show the board until the person quits. ``stop`` is called, with the service still open, if
    they stop its jobs to resume them later.

    Both callables run in this loop, after the first frame: ``make_service`` opens the engine;
    ``find_job`` submits or looks up a job and returns its id; None opens on the job list. The
    service closes after the terminal is restored. Raises the errors of opening, finding and
    following, and InputError for an invalid key map.
    """
    keymap.check(options.settings.board.keys)

    def open_() -> AbstractAsyncContextManager[JobService]:
        # The first frame is there. What it took stays, too, and looking through all of that again
        # and again would keep keys waiting: up to 50 ms each time.
        gc.freeze()
        gc.enable()
        return make_service()

    async with LazyService(open_) as opening:
        app = BoardApp(opening.service, find_job, options)
        with telling(app.reporter.mishap):
            await app.run_async(mouse=options.settings.board.mouse)
        if app.outcome.leave is Leave.STOP:
            stop()
        task = asyncio.current_task()
        if task is not None and task.cancelling():
            raise asyncio.CancelledError  # Textual treats it as the end of the app
    if app.failure is None:
        return app.outcome
    if isinstance(app.failure, AuraError):
        raise app.failure
    todo = "Resume unfinished jobs with: aura-tui watch."
    raise write_report(app.failure, "The board stopped unexpectedly", todo) from None
