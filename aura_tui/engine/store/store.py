"""The store: one SQLite file (WAL) with jobs and the event log.

Plain synchronous access, used by the writer thread (``engine/event_log.py``) and by readers. The
log is authoritative: a job's row holds a snapshot of the fold up to ``Job.last_event_id``, and
loading folds later events into it. Each row has a checksum over all of its columns, which every
reader verifies, so damage on disk is detected.

To change the schema: add 1 to SCHEMA, change ``CREATE`` to the new form, and add to ``UPGRADES``
the statements that upgrade a file of the previous schema; they run in one transaction when an
engine opens the file. Existing rows stay as they are: a new column is NULL in them, a new field of
a document has a default. A process that only reads must handle older files as they are. Then run
``tests/chaos/upgrade.py`` and commit the store it writes: tests open a store of every schema.
"""

from __future__ import annotations

import contextlib
import sqlite3
from datetime import datetime
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec

from aura_tui.engine.store.checksum import event_sum, row_sum
from aura_tui.errors import Code, EngineError, InputError
from aura_tui.model.eta import Work
from aura_tui.model.events import (
    EVENT_NAMES,
    TERMINAL_EVENTS,
    AnyJobEvent,
    ConnectionEvent,
    Envelope,
)
from aura_tui.model.job import Job
from aura_tui.model.reduce import fold
from aura_tui.model.request import JobRequest
from aura_tui.service import Recorded
from aura_tui.wire import event_json, sse

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from aura_tui.engine.store.watermark import Watermark
    from aura_tui.model.status import JobStatus

SCHEMA = 3

_KEYS = """
CREATE TABLE idempotency_keys (
  key BLOB PRIMARY KEY,
  request BLOB NOT NULL,
  job INTEGER NOT NULL,
  created INTEGER NOT NULL,
  sum INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX idempotency_keys_created ON idempotency_keys (created);
CREATE INDEX idempotency_keys_job ON idempotency_keys (job);
"""
CREATE = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value INTEGER NOT NULL, sum INTEGER) WITHOUT ROWID;
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
  job BLOB NOT NULL,
  events INTEGER,
  sum INTEGER
);
CREATE INDEX jobs_status ON jobs (status, n);
CREATE INDEX jobs_open ON jobs (n) WHERE ended = 0;
CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  job INTEGER NOT NULL,
  name TEXT NOT NULL,
  data BLOB NOT NULL,
  sum INTEGER
);
CREATE INDEX events_job ON events (job, id);
{_KEYS}
INSERT INTO meta VALUES ('last_id', 0, row_sum('last_id', 0)), ('clean', 1, row_sum('clean', 1));
"""
_encoder = msgspec.json.Encoder()
_job_decoder = msgspec.json.Decoder(Job)
_request_decoder = msgspec.json.Decoder(JobRequest)
_work_decoder = msgspec.json.Decoder(Work)
KEY_LIFETIME_MS = 24 * 3600 * 1000  # how long an idempotency key is valid
MAX_KEYS = 20_000


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A job's row. ``n`` orders jobs; ``run`` counts how often an engine started it; ``lineage``
    is the id of the first job in its chain of retries."""

    n: int
    run: int
    lineage: str
    deliver_to: str | None
    request: JobRequest
    work: Work | None
    job: Job


class IdempotencyKey(msgspec.Struct, frozen=True):
    """A client's idempotency key, as SHA-256 digests: ``key`` of owner and key, ``request`` of the
    whole request. ``now_ms`` is the current time, since the epoch."""

    key: bytes
    request: bytes
    now_ms: int


