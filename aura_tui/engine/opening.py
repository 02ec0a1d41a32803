"""Opening the store's file: the schema brought up, and nothing damaged taken for whole.

A file that is small, was not closed cleanly, or was not looked at for a day is checked whole; the
jobs' rows always. A damaged file is set aside under another name, and a new one is begun with the
jobs that are whole in it; whatever ends us meanwhile, one of the two is there at the next start.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.engine.store import CREATE, SCHEMA, UPGRADES, Store
from aura_tui.errors import Code, EngineError

if TYPE_CHECKING:
    from pathlib import Path

_SMALL_BYTES = 32 << 20  # checking it takes 2 ms a megabyte
_CHECK_EVERY_S = 86400
_LAST_SCHEMA = 1000  # beyond what we will ever reach: a number that nobody wrote


class Opened(NamedTuple):
    """A store open for writing, and how it was found."""

    store: Store
    clean: bool  # the engine before closed it; False: it crashed
    aside: Path | None = None  # where a damaged file is now
    saved: int = 0  # jobs taken over from that
    lost: tuple[str, ...] = ()  # jobs that are in that alone, as far as their ids can be read


def open_store(path: Path, now_s: float | None = None) -> Opened:
    """Open for writing; create it if it isn't there. The engine's lock must be held.

    Raises EngineError for a file of a newer schema, or one that can't be opened; a damaged one is
    set aside.
    """
    now_s = time.time() if now_s is None else now_s
    saved_file = path.with_name(f"{path.name}.saved")
    try:
        _finish_move(path, saved_file)
        with contextlib.suppress(_Damaged):
            return Opened(*_try_open(path, now_s))
        return _begin_anew(path, saved_file, now_s)
    except sqlite3.DatabaseError as e:
        raise _unusable(path, e) from None
    except OSError as e:
        raise EngineError(
            Code.HOME_UNUSABLE,
            f"The store {path} can't be opened: {e.strerror or e}",
            "Check the folder's permissions and the disk's free space.",
        ) from None


def _begin_anew(path: Path, saved_file: Path, now_s: float) -> Opened:
    """Save what is whole into a new file, then exchange the two."""
    from aura_tui.engine.rescue import rescue

    _remove(saved_file)
    new, _ = _try_open(saved_file, now_s)
    try:
        saved, lost = rescue(path, new, now_s)
        new.set_meta("clean", 1)
    finally:
        new.close()
    aside = _free_name(path)
    for suffix in _FILES:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    _finish_move(path, saved_file)
    store, _ = _try_open(path, now_s)
    return Opened(store, False, aside, saved, lost)


_FILES = ("", "-wal", "-shm")


def _finish_move(path: Path, saved_file: Path) -> None:
    """Give the saved file its name, once the damaged one has let go of that."""
    if not path.exists() and saved_file.exists():
        _remove(path)  # a journal of the damaged one must not be read into this one
        saved_file.rename(path)
    else:
        _remove(saved_file)  # half-made


def _remove(path: Path) -> None:
    for suffix in _FILES:
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _free_name(path: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    aside, number = path.with_name(f"{path.name}.corrupt-{stamp}"), 1
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
    return aside


def _unusable(path: Path, error: Exception) -> EngineError:
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        return EngineError(
            Code.DISK_FULL,
            f"The store {path} can't be written: the disk is full",
            "Free some space and start again: the jobs go on from their checkpoints.",
        )
    return EngineError(
        Code.HOME_UNUSABLE,
        f"The store {path} can't be opened: {error}",
        "Check the folder's permissions and the disk's free space.",
    )


# What SQLite says of a file's surroundings; all else it says of the file itself.
_SURROUNDINGS = frozenset(
    {
        sqlite3.SQLITE_AUTH,
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)


# Python trips over what a damaged file makes SQLite say of it.
DAMAGE = (sqlite3.DatabaseError, UnicodeDecodeError)


def _is_damage(error: Exception) -> bool:
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT)  # Python's own have none
    return code == sqlite3.SQLITE_IOERR_SHORT_READ or code & 0xFF not in _SURROUNDINGS


def open_reader(path: Path) -> Store | None:
    """Open for reading beside an engine; None if there is no store yet."""
    if not path.exists():
        return None
    try:
        return _try_read(path)
    except DAMAGE as e:
        error: Exception = e
    if not _is_damage(error) and not _has_wal(path):
        # In a folder that can't be written a WAL file has no place for its index. Nor has it a
        # writer, then.
        with contextlib.suppress(*DAMAGE):
            return _try_read(path, "&immutable=1")
    if not _is_damage(error):
        raise _unusable(path, error) from None
    raise EngineError(
        Code.STORE_CORRUPT,
        f"The store {path} can't be read: {error}",
        "Start any run: the engine sets a damaged store aside, saves the jobs in it that are "
        "whole, and begins a new one.",
    )


def _has_wal(path: Path) -> bool:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except OSError:
        return False


def _try_read(path: Path, more: str = "") -> Store:
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro{more}", uri=True, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA query_only=1")
        schema = connection.execute("PRAGMA user_version").fetchone()[0]
        _check_version(schema, path)
        connection.execute("SELECT max(id) FROM events").fetchone()
        return Store(connection, schema)
    except BaseException:
        connection.close()
        raise


def _check_version(version: int, path: Path) -> None:
    if not 0 <= version <= _LAST_SCHEMA:
        raise sqlite3.DatabaseError(f"there is no schema {version}")
    if version > SCHEMA:
        raise EngineError(
            Code.STORE_NEWER,
            f"The store {path} was written by a newer aura-tui (schema {version}, this one knows "
            f"{SCHEMA})",
            "Upgrade aura-tui, or set AURA_HOME to another folder.",
        )


class _Damaged(Exception):
    """The file isn't what was written."""


def _try_open(path: Path, now_s: float) -> tuple[Store, bool]:
    """The store, and whether it was closed cleanly. Raises :class:`_Damaged`, and
    sqlite3.DatabaseError where the file's surroundings are at fault."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        _check_version(version, path)
        connection.execute("PRAGMA busy_timeout=5000")
        clean, due = True, True
        if version:  # nothing is written before all is known to be whole
            store = Store(connection, version)
            clean = bool(store.meta("clean"))
            due = not clean or _due(store, now_s)
            if damage := (store.damage() if due else "") or store.damaged_row():
                raise _Damaged(damage)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        if not version:
            Store(connection)  # gives it our functions
            connection.executescript(f"BEGIN;{CREATE}PRAGMA user_version={SCHEMA};COMMIT;")
        for older in range(version or SCHEMA, SCHEMA):
            connection.executescript(
                f"BEGIN;{UPGRADES[older]}PRAGMA user_version={older + 1};COMMIT;"
            )
        store = Store(connection)
        if due:
            store.set_meta("checked", int(now_s))
        store.set_meta("clean", 0)
        return store, clean
    except BaseException as e:
        connection.close()
        if isinstance(e, DAMAGE) and _is_damage(e):
            raise _Damaged(str(e)) from None
        raise


def _due(store: Store, now_s: float) -> bool:
    pages = store.db.execute("PRAGMA page_count").fetchone()[0]
    size = pages * store.db.execute("PRAGMA page_size").fetchone()[0]
    ago_s = abs(now_s - (store.meta("checked") or 0))
    return bool(size <= _SMALL_BYTES or ago_s > _CHECK_EVERY_S)
