"""The engine never stops silently: every task of it may die, the database may be locked, a cancel
may come at the worst moment; the next job runs, and what happened is told."""

from __future__ import annotations

import asyncio
import sqlite3
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace

from aura_tui.engine import dispatcher
from aura_tui.engine import service as service_
from aura_tui.engine.run.runner import STALL_WATCH, Runner
from aura_tui.engine.service import EmbeddedService
from aura_tui.engine.store.writer import Writer
from aura_tui.errors import Code, Conflict, EngineError
from aura_tui.model import events as ev
from aura_tui.model.status import JobStatus
from aura_tui.system import tasks
from tests.engine.conftest import ended, follow, request
from tests.engine.stages import SmallStages
from tests.engine.test_service import FAILURE, At, FailAt
from tests.killing import HOW, kill
from tests.waiting import until

if TYPE_CHECKING:
    from aura_tui.engine.store.store import Store
    from aura_tui.model.job import Job
    from aura_tui.pipeline.context import StageContext
    from aura_tui.settings import Settings


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(dispatcher, "CRASH_AGAIN_S", 0.01)
    monkeypatch.setattr(service_, "_WATCH_S", 0.02)


async def _works(service: EmbeddedService) -> None:
    job = await service.submit(request("one more"))
    assert (await ended(service, job.id)).status is JobStatus.SUCCEEDED


def _log_text(settings: Settings) -> str:
    return (settings.home / "engine.log").read_text()


