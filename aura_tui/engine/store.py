"""The store: one SQLite file (WAL) with jobs and the event log.

Plain synchronous access, used by the writer thread (``log.py``) and by readers. The log is the
truth: a job's row holds a snapshot of the fold up to ``Job.last_event_id``, and loading folds
what came after it.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from typing import TYPE_CHECKING

import msgspec

from aura_tui.errors import Code, EngineError
from aura_tui.model.eta import Work
from aura_tui.model.events import EVENT_NAMES, AnyJobEvent, ConnectionEvent, Envelope
from aura_tui.model.job import Job
from aura_tui.model.reduce import fold
from aura_tui.model.request import JobRequest
from aura_tui.service import Recorded
from aura_tui.wire import codec

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from aura_tui.model.status import JobStatus

SCHEMA = 1

_CREATE = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE jobs (
  n INTEGER PRIMARY KEY AUTOINCREMENT,
  id TEXT NOT NULL UNIQUE,
  status TEXT NOT NULL,
  ended INTEGER NOT NULL DEFAULT 0,
  run INTEGER NOT NULL DEFAULT 0,
  lineage TEXT NOT NULL,
  deliver_to TEXT,
  request BLOB NOT NULL,
  work BLOB,
  job BLOB NOT NULL
);
CREATE INDEX jobs_status ON jobs (status, n);
CREATE INDEX jobs_open ON jobs (n) WHERE ended = 0;
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  job INTEGER NOT NULL,
  name TEXT NOT NULL,
  data BLOB NOT NULL
);
CREATE INDEX events_job ON events (job, id);
INSERT INTO meta VALUES ('last_id', 0), ('clean', 1);
"""

