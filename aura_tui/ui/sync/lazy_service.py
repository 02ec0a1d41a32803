"""Opens the service after the board's first frame, and closes it after the board."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from aura_tui.system.tasks import TaskFailure, report

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from types import TracebackType

    from aura_tui.service import JobService


HOLDER = "engine holder"


class LazyService:
    """Opens the service on demand. One task enters and leaves the service's context, because a
    task scope must be closed by the task that opened it. Use it as an async context manager around
    the board."""

    def __init__(self, make: Callable[[], AbstractAsyncContextManager[JobService]]) -> None:
        self._make = make
        self._release = asyncio.Event()
        self._service: asyncio.Future[JobService] | None = None
        self._holder: asyncio.Task[None] | None = None

    async def service(self) -> JobService:
        """The open service; opens it on the first call. Raises the errors of opening it."""
        if self._service is None:
            self._service = asyncio.get_running_loop().create_future()
            self._holder = asyncio.create_task(self._hold(self._service), name=HOLDER)
        return await asyncio.shield(self._service)

    async def _hold(self, opened: asyncio.Future[JobService]) -> None:
        try:
            async with self._make() as service:
                opened.set_result(service)
                await self._released()
        except BaseException as e:
            if opened.done():
                raise
            if not isinstance(e, asyncio.CancelledError):
                opened.set_exception(e)
            elif self._release.is_set():
                opened.cancel()
                raise
            else:
                opened.set_exception(RuntimeError("opening the engine was cancelled"))

    async def _released(self) -> None:
        """Wait until :meth:`__aexit__` releases the service. A cancel from elsewhere, or a failed
        wait, would close it under the board, so it is reported and ignored."""
        while not self._release.is_set():
            try:
                await self._release.wait()
            except (asyncio.CancelledError, Exception) as e:
                if (task := asyncio.current_task()) is not None:
                    task.uncancel()
                now = datetime.now(UTC)
                report(TaskFailure(name=HOLDER, error=e, at=now, restarts_in_s=0.0))

    async def __aenter__(self) -> LazyService:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._holder is None or self._service is None:
            return
        self._release.set()
        if not self._service.done():
            self._holder.cancel()  # nothing waits for it any more
        await asyncio.wait((self._holder,))  # a cancel meanwhile is ours, not the holder's
        self._service.cancel()  # if opening never finished
        if not self._service.cancelled():
            self._service.exception()  # retrieved: the caller of `service` has already raised it
        if not self._holder.cancelled():
            self._holder.result()
