"""Opening the store's file: the schema brought up, and nothing damaged taken for whole.

A file that is small, was not closed cleanly, or was not looked at for a day is checked whole; the
jobs' rows always. A damaged file is set aside under another name, and a new one is begun with the
jobs that are whole in it; whatever ends us meanwhile, one of the two is there at the next start.

A store that ends before its mark, or is empty beside the folders of jobs, is damaged, too: SQLite
says nothing of a write-ahead log that was cut, changed or lost, and it carries what it still can
read of one over into the file, and removes the rest, as soon as one that may write is closed. So
all is looked at by a connection that can't, and file and log are set aside together.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING, NamedTuple

from aura_tui.engine.home import Home
from aura_tui.engine.store import trusted_time
from aura_tui.engine.store.damage import DAMAGE, is_busy, is_damage
from aura_tui.engine.store.store import CREATE, SCHEMA, UPGRADES, Store
from aura_tui.engine.store.watermark import Watermark
from aura_tui.errors import Code, EngineError
from aura_tui.model.ids import COUNTER_BITS
from aura_tui.model.plural import counted
from aura_tui.model.sanitize import clean_line

if TYPE_CHECKING:
    from pathlib import Path

_SMALL_BYTES = 32 << 20  # checking it takes 2 ms a megabyte
_CHECK_EVERY_S = 86400
_LOCKED_S = 30.0  # another program's lock on the file is waited for so long
_LAST_SCHEMA = 1000  # beyond what we will ever reach: a number that nobody wrote


class Opened(NamedTuple):
    """A store open for writing, and how it was found."""

    store: Store
    clean: bool  # the engine before closed it; False: it crashed
    damage: Damage | None = None
    clock: str = ""  # the warning that the clock may be wrong

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of it."""
        damage = self.damage.notice if self.damage is not None else ""
        return tuple(filter(None, (damage, self.clock)))


class Damage(NamedTuple):
    """What became of a store that was damaged, or was gone."""

    aside: Path | None  # where the file is now; None: there was none any more
    saved: int  # jobs taken over from it
    lost: tuple[str, ...]  # jobs that are in it alone, as far as their ids can be read
    ends_ms: int | None  # when the event was written after which others are gone
    folders: tuple[str, ...]  # jobs of which only the files are left
    jobs: Path  # where these are

    @property
    def notice(self) -> str:
        """The notice that people see."""
        saved = counted(self.saved, "job was", "jobs were")
        text = f"The database was damaged and moved to {self.aside}. {saved} recovered"
        if self.aside is None:
            text = "The database was missing; a new one was created"
        elif self.ends_ms:
            at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.ends_ms / 1000))
            text += f"; events after {at} are lost"
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
    """Open for writing; create it if it isn't there. The engine's lock must be held.

    Raises EngineError for a file of a newer schema, or one that can't be opened; a damaged one is
    set aside.
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
            opened = _begin_anew(path, saved_file, now_s, mark)
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


def _begin_anew(path: Path, saved_file: Path, now_s: float, mark: Watermark) -> Opened:
    """Save what is whole into a new file, then exchange the two."""
    from aura_tui.engine.store.recovery import Rescued, rescue
    from aura_tui.engine.store.wal import rebuild

    _remove(saved_file)
    new, _ = _try_open(saved_file, now_s)
    source, sure = path, None
    try:
        if _has_wal(path):
            source, sure = _beside(saved_file, "-from"), _last_id(path)
            rebuild(path, _beside(path, "-wal"), source)
        found = Rescued(0, (), False)
        if source.exists():
            found = rescue(source, new, now_s, sure)
        last_id = new.last_id()
        new.set_meta("last_id", max(last_id, mark.last))  # ids only rise
        new.set_meta("clean", 1)
    finally:
        new.close()
    aside = _set_aside(path, _free_name(path))
    _finish_move(path, saved_file)
    store, _ = _try_open(path, now_s)
    home = Home(path.parent)
    folders = tuple(sorted(home.job_folders() - store.job_ids() - {*found.lost}))
    ends_ms = None
    if found.cut or last_id < mark.least:
        ends_ms = (last_id if sure is None else sure) >> COUNTER_BITS
    return Opened(store, False, Damage(aside, found.saved, found.lost, ends_ms, folders, home.jobs))


def _last_id(path: Path) -> int:
    """The newest event as SQLite reads the file; 0 where it can't."""
    with contextlib.suppress(*DAMAGE), contextlib.closing(_connect(path, "ro")) as connection:
        return Store(connection).last_id()
    return 0


_FILES = ("", "-wal", "-shm", "-mark")


def _finish_move(path: Path, saved_file: Path) -> None:
    """Give the saved file its name, once the damaged one has let go of that."""
    if not path.exists() and saved_file.exists():
        # What is left of the damaged one goes after it, above all its log: that must not be read
        # into this one.
        earlier = path.parent.glob(f"{path.name}.corrupt-*")
        files = [file for file in earlier if not file.name.endswith(_FILES[1:])]
        _set_aside(path, max(files, default=_free_name(path)))
        saved_file.rename(path)
    else:
        _remove(saved_file)  # half-made
    _beside(saved_file, "-from").unlink(missing_ok=True)


def _remove(path: Path) -> None:
    for suffix in _FILES:
        _beside(path, suffix).unlink(missing_ok=True)


def _set_aside(path: Path, aside: Path) -> Path | None:
    """Rename the store and what belongs to it; the first that was there of file and log."""
    moved = []
    for suffix in _FILES:
        if _beside(path, suffix).exists():
            to = _beside(aside, suffix)
            to = _beside(_free_name(path), suffix) if to.exists() else to
            moved.append(_beside(path, suffix).rename(to))
    return next((file for file in moved if not file.name.endswith(_FILES[2:])), None)


def _beside(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def _free_name(path: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    aside, number = path.with_name(f"{path.name}.corrupt-{stamp}"), 1
    while any(_beside(aside, suffix).exists() for suffix in _FILES):
        number += 1
        aside = path.with_name(f"{path.name}.corrupt-{stamp}-{number}")
    return aside


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
    mark = Watermark(path)  # read first: an engine moves it after what it tells of
    try:
        return _try_read(path, mark)
    except DAMAGE as e:
        error: Exception = e
    if not is_damage(error) and not _has_wal(path):
        # In a folder that can't be written a WAL file has no place for its index. Nor has it a
        # writer, then.
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
    """The file's, 0 for one that is empty. Raises sqlite3.DatabaseError where neither can be."""
    schema: int = connection.execute("PRAGMA user_version").fetchone()[0]
    _check_version(schema, path)
    if not schema and connection.execute("SELECT 1 FROM sqlite_schema LIMIT 1").fetchone():
        raise sqlite3.DatabaseError("it contains tables but no schema version")
    return schema


def _check_new(path: Path, mark: Watermark | None) -> None:
    """Raise sqlite3.DatabaseError where there is nothing, and has been something."""
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
    """The file isn't what was written."""


def _try_open(path: Path, now_s: float, mark: Watermark | None = None) -> tuple[Store, bool]:
    """The store, and whether it was closed cleanly. It must go as far as ``mark``; None: it may
    be new, whatever was there before.

    Raises :class:`_Damaged`, and sqlite3.DatabaseError where the file's surroundings are at fault.
    """
    connection = None
    try:
        version, clean, due = 0, True, True
        if _size_bytes(path):
            # Nothing is written before all is known to be whole.
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
        store = Store(connection)  # gives it our functions
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
    """As :func:`_try_open`; another process's lock on the file is waited for."""
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
