"""What an answer that takes its time needs of its connection: whether the reader is still there,
and a way to cut it."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Final

from aura_tui.system.tasks import Supervisor

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope

ABORT: Final = "aura_tui.abort"  # the listener's extension of a scope


class DisconnectWatcher:
    """The other end of an answer under way. Use it as an async context manager."""

    def __init__(
        self, scope: Scope, receive: Receive, left: Callable[[], object] = lambda: None
    ) -> None:
        """``left`` is called when the reader has gone."""
        self._receive = receive
        self._left = left
        self._abort: Callable[[], None] | None = (scope.get("extensions") or {}).get(ABORT)
        self.gone = False
        self._closed = asyncio.Event()
        self.supervisor = Supervisor()

    async def __aenter__(self) -> DisconnectWatcher:
        self.supervisor.keep("disconnect watcher", self._watch, may_end=True)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.supervisor.aclose()

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        self._closed.set()
        self._left()

    def cut(self) -> None:
        """Close the connection at once, whatever waits to be written; without a listener of ours
        the server closes it after the answer has broken off."""
        if self._abort is not None:
            self._abort()

    async def cut_off(self) -> None:
        """:meth:`cut`, and wait until that is known."""
        self.cut()
        if self._abort is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), 1.0)
