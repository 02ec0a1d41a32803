"""Who is cancelled leaves no thread behind."""

from __future__ import annotations

import asyncio
import threading

import pytest

from aura_tui.system.tasks import THREAD, run_to_completion
from tests.killing import kill


async def test_it_gives_what_the_call_gives_and_raises_what_it_raises() -> None:
    assert await run_to_completion(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        await run_to_completion(divmod, 7, 0)


async def test_a_wait_that_nobody_of_ours_cancelled_is_an_error() -> None:
    may_end = threading.Event()
    waiting = asyncio.create_task(run_to_completion(may_end.wait, 10))
    await kill(THREAD, "cancel")
    may_end.set()
    with pytest.raises(RuntimeError, match="was cancelled"):
        await waiting


@pytest.mark.parametrize("fails", [False, True])
async def test_a_cancel_is_passed_on_when_the_thread_has_ended(fails: bool) -> None:
    began, may_end, ended = threading.Event(), threading.Event(), threading.Event()

    def work() -> None:
        began.set()
        may_end.wait(10)
        ended.set()
        if fails:
            raise ValueError

    task = asyncio.create_task(run_to_completion(work))
    await asyncio.to_thread(began.wait, 10)
    task.cancel()
    done, _ = await asyncio.wait({task}, timeout=0.05)
    assert not done
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert ended.is_set()