async def test_every_service_task_that_dies_is_told_and_starts_again(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        names = [*service._background.tasks]
        assert names == ["Retention sweep", "Queue watch"]
        for name in names:
            await _killed(service, name)
            await _works(service)
    assert all(name in _log_text(settings) for name in names)


async def _killed(service: EmbeddedService, name: str) -> None:
    """Cancel the task as somebody else would, and wait until there is another."""
    task = service._background.tasks[name]
    assert task
    task.cancel()
    await asyncio.wait((task,))
    assert f"{name} stopped unexpectedly (it was cancelled)" in service.troubles()
    await until(lambda: service._background.tasks[name] not in (None, task))


@pytest.mark.parametrize("which", ["work", "job"])
async def test_a_job_whose_task_dies_goes_on_where_it_was(
    settings: Settings, small: SmallStages, which: str
) -> None:
    small.hook = at = At("voice", 2)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        name = f"work on {job.id}" if which == "work" else f"job {job.id}"
        (task,) = [task for task in asyncio.all_tasks() if task.get_name() == name]
        at.go.set()
        task.cancel()
        done = await ended(service, job.id)
        assert (done.status, done.ignored) == (JobStatus.SUCCEEDED, 0)
        assert small.made.count(("voice", 1)) == 1
    assert f"Job {job.id} stopped unexpectedly (it was cancelled)" in _log_text(settings)


async def test_a_stage_that_stands_still_is_told_though_its_watch_died(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("voice", 2)
    settings = replace(settings, engine=replace(settings.engine, stall_warning_s=1.0))
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        for how in HOW:
            await kill(STALL_WATCH, how)
        async for envelope in service.events(job.id):
            if isinstance(envelope.event, ev.Warned):
                assert "has reported nothing" in envelope.event.message
                break
        at.go.set()
        assert (await ended(service, job.id)).status is JobStatus.SUCCEEDED
    for cause in ("it was cancelled", "KeyError: 'killed'"):
        assert f"{STALL_WATCH} stopped unexpectedly ({cause})" in _log_text(settings)


async def test_a_job_whose_task_dies_again_and_again_fails_and_the_next_one_runs(
    settings: Settings, small: SmallStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(runner: Runner) -> asyncio.Task[None]:
        raise RuntimeError("no runner")

    with monkeypatch.context() as patch:
        patch.setattr(Runner, "start", broken)
        async with EmbeddedService(settings, stages=small) as service:
            job = await service.submit(request())
            done = await ended(service, job.id)
            assert (done.status, done.errors[0].code, done.ignored) == (JobStatus.FAILED, "E799", 0)
            patch.undo()
            await _works(service)


async def test_a_writer_that_dies_is_replaced_and_nobody_waits_for_ever(
    settings: Settings, small: SmallStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit, dies = Writer._commit, [True]

    def once(writer: Writer, works: list[object]) -> object:
        if dies:
            dies.clear()
            raise MemoryError
        return commit(writer, works)  # type: ignore[arg-type]  # passed on

    async with EmbeddedService(settings, stages=small) as service:
        monkeypatch.setattr(Writer, "_commit", once)
        with pytest.raises(EngineError) as caught:
            await asyncio.wait_for(service.submit(request()), 10)
        assert caught.value.code is Code.INTERNAL
        await _works(service)
    assert "Database writer stopped unexpectedly (MemoryError)" in _log_text(settings)


async def test_a_lock_of_another_program_is_waited_for_and_told(
    settings: Settings, small: SmallStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_, "_LOCKED_S", 0.2)
    small.hook = at = At("voice", 1)
    async with EmbeddedService(settings, stages=small) as service:
        ended_before = await service.submit(request("before"))
        await at.reached.wait()
        at.go.set()
        await ended(service, ended_before.id)
        small.hook = at = At("voice", 1)
        job = await service.submit(request())
        await at.reached.wait()
        other = sqlite3.connect(settings.home / "aura.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        waiting = asyncio.create_task(service.submit(request("during")))
        await until(lambda: any("another program has locked" in t for t in service.troubles()))
        await until(lambda: service._locked_s > 0.2)  # the watch has seen it, too
        # What only reads goes on.
        assert (await service.get(ended_before.id)).status is JobStatus.SUCCEEDED
        assert [found.id for found in (await service.list()).jobs] == [job.id, ended_before.id]
        assert not waiting.done()
        other.execute("ROLLBACK")
        other.close()
        during = await waiting
        await until(
            lambda: any("locked the database" in w for w in _open(service, job.id).warnings)
        )
        at.go.set()
        assert (await ended(service, job.id)).status is JobStatus.SUCCEEDED
        assert (await ended(service, during.id)).status is JobStatus.SUCCEEDED
        assert service.troubles() == ()


async def test_a_queued_job_whose_cancel_waits_for_the_database_is_not_counted_as_running(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("voice", 1)
    async with EmbeddedService(settings, stages=small) as service:
        running = await service.submit(request())
        await at.reached.wait()
        queued = await service.submit(request("queued"))
        other = sqlite3.connect(settings.home / "aura.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        cancelling = asyncio.create_task(service.cancel(queued.id))
        await until(lambda: service._dispatcher._writing)
        queue = await service.queue()
        assert (queue.running, queue.queued, queue.waiting) == (1, 0, ())
        other.execute("ROLLBACK")
        other.close()
        assert (await cancelling).status is JobStatus.CANCELED
        at.go.set()
        await ended(service, running.id)


def _open(service: EmbeddedService, job_id: str) -> Job:
    job = service._log.job(job_id)
    assert job
    return job


async def test_an_engine_ends_in_bounded_time_under_the_lock_of_another_program(
    settings: Settings, small: SmallStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aura_tui.engine.store.writer._CLOSE_S", 0.3)
    small.hook = at = At("voice", 1)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        other = sqlite3.connect(settings.home / "aura.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        await asyncio.wait_for(service.aclose(), 20)
        other.close()
    async with EmbeddedService(settings, stages=SmallStages()) as service:
        assert (await ended(service, job.id)).status is JobStatus.SUCCEEDED


async def test_an_engine_starts_after_the_lock_of_another_program_is_gone(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small):
        pass
    other = sqlite3.connect(settings.home / "aura.db", isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    loop = asyncio.get_running_loop()
    loop.call_later(0.5, other.close)
    async with EmbeddedService(settings, stages=small) as service:
        await _works(service)
        assert service.notices == []


async def test_a_queue_that_stands_still_is_told(
    settings: Settings, small: SmallStages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service_, "STANDSTILL_S", 0.05)
    async with EmbeddedService(settings, stages=small) as service:
        monkeypatch.setattr(service._dispatcher, "_fill", lambda: None)
        await service.submit(request())
        await until(
            lambda: any("the queue is stalled: 1 job waits" in t for t in service.troubles())
        )
        monkeypatch.undo()
        await until(lambda: service.troubles() == ())


async def test_a_cancel_between_submit_and_start_ends_that_job_and_no_other(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        for turns in range(30):
            job = await service.submit(request(str(turns)))
            for _ in range(turns):
                await asyncio.sleep(0)
            await service.cancel(job.id)
            assert (await ended(service, job.id)).status is JobStatus.CANCELED
        await _works(service)


async def test_a_resumed_job_waits_for_room_and_is_next(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("voice", 2)
    async with EmbeddedService(settings, stages=small) as service:
        first = await service.submit(request("a"))
        await at.reached.wait()
        await service.pause(first.id)
        at.go.set()
        small.hook = at = At("voice", 3)
        second = await service.submit(request("b"))
        third = await service.submit(request("c"))
        await at.reached.wait()
        assert (await service.resume(first.id)).status is JobStatus.PAUSED
        assert (await service.resume(first.id)).status is JobStatus.PAUSED  # once is enough
        queue = await service.queue()
        assert queue.waiting == (first.id, third.id)
        assert (queue.running, queue.queued, queue.paused) == (1, 2, 0)
        assert (
            "Waiting to resume: 1 job running, the limit set by concurrency"
            in await service.logs(first.id)
        )
        at.go.set()
        order = [await ended(service, job.id) for job in (second, first, third)]
        assert {job.status for job in order} == {JobStatus.SUCCEEDED}
        ends = [job.ended_at for job in order if job.ended_at]
        assert ends == sorted(ends)


async def test_a_job_that_waits_to_resume_can_be_paused_or_cancelled_again(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("voice", 2)
    async with EmbeddedService(settings, stages=small) as service:
        jobs = []
        for text in "ab":
            jobs.append(await service.submit(request(text)))
            await at.reached.wait()
            at.reached.clear()
            await service.pause(jobs[-1].id)
        running = await service.submit(request("c"))
        await at.reached.wait()
        for job in jobs:
            await service.resume(job.id)
        await service.pause(jobs[0].id)
        await service.cancel(jobs[1].id)
        assert (await ended(service, jobs[1].id)).status is JobStatus.CANCELED
        at.go.set()
        await ended(service, running.id)
        await _works(service)
        assert (await service.get(jobs[0].id)).status is JobStatus.PAUSED


async def test_a_job_that_waits_to_resume_resumes_under_the_next_engine(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = at = At("voice", 2)
    async with EmbeddedService(settings, stages=small) as service:
        waits, stays = [await service.submit(request(text)) for text in "ab"]
        for job in (waits, stays):
            await at.reached.wait()
            at.reached.clear()
            await service.pause(job.id)
        await service.submit(request("c"))
        await at.reached.wait()
        await service.resume(waits.id)
    async with EmbeddedService(settings, stages=SmallStages()) as service:
        assert (await ended(service, waits.id)).status is JobStatus.SUCCEEDED
        assert (await service.get(stays.id)).status is JobStatus.PAUSED


class FailLate(At):
    async def act(self, ctx: StageContext) -> None:
        await self.go.wait()
        raise FAILURE


async def test_a_failure_while_paused_ends_the_job(settings: Settings, small: SmallStages) -> None:
    small.hook = at = FailLate("voice", 2)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await at.reached.wait()
        await service.pause(job.id)
        at.go.set()
        done = await asyncio.wait_for(ended(service, job.id), 10)
        assert (done.status, done.ignored) == (JobStatus.FAILED, 0)


async def test_two_retries_of_one_job_at_once_make_one_and_name_it(
    settings: Settings, small: SmallStages
) -> None:
    small.hook = FailAt("render", 1, FAILURE, times=1)
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        await ended(service, job.id)
        small.hook = at = At("render", 1)
        answers = await asyncio.gather(
            *(service.retry(job.id) for _ in range(4)), return_exceptions=True
        )
        (again,) = [answer for answer in answers if not isinstance(answer, BaseException)]
        refused = [answer for answer in answers if isinstance(answer, Conflict)]
        assert len(refused) == 3
        assert {conflict.job_id for conflict in refused} == {again.id}
        await at.reached.wait()
        with pytest.raises(Conflict) as caught:
            await service.retry(job.id)
        assert again.id in caught.value.message
        at.go.set()
        await ended(service, again.id)
        attempts = [found for found in (await service.list()).jobs if found.retry_of]
        assert len(attempts) == 1


async def test_an_end_that_was_written_and_not_kept_in_the_row_is_no_open_job(
    settings: Settings, small: SmallStages
) -> None:
    async with EmbeddedService(settings, stages=small) as service:
        job = await service.submit(request())
        events = await follow(service, job.id)

        def forget(store: Store) -> None:
            store.db.execute("UPDATE jobs SET ended = 0, status = 'Running'")
            store._seal(1)

        await service._log.do(forget)
    async with EmbeddedService(settings, stages=SmallStages()) as service:
        assert (await service.queue()).waiting == ()
        assert (await service.get(job.id)).status is JobStatus.SUCCEEDED
        assert [type(e.event) for e in events][-1] is ev.JobCompleted
        assert len(await follow(service, job.id)) == len(events)
