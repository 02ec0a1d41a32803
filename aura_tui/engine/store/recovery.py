"""Recovers whole jobs from a damaged store.

A job is whole if its row matches its checksum and its events fold to the state in the row. The
idempotency keys of these jobs are kept, so that a request repeated after the damage creates no
second job. The damaged file is only read: it remains for examination.
"""

from __future__ import annotations

import contextlib
import sqlite3
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec

from aura_tui.engine.store.damage import DAMAGE
from aura_tui.engine.store.store import (
    EVENT_WHOLE,
    JOB_WHOLE,
    KEY_WHOLE,
    SCHEMA,
    WHOLE_ROW,
    IdempotencyKey,
    Store,
)
from aura_tui.model.events import ConnectionEvent, Envelope
from aura_tui.model.ids import COUNTER_BITS
from aura_tui.model.job import Job, as_created
from aura_tui.model.reduce import reduce
from aura_tui.model.request import JobRequest
from aura_tui.wire import event_json

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_job_decoder = msgspec.json.Decoder(Job)
_request_decoder = msgspec.json.Decoder(JobRequest)
_ROWS = 1000
# An id further in the future than a wrong clock explains is damage. Keeping it would leave no
# smaller id to any clock.
_AHEAD_S = 400 * 86400


class _Kept(msgspec.Struct):
    """A job whose row is whole: the state in the row, and the fold of its events."""

    stored: Job
    folded: Job
    stored_events: int | None  # how many events the row covers; None: an old row without a count
    events: int  # how many were found
    newest: int  # the id of the last of them
    agrees: bool  # the fold up to the row's last event equals the row


class Recovered(NamedTuple):
    """The result. Jobs whose ids can't be read are neither in ``saved`` nor in ``lost``."""

    saved: int  # whole jobs
    lost: tuple[str, ...]  # the ids of those left behind
    cut: bool  # events were dropped because earlier ones may be missing


def recover(damaged: Path, into: Store, now_s: float, sure: int | None = None) -> Recovered:
    """Copy every whole job of ``damaged`` into ``into``.

    Events after the id ``sure`` may have gaps (None: no gaps); there a job keeps only those that
    its row covers. Raises sqlite3.DatabaseError if ``into`` can't be written.
    """
    with contextlib.closing(_Old(damaged)) as old:
        last_id, limit = 0, int(now_s + _AHEAD_S) * 1000 << COUNTER_BITS
        kept: dict[int, _Kept] = {}
        lost: set[str] = set()
        known: set[int] = set()
        cut = False
        for n, job_id, whole, request, document, events in _rows(old, "jobs", "n", _JOBS[old.sums]):
            known.add(n)
            job = _job(request, document) if whole else None
            if job is None:
                lost.add(str(job_id))
            else:
                kept[n] = _Kept(job, as_created(job), events, 0, 0, job.last_event_id == 0)
        for event_id, n, whole, name, data in _rows(old, "events", "id", _EVENTS[old.sums]):
            event = (
                event_json.decode(str(name), data) if whole and isinstance(data, bytes) else None
            )
            if event is None or isinstance(event, ConnectionEvent) or event_id > limit:
                continue
            last_id = max(last_id, event_id)
            entry = kept.get(n)
            if entry is None:
                cut = cut or (sure is not None and n not in known)
                continue
            if sure is not None and event_id > max(sure, entry.stored.last_event_id):
                cut = True
                continue
            entry.newest = event_id
            entry.folded = reduce(entry.folded, Envelope(event_id, event))
            entry.events += 1
            if event_id == entry.stored.last_event_id:
                there = entry.stored_events in (None, entry.events)
                entry.agrees = there and entry.folded == entry.stored
        for n in [n for n, entry in kept.items() if not entry.agrees]:
            lost.add(kept.pop(n).stored.id)
        with contextlib.suppress(*DAMAGE):
            last = old.store.meta("last_id") or 0
            last_id = max(last_id, last if last <= limit else 0)
        _copy(old, into, kept, last_id)
        return Recovered(len(kept), tuple(sorted(lost)), cut)


