"""A store that a disk has changed: what of it is still shown, used, or said to be lost."""

from __future__ import annotations

import random
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from aura_tui.engine.store.damage import DAMAGE
from aura_tui.engine.store.open import open_reader, open_store
from aura_tui.errors import Code, EngineError

if TYPE_CHECKING:
    from aura_tui.engine.store.store import Record, Store
    from aura_tui.model.events import Envelope

STORE = Path(__file__).parents[1] / "engine" / "stores" / "schema-2.db"
Told = dict[str, tuple["Record", list["Envelope"]]]


def told(store: Store) -> Told:
    """Every job and its log, as a store tells it."""
    return {
        record.job.id: (record, list(store.all_events(record.n)))
        for record in store.records(status=None, before=None, limit=500)
    }


def damage(path: Path, seed: int) -> str:
    """Change the file at ``path``; what was done to it."""
    chance = random.Random(seed)
    data = bytearray(path.read_bytes())
    kind = chance.choice(("bit", "bit", "byte", "bytes", "page", "zeros", "swap", "short"))
    at = chance.randrange(len(data))
    page = at // 4096 * 4096
    match kind:
        case "bit":
            data[at] ^= 1 << chance.randrange(8)
        case "byte":
            data[at] ^= chance.randrange(1, 256)
        case "bytes":
            for _ in range(chance.randrange(2, 200)):
                data[chance.randrange(len(data))] ^= chance.randrange(1, 256)
        case "page":
            data[page : page + 4096] = chance.randbytes(4096)
        case "zeros":
            data[page : page + 4096] = bytes(4096)
        case "swap":  # two pages written to each other's place
            other = chance.randrange(len(data) // 4096) * 4096
            data[page : page + 4096], data[other : other + 4096] = (
                data[other : other + 4096],
                data[page : page + 4096],
            )
        case "short":
            del data[at:]
    path.write_bytes(data)
    return f"{kind} at {at}"


def check(folder: Path, seed: int, whole: Told) -> str:
    """Damage a copy, read it, open it. AssertionError where anything is shown that was never
    written, or anything is gone without a word. Returns how it ended."""
    folder.mkdir()
    path = folder / "aura.db"
    shutil.copyfile(STORE, path)
    what = f"seed {seed}, {damage(path, seed)}"
    damaged = path.read_bytes()
    only_what_was_written(seen_by_a_reader(path), whole, what)
    assert path.read_bytes() == damaged, f"{what}: a reader wrote"
    opened = open_store(path)
    try:
        now = told(opened.store)
        if opened.damage is None:
            assert now == whole, f"{what}: changed, and nobody said so"
            return "no harm"
        found = opened.damage
        assert found.moved_to is not None
        assert found.moved_to.read_bytes() == damaged, f"{what}: the evidence was changed"
        assert found.saved == len(now)
        assert {*now} | {*found.lost} <= {*whole} | {*found.lost}
        for job_id, kept in now.items():
            assert kept == whole[job_id], f"{what}: job {job_id} was saved, and is not whole"
        assert not {*now} & {*found.lost}
        last = max((e.id for _, events in now.values() for e in events), default=0)
        assert opened.store.last_id() >= last
        return "all saved" if len(now) == len(whole) else "some saved" if now else "none saved"
    finally:
        opened.store.close()


def seen_by_a_reader(path: Path) -> Told:
    """What a process that only reads shows; nothing where it refuses."""
    try:
        store = open_reader(path)
    except EngineError as e:
        if e.code in (Code.STORE_CORRUPT, Code.STORE_NEWER, Code.HOME_UNUSABLE):
            return {}
        raise
    assert store is not None
    try:
        return told(store)
    except DAMAGE:
        return {}  # the services that read make an error of it
    finally:
        store.close()


def only_what_was_written(seen: Told, whole: Told, what: str) -> None:
    """AssertionError where ``seen`` has what ``whole`` has not."""
    for job_id, (record, events) in seen.items():
        assert job_id in whole, f"{what}: a job that never was"
        written, log = whole[job_id]
        assert record.request == written.request, f"{what}: a request that never was"
        assert [e for e in events if e not in log] == [], f"{what}: an event that never was"
