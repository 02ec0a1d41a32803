"""Looking at real processes, and waiting for a state by looking for it."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


def alive(pid: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return False
    return state not in "ZX"


def state(pid: int) -> str:
    """Linux's one letter: R, S, T (stopped), Z ..."""
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]


def stopped(pid: int) -> bool:
    """Whether SIGSTOP holds it. A parent whose child was stopped between vfork and exec waits for
    that child in the kernel (D), and its own stop with it."""
    now = state(pid)
    return now == "T" or (now == "D" and [state(child) for child in below(pid)] == ["T"])


async def until(predicate: Callable[[], object], timeout: float = 10.0) -> None:
    """Return as soon as ``predicate`` holds; fail after ``timeout`` seconds."""
    async with asyncio.timeout(timeout):
        while not predicate():
            await asyncio.sleep(0.005)


def below(pid: int) -> list[int]:
    """All processes below ``pid``, children's children included; zombies are none."""
    parents: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rsplit(")", 1)[1].split()
        except OSError:
            continue  # it has ended meanwhile
        if fields[0] not in "ZX":
            parents.setdefault(int(fields[1]), []).append(int(stat.parent.name))
    found: list[int] = []
    waiting = [pid]
    while waiting:
        children = parents.get(waiting.pop(), [])
        found += children
        waiting += children
    return found
