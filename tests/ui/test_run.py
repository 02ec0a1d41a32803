"""The board's app ends when it is asked to."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from textual.app import App

from aura_tui.ui.run import run_app


class _Deaf(App[None]):
    """It loses every cancellation, as Textual may while it awaits its timers."""

    async def run_async(self, **_: object) -> None:
        self.entered = asyncio.Event()
        self.asked = asyncio.Event()
        self.entered.set()
        while not self.asked.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await self.asked.wait()

    def exit(self, *_: object, **__: object) -> None:
        self.asked.set()


async def test_a_cancellation_that_is_lost_inside_the_app_still_ends_it() -> None:
    app = _Deaf()
    board = asyncio.create_task(run_app(app, mouse=False))
    await asyncio.sleep(0)
    while not hasattr(app, "entered"):
        await asyncio.sleep(0)
    board.cancel()
    with pytest.raises(asyncio.CancelledError):
        await board
    assert app.asked.is_set()


async def test_an_app_that_fails_fails_its_run() -> None:
    class Broken(App[None]):
        async def run_async(self, **_: object) -> None:
            raise OSError("no terminal")

    with pytest.raises(OSError, match="no terminal"):
        await run_app(Broken(), mouse=False)
