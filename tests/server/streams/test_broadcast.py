"""The seam between history and what happens now, with a ring so small that it is always near."""

from __future__ import annotations

import asyncio
import random
from contextlib import aclosing
from typing import TYPE_CHECKING

import pytest

from aura_tui.engine.service import EmbeddedService
from aura_tui.server.auth import LOCAL, Caller
from aura_tui.server.streams.broadcast import Broadcaster, Lagged, Stream
from aura_tui.server.streams.ring import Ring
from tests.engine.conftest import follow, request
from tests.server.serving import Frame, as_frames, of_jobs, parse
from tests.server.told import Plain, Speaker
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from aura_tui.settings import Settings


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[EmbeddedService]:
    async with EmbeddedService(settings, work=False) as service:
        yield service


async def speaker(service: EmbeddedService) -> Speaker:
    return Speaker(service, (await service.submit(request())).id)


async def read(broadcaster: Broadcaster, stream: Stream) -> list[Frame]:
    """All that the stream gives; falling behind, it comes again from where it stood."""
    text = b""
    broadcaster.add(stream)
    try:
        while True:
            try:
                async with aclosing(broadcaster.frames(stream)) as frames:
                    async for chunk in frames:
                        text += chunk
                        await asyncio.sleep(0)
                return of_jobs(parse(text.decode()))
            except Lagged:
                last = of_jobs(parse(text.decode()))
                if last:
                    stream.after = as_id(last[-1].id)
    finally:
        broadcaster.remove(stream)


def as_id(text: str) -> int:
    from aura_tui.model.ids import parse_id

    found = parse_id(text)
    assert found is not None
    return found


async def test_a_stream_of_a_job_that_was_deleted_ends(service: EmbeddedService) -> None:
    job = await service.submit(request())
    await service.cancel(job.id)
    await service.delete(job.id)
    broadcaster = Broadcaster(service, heartbeat_s=0.05)
    async with asyncio.timeout(5):
        assert await read(broadcaster, Stream(LOCAL, job.id, job.last_event_id)) == []
    await broadcaster.aclose()


@pytest.mark.parametrize(
    ("seed", "plain"), [(0, False), (1, False), (2, False), (3, False), (4, True)]
)
async def test_readers_who_come_at_any_time_lose_and_repeat_nothing(
    service: EmbeddedService, seed: int, plain: bool
) -> None:
    chance = random.Random(seed)
    broadcaster = Broadcaster(Plain(service) if plain else service, ring=32)
    one, two = await speaker(service), await speaker(service)
    readers: list[asyncio.Task[list[Frame]]] = []

    def come(job_id: str | None) -> None:
        readers.append(asyncio.create_task(read(broadcaster, Stream(LOCAL, job_id, 0))))

    for _ in range(40 if plain else 150):
        job = one if chance.random() < 0.8 else two
        said = job.say(chance.choice((1, 1, 2, 20, 100)))
        if chance.random() < 0.15:
            come(one.job_id)
        if chance.random() < 0.3:
            await said  # all is kept and seen, or still under way
        else:
            await asyncio.sleep(0)
    two.end()
    await one.end()
    told = as_frames(await follow(service, one.job_id))
    assert len(told) > (100 if plain else 500)
    for reader in readers:
        assert await asyncio.wait_for(reader, 20) == told
    await broadcaster.aclose()


async def test_all_jobs_are_told_in_one_order(service: EmbeddedService) -> None:
    broadcaster = Broadcaster(service, ring=64)
    one, two = await speaker(service), await speaker(service)
    one.say(30)
    reading = asyncio.create_task(read(broadcaster, Stream(LOCAL, None, 0)))
    for _ in range(20):
        one.say(5)
        await two.say(5)
    one.end()
    await two.end()
    told = as_frames([*await follow(service, one.job_id), *await follow(service, two.job_id)])
    told.sort(key=lambda frame: as_id(frame.id))
    broadcaster.end("over")
    assert await asyncio.wait_for(reading, 10) == told
    await broadcaster.aclose()


async def test_a_stream_of_all_jobs_has_the_callers_alone(service: EmbeddedService) -> None:
    from aura_tui.model.request import Brief, JobRequest, Origin

    def asked(owner: str) -> JobRequest:
        return JobRequest(brief=Brief(text="x"), origin=Origin(owner=owner, outside=True))

    broadcaster = Broadcaster(service, ring=64)
    mine, theirs, nobodys = [await service.submit(asked(o)) for o in ("me", "them", "")]
    early = asyncio.create_task(read(broadcaster, Stream(Caller(owner="me"), None, 0)))
    everything = asyncio.create_task(read(broadcaster, Stream(LOCAL, None, 0)))
    await until(lambda: broadcaster.streams == 2)
    later = await service.submit(asked("me"))
    for job in (mine, theirs, nobodys, later):
        await Speaker(service, job.id).end()
    late = asyncio.create_task(read(broadcaster, Stream(Caller(owner="me"), None, 0)))
    await until(lambda: broadcaster.streams == 3)
    await asyncio.sleep(0)
    broadcaster.end("over")
    for reader in (early, late):
        frames = await asyncio.wait_for(reader, 10)
        assert {job for job in (mine.id, later.id) if job in str(frames)} == {mine.id, later.id}
        assert len(frames) == 4
        assert theirs.id not in str(frames)
        assert nobodys.id not in str(frames)
    assert len(await everything) == 8
    await broadcaster.aclose()


async def test_a_reader_that_the_ring_has_left_behind_is_told_so(service: EmbeddedService) -> None:
    broadcaster = Broadcaster(service, ring=16)
    job = await speaker(service)
    stream = Stream(LOCAL, job.job_id, 0)
    async with aclosing(broadcaster.frames(stream)) as frames:
        await anext(frames)  # the opening
        await anext(frames)  # its history
        live = asyncio.ensure_future(anext(frames))
        await asyncio.sleep(0)
        await job.say(1)
        await live
        for _ in range(5):
            await job.say(20)
        with pytest.raises(Lagged):
            await anext(frames)
    await broadcaster.aclose()


async def test_a_job_whose_last_event_is_damaged_still_ends_its_stream(
    service: EmbeddedService,
) -> None:
    broadcaster = Broadcaster(service)
    job = await speaker(service)
    end = await job.end()
    await service._log.do(
        lambda s: s.db.execute("UPDATE events SET data = x'0a' WHERE id = ?", (end,))
    )
    stream = Stream(LOCAL, job.job_id, 0, until=end)
    assert len(await asyncio.wait_for(read(broadcaster, stream), 5)) == 1
    await broadcaster.aclose()


def test_a_ring_gives_what_is_above_a_cursor_and_forgets_the_oldest() -> None:
    ring = Ring(floor=10, capacity=4)
    for i in range(11, 23):
        ring.put(i, "ab"[i % 2], str(i % 3), b"%d " % i, last=i == 21)
    assert (ring.floor, ring.newest) == (18, 22)
    assert ring.take(18, None, "") == (b"19 20 21 22 ", 22, False)
    assert ring.take(20, None, "").chunk == b"21 22 "
    assert ring.take(22, None, "") == (b"", 22, False)
    assert ring.take(18, "b", "") == (b"19 21 ", 22, True)
    assert ring.take(18, "a", "") == (b"20 22 ", 22, False)
    assert ring.take(18, None, "2").chunk == b"20 "
    assert ring.take(25, None, "") == (b"", 25, False)
