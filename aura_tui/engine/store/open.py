"""Opens the store's file: upgrades its schema, checks it, and replaces a damaged one.

The check is complete if the file is small, was not closed cleanly, or was not checked for a day;
the jobs' rows are checked always. A damaged file is moved to another name, and a new one starts
with the jobs recovered from it. Whenever the process dies meanwhile, one of the two files is there
at the next start.

A store that ends before its high-water mark, or is empty beside the folders of jobs, counts as
damaged, too. SQLite doesn't report a write-ahead log that was cut, changed or lost: when a
connection that may write is closed, it copies the readable part of the log into the file and
removes the rest. So a read-only connection does the check, and file and log are moved together.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.engine.home import Home
from aura_tui.engine.store import trusted_time
from aura_tui.engine.store.damage import DAMAGE, is_busy, is_damage
from aura_tui.engine.store.store import CREATE, SCHEMA, UPGRADES, Store
from aura_tui.engine.store.watermark import Watermark
from aura_tui.errors import Code, EngineError
from aura_tui.format.words import local_time
from aura_tui.model.ids import COUNTER_BITS
from aura_tui.model.text.plural import counted
from aura_tui.model.text.sanitize import clean_line

if TYPE_CHECKING:
    from pathlib import Path

_SMALL_BYTES = 32 << 20  # checking it takes 2 ms a megabyte
_CHECK_EVERY_S = 86400
_LOCKED_S = 30.0  # how long to wait for another program's lock on the file
_LAST_SCHEMA = 1000  # higher than we will ever reach: such a number is damage


class Opened(NamedTuple):
    """A store open for writing, and the state in which it was found."""

    store: Store
    clean: bool  # the previous engine closed it; False: it crashed
    damage: Damage | None = None
    clock: str = ""  # the warning that the clock may be wrong

    @property
    def notices(self) -> tuple[str, ...]:
        """The notices for the user."""
        damage = self.damage.notice if self.damage is not None else ""
        return tuple(filter(None, (damage, self.clock)))


class Damage(NamedTuple):
    """The outcome for a store that was damaged or missing."""

    moved_to: Path | None  # where the file was moved; None: it was missing
    saved: int  # jobs recovered from it
    lost: tuple[str, ...]  # readable ids of jobs that could not be recovered
    ends_ms: int | None  # time of the last event before the lost ones; 0: all; None: none lost
    folders: tuple[str, ...]  # jobs of which only the files are left
    jobs: Path  # the folder of those

    @property
    def notice(self) -> str:
        """The notice for the user."""
        saved = counted(self.saved, "job was", "jobs were")
        text = f"The database was damaged and moved to {self.moved_to}. {saved} recovered"
        if self.moved_to is None:
            text = "The database was missing; a new one was created"
        elif self.ends_ms:
            at = datetime.fromtimestamp(self.ends_ms / 1000, UTC)
            text += f"; events after {local_time(at)} are lost"
        elif self.ends_ms == 0:
            text += "; everything else is lost"
        text += "."
        if self.lost:
            text += f" Not recovered, only in that file: {_some(self.lost)}."
        if self.folders:
            text += f" Jobs with only their files left, in {self.jobs}: {_some(self.folders)}."
        return f"{text} [{Code.STORE_CORRUPT}]"


def _some(ids: tuple[str, ...]) -> str:
    more = f" and {len(ids) - 5} more" if len(ids) > 5 else ""
    return ", ".join(clean_line(each, 20) for each in ids[:5]) + more


def open_store(path: Path, now_s: float | None = None) -> Opened:
    """Open for writing; create the file if it is missing. The engine's lock must be held.

    Moves a damaged file away and recovers its jobs. Raises EngineError for a file of a newer
    schema, or one that can't be opened.
    """
    now_s = time.time() if now_s is None else now_s
    saved_file = path.with_name(f"{path.name}.saved")
    try:
        _finish_move(path, saved_file)
        mark = Watermark(path)
        try:
            opened = Opened(*_when_free(path, now_s, mark))
            now_ms = int(now_s * 1000)
            clock = trusted_time.load(opened.store, now_ms).notice(now_ms)
            opened = opened._replace(clock=clock)
        except _Damaged:
            opened = _rebuild(path, saved_file, now_s, mark)
            mark = Watermark(path)
        mark.begin(opened.store.last_id())
        opened.store.mark = mark
        return opened
    except sqlite3.DatabaseError as e:
        raise _unusable(path, e) from None
    except OSError as e:
        raise EngineError(
            Code.HOME_UNUSABLE,
            f"Can't open the database {path}: {e.strerror or e}",
            "Check the folder's permissions and the disk's free space.",
        ) from None


def _rebuild(path: Path, saved_file: Path, now_s: float, mark: Watermark) -> Opened:
    """Recover the whole jobs into a new file, then swap the two."""
    from aura_tui.engine.store.recovery import Recovered, recover
    from aura_tui.engine.store.wal import rebuild

    _remove(saved_file)
    new, _ = _try_open(saved_file, now_s)
    source, sure = path, None
    try:
        if _has_wal(path):
            source, sure = _beside(saved_file, "-from"), _last_id(path)
            rebuild(path, _beside(path, "-wal"), source)
        found = Recovered(0, (), False)
        if source.exists():
            found = recover(source, new, now_s, sure)
        last_id = new.last_id()
        new.set_meta("last_id", max(last_id, mark.last))  # ids only rise
        new.set_meta("clean", 1)
    finally:
        new.close()
    moved_to = _move_away(path, _free_name(path))
    _finish_move(path, saved_file)
    store, _ = _try_open(path, now_s)
    home = Home(path.parent)
    folders = tuple(sorted(home.job_folders() - store.job_ids() - {*found.lost}))
    ends_ms = None
    if found.cut or last_id < mark.least:
        ends_ms = (last_id if sure is None else sure) >> COUNTER_BITS
    return Opened(
        store, False, Damage(moved_to, found.saved, found.lost, ends_ms, folders, home.jobs)
    )


def _last_id(path: Path) -> int:
    """The id of the newest event as SQLite reads the file; 0 if it can't."""
    with contextlib.suppress(*DAMAGE), contextlib.closing(_connect(path, "ro")) as connection:
        return Store(connection).last_id()
    return 0


