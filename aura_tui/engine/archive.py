"""The kept events by a connection of their own: long reading never waits for, or holds up, the
writer's thread."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

from aura_tui.engine.opening import open_reader
from aura_tui.errors import Code, EngineError
from aura_tui.service import Recorded
from aura_tui.threads import to_its_end

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.engine.store import Store


class ArchiveReader:
    """Reads one store file. Opened when it is first asked; close it before the home is let go."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store: Store | None = None
        self._one = asyncio.Lock()
        self._closed = False

    async def recorded(self, job_id: str | None, after: int, limit: int) -> Recorded:
        """See :meth:`aura_tui.service.Archive.recorded`."""
        async with self._one:
            if self._closed:
                raise EngineError(Code.ENGINE_GONE, "The engine has ended", "Start it again.")
            # A cancelled caller must not leave the thread behind with the connection.
            return await to_its_end(self._read, job_id, after, limit)

    def _read(self, job_id: str | None, after: int, limit: int) -> Recorded:
        try:
            if self._store is None:
                self._store = open_reader(self._path)
            if self._store is None:
                return Recorded((), None, after, False)
            return self._store.recorded(job_id, after, limit)
        except sqlite3.Error as e:
            raise EngineError(
                Code.STORE_CORRUPT, f"The store can't be read: {e}", "Check the disk."
            ) from None

    async def close(self) -> None:
        """Close the file; later questions are refused."""
        async with self._one:
            self._closed = True
            if self._store is not None:
                self._store.close()
                self._store = None
