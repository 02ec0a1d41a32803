"""A board that plays a recording: pausing, seeking, speed, and its line."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from aura_tui.model.reduce import reduce
from aura_tui.replay.service import ReplayService
from aura_tui.service import Playback
from aura_tui.settings import BoardSettings
from aura_tui.ui.screens.palette import Palette
from aura_tui.ui.state.playback import SPEEDS, describe, position_due_s, speed_after
from aura_tui.ui.state.run import RECORDED, RunState
from aura_tui.ui.theme.glyphs import ASCII, UNICODE
from aura_tui.ui.widgets.replay_line import line
from tests.replay.test_seeking import both
from tests.ui import recordings
from tests.ui.boards import showing
from tests.waiting import until

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from aura_tui.replay.recording import Recording
    from tests.ui.boards import Board


async def forever(seconds: float) -> None:
    await asyncio.Event().wait()


def replaying(
    recording: Recording, size: tuple[int, int] = (80, 24), *, ascii: bool = False
) -> AbstractAsyncContextManager[Board]:
    """A board on a replay whose clock stands: only keys move it."""
    service = ReplayService(recording, sleep=forever, clock=lambda: 0.0)
    settings = BoardSettings(ascii=ascii)
    return showing(service, size, mode=RECORDED, read_only=True, board=settings)


async def test_where_the_replay_is_shows_at_every_size() -> None:
    for size, ascii in (((40, 12), False), ((80, 24), True), ((120, 40), False), ((200, 60), True)):
        async with replaying(recordings.success().recording(), size, ascii=ascii) as board:
            await board.shows("replay 1x, 0:00 of 0:23")
            await board.press("space", "right")
            await board.shows("replay 1x, 0:05 of 0:23, paused")
            assert "replay 1x" in board.lines[-2]  # a place of its own
            assert not ascii or board.text.isascii()


async def test_after_each_step_the_board_is_as_if_it_had_played() -> None:
    tape = recordings.success()
    async with replaying(tape.recording(), (120, 40)) as board:
        assert isinstance(board.service, ReplayService)
        await board.shows("replay 1x, 0:00 of 0:23")
        await board.press("space")
        for key in ("right", "right", "left", "shift+right", "left", "left", "right", "shift+left"):
            await board.press(key)
            job = await board.service.get(tape.job.id)
            count = sum(e.id <= job.last_event_id for e in tape.envelopes)
            played, folded = RunState(mode=RECORDED), tape.job
            for envelope in tape.envelopes[:count]:
                folded = reduce(folded, envelope)
                played.apply(folded, envelope, envelope.event.timestamp)
            assert job == folded
            await until(lambda job=job: board.run.job == job)  # type: ignore[misc]
            await until(lambda job=job: board.jobs.get(job.id) == job)  # type: ignore[misc]
            assert [*board.run.log] == [*played.log]
        await board.shows("0:00 of 0:23, paused")


async def test_a_job_that_is_not_yet_there_is_queued_again() -> None:
    recording = both()
    late = recording.jobs[1].id
    async with replaying(recording, (120, 40)) as board:
        await board.shows("replay 1x, 0:00 of")
        await board.press("space", *["shift+right"] * 4)
        await board.shows("ended")
        board.jobs.place(late)
        await until(lambda: board.run.job is not None and board.run.job.id == late)
        await board.press(*["shift+left"] * 4)
        await board.shows("0:00 of")
        await until(lambda: board.run.job is not None and not board.run.job.last_event_id)
        assert not board.run.ended


async def test_at_the_end_space_plays_again_from_the_start() -> None:
    async with replaying(recordings.failure().recording()) as board:
        await board.shows("replay 1x, 0:00 of")
        await board.press("shift+right", "shift+right", "shift+right", "shift+right")
        await board.shows("ended")
        await board.press("space")
        await board.shows("replay 1x, 0:00 of")
        await board.lacks("paused")


async def test_what_is_typed_into_a_search_is_no_key_of_the_replay() -> None:
    async with replaying(recordings.success().recording(), (120, 40)) as board:
        await board.shows("replay 1x, 0:00 of 0:23")
        await board.press("3", "slash")
        await until(lambda: board.screen.is_typing)
        await board.press(*"a + b", "left", "shift+left")
        assert isinstance(board.service, ReplayService)
        playback = board.service.playback
        assert (playback.position_s, playback.speed, playback.paused) == (0.0, 1.0, False)
        await board.press("escape", "1", "slash")
        await until(lambda: board.screen.is_typing)
        await board.press("space", "-")
        assert not board.service.playback.paused
        await board.press("escape", "question_mark")
        await board.shows("Replay", "space", "Faster, slower")
        await board.press("space", "right")
        assert not board.service.playback.paused


async def test_the_palette_has_the_keys_as_they_are_on_a_replay() -> None:
    async with replaying(recordings.success().recording()) as board:
        await board.shows("replay 1x, 0:00 of 0:23")
        await board.press("ctrl+p")
        palette = board.app.screen
        assert isinstance(palette, Palette)
        found = {(each.where, each.title): each for each in palette.items}
        assert found["", "Play/pause"].keys == "space"
        assert found["Stages", "Open"].keys == "enter"
        assert found["Jobs", "Mark"].keys == ""
        assert found["Jobs", "Mark"].idle == "Jobs in a recording can't be changed"
        await board.press(*"faster", "enter")
        await board.shows("replay 2x")


async def test_only_a_replay_has_its_keys() -> None:
    async with showing(recordings.success()) as board:
        await board.shows("Succeeded")
        assert "replay" not in board.text
        await board.press("question_mark")
        await board.shows("Keys")
        assert "Replay" not in board.text


def test_speeds_go_in_steps_from_any_speed() -> None:
    assert [speed_after(each, 1) for each in (0.25, 1.0, 10.0, 64.0, 100.0)] == [
        0.5,
        2.0,
        16.0,
        64.0,
        64.0,
    ]
    assert [speed_after(each, -1) for each in (0.1, 0.25, 1.0, 10.0, 100.0)] == [
        0.25,
        0.25,
        0.5,
        8.0,
        64.0,
    ]
    assert (SPEEDS[0], SPEEDS[-1]) == (0.25, 64.0)


def test_the_line_fits_any_width() -> None:
    playback = Playback(35.0, 130.0, 2.0, True, False)
    assert describe(playback) == "replay 2x, 0:35 of 2:10, paused"
    for width in range(1, 100):
        for glyphs in (ASCII, UNICODE):
            assert line(playback, width, glyphs).cell_length <= width
    assert position_due_s(playback) is None
    assert position_due_s(playback._replace(paused=False, position_s=35.5)) == 0.25
    assert position_due_s(playback._replace(paused=False, speed=64.0)) == 0.1