_FILES = ("", "-wal", "-shm", "-mark")


def _finish_move(path: Path, saved_file: Path) -> None:
    """Rename the recovered file to ``path`` if the damaged one has been moved from there."""
    if not path.exists() and saved_file.exists():
        # Move the rest of the damaged store after it, above all its write-ahead log: SQLite must
        # not read that into the new file.
        earlier = path.parent.glob(f"{path.name}.corrupt-*")
        files = [file for file in earlier if not file.name.endswith(_FILES[1:])]
        _move_away(path, max(files, default=_free_name(path)))
        saved_file.rename(path)
    else:
        _remove(saved_file)  # incomplete
    _beside(saved_file, "-from").unlink(missing_ok=True)


def _remove(path: Path) -> None:
    for suffix in _FILES:
        _beside(path, suffix).unlink(missing_ok=True)


def _move_away(path: Path, moved_to: Path) -> Path | None:
    """Rename the store and its companion files; returns the new path of the file, or of its log
    if there was no file; None if there was neither."""
    moved = []
    for suffix in _FILES:
        if _beside(path, suffix).exists():
            to = _beside(moved_to, suffix)
            to = _beside(_free_name(path), suffix) if to.exists() else to
            moved.append(_beside(path, suffix).rename(to))
    return next((file for file in moved if not file.name.endswith(_FILES[2:])), None)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _free_name(path: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    moved_to, number = path.with_name(f"{path.name}.corrupt-{stamp}"), 1
    while any(_beside(moved_to, suffix).exists() for suffix in _FILES):
        number += 1
        moved_to = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
    return moved_to


def _unusable(path: Path, error: Exception) -> EngineError:
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_FULL:
        return EngineError(
            Code.DISK_FULL,
            f"Can't write the database {path}: the disk is full",
            "Free some space and start again; the jobs resume from their checkpoints.",
        )
    if is_busy(error):
        return EngineError(
            Code.HOME_UNUSABLE,
            f"Another program has locked the database {path}",
            "Close the program that has it open (sqlite3, a backup), then try again.",
        )
    return EngineError(
        Code.HOME_UNUSABLE,
        f"Can't open the database {path}: {error}",
        "Check the folder's permissions and the disk's free space.",
    )


def open_reader(path: Path) -> Store | None:
    """Open for reading beside an engine; None if there is no store yet."""
    mark = Watermark(path)  # read first: an engine moves it after each commit
    try:
        return _try_read(path, mark)
    except DAMAGE as e:
        error: Exception = e
    if not is_damage(error) and not _has_wal(path):
        # In a read-only folder SQLite can't create the index of a WAL file. Nor can anybody
        # write to the store there.
        with contextlib.suppress(*DAMAGE):
            return _try_read(path, mark, "&immutable=1")
    if not is_damage(error):
        raise _unusable(path, error) from None
    raise EngineError(
        Code.STORE_CORRUPT,
        f"Can't read the database {path}: {error}",
        "Run any job: the engine then moves the damaged database, recovers its undamaged "
        "jobs, and creates a new one.",
    )


def _has_wal(path: Path) -> bool:
    return _size_bytes(_beside(path, "-wal")) > 0


def _size_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _try_read(path: Path, mark: Watermark, more: str = "") -> Store | None:
    if not path.exists():
        _check_new(path, mark)
        return None
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro{more}", uri=True, check_same_thread=False
    )
    try:
        connection.execute("PRAGMA query_only=1")
        schema = _schema(connection, path)
        if not schema:
            _check_new(path, mark)
            connection.close()
            return None
        connection.execute("SELECT max(id) FROM events").fetchone()
        store = Store(connection, schema)
        _check_end(store, mark)
        return store
    except BaseException:
        connection.close()
        raise