class Store:
    """One connection to the file. Not for use by two threads at once."""

    def __init__(self, connection: sqlite3.Connection, schema: int = SCHEMA) -> None:
        """``schema`` is the file's; below :data:`SCHEMA` it can only be read."""
        self.db = connection
        self.damaged = False  # whether a damaged row was met
        self.mark: Watermark | None = None  # set by an engine; moved at each commit
        self._appended = 0  # the id of the transaction's newest event
        self._events_whole = EVENT_WHOLE if schema >= 2 else "1"
        self._event_sums = "sum" if schema >= 2 else "NULL"
        self._jobs_whole = JOB_WHOLE if schema >= 2 else "1"
        self._meta_whole = META_WHOLE if schema >= 2 else "1"
        connection.text_factory = lambda data: data.decode("utf-8", "replace")
        connection.create_function("row_sum", -1, row_sum, deterministic=True)
        connection.create_function("event_whole", 5, self._event_whole)
        connection.create_function("row_whole", -1, self._row_whole)
        # Events up to this id were written before checksums existed.
        self._unsummed_to = 0 if schema >= 2 else 1 << 63
        with contextlib.suppress(sqlite3.Error, UnicodeDecodeError):  # none yet, or damaged
            self._unsummed_to = self.meta("unsummed") or self._unsummed_to

    def _event_whole(self, *row: object) -> bool:
        """Whether the last of ``row`` is the checksum of the others."""
        event_id, _, name, data, total = row
        if total is None and isinstance(event_id, int) and event_id <= self._unsummed_to:
            # An event is written on one line, so a line break means damage.
            if isinstance(name, bytes) and isinstance(data, bytes) and b"\n" not in data:
                return True
        elif total is not None and total == event_sum(*row[:-1]):
            return True
        self.damaged = True
        return False

    def _row_whole(self, *row: object) -> bool:
        if row[-1] == row_sum(*row[:-1]):
            return True
        self.damaged = True
        return False

    def close(self) -> None:
        """Close the connection."""
        self.db.close()
        if self.mark is not None:
            self.mark.close()

    def begin(self) -> None:
        """Begin a transaction."""
        self._appended = 0
        self.db.execute("BEGIN IMMEDIATE")

    def commit(self, *, synced: bool) -> None:
        """Commit the transaction; with ``synced`` it is on disk when this returns."""
        self.db.execute("COMMIT")
        if self.mark is not None and (self._appended or synced):
            self.mark.move(self._appended, synced=synced)

    # -- events

    def append(self, rows: Sequence[tuple[int, int, str, bytes]]) -> None:
        """Insert rows of (event id, job's n, name, data), ids ascending. The caller commits."""
        self.db.executemany(
            "INSERT INTO events VALUES (?,?,?,?,?)", [(*row, event_sum(*row)) for row in rows]
        )
        if rows:
            self._appended = rows[-1][0]

    def events(self, n: int | None, after: int, limit: int) -> list[Envelope]:
        """Up to ``limit`` events above ``after``, in order, of one job or (None) of all; empty
        only if there are no more.

        Skips damaged rows: one event must not hide the others.
        """
        found: list[Envelope] = []
        rows, whole = self._page(n, after, limit)
        while rows and not found:
            for event_id, _, name, data, _ in whole:
                event = event_json.decode(name.decode("utf-8", "replace"), data)
                if event is not None and not isinstance(event, ConnectionEvent):
                    found.append(Envelope(event_id, event))
            if not found:
                rows, whole = self._page(n, rows[-1][0], limit)
        return found

    def recorded(self, job_id: str | None, after: int, limit: int) -> Recorded:
        """See :meth:`aura_tui.service.Archive.recorded`."""
        n: int | None = None
        if job_id is not None:
            row = self.db.execute("SELECT n FROM jobs WHERE id = ?", (job_id,)).fetchone()
            if row is None:
                return Recorded((), None, after, False)
            n = row[0]
        rows, whole = self._page(n, after, limit)
        while rows:
            after = rows[-1][0]
            ids = {of: job_id or self._job_id(of) for of in {row[1] for row in whole}}
            readable = [row for row in whole if ids[row[1]] is not None]
            if readable:
                jobs = None if n is not None else [ids[row[1]] or "" for row in readable]
                return Recorded(sse.frames(readable), jobs, after, readable[-1][2] in _TERMINAL)
            rows, whole = self._page(n, after, limit)
        return Recorded((), None, after, False)

    def _job_id(self, n: int) -> str | None:
        row = self.db.execute("SELECT id FROM jobs WHERE n = ?", (n,)).fetchone()
        return row[0] if row else None

    def _page(self, n: int | None, after: int, limit: int) -> tuple[list[_Event], list[_Event]]:
        """Up to ``limit`` rows above ``after``, and those of them that are undamaged.

        Checks here and not in SQL, where calling our function costs three times as much.
        """
        rows: list[_Event] = self.db.execute(
            f"SELECT id, job, CAST(name AS BLOB), data, {self._event_sums} FROM events"
            f" WHERE {'' if n is None else 'job = ? AND '}id > ? ORDER BY id LIMIT ?",
            (after, limit) if n is None else (n, after, limit),
        ).fetchall()
        # A damaged index can return other rows, and the reader would never end.
        rows = [row for row in rows if row[0] > after]
        whole: list[_Event] = []
        with contextlib.suppress(TypeError):  # a damaged file may hold any type
            # event_sum, inlined.
            whole = [
                (event_id, job, name, data, total)
                for event_id, job, name, data, total in rows
                if crc32(data, crc32(name, crc32(f"{event_id} {job} ".encode()))) == total
            ]
        if len(whole) < len(rows):
            whole = [row for row in rows if self._event_whole(*row)]
        return rows, whole

    def all_events(self, n: int, after: int = 0) -> Iterator[Envelope]:
        """Yield every event of a job above ``after``, reading a page at a time."""
        while page := self.events(n, after, 2000):
            yield from page
            after = page[-1].id

    def last_id(self) -> int:
        """The highest event id ever assigned, including those of pruned events."""
        meta = self.meta("last_id") or 0
        newest = self.db.execute("SELECT max(id) FROM events").fetchone()[0]
        return max(meta, newest or 0)

    # -- jobs

    def add(self, job: Job, request: JobRequest, lineage: str, deliver_to: str | None) -> int:
        """Insert a new job's row; returns its n."""
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
        self._seal(cursor.lastrowid)
        return cursor.lastrowid

    # -- idempotency keys

    def job_for_key(self, key: IdempotencyKey) -> str | None:
        """The id of the job that was created with the key; None if there is none of the last 24
        hours. Raises InputError if the key was used for another request."""
        row = self.db.execute(
            f"SELECT request, (SELECT id FROM jobs WHERE n = idempotency_keys.job), {KEY_WHOLE}"
            " FROM idempotency_keys WHERE key=? AND created > ?",
            (key.key, key.now_ms - KEY_LIFETIME_MS),
        ).fetchone()
        if row is None or row[1] is None or not row[2]:
            return None
        if row[0] != key.request:
            raise InputError(
                Code.KEY_REUSED,
                "The idempotency key was already used for another request",
                "Send a new key with each new request; to repeat a request, send the "
                "same key and body.",
                field="Idempotency-Key",
            )
        job_id: str = row[1]
        return job_id

    def save_key(self, key: IdempotencyKey, n: int) -> None:
        """Map the key to job ``n``. Deletes keys that are too old or too many."""
        row = (key.key, key.request, n, key.now_ms)
        self.db.execute(
            "INSERT OR REPLACE INTO idempotency_keys VALUES (?,?,?,?,?)", (*row, row_sum(*row))
        )
        self.db.execute(
            "DELETE FROM idempotency_keys WHERE created <= ?", (key.now_ms - KEY_LIFETIME_MS,)
        )
        self.db.execute(
            "DELETE FROM idempotency_keys WHERE key IN (SELECT key FROM idempotency_keys"
            " ORDER BY created DESC LIMIT -1 OFFSET ?)",
            (MAX_KEYS,),
        )

    def insert(self, row: Sequence[object]) -> None:
        """Insert a job's row from another store, with the columns of :data:`WHOLE_ROW`."""
        marks = ",".join("?" * len(row))
        n = self.db.execute(f"INSERT INTO jobs ({WHOLE_ROW}) VALUES ({marks})", row).lastrowid
        assert n is not None
        self._seal(n)

    def _seal(self, n: int) -> None:
        """Update the row's checksum; call it after every change of the row."""
        self.db.execute(f"UPDATE jobs SET sum={SEALED} WHERE n=?", (n,))

    def snapshot(self, n: int, job: Job) -> None:
        """Store the job as folded from the log so far."""
        self.db.execute(
            "UPDATE jobs SET status=?, ended=?, job=?,"
            " events=(SELECT count(*) FROM events WHERE job=? AND id<=?) WHERE n=?",
            (job.status.value, job.status.ended, _encoder.encode(job), n, job.last_event_id, n),
        )
        self._seal(n)

    def set_run(self, n: int, run: int) -> None:
        """Store that an engine has started the job for the ``run``-th time."""
        self.db.execute("UPDATE jobs SET run=? WHERE n=?", (run, n))
        self._seal(n)

    def set_resumes(self, n: int, resumes: bool) -> None:
        """Store whether a paused job waits to resume."""
        if resumes:
            self.set_meta(f"resumes {n}", 1)
        else:
            self.db.execute("DELETE FROM meta WHERE key=?", (f"resumes {n}",))

    def resumes(self, n: int) -> bool:
        """See :meth:`set_resumes`."""
        return self.meta(f"resumes {n}") == 1

    def set_work(self, n: int, work: Work) -> None:
        """Store how much work the job had, which the ETA of later jobs is based on."""
        self.db.execute("UPDATE jobs SET work=? WHERE n=?", (_encoder.encode(work), n))
        self._seal(n)

    def record(self, job_id: str) -> Record | None:
        """A job's row with its job folded up to the newest event; None if there is none.

        Raises EngineError if the row is damaged.
        """
        row = self.db.execute(
            f"SELECT {JOB_COLUMNS}, {self._jobs_whole} FROM jobs WHERE id=?", (job_id,)
        ).fetchone()
        if row is None:
            return None
        with contextlib.suppress(ValueError, TypeError):
            if row[-1]:
                return self._record(row[:-1])
        raise EngineError(
            Code.STORE_CORRUPT,
            f"The database record of job {job_id} is damaged",
            "Submit the job's brief again; the engine recovers undamaged jobs when it next starts.",
        )

    def records(self, *, status: JobStatus | None, before: int | None, limit: int) -> list[Record]:
        """Up to ``limit`` jobs with n below ``before``, newest first."""
        where, values = [self._jobs_whole, "n < ?"], [before if before is not None else 1 << 62]
        arguments: list[object] = list(values)
        if status is not None:
            where.append("status = ?")
            arguments.append(status.value)
        rows = self.db.execute(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE {' AND '.join(where)} ORDER BY n DESC LIMIT ?",
            (*arguments, limit),
        ).fetchall()
        return [*self._readable(rows)]

    def job_ids(self) -> set[str]:
        """The ids of all jobs."""
        return {job_id for (job_id,) in self.db.execute("SELECT id FROM jobs")}

    def open_records(self) -> list[Record]:
        """Jobs that have not ended, oldest first."""
        rows = self.db.execute(
            f"SELECT {JOB_COLUMNS} FROM jobs WHERE ended = 0 AND {self._jobs_whole} ORDER BY n"
        ).fetchall()
        return [*self._readable(rows)]

    def _readable(self, rows: Iterable[_Row]) -> Iterator[Record]:
        for row in rows:
            try:
                yield self._record(row)
            except (ValueError, TypeError):  # a damaged row of schema 1, which has no checksum
                self.damaged = True

    def finished_work(self, limit: int) -> list[tuple[Work, Job]]:
        """The newest succeeded jobs whose work is known, newest first."""
        rows = self.db.execute(
            "SELECT work, job FROM jobs WHERE status='Succeeded' AND work IS NOT NULL AND"
            f" {self._jobs_whole} ORDER BY n DESC LIMIT ?",
            (limit,),
        )
        found: list[tuple[Work, Job]] = []
        for work, job in rows:
            with contextlib.suppress(ValueError):  # skip a document that no longer decodes
                found.append((_work_decoder.decode(work), _job_decoder.decode(job)))
        return found

    def _record(self, row: _Row) -> Record:
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

    # -- damage

    def damage(self) -> str:
        """Check all tables, indexes and events; returns the first damage, or "". Reads everything.

        Raises sqlite3.DatabaseError if the file can't be read.
        """
        verdict = self.db.execute("PRAGMA integrity_check(1)").fetchone()
        if verdict != ("ok",):
            return str(verdict)
        bad = self.db.execute(
            f"SELECT id FROM events WHERE NOT {self._events_whole} LIMIT 1"
        ).fetchone()
        return f"event {bad[0]} doesn't match its checksum" if bad else ""

    def damaged_row(self) -> str:
        """As :meth:`damage`, but only for the tables ``jobs`` and ``meta``, which is quick."""
        for table, key, whole in (
            ("jobs", "n", self._jobs_whole),
            ("meta", "key", self._meta_whole),
        ):
            bad = self.db.execute(f"SELECT {key} FROM {table} WHERE NOT {whole} LIMIT 1").fetchone()
            if bad:
                return f"{table} {bad[0]} doesn't match its checksum"
        return ""

    # -- retention

    def prunable(self, ended_by_ms: int, now_ms: int, limit: int = 50) -> list[tuple[int, str]]:
        """(n, id) of up to ``limit`` jobs that ended at or before ``ended_by_ms``. (With a
        retention of 0 a job is old in the millisecond of its end.)

        The clock may have been wrong. Event ids don't help: after a clock that ran ahead they stay
        ahead. And no job ended before an earlier one was created, whatever its own times say.
        """
        found: list[tuple[int, str]] = []
        created_by_ms = 0  # the newest creation time so far: this job was created no earlier
        rows = self.db.execute("SELECT n, id, ended, job FROM jobs ORDER BY n")
        with contextlib.closing(rows):
            for n, job_id, ended, job in rows:
                created_ms, ended_ms = _times_of(job)
                if created_ms <= now_ms:
                    created_by_ms = max(created_by_ms, created_ms)
                if created_by_ms > ended_by_ms or len(found) == limit:
                    break
                if ended and (ended_ms or self._newest_event_ms(n)) <= ended_by_ms:
                    found.append((n, job_id))
        return found

    def _newest_event_ms(self, n: int) -> int:
        newest = "SELECT coalesce(max(id) >> 20, 0) FROM events WHERE job = ?"
        newest_ms: int = self.db.execute(newest, (n,)).fetchone()[0]
        return newest_ms

    def prune(self, n: int, chunk: int = 2000) -> bool:
        """Delete up to ``chunk`` events of a job, and its row after the last of them; whether the
        job is deleted completely."""
        self.set_meta("last_id", self.last_id())  # the newest event may be among them
        gone = self.db.execute(
            "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE job=? LIMIT ?)",
            (n, chunk),
        ).rowcount
        if gone == chunk:
            return False
        self.db.execute("DELETE FROM idempotency_keys WHERE job=?", (n,))
        self.db.execute("DELETE FROM jobs WHERE n=?", (n,))
        self.set_resumes(n, False)
        return True

    def is_open(self, n: int) -> bool:
        """Whether the job exists and has not ended."""
        row = self.db.execute("SELECT ended FROM jobs WHERE n=?", (n,)).fetchone()
        return row is not None and not row[0]

    def set_meta(self, key: str, value: int) -> None:
        """Store a number under a name."""
        self.db.execute(
            "INSERT OR REPLACE INTO meta VALUES (?,?,?)", (key, value, row_sum(key, value))
        )

    def meta(self, key: str) -> int | None:
        """The number stored under a name; None if it is missing or damaged."""
        row = self.db.execute(
            f"SELECT value FROM meta WHERE key=? AND {self._meta_whole}", (key,)
        ).fetchone()
        return row[0] if row and isinstance(row[0], int) else None


