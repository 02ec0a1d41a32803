"""The focus shows without colour, and in one place."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.ui import recordings
from tests.ui.boards import showing
from tests.waiting import until

if TYPE_CHECKING:
    from tests.ui.boards import Board


def marks(board: Board) -> list[str]:
    """Bold cursors and titles."""
    return [
        text.strip()
        for strip in board.app.screen._compositor.render_strips()
        for text, style, _ in strip
        if style is not None and text.strip() in ("\u276f", "Log") and style.bold
    ]


async def _one_mark(board: Board) -> None:
    await until(lambda: len(marks(board)) == 1)


async def test_one_cursor_or_title_is_bold_and_the_others_are_plain() -> None:
    for environ in ({}, {"NO_COLOR": "1"}):
        async with showing(recordings.success(), size=(120, 40), environ=environ) as board:
            await board.shows("Succeeded")
            seen: set[str] = set()
            for _ in range(4):
                await _one_mark(board)
                seen |= set(marks(board))
                await board.press("tab")
            assert seen == {"\u276f", "Log"}
