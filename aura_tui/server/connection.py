"""What an answer that takes its time needs of its connection: whether the reader is still there,
and a way to cut it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive, Scope

ABORT: Final = "aura_tui.abort"  # the listener's extension of a scope


class Reader:
    """The other end of an answer under way. Use it as an async context manager."""

    def __init__(
        self, scope: Scope, receive: Receive, left: Callable[[], object] = lambda: None
    ) -> None:
        """``left`` is called when the reader has gone."""
        self._receive = receive
        self._left = left
        self._abort: Callable[[], None] | None = (scope.get("extensions") or {}).get(ABORT)
        self.gone = False

    async def __aenter__(self) -> Reader:
        self._watching = asyncio.create_task(self._watch())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._watching.cancel()
        await asyncio.wait((self._watching,))

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
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
            await asyncio.wait((self._watching,), timeout=1.0)
