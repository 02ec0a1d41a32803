"""The one thread that writes to the store; it commits all pending work as one transaction.

It does work in the order in which it was put, and calls back on the event loop in that order, once
the work is durable. It waits while another process locks the file. If the thread dies, its current
work fails and a new thread replaces it, so nobody waits for ever.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import sqlite3
import threading
import time
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.engine.store.damage import is_busy, is_damage
from aura_tui.errors import Code, EngineError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from aura_tui.engine.store.store import Store

_RESERVE_BYTES = 1 << 20
_MAX_BATCH = 4096
_BUSY_TIMEOUT_MS = 100  # SQLite's own wait for a lock; we repeat it
_BUSY_AGAIN_S = 0.02
_CLOSE_S = 10.0  # if a lock is still held then, unwritten work is lost


class Work(NamedTuple):
    """What the thread runs inside a transaction, and its callbacks on the event loop."""

    run: Callable[[Store], object]
    synced: bool  # whether it must be on disk, not only in the system's cache
    done: Callable[[object], None]
    failed: Callable[[Exception], None]


_Result = tuple[Work, object, Exception | None]


class Writer:
    """Owns the store's connection and the thread. All methods belong to the event loop."""

    def __init__(
        self,
        store: Store,
        reserve: Path,
        *,
        broken: Callable[[EngineError], None],
        died: Callable[[BaseException], None],
    ) -> None:
        """``reserve`` is a file to delete when the disk is full. ``broken`` gets the error that
        stops all writing, ``died`` the one that ended the thread (which is replaced)."""
        self.store = store
        self._reserve = reserve
        self._broken = broken
        self._died = died
        with contextlib.suppress(OSError):
            reserve.write_bytes(bytes(_RESERVE_BYTES))
        store.db.execute(f"PRAGMA busy_timeout={_BUSY_TIMEOUT_MS}")
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._in_hand: list[Work] = []
        self._busy_since: float | None = None  # time.monotonic()
        self._give_up_at: float | None = None
        self._closing = False
        self._thread = self._start()

    @property
    def busy_s(self) -> float:
        """How long another process has locked the file; 0.0 if none has."""
        since = self._busy_since
        return 0.0 if since is None else time.monotonic() - since

    def put(self, work: Work) -> None:
        """Queue ``work`` behind all that was put before."""
        self._queue.put(work)

    def stop_waiting(self) -> None:
        """Limit the wait for a lock on the file from now on."""
        if self._give_up_at is None:
            self._give_up_at = time.monotonic() + _CLOSE_S

    async def close(self) -> None:
        """Finish the queued work and close the store."""
        self._closing = True
        self._queue.put(None)
        # A thread that dies meanwhile is replaced.
        while self._thread.is_alive():
            await asyncio.to_thread(self._thread.join)
            await asyncio.sleep(0)
        self.store.close()

    # -- the thread

    def _start(self) -> threading.Thread:
        thread = threading.Thread(target=self._work, name="aura-log", daemon=True)
        thread.start()
        return thread

    def _work(self) -> None:
        try:
            while self.turn():
                pass
        except BaseException as e:
            error = e
            self._call_soon(lambda: self._replace(error))

    def _replace(self, error: BaseException) -> None:
        in_hand, self._in_hand = self._in_hand, []
        self._busy_since = None
        self._thread = self._start()
        if self._closing:  # the dead thread may have taken the signal to end
            self._queue.put(None)
        self._died(error)
        failure = EngineError(
            Code.INTERNAL,
            f"The database writer stopped unexpectedly ({type(error).__name__})",
            "Try again; the engine restarted it.",
        )
        for work in in_hand:
            work.failed(failure)

    def turn(self) -> bool:
        """Wait for work and commit all that is pending; False after the signal to end."""
        batch = [self._queue.get()]
        while len(batch) < _MAX_BATCH:
            try:
                batch.append(self._queue.get_nowait())
            except queue.Empty:
                break
        works = [work for work in batch if work is not None]
        last = len(works) < len(batch)
        if works:
            self._in_hand = works
            results = self._when_free(works)
            self._in_hand = []
            self._call_soon(lambda: _settle(results))
        return not last

    def _when_free(self, works: list[Work]) -> list[_Result]:
        try:
            while True:
                try:
                    return self._commit(works)
                except sqlite3.Error as e:
                    if not is_busy(e) or self._gives_up():
                        return self._failed(works, e)
                    if self._busy_since is None:
                        self._busy_since = time.monotonic()
                    time.sleep(_BUSY_AGAIN_S)
        finally:
            self._busy_since = None

    def _gives_up(self) -> bool:
        return self._give_up_at is not None and time.monotonic() > self._give_up_at

    def _failed(self, works: list[Work], error: sqlite3.Error) -> list[_Result]:
        failure = failure_of(error)
        if failure.code is Code.DISK_FULL and self._reserve.exists():
            # The reserved space lets the last events of jobs be written all the same.
            self._reserve.unlink(missing_ok=True)
            with contextlib.suppress(sqlite3.Error):
                return self._commit(works)
        elif is_damage(error):
            self._call_soon(lambda: self._broken(failure))
        return [(work, None, failure) for work in works]

    def _commit(self, works: list[Work]) -> list[_Result]:
        """One transaction. Raises sqlite3.Error with nothing written."""
        db = self.store.db
        results: list[_Result] = []
        synced = any(work.synced for work in works)
        try:
            if synced:
                db.execute("PRAGMA synchronous=FULL")
            self.store.begin()
            for work in works:
                # Work that fails on its own must not fail the rest of the batch.
                try:
                    results.append((work, work.run(self.store), None))
                except sqlite3.OperationalError:
                    raise
                except sqlite3.DatabaseError as e:
                    results.append((work, None, failure_of(e)))
                except Exception as e:
                    results.append((work, None, e))
            self.store.commit(synced=synced)
            return results
        finally:
            if db.in_transaction:
                with contextlib.suppress(sqlite3.Error):
                    db.execute("ROLLBACK")
            if synced:
                db.execute("PRAGMA synchronous=NORMAL")

    def _call_soon(self, call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: no callback is left
            self._loop.call_soon_threadsafe(call)


def _settle(results: list[_Result]) -> None:
    for work, result, error in results:
        if error is None:
            work.done(result)
        else:
            work.failed(error)


def failure_of(error: sqlite3.Error) -> EngineError:
    """The error to report for an error of SQLite."""
    if "disk is full" in str(error) or "disk I/O" in str(error):
        return EngineError(
            Code.DISK_FULL,
            "Can't write the database: the disk is full or failing",
            "Free some space and start again; the jobs resume from their checkpoints.",
        )
    if is_busy(error):
        return EngineError(
            Code.HOME_UNUSABLE,
            "Another program has locked the database",
            "Close the program that has it open (sqlite3, a backup), then try again.",
        )
    if is_damage(error):
        return EngineError(
            Code.STORE_CORRUPT,
            f"Can't write the database: {error}",
            "Check the disk and start again; the engine moves a damaged database and "
            "reports where.",
        )
    return EngineError(
        Code.HOME_UNUSABLE,
        f"Can't write the database: {error}",
        "Check the folder's permissions and the disk.",
    )
