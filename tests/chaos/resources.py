"""Runs in want of something: room on the disk in each stage, open files, memory of the children, a
home that can be written; a slow disk; many starts at once; stores that a disk has changed.

    python tests/chaos/resources.py [--seed N] [--stores 1000]

Each ends in a good video or a clear error, and when what it lacked is there, the job goes on to
the undisturbed video. Wants root for its small disks, and a C compiler for the slow one; what it
can't do here it says. Prints how each ended.
"""

from __future__ import annotations

import argparse
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).parents[2]))

from aura_tui.engine.store.open import open_store
from tests.chaos import resources_damage, resources_wal
from tests.chaos.crash_run import STAGES, Undisturbed, made, undisturbed
from tests.chaos.resources_run import (
    LIMIT_S,
    ROOM,
    fill,
    go_on,
    limited,
    may_mount,
    read_only,
    resize,
    run,
    small_disk,
)
from tests.e2e.program import Program

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_ROOMY_KB = 1_000_000
_SLOW_FSYNC = """
#include <dlfcn.h>
#include <unistd.h>
static int slow(const char *name, int fd) {
    usleep(300000);
    return ((int (*)(int)) dlsym(RTLD_NEXT, name))(fd);
}
int fsync(int fd) { return slow("fsync", fd); }
int fdatasync(int fd) { return slow("fdatasync", fd); }
"""


def disks(folder: Path, usual: Undisturbed) -> Iterator[tuple[str, Callable[[], str]]]:
    """A disk that gets full in each stage, one that is too small, and a read-only one."""

    def full(stage: str, leave_kb: int, event: str) -> str:
        program = _program(folder)
        with small_disk(program.home, 64_000):
            meanwhile = fill(program, stage, leave_kb, event)
            arguments = program.arguments("--progress", "json")
            ended = run(program, arguments, meanwhile=meanwhile, environ=ROOM)
            resize(program.home, _ROOMY_KB)
            return f"{ended.name}, then {go_on(program, usual)}"

    def small(size_kb: int) -> str:
        program = _program(folder)
        with small_disk(program.home, size_kb):
            ended = run(program, program.arguments("--progress", "plain"), environ=ROOM)
            resize(program.home, _ROOMY_KB)
            return f"{ended.name}, then {go_on(program, usual)}"

    def written_by_nobody() -> str:
        program = _program(folder)
        with small_disk(program.home, _ROOMY_KB):
            first = run(program, program.arguments("--progress", "plain"))
            assert first.status == 0, first.said
            names = sorted(path.name for path in program.out.iterdir())
            read_only(program.home, yes=True)
            for command in ("jobs", "show", "logs", "artifacts"):
                done = run(program, (command,), may_have_delivered=True)
                assert done.status == 0, done.said
            for arguments in (("run", "another topic"), ("retry", "@latest")):
                done = run(program, arguments, may_have_delivered=True)
                assert done.status in (2, 3), done.said
            assert sorted(path.name for path in program.out.iterdir()) == names
            read_only(program.home, yes=False)
            return f"{'+'.join(done.codes)}, then {go_on(program, usual)}"

    for stage in STAGES:
        for leave_kb in (0, 40, 400):
            for event in ("step-status", "step-progress"):
                if event == "step-status" or stage in ("TTS", "Visuals", "Rendering"):
                    yield (
                        f"{leave_kb} KB left in {stage} ({event})",
                        lambda s=stage, k=leave_kb, e=event: full(s, k, e),  # type: ignore[misc]  # defaults bind the loop's values
                    )
    for size_kb in (64, 150, 200, 300, 600, 1200, 2000):
        yield f"a disk of {size_kb} KB", lambda k=size_kb: small(k)  # type: ignore[misc]  # as above
    yield "a read-only home", written_by_nobody


def limits(
    folder: Path, usual: Undisturbed, chance: random.Random
) -> Iterator[tuple[str, Callable[[], str]]]:
    """Too few open files, too little memory for the children, too small files."""

    def under(limit: Callable[[], None] | None, children_mb: int = 0) -> str:
        program = _program(folder)
        arguments = program.arguments("--progress", "plain")
        ended = run(program, arguments, limit, children_mb=children_mb)
        return f"{ended.name}, then {go_on(program, usual)}"

    for count in sorted(chance.sample(range(8, 48), 12)):
        limit = limited(resource.RLIMIT_NOFILE, count)
        yield f"{count} open files", lambda it=limit: under(it)  # type: ignore[misc]  # as above
    for mb in sorted(chance.sample(range(20, 600), 12)):
        yield f"{mb} MB for each child", lambda it=mb: under(None, it)  # type: ignore[misc]  # as above