class _Times(msgspec.Struct, frozen=True):
    """The times in a job's document."""

    created_at: datetime
    ended_at: datetime | None = None


_times_decoder = msgspec.json.Decoder(_Times)


def _times_of(job: object) -> tuple[int, int]:
    """When a job was created and ended, in milliseconds since the epoch; 0 if unreadable."""
    try:
        times = _times_decoder.decode(job if isinstance(job, (bytes, str)) else b"")
    except msgspec.MsgspecError:  # damaged
        return 0, 0
    ended = times.ended_at or times.created_at
    return int(times.created_at.timestamp() * 1000), int(ended.timestamp() * 1000)


_Row = tuple[int, int, str, str | None, bytes, bytes | None, bytes]
_Event = tuple[int, int, bytes, bytes, int | None]  # `_page` ensures these types
_TERMINAL = frozenset(EVENT_NAMES[kind].encode() for kind in TERMINAL_EVENTS)
JOB_COLUMNS = "n, run, lineage, deliver_to, request, work, job"
WHOLE_ROW = f"{JOB_COLUMNS}, id, status, ended, events"
# As blobs: damage may leave invalid UTF-8, which SQLite can't pass to our functions as text.
_SUMMED = (
    "n, CAST(id AS BLOB), CAST(status AS BLOB), ended, run, CAST(lineage AS BLOB),"
    " CAST(deliver_to AS BLOB), request, work, job, events"
)
SEALED = f"row_sum({_SUMMED})"
META_WHOLE = "row_whole(CAST(key AS BLOB), value, sum)"
JOB_WHOLE = f"row_whole({_SUMMED}, sum)"
KEY_WHOLE = "row_whole(key, request, job, created, sum)"
EVENT_WHOLE = "event_whole(events.id, events.job, CAST(name AS BLOB), data, events.sum)"


# The statements that upgrade each schema to the next.
UPGRADES = {
    1: f"""
ALTER TABLE meta ADD COLUMN sum INTEGER;
ALTER TABLE jobs ADD COLUMN events INTEGER;
ALTER TABLE jobs ADD COLUMN sum INTEGER;
ALTER TABLE events ADD COLUMN sum INTEGER;
UPDATE jobs SET sum = {SEALED};
INSERT INTO meta (key, value) SELECT 'unsummed', coalesce(max(id), 0) FROM events;
UPDATE meta SET sum = row_sum(key, value);
""",
    2: _KEYS,
}


def row_of(event_id: int, n: int, event: AnyJobEvent) -> tuple[int, int, str, bytes]:
    """An event as a row of the log."""
    return event_id, n, EVENT_NAMES[type(event)], event_json.encode(event)