def _schema(connection: sqlite3.Connection, path: Path) -> int:
    """The file's schema version; 0 if it is empty. Raises sqlite3.DatabaseError for an invalid
    one."""
    schema: int = connection.execute("PRAGMA user_version").fetchone()[0]
    _check_version(schema, path)
    if not schema and connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise sqlite3.DatabaseError("it contains tables but no schema version")
    return schema


def _check_new(path: Path, mark: Watermark | None) -> None:
    """Raise sqlite3.DatabaseError if the store is empty but has held data."""
    if mark is not None and (mark.least or Home(path.parent).job_folders()):
        raise sqlite3.DatabaseError("all its data is missing")


def _check_end(store: Store, mark: Watermark | None) -> None:
    if mark is not None and store.last_id() < mark.least:
        raise sqlite3.DatabaseError("the latest data is missing")


def _check_version(version: int, path: Path) -> None:
    if not 0 <= version <= _LAST_SCHEMA:
        raise sqlite3.DatabaseError(f"unknown schema {version}")
    if version > SCHEMA:
        raise EngineError(
            Code.STORE_NEWER,
            f"A newer aura-tui wrote the database {path} (schema {version}; this version "
            f"supports up to {SCHEMA})",
            "Upgrade aura-tui, or set AURA_HOME to another folder.",
        )


class _Damaged(Exception):
    """The file is damaged."""


def _try_open(path: Path, now_s: float, mark: Watermark | None = None) -> tuple[Store, bool]:
    """The store, and whether it was closed cleanly. It must reach ``mark``; None: a new store is
    fine.

    Raises :class:`_Damaged`, or sqlite3.DatabaseError for a problem around the file.
    """
    connection = None
    try:
        version, clean, due = 0, True, True
        if _size_bytes(path):
            # Write nothing before the check is complete.
            connection = _connect(path, "ro" if _has_wal(path) else "rw")
            version = _schema(connection, path)
            if version:
                store = Store(connection, version)
                clean = bool(store.meta("clean"))
                due = not clean or _due(store, now_s)
                if damage := (store.damage() if due else "") or store.damaged_row():
                    raise _Damaged(damage)
                _check_end(store, mark)
            connection.close()
        if not version:
            _check_new(path, mark)
        connection = _connect(path, "rwc")
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        store = Store(connection)  # registers our SQL functions
        if not version:
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
        if connection is not None:
            connection.close()
        if isinstance(e, DAMAGE) and is_damage(e):
            raise _Damaged(str(e)) from None
        raise


def _when_free(path: Path, now_s: float, mark: Watermark) -> tuple[Store, bool]:
    """As :func:`_try_open`, but wait for another process's lock on the file."""
    until = time.monotonic() + _LOCKED_S
    while True:
        try:
            return _try_open(path, now_s, mark)
        except sqlite3.OperationalError as e:
            if not is_busy(e) or time.monotonic() > until:
                raise


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode={mode}",
        uri=True,
        timeout=5,
        isolation_level=None,
        check_same_thread=False,
    )


def _due(store: Store, now_s: float) -> bool:
    pages = store.db.execute("PRAGMA page_count").fetchone()[0]
    size = pages * store.db.execute("PRAGMA page_size").fetchone()[0]
    ago_s = abs(now_s - (store.meta("checked") or 0))
    return bool(size <= _SMALL_BYTES or ago_s > _CHECK_EVERY_S)
