"""How far a store had come: what its mark promises after a kill, a power cut, and damage."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING
from zlib import crc32

import pytest

from aura_tui.engine.store.open import open_store
from aura_tui.engine.store.watermark import Watermark

if TYPE_CHECKING:
    from pathlib import Path

ANOTHER = "00000000-1111-2222-3333-444444444444"


def written(store: Path) -> Path:
    return store.with_name(f"{store.name}-mark")


@pytest.mark.skipif(sys.platform != "linux", reason="knows its boots apart")
def test_after_a_kill_all_that_was_committed_must_be_there(tmp_path: Path) -> None:
    mark = Watermark(tmp_path / "aura.db")
    mark.move(5, synced=True)
    mark.move(7, synced=False)
    assert Watermark(tmp_path / "aura.db").least == 7
    mark.close()


def test_after_a_power_cut_only_what_was_synced(tmp_path: Path) -> None:
    mark = Watermark(tmp_path / "aura.db")
    mark.move(5, synced=True)
    mark.move(7, synced=False)
    mark.close()
    line = written(tmp_path / "aura.db").read_text().split()
    told = " ".join((*line[:2], ANOTHER))
    written(tmp_path / "aura.db").write_text(f"{told} {crc32(told.encode()):08x}\n")
    after = Watermark(tmp_path / "aura.db")
    assert (after.least, after.last) == (5, 7)
    after.begin(6)  # so far the store goes
    after.move(0, synced=False)
    assert Watermark(tmp_path / "aura.db").last == 6
    after.close()


def test_a_damaged_mark_promises_nothing(tmp_path: Path) -> None:
    mark = Watermark(tmp_path / "aura.db")
    mark.move(5, synced=True)
    mark.close()
    data = written(tmp_path / "aura.db").read_bytes()
    for at in range(len(data)):
        changed = bytearray(data)
        changed[at] ^= 1
        written(tmp_path / "aura.db").write_bytes(changed)
        assert Watermark(tmp_path / "aura.db").least == 0
    written(tmp_path / "aura.db").write_bytes(data[:40])
    assert Watermark(tmp_path / "aura.db").least == 0


def test_the_mark_goes_with_what_is_committed_and_no_further(tmp_path: Path) -> None:
    path = tmp_path / "aura.db"
    store = open_store(path).store
    store.begin()
    store.append([(7, 1, "x", b"{}"), (8, 1, "x", b"{}")])
    assert Watermark(path).last == 0
    store.commit(synced=False)
    assert Watermark(path).last == 8
    store.begin()
    store.append([(9, 1, "x", b"{}")])
    store.db.execute("ROLLBACK")
    store.begin()
    store.set_meta("probed", 1)
    store.commit(synced=True)
    assert Watermark(path).last == Watermark(path).synced == 8
    store.close()