def others(folder: Path, usual: Undisturbed) -> Iterator[tuple[str, Callable[[], str]]]:
    """A disk that takes its time, and many starts at once."""

    def slow() -> str:
        program = _program(folder)
        source, library = program.folder / "slow.c", program.folder / "slow.so"
        source.write_text(_SLOW_FSYNC)
        build = ["cc", "-D_GNU_SOURCE", "-shared", "-fPIC", str(source), "-o", str(library), "-ldl"]
        subprocess.run(build, check=True)
        arguments = program.arguments("--progress", "plain")
        ended = run(program, arguments, environ={"LD_PRELOAD": str(library)})
        assert ended.status == 0, ended.said
        return f"{ended.name}, then {go_on(program, usual)}"

    def race() -> str:
        program = _program(folder)
        outs = [program.folder / f"out{number}" for number in range(6)]
        started = [
            program.start(
                "run", program.brief, "-o", out, *program.arguments("--progress", "plain")[4:]
            )
            for out in outs
        ]
        for process in started:
            said, errors = process.communicate(timeout=LIMIT_S)
            assert process.returncode == 0, (said + errors).decode()
        for program.out in outs:
            assert made(program) == (usual.hashes, usual.about, usual.captions)
        program.close()
        return f"{len(outs)} videos"

    if shutil.which("cc"):
        yield "every sync takes 300 ms", slow
    else:
        print("left out, for want of a C compiler: a slow disk")
    yield "six starts at once", race


def stores(folder: Path, first: int, count: int) -> Iterator[tuple[str, Callable[[], str]]]:
    """Stores that a disk has changed."""

    def all_of_them() -> str:
        path = folder / "whole.db"
        shutil.copyfile(resources_damage.STORE, path)
        opened = open_store(path)
        whole = resources_damage.told(opened.store)
        opened.store.close()
        ends: dict[str, int] = {}
        for seed in range(first, first + count):
            end = resources_damage.check(folder / f"store{seed}", seed, whole)
            shutil.rmtree(folder / f"store{seed}")
            ends[end] = ends.get(end, 0) + 1
        return ", ".join(f"{number} {end}" for end, number in sorted(ends.items()))

    def killed(lines: int) -> str:
        home = folder / f"killed{lines}"
        whole = resources_wal.killed(home, lines)
        ends: dict[str, int] = {}
        for seed in range(first, first + count // 2):
            copy = folder / f"killed{lines}-{seed}"
            end = resources_wal.check(copy, home, seed, whole)
            shutil.rmtree(copy)
            ends[end] = ends.get(end, 0) + 1
        return ", ".join(f"{number} {end}" for end, number in sorted(ends.items()))

    yield f"{count} damaged stores", all_of_them
    yield f"{count // 2} damaged logs of a killed engine", lambda: killed(0)
    yield f"{count // 2} that began anew before", lambda: killed(4000)


def main() -> int:
    """Run them all; 1 when any failed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--stores", type=int, default=1000)
    options = parser.parse_args()
    began = time.monotonic()
    failed = 0
    with tempfile.TemporaryDirectory(prefix="aura-resources-") as name:
        folder = Path(name)
        (folder / "usual").mkdir()
        usual = undisturbed(folder / "usual")
        todo = [*limits(folder, usual, random.Random(options.seed)), *others(folder, usual)]
        todo += stores(folder, options.seed * 100_000, options.stores)
        if may_mount(folder):
            todo += disks(folder, usual)
        else:
            print("left out, since mounting isn't allowed: small disks and a read-only one")

        def one(item: tuple[str, Callable[[], str]]) -> tuple[str, str, bool]:
            what, act = item
            try:
                return what, act(), True
            except Exception as e:
                return what, f"FAILED {type(e).__name__}: {e}"[:3000], False

        with ThreadPoolExecutor(2) as pool:
            for what, end, good in pool.map(one, todo):
                failed += not good
                print(f"{what:48} {end}", flush=True)
    print(f"{len(todo)} runs, {failed} failed, {time.monotonic() - began:.0f} s")
    return 1 if failed else 0


def _program(folder: Path) -> Program:
    return Program(Path(tempfile.mkdtemp(dir=folder)))


if __name__ == "__main__":
    sys.exit(main())
