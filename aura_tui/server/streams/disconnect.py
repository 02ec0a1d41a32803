"""Watches the connection of a long response: whether the client is still there; can abort it."""

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
    """Watches the client of a response in progress. Use it as an async context manager."""

    def __init__(
        self, scope: Scope, receive: Receive, on_disconnect: Callable[[], object] = lambda: None
    ) -> None:
        """``on_disconnect`` is called when the client has disconnected."""
        self._receive = receive
        self._on_disconnect = on_disconnect
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
        self._on_disconnect()

    def abort(self) -> None:
        """Close the connection at once and drop unsent data. Under another server than our
        listener this does nothing: that closes the connection after the incomplete response."""
        if self._abort is not None:
            self._abort()

    async def abort_and_wait(self) -> None:
        """:meth:`abort`, and wait until the disconnect arrives (1 s at most)."""
        self.abort()
        if self._abort is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), 1.0)
