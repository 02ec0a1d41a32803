"""When the board looks for a newer picture, and what it says where there is none."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, cast

import pytest

from aura_tui.model.stages import Stage
from aura_tui.model.status import StepStatus
from aura_tui.ui.state.run import RECORDED, RunState
from aura_tui.ui.sync.preview_updates import PreviewUpdates
from tests.ui import recordings
from tests.ui.recordings import Tape
from tests.ui.scripted import ScriptedService
from tests.ui.state.test_run import playing

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from pathlib import Path

    from aura_tui.ui.widgets.preview import PreviewView


class Wall:
    """What hangs where the preview is."""

    def __init__(self) -> None:
        self.shown: list[tuple[Path | None, str, str]] = []

    async def show_picture(self, path: Path | None, caption: str, *, none: str) -> None:
        self.shown.append((path, caption, none))


class Follower:
    """A run that is followed; ``now`` is the loop's clock."""

    def __init__(self) -> None:
        self.wall, self.now, self.asked_for = Wall(), 0.0, [0.0]
        self._tasks: list[asyncio.Task[None]] = []
        view = cast("PreviewView", self.wall)
        self._preview_updates = PreviewUpdates(
            view, self._start, self.asked_for.append, lambda: self.now
        )

    def _start(self, work: Coroutine[object, object, None]) -> None:
        self._tasks.append(asyncio.ensure_future(work))

    async def draws(self, service: ScriptedService, run: RunState) -> None:
        self._preview_updates.follow(service, run)
        await asyncio.gather(*self._tasks)


def rendering() -> Tape:
    """In the middle of a long scene."""
    tape = Tape()
    recordings.start(tape)
    tape.step(Stage.RENDERING, StepStatus.STARTED)
    tape.progress(Stage.RENDERING, 43, current_item=7, total_items=11, done_items=4)
    return tape


async def test_a_picture_that_comes_while_one_scene_is_at_work_shows(tmp_path: Path) -> None:
    tape, follower = rendering(), Follower()
    service, run = ScriptedService(tape), playing(tape)
    await follower.draws(service, run)
    assert follower.wall.shown == [(None, "", "No picture yet")]
    service.picture = tmp_path / "card.png"
    await follower.draws(service, run)
    assert len(follower.wall.shown) == 1, "not at every draw"
    assert follower.asked_for[-1] == 5.0
    follower.now = 5.0
    await follower.draws(service, run)
    assert follower.wall.shown[1:] == [(tmp_path / "card.png", "", "No picture yet")]
    follower.now = 10.0
    await follower.draws(service, run)
    assert len(follower.wall.shown) == 2, "what is there is looked at again when the run goes on"


@pytest.mark.parametrize("mode", ["", RECORDED])
async def test_where_no_picture_can_come_none_is_looked_for_again(mode: str) -> None:
    tape, follower = Tape(), Follower()
    recordings.start(tape)
    if mode:
        tape = rendering()
    run = playing(tape, RunState(mode=mode))
    for _ in range(3):
        await follower.draws(ScriptedService(tape), run)
        follower.now += 5.0
    said = "Recordings have no pictures" if mode else "No picture yet"
    assert follower.wall.shown == [(None, "", said)]
