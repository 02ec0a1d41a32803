"""The board's app ends when it is asked to."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, cast

import pytest

from aura_tui.ui.run import run_app

if TYPE_CHECKING:
    from aura_tui.ui.app import BoardApp


class _Deaf:
    """It loses every cancellation, as Textual may while it awaits its timers."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.asked = asyncio.Event()

    async def run_async(self, **_: object) -> None:
        self.entered.set()
        while not self.asked.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.asked.wait()

    def exit(self, *_: object, **__: object) -> None:
        self.asked.set()


async def test_a_cancellation_that_is_lost_inside_the_app_still_ends_it() -> None:
    app = _Deaf()
    board = asyncio.create_task(run_app(cast("BoardApp", app), mouse=False))
    await app.entered.wait()
    board.cancel()
    with pytest.raises(asyncio.CancelledError):
        await board
    assert app.asked.is_set()


async def test_an_app_that_fails_fails_its_run() -> None:
    class Broken:
        async def run_async(self, **_: object) -> None:
            raise OSError("no terminal")

    with pytest.raises(OSError, match="no terminal"):
        await run_app(cast("BoardApp", Broken()), mouse=False)
