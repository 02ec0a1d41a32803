"""Ending background tasks as a fault would: a stray cancel, or an exception where one waits."""

from __future__ import annotations

import asyncio
import tempfile
from functools import partial
from typing import TYPE_CHECKING, Any

from aura_tui.system import crash_report, tasks
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from aura_tui.errors import AuraError

HOW = ("cancel", "raise")


def quick(monkeypatch: pytest.MonkeyPatch, reports: Path) -> None:
    """Restarts come at once; what is written of the deaths goes to ``reports``."""
    monkeypatch.setattr(tempfile, "mkstemp", partial(tempfile.mkstemp, dir=reports))
    monkeypatch.setattr(tasks, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(crash_report, "_AGAIN_S", 0.0)  # and every death is told


def named(name: str) -> list[asyncio.Task[Any]]:
    """The tasks of that name that run."""
    return [task for task in asyncio.all_tasks() if task.get_name() == name and not task.done()]


async def kill(name: str, how: str) -> asyncio.Task[Any]:
    """End the task of that name, which runs or is about to, and wait until it is gone."""
    await until(lambda: named(name) and _waits(named(name)[0]) is not None)
    task = named(name)[0]
    if how == "cancel":
        task.cancel()
    else:
        waits = _waits(task)
        assert waits is not None
        waits.set_exception(KeyError("killed"))
    await asyncio.wait((task,))
    return task


def _waits(task: asyncio.Task[Any]) -> asyncio.Future[Any] | None:
    """What ``task`` waits for at last."""
    future: asyncio.Future[Any] | None = getattr(task, "_fut_waiter", None)
    while isinstance(future, asyncio.Task):
        future = getattr(future, "_fut_waiter", None)
    return future if future is not None and not future.done() else None


def told(mishaps: list[AuraError], name: str, how: str) -> bool:
    """Whether the death of that task was reported, with its cause."""
    cause = "it was cancelled" if how == "cancel" else "KeyError: 'killed'"
    words = f"{name} stopped unexpectedly ({cause})"
    return any(words in mishap.message for mishap in mishaps)