class _Old:
    """The damaged file, opened read-only."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)
        schema = SCHEMA
        with contextlib.suppress(*DAMAGE):
            schema = self.db.execute("PRAGMA user_version").fetchone()[0]
        self.sums = schema >= 2
        self.store = Store(self.db, schema)

    def close(self) -> None:
        """Close the file."""
        self.db.close()


# By whether rows have checksums. Without, a row counts as whole if it decodes and folds correctly.
_JOBS = {
    True: f"n, id, {JOB_WHOLE}, request, job, events",
    False: "n, id, 1, request, job, NULL",
}
_EVENTS = {
    True: f"id, job, {EVENT_WHOLE}, name, data",
    False: "id, job, 1, name, data",
}


_UNCOUNTED = WHOLE_ROW.replace("events", "NULL")


def _rows(old: _Old, table: str, key: str, columns: str) -> Iterator[tuple[Any, ...]]:
    """Every readable row, in the order of its key: read from the first up to where reading fails,
    then from the last down to there."""
    after = -1
    try:
        for row in old.db.execute(
            f"SELECT {columns} FROM {table} NOT INDEXED WHERE {key} > ? ORDER BY {key}", (after,)
        ):
            if row[0] > after:  # pages of different ages can repeat a row
                after = row[0]
                yield row
        return
    except DAMAGE:
        pass
    above: list[tuple[Any, ...]] = []
    with contextlib.suppress(*DAMAGE):
        for row in old.db.execute(
            f"SELECT {columns} FROM {table} NOT INDEXED WHERE {key} > ? ORDER BY {key} DESC",
            (after,),
        ):
            if not above or row[0] < above[-1][0]:
                above.append(row)
    yield from reversed(above)


def _job(request: object, document: object) -> Job | None:
    if not isinstance(request, bytes) or not isinstance(document, bytes):
        return None
    try:
        _request_decoder.decode(request)
        return _job_decoder.decode(document)
    except ValueError:
        return None


def _keys(old: _Old) -> Iterator[tuple[IdempotencyKey, int]]:
    """Every readable, whole idempotency key with its job's ``n``; none from a store without
    them."""
    columns = "key, request, created, job FROM idempotency_keys NOT INDEXED"
    found: dict[bytes, tuple[IdempotencyKey, int]] = {}
    for order in ("ASC", "DESC"):  # up to where reading fails, from both ends
        with contextlib.suppress(*DAMAGE):
            for key, request, created, n in old.db.execute(
                f"SELECT {columns} WHERE {KEY_WHOLE} ORDER BY key {order}"
            ):
                found[key] = IdempotencyKey(key, request, created), n
    yield from sorted(found.values(), key=lambda each: each[0].now_ms)


def _copy(old: _Old, into: Store, kept: dict[int, _Kept], last_id: int) -> None:
    into.db.execute("BEGIN IMMEDIATE")
    try:
        condition, columns = (JOB_WHOLE, WHOLE_ROW) if old.sums else ("1", _UNCOUNTED)
        left = {*kept}
        for n, whole, *row in _rows(old, "jobs", "n", f"n, {condition}, {columns}"):
            if whole and n in left:
                left.remove(n)
                into.insert(row)
        rows = []
        for event_id, n, whole, name, data in _rows(old, "events", "id", _EVENTS[old.sums]):
            entry = kept.get(n)
            if not entry or event_id > entry.newest:
                continue
            if whole and isinstance(name, str) and isinstance(data, bytes):
                rows.append((event_id, n, name, data))
            if len(rows) == _ROWS:
                into.append(rows)
                rows = []
        into.append(rows)
        for idempotency_key, n in _keys(old):
            if n in kept:
                into.save_key(idempotency_key, n)
        into.set_meta("last_id", last_id)
        into.db.execute("COMMIT")
    finally:
        if into.db.in_transaction:
            into.db.execute("ROLLBACK")
