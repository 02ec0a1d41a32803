"""The board in each state and size, as text: ``snapshots/STATE-WIDTHxHEIGHT.txt``.

After a change that was meant, ``AURA_SNAPSHOTS=write pytest tests/ui/test_snapshots.py`` writes the
files anew. Look at their diff before it is committed: it is what people will see.
"""

from __future__ import annotations

import os
import time
from difflib import unified_diff
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.ui.boards import showing
from tests.ui.scenes import SCENES
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.ui.boards import Board

FOLDER = Path(__file__).parent / "snapshots"
SIZES = ((120, 40), (80, 24), (40, 12))
_WRITE = os.environ.get("AURA_SNAPSHOTS") == "write"


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The log's times are those of the place where one sits."""
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.parametrize("state", SCENES)
async def test_the_board_looks_as_it_did(state: str) -> None:
    """At its first size, and on a terminal that is resized to the others."""
    scene = SCENES[state]()
    clock = [scene.heard]
    first = SIZES[0]
    async with showing(scene.service, first, at_run=scene.at_run, now=lambda: clock[0]) as board:
        await until(lambda: board.settled)
        clock[0] = scene.now
        for width, height in SIZES:
            await board.pilot.resize_terminal(width, height)
            board.redraw()
            await _looks_as_in(FOLDER / f"{state}-{width}x{height}.txt", board)


async def _looks_as_in(path: Path, board: Board) -> None:
    if _WRITE:
        text = ""
        while text != board.text:
            text = board.text
            await board.pilot.pause(1.0)
        FOLDER.mkdir(exist_ok=True)
        path.write_text(f"{board.text}\n")
        return
    wanted = path.read_text() if path.is_file() else ""
    try:
        await until(lambda: f"{board.text}\n" == wanted, 3.0)
    except TimeoutError:
        lines = unified_diff(
            wanted.splitlines(), board.text.splitlines(), path.name, "now", lineterm="", n=2
        )
        pytest.fail("The board looks otherwise:\n" + "\n".join(lines), pytrace=False)


def test_no_snapshot_is_left_that_no_test_reads() -> None:
    read = {f"{state}-{width}x{height}.txt" for state in SCENES for width, height in SIZES}
    assert {path.name for path in FOLDER.iterdir()} == read
