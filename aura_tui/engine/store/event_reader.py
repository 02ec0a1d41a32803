"""Reads the store over a connection of its own, which never waits for the writer's thread or for
another process's lock, and never blocks them."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING, TypeVar

from aura_tui.engine.store.damage import DAMAGE
from aura_tui.engine.store.open import open_reader
from aura_tui.errors import Code, EngineError
from aura_tui.system.tasks import run_to_completion

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aura_tui.engine.store.store import Store
    from aura_tui.service import Recorded

T = TypeVar("T")


class EventReader:
    """Reads one store file. Opens it at the first read; close it before releasing the home."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: Store | None = None
        self._one = asyncio.Lock()
        self._closed = False

    @property
    def damaged(self) -> bool:
        """Whether it has met a damaged row."""
        return self._store is not None and self._store.damaged

    async def recorded(self, job_id: str | None, after: int, limit: int) -> Recorded:
        """See :meth:`aura_tui.service.Archive.recorded`."""
        return await self.read(lambda store: store.recorded(job_id, after, limit))

    async def read(self, work: Callable[[Store], T]) -> T:
        """Run ``work`` on the store, in a thread. Raises EngineError."""
        async with self._one:
            if self._closed:
                raise EngineError(
                    Code.ENGINE_GONE, "The engine has stopped", "Start the engine again."
                )
            # A cancelled caller must not leave a thread behind that uses the connection.
            return await run_to_completion(self._read, work)

    def _read(self, work: Callable[[Store], T]) -> T:
        try:
            if self._store is None:
                self._store = open_reader(self._path)
            if self._store is None:
                raise sqlite3.DatabaseError("it no longer exists")
            return work(self._store)
        except DAMAGE as e:
            raise EngineError(
                Code.STORE_CORRUPT, f"Can't read the database: {e}", "Check the disk."
            ) from None

    async def close(self) -> None:
        """Close the file; later reads raise EngineError."""
        async with self._one:
            self._closed = True
            if self._store is not None:
                self._store.close()
                self._store = None