_encoder = msgspec.json.Encoder()
_job_decoder = msgspec.json.Decoder(Job)
_request_decoder = msgspec.json.Decoder(JobRequest)
_work_decoder = msgspec.json.Decoder(Work)


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A job's row. ``n`` orders jobs; ``run`` counts the times an engine took it up;
    ``lineage`` is the first job of its chain of retries."""

    n: int
    run: int
    lineage: str
    deliver_to: str | None
    request: JobRequest
    work: Work | None
    job: Job


class Store:
    """One connection to the file. Not for use by two threads at once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self.db = connection

    def close(self) -> None:
        """Close the connection."""
        self.db.close()

    # -- events

    def append(self, rows: Iterable[tuple[int, int, str, bytes]]) -> None:
        """Rows of (event id, job's n, name, data). The caller commits."""
        self.db.executemany("INSERT INTO events VALUES (?,?,?,?)", rows)

    def events(self, n: int | None, after: int, limit: int) -> list[Envelope]:
        """Up to ``limit`` events above ``after``, in order; of one job, or of all (None).

        A row that no longer decodes is passed over: one damaged event must not hide the others.
        """
        if n is None:
            rows = self.db.execute(
                "SELECT id, name, data FROM events WHERE id > ? ORDER BY id LIMIT ?",
                (after, limit),
            )
        else:
            rows = self.db.execute(
                "SELECT id, name, data FROM events WHERE job = ? AND id > ? ORDER BY id LIMIT ?",
                (n, after, limit),
            )
        found = [(event_id, codec.decode(name, data)) for event_id, name, data in rows]
        return [
            Envelope(event_id, event)
            for event_id, event in found
            if event is not None and not isinstance(event, ConnectionEvent)
        ]

    def recorded(self, job_id: str | None, after: int, limit: int) -> list[Recorded]:
        """As :meth:`events`, undecoded; a row that no line of text can carry is passed over."""
        of_job = "" if job_id is None else "j.id = ? AND "
        rows = self.db.execute(
            "SELECT e.id, j.id, e.name, e.data FROM events e JOIN jobs j ON j.n = e.job"
            f" WHERE {of_job}e.id > ? AND instr(e.data, x'0a') = 0 ORDER BY e.id LIMIT ?",
            (after, limit) if job_id is None else (job_id, after, limit),
        )
        return [Recorded(*row) for row in rows]

    def all_events(self, n: int, after: int = 0) -> Iterator[Envelope]:
        """Every event of a job above ``after``, a page at a time."""
        while page := self.events(n, after, 2000):
            yield from page
            after = page[-1].id

    def last_id(self) -> int:
        """The highest event id ever given, pruned events included."""
        meta = int(self.db.execute("SELECT value FROM meta WHERE key='last_id'").fetchone()[0])
        newest = self.db.execute("SELECT max(id) FROM events").fetchone()[0]
        return max(meta, newest or 0)

    # -- jobs

    def add(self, job: Job, request: JobRequest, lineage: str, deliver_to: str | None) -> int:
        """A new job's row; returns its n."""
        cursor = self.db.execute(
            "INSERT INTO jobs (id, status, lineage, deliver_to, request, job) VALUES (?,?,?,?,?,?)",
            (
                job.id,
                job.status.value,
                lineage,
                deliver_to,
                _encoder.encode(request),
                _encoder.encode(job),
            ),
        )
        assert cursor.lastrowid is not None
        return cursor.lastrowid

    def snapshot(self, n: int, job: Job) -> None:
        """Keep the fold of the log so far."""
        self.db.execute(
            "UPDATE jobs SET status=?, ended=?, job=? WHERE n=?",
            (job.status.value, job.status.ended, _encoder.encode(job), n),
        )

    def set_run(self, n: int, run: int) -> None:
        """An engine took the job up for the ``run``-th time."""
        self.db.execute("UPDATE jobs SET run=? WHERE n=?", (run, n))

    def set_work(self, n: int, work: Work) -> None:
        """How much the job had to do: what the next jobs' ETA is judged from."""
        self.db.execute("UPDATE jobs SET work=? WHERE n=?", (_encoder.encode(work), n))

    def record(self, job_id: str) -> Record | None:
        """A job's row with its job folded up to the newest event; None if there is none."""
        row = self.db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE id=?", (job_id,)).fetchone()
        return self._record(row) if row else None

    def records(self, *, status: JobStatus | None, before: int | None, limit: int) -> list[Record]:
        """Newest first, n below ``before``."""
        where, values = ["n < ?"], [before if before is not None else 1 << 62]
        arguments: list[object] = list(values)
        if status is not None:
            where.append("status = ?")
            arguments.append(status.value)
        rows = self.db.execute(
            f"SELECT {_COLUMNS} FROM jobs WHERE {' AND '.join(where)} ORDER BY n DESC LIMIT ?",
            (*arguments, limit),
        ).fetchall()
        return [self._record(row) for row in rows]

    def open_records(self) -> list[Record]:
        """Jobs that have not ended, oldest first."""
        rows = self.db.execute(f"SELECT {_COLUMNS} FROM jobs WHERE ended = 0 ORDER BY n").fetchall()
        return [self._record(row) for row in rows]

    def finished_work(self, limit: int) -> list[tuple[Work, Job]]:
        """The newest succeeded jobs whose work is known, newest first."""
        rows = self.db.execute(
            "SELECT work, job FROM jobs WHERE status='Succeeded' AND work IS NOT NULL"
            " ORDER BY n DESC LIMIT ?",
            (limit,),
        )
        found: list[tuple[Work, Job]] = []
        for work, job in rows:
            with contextlib.suppress(ValueError):  # one that no longer decodes measured nothing
                found.append((_work_decoder.decode(work), _job_decoder.decode(job)))
        return found

    def _record(self, row: tuple[int, int, str, str | None, bytes, bytes | None, bytes]) -> Record:
        n, run, lineage, deliver_to, request, work, job = row
        snapshot = _job_decoder.decode(job)
        if not snapshot.status.ended:
            snapshot = fold(snapshot, self.all_events(n, snapshot.last_event_id))
        return Record(
            n=n,
            run=run,
            lineage=lineage,
            deliver_to=deliver_to,
            request=_request_decoder.decode(request),
            work=_work_decoder.decode(work) if work else None,
            job=snapshot,
        )

    # -- retention

    def prunable(self, ended_before_ms: int, limit: int = 50) -> list[tuple[int, str]]:
        """(n, id) of jobs whose last event is older than that, ended ones only."""
        rows = self.db.execute(
            "SELECT n, id FROM jobs WHERE ended = 1 AND"
            " coalesce((SELECT max(id) FROM events WHERE job = n), 0) < ? ORDER BY n LIMIT ?",
            (ended_before_ms << 20, limit),
        )
        return [(n, job_id) for n, job_id in rows]

    def prune(self, n: int, chunk: int = 2000) -> bool:
        """Remove up to ``chunk`` events of a job, then its row; whether it is gone whole."""
        gone = self.db.execute(
            "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE job=? LIMIT ?)",
            (n, chunk),
        ).rowcount
        if gone == chunk:
            return False
        self.db.execute("DELETE FROM jobs WHERE n=?", (n,))
        return True

    def set_meta(self, key: str, value: int) -> None:
        """Keep a number under a name."""
        self.db.execute("INSERT OR REPLACE INTO meta VALUES (?,?)", (key, value))


