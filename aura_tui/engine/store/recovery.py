"""Saving what is whole out of a damaged store.

A job is whole when its row is as it was written, and its events fold to the very state that the
row holds. Idempotency keys of these jobs are kept, so that a request repeated after the damage
makes no second job. The damaged file is only read: it stays as evidence, and for those who know
more.
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
# An id that is further in the future than clocks ever go wrong is damage; from it on, no clock
# would give another.
_AHEAD_S = 400 * 86400


class _Kept(msgspec.Struct):
    """A job whose row is whole: what that says, and what its events come to."""

    told: Job
    folded: Job
    told_events: int | None  # that were there when the row was written; None: it didn't count
    events: int
    newest: int  # the id of the last of them
    agrees: bool  # at the event that the row was written after, all were there


class Rescued(NamedTuple):
    """What came of it. Jobs whose very ids can't be read are in neither of the first two."""

    saved: int  # whole jobs
    lost: tuple[str, ...]  # the ids of those left behind
    cut: bool  # events were left behind, since others before them may be missing


def rescue(damaged: Path, into: Store, now_s: float, sure: int | None = None) -> Rescued:
    """Copy every whole job of ``damaged``. After ``sure`` there may be holes among its events
    (None: nowhere): there a job keeps those alone that its row has counted.

    Raises sqlite3.DatabaseError when ``into`` can't be written.
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
            if sure is not None and event_id > max(sure, entry.told.last_event_id):
                cut = True
                continue
            entry.newest = event_id
            entry.folded = reduce(entry.folded, Envelope(event_id, event))
            entry.events += 1
            if event_id == entry.told.last_event_id:
                there = entry.told_events in (None, entry.events)
                entry.agrees = there and entry.folded == entry.told
        for n in [n for n, entry in kept.items() if not entry.agrees]:
            lost.add(kept.pop(n).told.id)
        with contextlib.suppress(*DAMAGE):
            told = old.store.meta("last_id") or 0
            last_id = max(last_id, told if told <= limit else 0)
        _copy(old, into, kept, last_id)
        return Rescued(len(kept), tuple(sorted(lost)), cut)


class _Old:
    """The damaged file, read as far as it can be."""

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


# By whether rows have checksums; without, what decodes and folds aright is taken for whole.
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
    """Every row that can be reached, in order of its key: from the first up to where reading
    fails, then from the last down to there."""
    after = -1
    try:
        for row in old.db.execute(
            f"SELECT {columns} FROM {table} NOT INDEXED WHERE {key} > ? ORDER BY {key}", (after,)
        ):
            if row[0] > after:  # where pages are of several times, a row may come twice
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
    """Every whole idempotency key that can be reached, with its job; none of an older store."""
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
                into.keep_key(idempotency_key, n)
        into.set_meta("last_id", last_id)
        into.db.execute("COMMIT")
    finally:
        if into.db.in_transaction:
            into.db.execute("ROLLBACK")
