"""The line of keys at the bottom of a board."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.ui.screens.help import HelpScreen
from aura_tui.ui.widgets.key_bar import KeyBar
from tests.ui.boards import showing
from tests.ui.test_board import running
from tests.waiting import until

if TYPE_CHECKING:
    import pytest


async def test_it_follows_the_focus_and_what_the_run_allows() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel  p Pause")
        await board.press("L")
        await board.shows("/ Search")
        await board.lacks("\u23ce Open")


async def test_a_key_can_be_clicked_where_it_is_told() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.pilot.click(KeyBar, offset=(board.lines[-1].index("? Help") + 2, 0))
        await until(lambda: isinstance(board.app.screen, HelpScreen))


async def test_between_two_keys_there_is_nothing_to_click() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        await board.pilot.click(KeyBar, offset=(board.lines[-1].index(" q Quit"), 0))
        await board.pilot.pause()
        assert board.app.is_running
        assert not isinstance(board.app.screen, HelpScreen)


async def test_the_mouse_over_a_key_gets_its_tip() -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        bar = board.app.screen.query_one(KeyBar)
        await board.pilot.hover(KeyBar, offset=(board.lines[-1].index("c Cancel"), 0))
        await until(lambda: bar.tooltip == "Cancel the job; asks first")
        await board.pilot.hover(offset=(5, 5))
        await until(lambda: bar.tooltip is None)


async def test_what_changes_no_key_draws_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    async with showing(running()) as board:
        await board.shows("c Cancel")
        bar, drawn = board.app.screen.query_one(KeyBar), []
        monkeypatch.setattr(bar, "refresh", lambda *_, **__: drawn.append(1))
        for _ in range(5):
            board.app.refresh_bindings()
        await board.pilot.pause()
        assert drawn == []
        await board.press("L")
        await until(lambda: bool(drawn))
        assert len(drawn) <= 2  # the focus leaves one widget, and comes to another
