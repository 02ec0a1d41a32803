"""A board is left open for days: what was over it leaves nothing behind when it goes."""

from __future__ import annotations

import gc

from textual._styles_cache import StylesCache

from tests.ui.boards import Board, showing
from tests.ui.test_board import running
from tests.waiting import until


def drawings() -> int:
    """How many widgets' drawn lines are kept, of those on the screen and of those that are gone."""
    gc.collect()
    return sum(isinstance(each, StylesCache) for each in gc.get_objects())


async def open_and_close(board: Board, key: str) -> None:
    board_screen = board.app.screen
    await board.press(key)
    await until(lambda: board.app.screen is not board_screen)
    await board.press("escape")
    await until(lambda: board.app.screen is board_screen)


async def test_what_was_over_the_board_is_forgotten() -> None:
    async with showing(running(), background=True) as board:
        await board.shows("c Cancel")
        for key in ("question_mark", "c", "q", "n", "ctrl+p"):
            await open_and_close(board, key)
            before = drawings()
            for _ in range(5):
                await open_and_close(board, key)
            # The form's field of several lines is kept by a cache of Textual's own: a widget each
            # time.
            most = before + (5 if key == "n" else 0)
            await until(lambda most=most: drawings() <= most)  # type: ignore[misc]


async def test_the_help_is_made_once() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        seen = set()
        for _ in range(3):
            await board.press("question_mark")
            await board.shows("Keys")
            seen.add(id(board.app.screen))
            await board.press("escape")
            await board.shows("c Cancel")
        assert len(seen) == 1
