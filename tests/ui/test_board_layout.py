"""What has room beside what: the preview and the timeline on terminals of every size."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from PIL import Image

from tests.ui import scenes
from tests.ui.boards import Board, showing
from tests.ui.test_board import running
from tests.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

STAGES = ("Script", "Voice", "Visuals", "Composition", "Rendering")
CELLS = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "SSH_CONNECTION": "a 1 b 22"}


def rows_of(board: Board, text: str) -> int:
    return sum(text in line for line in board.lines)


@pytest.mark.parametrize("size", [(80, 24), (40, 12), (109, 39), (120, 39), (169, 24)])
async def test_where_there_is_no_room_the_picture_shows_alone(
    size: tuple[int, int], tmp_path: Path
) -> None:
    service = running()
    Image.new("RGB", (640, 360), "red").save(tmp_path / "red.png")
    service.picture = tmp_path / "red.png"
    async with showing(service, size, environ=CELLS) as board:
        await board.shows("25 %")
        screen = board.screen
        view = screen.preview
        for leave in ("v", "escape"):
            await board.press("v")
            await until(lambda: view.has_picture and not screen.stages.size.height)
            await until(lambda: view.size.height >= size[1] - 8)
            await board.press(leave)
            await until(lambda: screen.stages.size.height > 0 and not view.size.height)
            assert not screen.in_jobs


async def test_the_picture_alone_gives_way_to_the_log_and_to_the_end() -> None:
    service = running()
    async with showing(service) as board:
        await board.shows("25 %")
        await board.press("v")
        await board.shows("No picture yet")
        await board.press("L")
        await board.shows("Log", "Job accepted")
        assert "No picture yet" not in board.text
        await board.press("v")
        await board.shows("No picture yet")
        await service.tell_cancelled()
        await board.shows("Cancelled", "No file was finished")
        assert "No picture yet" not in board.text


async def test_a_picture_that_gets_room_shows_beside_the_run() -> None:
    async with showing(running()) as board:
        await board.shows("25 %")
        await board.press("v")
        await board.lacks("25 %")
        await board.pilot.resize_terminal(200, 60)
        await board.shows("No picture yet", "25 %")
        await board.press("v")
        await board.lacks("No picture yet")
        await board.shows("25 %")


async def test_from_the_jobs_alone_v_shows_the_picture_of_the_one_under_the_cursor() -> None:
    async with showing(running(), at_run=False) as board:
        await until(lambda: board.settled)
        await board.press("v")
        await board.shows("No picture yet")
        await board.press("escape")
        await board.shows("25 %")


@pytest.mark.parametrize("state", ["running", "succeeded", "failed"])
async def test_beneath_the_stages_the_preview_leaves_them_their_width(state: str) -> None:
    scene = scenes.SCENES[state]()
    async with showing(scene.service, (120, 40), now=lambda: scene.now) as board:
        await until(lambda: board.settled)
        screen = board.screen
        width = screen.stages.size.width
        await board.press("v")
        await board.shows("No picture yet" if state == "running" else "The picture was not kept")
        assert screen.stages.size.width == width
        assert screen.preview.size.height >= 11  # three tenths


@pytest.mark.parametrize("state", ["running", "succeeded", "failed", "cancelled"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_the_timeline_has_all_its_lanes_and_its_axis(
    state: str, size: tuple[int, int]
) -> None:
    scene = scenes.SCENES[state]()
    async with showing(scene.service, size, now=lambda: scene.now) as board:
        await until(lambda: board.settled)
        screen = board.screen
        if not screen.timeline.display:
            await board.press("t")
        await board.shows("usual of 14 runs")
        lanes = screen.timeline.region
        shown = board.lines[lanes.y : lanes.bottom]
        assert lanes.height == 6
        for stage, line in zip(STAGES, shown, strict=False):
            assert stage in line
        if state == "running" and size[1] >= 60:  # and no stage is scrolled away for it
            assert screen.stages.max_scroll_y == 0
