"""Whenever one begins to look, one sees the whole history, folded as the engine folded it."""

from __future__ import annotations

import asyncio

from aura_tui.model.job import as_created
from aura_tui.model.reduce import fold
from aura_tui.model.status import JobStatus
from aura_tui.replay.service import ReplayService
from aura_tui.views.fold import follow
from tests.ui import recordings
from tests.ui.test_board import running


async def test_every_event_comes_with_the_job_after_it() -> None:
    tape = recordings.success()
    job = tape.job
    service = ReplayService(tape.recording(), speed=0)
    seen = [pair async for pair in follow(service, tape.job.id)]
    assert [envelope for _, envelope in seen] == tape.envelopes
    for after, envelope in seen:
        job = fold(job, [envelope])
        assert after == job
    assert job.ignored == 0


async def test_a_job_that_has_ended_is_followed_from_its_first_event() -> None:
    tape = recordings.failure()
    service = ReplayService(tape.recording(), speed=0)
    async for _ in service.events(tape.job.id):
        pass
    assert (await service.get(tape.job.id)).status is JobStatus.FAILED
    seen = [job async for job, _ in follow(service, tape.job.id)]
    assert seen[0].status is JobStatus.QUEUED
    assert seen[-1] == await service.get(tape.job.id)


def test_a_job_as_created_keeps_what_it_is_and_nothing_of_what_happened() -> None:
    tape = recordings.retried()
    assert as_created(fold(tape.job, tape.envelopes)) == tape.job


async def test_a_long_history_lets_others_have_their_turn() -> None:
    service = running()
    for n in range(20_000):
        service.tape.log(f"line {n}")
    await service.told()
    turns = seen = 0

    async def other() -> None:
        nonlocal turns
        while seen < 20_000:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    async for _ in follow(service, service.tape.job.id):
        seen += 1
        if seen == len(service.tape.envelopes):
            break
    await task
    assert turns > 10
