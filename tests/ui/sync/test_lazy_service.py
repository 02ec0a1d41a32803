"""A service is opened once, closed always, and its errors reach whoever waits for it."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest

from aura_tui.ui.sync.lazy_service import LazyService
from tests.ui.recordings import Tape
from tests.ui.scripted import ScriptedService

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from contextlib import AbstractAsyncContextManager

    from aura_tui.service import JobService


async def test_it_is_opened_once_and_closed_at_the_end_by_the_task_that_opened_it() -> None:
    service = ScriptedService(Tape())
    tasks: list[asyncio.Task[None] | None] = []

    @asynccontextmanager
    async def make() -> AsyncIterator[JobService]:
        tasks.append(asyncio.current_task())
        yield service
        tasks.append(asyncio.current_task())

    async with LazyService(make) as opening:
        assert await opening.service() is service
        assert await opening.service() is service
        assert len(tasks) == 1
    assert len(tasks) == 2
    assert tasks[0] is tasks[1]


async def test_one_that_nobody_asked_for_is_never_opened() -> None:
    def make() -> AbstractAsyncContextManager[JobService]:
        raise AssertionError

    async with LazyService(make):
        pass


async def test_an_error_of_opening_is_raised_where_it_is_awaited() -> None:
    def make() -> AbstractAsyncContextManager[JobService]:
        raise ValueError("no engine")

    async with LazyService(make) as opening:
        with pytest.raises(ValueError, match="no engine"):
            await opening.service()


async def test_an_error_of_closing_is_raised_at_the_end() -> None:
    @asynccontextmanager
    async def make() -> AsyncIterator[JobService]:
        yield ScriptedService(Tape())
        raise ValueError("can't close")

    with pytest.raises(ValueError, match="can't close"):
        async with LazyService(make) as opening:
            await opening.service()


async def test_leaving_while_it_still_opens_ends_the_opening() -> None:
    ended = asyncio.Event()
    begun = asyncio.Event()

    @asynccontextmanager
    async def make() -> AsyncIterator[JobService]:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        yield ScriptedService(Tape())

    async with LazyService(make) as opening:
        waiting = asyncio.create_task(opening.service())
        await begun.wait()
    assert ended.is_set()
    with pytest.raises(asyncio.CancelledError):
        await waiting


async def test_a_cancel_while_it_closes_is_not_swallowed() -> None:
    closing, go_on, closed = asyncio.Event(), asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def make() -> AsyncIterator[JobService]:
        yield ScriptedService(Tape())
        closing.set()
        await go_on.wait()
        closed.set()

    async def use() -> None:
        async with LazyService(make) as opening:
            await opening.service()

    using = asyncio.create_task(use())
    await closing.wait()
    using.cancel()
    with pytest.raises(asyncio.CancelledError):
        await using
    go_on.set()  # the service closes in an orderly way all the same
    await closed.wait()
