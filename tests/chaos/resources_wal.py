"""A store whose engine was killed, its write-ahead log in place, and what a disk then does to that:
what of it is still shown, saved, or said to be lost."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from aura_tui.engine.home import Home
from aura_tui.engine.service import EmbeddedService
from aura_tui.engine.store.open import open_reader, open_store
from aura_tui.model.events import JobLogged
from aura_tui.settings import EngineSettings, Settings
from tests.chaos.resources_damage import only_what_was_written, seen_by_a_reader, told
from tests.engine.conftest import ended, request
from tests.engine.stages import SmallStages, forever

if TYPE_CHECKING:
    from aura_tui.pipeline.context import StageContext
    from tests.chaos.resources_damage import Told

_FRAME = 24 + 4096  # https://www.sqlite.org/fileformat2.html#walformat
_HEADER = 32
_RUNS = "the third job runs"


def killed(home: Path, lines: int = 0, *, counted: bool = True) -> Told:
    """Leave at ``home`` what kill -9 leaves of an engine with two jobs done and one running, each
    with so many lines in its log; return what its store held. ``counted``: the row of the running
    job was written after its last event; else a few events later than that row are in the log,
    which recovery can't be sure of."""
    command = [sys.executable, __file__, str(home), str(lines), str(counted)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as engine:
        assert engine.stdout
        newest = int(engine.stdout.readline())
        engine.send_signal(signal.SIGKILL)
    store = open_reader(Home(home).store)
    assert store is not None
    try:
        assert store.last_id() >= newest
        return told(store)
    finally:
        store.close()


async def _work(home: Path, lines: int, counted: bool) -> None:
    async def hook(stage: str, ctx: StageContext, scene: int) -> None:
        if (stage, scene) == ("visuals", 2):
            for _ in range(lines):
                ctx.log("x" * 500)
            if ctx.request.brief.text == "three":
                ctx.log(_RUNS)
                await forever()

    settings = Settings(home=home, engine=EngineSettings(min_free_mb=1))
    async with EmbeddedService(settings, stages=SmallStages(hook)) as service:
        for text in ("one", "two"):
            await ended(service, (await service.submit(request(text))).id)
        third = (await service.submit(request("three"))).id
        async for envelope in service.events(third):
            if isinstance(envelope.event, JobLogged) and envelope.event.message == _RUNS:
                break
        log = service._log
        while True:
            job = log.job(third)
            assert job is not None
            if counted:
                log._keep(job)
            await log.do(lambda _: None)
            if log.job(third) is job and log.last_id == log.published:
                break
        print(log.published, flush=True)
        signal.pause()  # nothing more is written: the loop stands still


def damage(home: Home, seed: int) -> str:
    """Change what the killed engine left; what was done to it."""
    chance = random.Random(seed)
    kinds = ("bit", "bit", "header", "head", "cut", "cut", "between", "zeros", "swap", "gone")
    kind = chance.choice((*kinds, "empty", "store", "mark"))  # by the seed alone
    wal = home.store.with_name("aura.db-wal")
    data = bytearray(wal.read_bytes())
    at = chance.randrange(len(data))
    frames = (len(data) - _HEADER) // _FRAME
    frame = _HEADER + chance.randrange(frames) * _FRAME
    match kind:
        case "bit":
            data[at] ^= 1 << chance.randrange(8)
        case "header":
            at = chance.randrange(_HEADER)
            data[at] ^= 1 << chance.randrange(8)
        case "head":
            at = frame + chance.randrange(24)
            data[at] ^= 1 << chance.randrange(8)
        case "cut":
            del data[at:]
        case "between":  # where a frame ends
            at = frame
            del data[at:]
        case "zeros":
            at = frame
            data[at : at + _FRAME] = bytes(_FRAME)
        case "swap":  # two frames written to each other's place
            at = frame
            to = _HEADER + chance.randrange(frames) * _FRAME
            data[at : at + _FRAME], data[to : to + _FRAME] = (
                data[to : to + _FRAME],
                data[at : at + _FRAME],
            )
        case "empty":
            data.clear()
        case "store":  # the main file is gone, and its log is there
            home.store.unlink()
        case "mark":
            home.store.with_name("aura.db-mark").unlink()
    wal.write_bytes(data)
    if kind == "gone":
        wal.unlink()
    return f"{kind} at {at}"


def check(folder: Path, killed_home: Path, seed: int, whole: Told) -> str:
    """Damage a copy, read it, open it. AssertionError where anything is shown that was never
    written, or anything is gone without a word. Returns how it ended."""
    shutil.copytree(killed_home, folder)
    home = Home(folder)
    what = f"seed {seed}, {damage(home, seed)}"
    before = _files(home.store)
    only_what_was_written(seen_by_a_reader(home.store), whole, what)
    assert _files(home.store) == before, f"{what}: a reader wrote"
    opened = open_store(home.store)
    try:
        now = told(opened.store)
        if opened.damage is None:
            assert now == whole, f"{what}: changed, and nobody said so"
            return "no harm"
        found = opened.damage
        kept = [path.read_bytes() for path in folder.glob("aura.db.corrupt-*") if _evidence(path)]
        assert sorted(kept) == sorted(before.values()), f"{what}: the evidence was changed"
        assert found.saved == len(now), what
        only_what_was_written(now, whole, what)
        for job_id, (_, events) in whole.items():
            if job_id not in now:
                said = {*found.lost, *found.folders}
                assert job_id in said, f"{what}: job {job_id} is gone without a word"
                assert home.job(job_id).is_dir(), f"{what}: files of a lost job are gone"
            elif now[job_id][1] != events:
                assert now[job_id][1] == events[: len(now[job_id][1])], f"{what}: with holes"
                assert found.ends_ms is not None, f"{what}: the end of a log is gone without a word"
        newest = max(e.id for _, events in whole.values() for e in events)
        assert opened.store.last_id() >= newest, f"{what}: ids would be given twice"
    finally:
        opened.store.close()
    assert not list(folder.glob("*.saved*")), f"{what}: something half-made is left"
    again = open_store(home.store)
    again.store.close()
    assert again.damage is None, f"{what}: said twice"
    return "all saved" if now == whole else "some saved" if now else "none saved"


def _files(store: Path) -> dict[str, bytes]:
    paths = (store, store.with_name(f"{store.name}-wal"))
    return {path.name: path.read_bytes() for path in paths if path.exists() and _evidence(path)}


def _evidence(path: Path) -> bool:
    return not path.name.endswith(("-shm", "-mark")) and path.stat().st_size > 0


if __name__ == "__main__":
    asyncio.run(_work(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "True"))
    os._exit(0)
