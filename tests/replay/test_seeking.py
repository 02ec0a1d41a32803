"""Seeking: a replay that went somewhere is as one that played up to there."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from aura_tui.replay import service as replay
from aura_tui.replay.recording import Recording
from aura_tui.replay.service import ReplayService
from aura_tui.replay.timeline import Timeline
from aura_tui.service import Seekable
from tests.ui.recordings import Tape, failure, retried, start, success

if TYPE_CHECKING:
    from aura_tui.model.events import Envelope
    from aura_tui.model.job import Job


class Clock:
    """A clock that only a sleep moves."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds


def both() -> Recording:
    """Two jobs, one after the other."""
    one, two = success(), retried()
    late = one.envelopes[-1].event.timestamp - two.envelopes[0].event.timestamp
    after = one.envelopes[-1].id
    moved = (
        replace(e, id=after + n, event=replace(e.event, timestamp=e.event.timestamp + late))
        for n, e in enumerate(two.envelopes, 1)
    )
    return Recording((one.job, two.job), (*one.envelopes, *moved), 0)


RECORDINGS = (success().recording(), failure().recording(), both())


async def seen_in(service: ReplayService, count: int) -> tuple[list[Envelope], list[Job]]:
    """The first ``count`` events, and the jobs after them."""
    events = aiter(service.events())
    seen = [await anext(events) for _ in range(count)]
    return seen, list((await service.list()).jobs)


@given(
    which=st.sampled_from(RECORDINGS),
    stops=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=6),
    every=st.sampled_from((1, 3, 1000)),
)
def test_a_replay_that_sought_is_as_one_that_played(
    which: Recording, stops: list[float], every: int
) -> None:
    async def run() -> None:
        with mock.patch.object(replay, "_KEPT_EVERY", every):
            service = ReplayService(which)
        service.set_playing(False)
        duration_s = service.playback.duration_s
        for stop in stops:
            service.seek(stop * duration_s)
            assert service.playback.position_s == pytest.approx(stop * duration_s)
            assert service.now() >= which.envelopes[0].event.timestamp
        jobs = list((await service.list()).jobs)
        line = Timeline([e.event.timestamp for e in which.envelopes], 1.0, Clock())
        count = line.seek(stops[-1] * duration_s)
        clock = Clock()
        player = ReplayService(which, sleep=clock.sleep, clock=clock)
        assert await seen_in(player, count) == await seen_in(service, count)
        assert jobs == list((await player.list()).jobs)
        if count < len(which.envelopes):  # and no event more
            events = aiter(service.events(after=which.envelopes[count - 1].id))
            more = asyncio.ensure_future(anext(events))
            for _ in range(3):
                await asyncio.sleep(0)
            assert not more.done()
            more.cancel()
            await asyncio.gather(more, return_exceptions=True)

    asyncio.run(run())


def quiet() -> Tape:
    """A job with a silence of a minute and 40 seconds in it."""
    tape = Tape()
    start(tape)
    tape.wait(30)
    tape.log("half")
    tape.wait(100)
    tape.log("late")
    return tape


async def test_a_paused_replay_waits_and_goes_on_where_it_was() -> None:
    tape, clock = quiet(), Clock()
    service = ReplayService(tape.recording(), clock=clock)
    assert isinstance(service, Seekable)
    events = aiter(service.events())
    begin = len(tape.envelopes) - 2
    for _ in range(begin):
        await anext(events)
    started_s = service.playback.position_s
    clock.now_s += 10
    service.set_playing(False)
    more = asyncio.ensure_future(anext(events))
    clock.now_s += 1000
    await asyncio.sleep(0)
    assert not more.done()
    assert service.playback.paused
    assert service.playback.position_s == started_s + 10
    assert service.now() == tape.envelopes[begin - 1].event.timestamp + timedelta(seconds=10)
    service.set_speed(4)
    service.set_playing(True)
    clock.now_s += 5
    service.set_speed(4)  # the clock goes by hand: let it be looked at
    assert (await more) == tape.envelopes[begin]
    assert service.playback.position_s == started_s + 30


async def test_an_iterator_gets_no_event_twice_after_a_seek_back() -> None:
    tape, clock = quiet(), Clock()
    service = ReplayService(tape.recording(), sleep=clock.sleep, clock=clock)
    events = aiter(service.events())
    seen = [await anext(events) for _ in range(len(tape.envelopes) - 1)]
    assert service.seek(0) is True
    assert service.playback.position_s == 0.0
    assert (await service.get(tape.job.id)).last_event_id < seen[-1].id
    seen.append(await anext(events))
    assert seen == tape.envelopes


async def test_a_silence_is_sought_as_the_minute_that_is_played_of_it() -> None:
    service = ReplayService(quiet().recording(), clock=Clock())
    assert service.playback.duration_s == pytest.approx(90.0, abs=1.0)
    service.set_playing(False)
    assert service.seek(1e9) is False
    assert service.playback.over
    assert service.playback.position_s == service.playback.duration_s
    assert service.seek(-5) is True
    assert service.playback.position_s == 0.0


async def test_all_at_once_is_paused_at_the_end_and_can_be_sought() -> None:
    tape = quiet()
    for speed in (0.0, float("inf")):
        service = ReplayService(tape.recording(), speed=speed, clock=Clock())
        assert (await seen_in(service, len(tape.envelopes)))[0] == tape.envelopes
        playback = service.playback
        assert (playback.over, playback.paused, playback.speed) == (True, True, 1.0)
        assert playback.position_s == playback.duration_s
        assert service.seek(playback.duration_s - 5) is True
        assert service.playback.position_s == playback.duration_s - 5


async def test_a_suspended_process_misses_nothing_of_its_replay() -> None:
    tape, clock = quiet(), Clock()
    service = ReplayService(tape.recording(), sleep=clock.sleep, clock=clock)
    events = aiter(service.events())
    for _ in range(len(tape.envelopes) - 2):
        await anext(events)
    clock.now_s += 3600
    assert await anext(events) == tape.envelopes[-2]
    assert service.now() == tape.envelopes[-2].event.timestamp
    assert not service.playback.over
