"""A key that the person moved is named as moved wherever the screen names it."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

import pytest

from aura_tui.model.connection import Connection, ConnectionStatus
from aura_tui.settings import BoardSettings
from aura_tui.ui.keys import bindings, keymap
from aura_tui.ui.keys.names import SHIPPED, KeyNames
from tests.ui import recordings, scenes
from tests.ui.boards import showing
from tests.ui.recordings import Tape
from tests.ui.scripted import ConnectedService, ScriptedService
from tests.waiting import until

if TYPE_CHECKING:
    from tests.ui.boards import Board

IDS = list(dict.fromkeys(str(b.id) for group in keymap.TOGETHER for b in group))
MOVED = {
    id: f"{modifier}+{letter}"
    for id, (modifier, letter) in zip(
        IDS,
        [
            (m, c)
            for m in ("alt", "ctrl+alt", "alt+shift", "super", "hyper")
            for c in "abcdefghijklmnopqrstuvwxyz"
        ],
        strict=False,
    )
}
SHIPPED_KEYS = {
    SHIPPED.sign(key.strip())
    for group in keymap.TOGETHER
    for binding in group
    for key in binding.key.split(",")
} | {"escape", "\u23ce", "^s", "^c"}
SHIPPED_KEYS -= {"1", "2", "3"}  # most often these are numbers
# Words that are no key where they stand.
PROSE = re.compile(
    r"\d+(\.\d+)? s\b|[\u2190-\u2193] *(\d|[A-Z])|\bfg\b|[Tt]he end\b|^ */ xyz|captions +\?"
    r"|\d h\b|16:9|\b1:1\b",
    re.MULTILINE,
)


def named(text: str) -> list[str]:
    """The keys as they are shipped that ``text`` names: as words of their own."""
    words = re.split(r"[\s,.;:()\u2502\u2510\u2514\u2518\u250c]+", PROSE.sub("", text))
    return [word for word in words if word in SHIPPED_KEYS]


def check(board: Board) -> None:
    assert not named(board.text), f"{named(board.text)} in\n{board.text}"


async def move(board: Board, id: str) -> None:
    await board.press(MOVED[id])


def test_the_keys_of_this_test_may_be_moved_so() -> None:
    assert len(MOVED) == len(IDS)
    keymap.check(MOVED)


def test_a_key_is_named_as_it_was_moved_and_as_shipped_elsewhere() -> None:
    names = KeyNames({"run.retry": "x,y", "board.back": "pagedown"})
    assert names.of("run.retry") == "x"
    assert names.of("board.back") == "pgdn"
    assert names.of("app.help") == "?"
    assert KeyNames({"stages.next": "down"}).of("stages.next") == "\u2193"
    assert KeyNames({"stages.next": "down"}, ascii=True).of("stages.next") == "dn"
    with pytest.raises(KeyError):
        names.of("no.binding")
    for group in keymap.TOGETHER:
        assert all(SHIPPED.of(str(binding.id)) for binding in group)
    assert set(bindings.CHANGING) <= set(IDS)


async def test_no_text_of_the_board_names_a_key_as_it_was_shipped() -> None:
    how = BoardSettings(keys=MOVED)
    async with AsyncExitStack() as stack:

        async def open_(source: ScriptedService, *, at_run: bool = True) -> Board:
            return await stack.enter_async_context(
                showing(source, (120, 40), board=how, at_run=at_run)
            )

        empty = ScriptedService(Tape())
        empty.tapes.clear()
        board = await open_(empty, at_run=False)
        await board.shows(f"Press {MOVED['job.new']} to create one")
        check(board)
        await move(board, "job.new")
        await until(lambda: board.dialogs == 1)
        await board.shows("New job")
        check(board)
        await stack.aclose()

        board = await open_(scenes.paused().service)
        await board.shows(f"press {MOVED['run.pause']} to resume")
        await until(lambda: board.settled)
        check(board)
        for id, closes in (("run.cancel", "dialog.close"), ("app.help", "help.close")):
            await move(board, id)
            await until(lambda: board.dialogs == 1)
            check(board)
            await move(board, closes)
            await until(lambda: board.dialogs == 0)
        await move(board, "board.log")
        await board.shows("Log")
        check(board)
        await move(board, "board.back")
        await move(board, "board.back")
        await move(board, "jobs.filter")
        await board.type_ahead(*"xyz")
        await board.shows("No job matches the filter", MOVED["filter.clear"])
        check(board)
        await stack.aclose()

        gone = ConnectedService(scenes.running_tape())
        gone.connection = Connection(
            status=ConnectionStatus.NO_ENGINE, since=gone.tape.now, can_start=True
        )
        board = await open_(gone)
        await board.shows("no engine", f"{MOVED['link.reconnect']} ")
        check(board)
        await stack.aclose()

        board = await open_(scenes.failed().service)
        await board.shows(MOVED["run.retry"])
        await until(lambda: board.settled)
        check(board)
        await move(board, "run.retry")
        await until(lambda: board.dialogs == 1)
        await board.shows("Retry")
        check(board)
        await stack.aclose()

        board = await open_(ScriptedService(recordings.success()))
        await board.shows("Succeeded after")
        await move(board, "run.cancel")
        await board.shows("can be cancelled")
        check(board)
