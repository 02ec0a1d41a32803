"""Background tasks: whatever ends one is reported, and the work goes on."""

from __future__ import annotations

import asyncio

import pytest

from aura_tui.system import tasks
from aura_tui.system.tasks import Supervisor, TaskFailure


@pytest.fixture
def reports() -> list[TaskFailure]:
    return []


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "FIRST_WAIT_S", 0.001)
    monkeypatch.setattr(tasks, "LONGEST_WAIT_S", 0.004)


async def test_a_service_that_dies_is_reported_and_started_again(
    reports: list[TaskFailure],
) -> None:
    starts = 0
    running = asyncio.Event()

    async def work() -> None:
        nonlocal starts
        starts += 1
        if starts < 6:
            raise KeyError("lost")
        running.set()
        await asyncio.Event().wait()

    supervisor = Supervisor(reports.append)
    supervisor.keep("dispatcher", work)
    await running.wait()
    assert [failure.count for failure in reports] == [1, 2, 3, 4, 5]
    assert [failure.restarts_in_s for failure in reports] == [0.001, 0.002, 0.004, 0.004, 0.004]
    assert reports[0].reason == "dispatcher stopped unexpectedly (KeyError: 'lost')"
    assert supervisor.failures == (reports[-1],)
    await supervisor.aclose()


@pytest.mark.parametrize("end", ["cancel", "return"])
async def test_a_service_that_is_cancelled_by_another_or_returns_starts_again(
    end: str, reports: list[TaskFailure]
) -> None:
    starts = asyncio.Queue[int]()
    done = asyncio.Event()

    async def work() -> None:
        starts.put_nowait(1)
        await done.wait()

    supervisor = Supervisor(reports.append)
    supervisor.keep("sweep", work)
    await starts.get()
    task = supervisor.tasks["sweep"]
    assert task is not None
    if end == "cancel":
        task.cancel()
    else:
        done.set()
    await starts.get()
    assert ("was cancelled" if end == "cancel" else "returned") in reports[0].reason
    await supervisor.aclose()


async def test_a_service_is_well_again_once_it_has_run_for_a_while(
    reports: list[TaskFailure], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "SETTLED_S", 0.01)
    dies = [True]

    async def work() -> None:
        if dies.pop() if dies else False:
            raise ValueError
        await asyncio.Event().wait()

    supervisor = Supervisor(reports.append)
    supervisor.keep("sweep", work)
    while not reports:
        await asyncio.sleep(0)
    assert supervisor.failures
    async with asyncio.timeout(10):
        while supervisor.failures:
            await asyncio.sleep(0.001)
    await supervisor.aclose()


async def test_a_job_that_fails_is_reported_once_and_one_that_ends_is_not(
    reports: list[TaskFailure],
) -> None:
    async def fails() -> None:
        raise OSError("no space")

    async def ends() -> None:
        pass

    supervisor = Supervisor(reports.append)
    await asyncio.wait([supervisor.run("copy", fails()), supervisor.run("look", ends())])
    await asyncio.sleep(0)
    assert [(failure.name, failure.restarts_in_s) for failure in reports] == [("copy", None)]
    await supervisor.aclose()


async def test_closing_ends_every_task_and_reports_nothing(reports: list[TaskFailure]) -> None:
    ended: list[str] = []

    async def work(name: str) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append(name)

    supervisor = Supervisor(reports.append)
    supervisor.keep("a", lambda: work("a"))
    supervisor.run("b", work("b"))
    await asyncio.sleep(0)
    await supervisor.aclose()
    assert sorted(ended) == ["a", "b"]
    assert reports == []


async def test_a_service_that_may_end_is_forgotten_when_it_returns_and_restarted_when_it_dies(
    reports: list[TaskFailure],
) -> None:
    ends = [True, False]  # the first time it dies

    async def work() -> None:
        if ends.pop(0):
            raise ValueError

    supervisor = Supervisor(reports.append)
    supervisor.keep("stream", work, may_end=True)
    async with asyncio.timeout(10):
        while supervisor.tasks:
            await asyncio.sleep(0)
    assert [type(failure.error) for failure in reports] == [ValueError]
    assert not ends
    assert supervisor.failures == ()
    await supervisor.aclose()


async def test_a_service_that_is_dropped_ends_unreported_and_its_name_is_free(
    reports: list[TaskFailure],
) -> None:
    ended: list[int] = []

    async def work(number: int) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append(number)

    supervisor = Supervisor(reports.append)
    supervisor.keep("follower", lambda: work(1))
    await asyncio.sleep(0)
    supervisor.drop("follower")
    supervisor.drop("nobody")
    supervisor.keep("follower", lambda: work(2))
    await asyncio.sleep(0)
    await supervisor.aclose()  # waits for both
    supervisor.keep("late", lambda: work(3))
    late = supervisor.run("late job", work(4))
    await asyncio.wait((late,))
    assert sorted(ended) == [1, 2]
    assert reports == []


async def test_failures_go_to_the_loop_s_handler_unless_told_otherwise() -> None:
    told: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))

    async def fails() -> None:
        raise OSError("no space")

    supervisor = Supervisor()
    supervisor.run("copy", fails())
    supervisor.keep("sweep", fails)
    await asyncio.sleep(0.01)
    await supervisor.aclose()
    assert {str(context["message"]) for context in told} == {
        f"{name} stopped unexpectedly (OSError: no space)" for name in ("copy", "sweep")
    }


async def test_a_service_that_fails_for_days_is_still_started_again(
    reports: list[TaskFailure], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tasks, "FIRST_WAIT_S", 0.0)
    monkeypatch.setattr(tasks, "LONGEST_WAIT_S", 0.0)
    many = asyncio.Event()

    async def work() -> None:
        if len(reports) > 1100:  # twice to that power is no float
            many.set()
        raise ValueError

    supervisor = Supervisor(reports.append)
    supervisor.keep("sweep", work)
    async with asyncio.timeout(30):
        await many.wait()
    await supervisor.aclose()
