"""Rows go where the news is: scenes, settings, preview, the queue's wait, and FFmpeg's log."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from msgspec.structs import replace
from PIL import Image

from aura_tui.engine.home import Home
from aura_tui.errors import NotFound
from aura_tui.model import events as ev
from aura_tui.model.job_settings import JobSettings
from aura_tui.model.stages import Stage
from aura_tui.model.status import JobStatus, StepStatus
from aura_tui.service import QueueState
from aura_tui.ui.actions.open_and_save import ffmpeg_log
from tests.ui import recordings
from tests.ui.boards import Board, showing
from tests.ui.recordings import Tape
from tests.ui.scripted import ScriptedService
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

SETTINGS = JobSettings(
    brief_name="solar.md",
    brief_bytes=5321,
    brief_words=891,
    resolution="1280x720",
    output_folder="/home/ada/Videos/solar sails/2026",
)


def encoding(scenes: int, at: int) -> Tape:
    """Scene ``at`` of ``scenes`` is being encoded."""
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.RENDERING, StepStatus.STARTED)
    for n in range(1, at + 1):
        tape.wait(1)
        tape.progress(
            Stage.RENDERING,
            100 * n / scenes,
            "Encoding",
            substage_detail=f"Title {n}",
            current_item=n,
            total_items=scenes,
            done_items=n - 1,
            active_items=(n,),
            metrics=ev.Metrics(fps=88.0),
            **recordings.eta(300),
        )
    return tape


def listed(board: Board) -> set[int]:
    """The scenes that show."""
    words = (line.rpartition("Title ")[2].split() for line in board.lines if "Title " in line)
    return {int(word[0]) for word in words if word[0].isdigit()}


@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_no_row_is_blank_while_a_stage_hides_scenes(size: tuple[int, int]) -> None:
    async with showing(encoding(300, 140), size) as board:
        await board.shows("Title 140")
        await until(lambda: board.screen.stages.max_scroll_y == 0)
        log = board.screen.log_view.rows
        spare = log.size.height - log.row_count
        assert spare < 8  # the log's part grows in steps of as many
        assert len(listed(board)) >= {24: 2, 40: 8, 60: 25}[size[1]]


async def test_all_of_300_scenes_can_be_paged_to() -> None:
    async with showing(encoding(300, 300), (80, 24)) as board:
        await board.shows("Title 300")
        await board.press("j", "j", "j", "j", "home")
        await board.shows("Title 1\n")
        seen = listed(board)
        while 300 not in seen:
            before = board.text
            await board.press("pagedown")
            await until(lambda before=before: board.text != before)  # type: ignore[misc]
            seen |= listed(board)
        assert seen == {*range(1, 301)}
        await board.press("home")
        await board.shows("Title 1\n", "(end: follow)")
        await board.press("end")
        await board.lacks("(end: follow)")


async def test_the_settings_fold_of_a_job_says_what_it_was_asked() -> None:
    for size in ((120, 40), (80, 24), (40, 12), (20, 6)):
        tape = encoding(8, 3)
        tape.job = replace(tape.job, settings=SETTINGS)
        async with showing(tape, size) as board:
            await board.shows("90 %")
            await board.press("i")
            await board.shows("Brief")
            if size[1] >= 24:
                await board.shows(
                    "solar.md, 5.3 KB, 891 words", "/home/ada/Videos/solar sails/2026"
                )
                await board.shows("Rendering")  # the stages stay
            await board.press("i")
            await board.lacks("Brief")


async def test_a_job_of_an_engine_that_reports_no_settings_says_so() -> None:
    async with showing(encoding(8, 3)) as board:
        await board.shows("37 %")
        await board.press("i")
        await board.shows("Settings: not reported by the engine")


async def test_a_preview_grows_with_the_room_and_leaves_the_stages_their_rows(
    tmp_path: Path,
) -> None:
    Image.new("RGB", (640, 360), "red").save(tmp_path / "red.png")
    for size, columns in (((200, 60), 54), ((120, 40), 36)):
        service = ScriptedService(encoding(8, 3))
        service.picture = tmp_path / "red.png"
        async with showing(service, size, environ={"TERM": "xterm-256color"}) as board:
            await board.shows("37 %")
            await until(lambda board=board: board.screen.preview.has_picture)  # type: ignore[misc]
            await board.pilot.pause()
            assert board.screen.preview.size.width >= columns
            assert board.screen.stages.size.width >= 70
            assert listed(board) == {1, 2, 3}


async def test_a_queued_job_says_what_it_waits_for_and_about_how_long() -> None:
    running, waiting = encoding(8, 3), Tape("01KCD4WAIT", title="Next")
    waiting.status(JobStatus.QUEUED)

    class Queue(ScriptedService):
        async def queue(self) -> QueueState:
            return QueueState(queued=1, running=1, paused=0, waiting=("01KCD4WAIT",))

    now = running.now + timedelta(seconds=1)
    async with showing(Queue(waiting, running), (80, 24), now=lambda: now) as board:
        await board.shows("queued behind 1; starts in 4-6 min", "No line yet")


# -- FFmpeg's log


def test_ffmpeg_s_log_is_the_job_s_own_and_where_there_is_none_it_says_why(tmp_path: Path) -> None:
    running, ended = encoding(8, 3).recording().jobs[0], recordings.failure().recording().jobs[0]
    with pytest.raises(NotFound, match="hasn't run"):
        ffmpeg_log(running, tmp_path, remote=False, recorded=False)
    ended = replace(ended, status=JobStatus.CANCELED)
    with pytest.raises(NotFound, match="no longer exists"):
        ffmpeg_log(ended, tmp_path, remote=False, recorded=False)
    path = Home(tmp_path).ffmpeg_log(running.id)
    path.parent.mkdir(parents=True)
    path.write_text("=== encoding scene 1\n")
    assert ffmpeg_log(running, tmp_path, remote=False, recorded=False) == path
    with pytest.raises(NotFound, match="on the server"):
        ffmpeg_log(running, tmp_path, remote=True, recorded=False)
    with pytest.raises(NotFound, match="recording"):
        ffmpeg_log(running, tmp_path, remote=False, recorded=True)


async def test_the_key_of_ffmpeg_s_log_says_why_it_opens_nothing() -> None:
    async with showing(ScriptedService(encoding(8, 3)), remote=True) as board:
        await board.shows("37 %")
        await board.press("F")
        await until(lambda: any("on the server" in toast for toast in board.toasts))