_COLUMNS = "n, run, lineage, deliver_to, request, work, job"


def row_of(event_id: int, n: int, event: AnyJobEvent) -> tuple[int, int, str, bytes]:
    """An event as a row of the log."""
    return event_id, n, EVENT_NAMES[type(event)], codec.encode(event)


def open_store(path: Path) -> tuple[Store, Path | None]:
    """Open for writing; create it if it isn't there. The engine's lock must be held.

    A damaged file is renamed, not touched otherwise; the second value is its new path. Raises
    EngineError for a file of a newer schema, or one that can't be opened at all.
    """
    aside: Path | None = None
    try:
        store = _try_open(path)
    except sqlite3.DatabaseError as e:
        if isinstance(e, sqlite3.OperationalError) and "malformed" not in str(e):
            raise EngineError(
                Code.HOME_UNUSABLE,
                f"The store {path} can't be opened: {e}",
                "Check the folder's permissions and the disk's free space.",
            ) from None
        aside = _set_aside(path)
        store = _try_open(path)
    return store, aside


def open_reader(path: Path) -> Store | None:
    """Open for reading beside an engine; None if there is no store yet."""
    if not path.exists():
        return None
    connection = None
    try:
        connection = sqlite3.connect(
            f"{path.absolute().as_uri()}?mode=ro", uri=True, check_same_thread=False
        )
        connection.execute("PRAGMA query_only=1")
        _check_version(connection.execute("PRAGMA user_version").fetchone()[0], path)
    except BaseException as e:
        if connection is not None:
            connection.close()
        if not isinstance(e, sqlite3.DatabaseError):
            raise
        raise EngineError(
            Code.STORE_CORRUPT,
            f"The store {path} can't be read: {e}",
            "Start any run: the engine sets a damaged store aside and begins a new one.",
        ) from None
    return Store(connection)


def _check_version(version: int, path: Path) -> None:
    if version > SCHEMA:
        raise EngineError(
            Code.STORE_NEWER,
            f"The store {path} was written by a newer aura-tui (schema {version}, this one knows "
            f"{SCHEMA})",
            "Upgrade aura-tui, or set AURA_HOME to another folder.",
        )


def _try_open(path: Path) -> Store:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        version = connection.execute("PRAGMA user_version").fetchone()[0]
        _check_version(version, path)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")
        connection.execute("PRAGMA busy_timeout=5000")
        if version == 0:
            connection.executescript(f"BEGIN;{_CREATE}PRAGMA user_version={SCHEMA};COMMIT;")
        clean = connection.execute("SELECT value FROM meta WHERE key='clean'").fetchone()
        # The whole file is read only after an unclean end: it takes a second a gigabyte.
        if not clean or not clean[0]:
            verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if verdict != "ok":
                raise sqlite3.DatabaseError(str(verdict))
        connection.execute("INSERT OR REPLACE INTO meta VALUES ('clean', 0)")
        connection.execute("SELECT max(id) FROM events").fetchone()
        connection.execute("SELECT count(*) FROM jobs WHERE ended = 0").fetchone()
    except BaseException:
        connection.close()
        raise
    return Store(connection)


def _set_aside(path: Path) -> Path:
    stamp = time.strftime("%Y%m%dT%H%M%S", time.gmtime())
    aside = path.with_name(f"{path.name}.corrupt-{stamp}")
    for suffix in ("", "-wal", "-shm"):
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(aside.with_name(aside.name + suffix))
    return aside
