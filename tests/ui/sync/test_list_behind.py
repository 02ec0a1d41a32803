"""The end of the job that is shown, where its own stream is ahead of the stream of all jobs."""

from __future__ import annotations

import pytest

from aura_tui.model.status import JobStatus
from aura_tui.settings import BoardSettings
from aura_tui.ui.state.quit import Leave
from tests.ui import scenes
from tests.ui.boards import showing
from tests.ui.scripted import ScriptedService
from tests.waiting import until


async def test_leaving_by_cancelling_ends_the_board_whichever_stream_brings_the_end() -> None:
    service = ScriptedService(scenes.running_tape())
    async with showing(service) as board:
        await until(lambda: board.settled)
        await board.press("q")
        await board.shows("Cancel it")
        await board.press("down", "down", "enter")
        await board.shows("cancelling\u2026")
        service.lists.clear()
        await service.tell_cancelled()
        await board.ends()
        assert board.app.outcome.leave is Leave.CANCEL
        assert board.app.outcome.job is not None
        assert board.app.outcome.job.status is JobStatus.CANCELED


@pytest.mark.parametrize("list_is_behind", [True, False])
async def test_an_end_is_announced_once_whichever_stream_brings_it(list_is_behind: bool) -> None:
    service = ScriptedService(scenes.running_tape())
    async with showing(service, board=BoardSettings(bell=True)) as board:
        await until(lambda: board.settled)
        codes = board.capture_codes()
        if list_is_behind:
            service.lists.clear()
        await service.tell_cancelled()
        await board.shows("Cancelled")
        await until(lambda: "\x07" in "".join(codes))
        service.lists.set()
        service.tape.log("after the end")
        await service.told()
        await until(lambda: board.settled)
    assert "".join(codes).count("\x07") == 1
