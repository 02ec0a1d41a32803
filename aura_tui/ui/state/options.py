"""How the board is to behave, and what it leaves behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from aura_tui.model.job import Job
from aura_tui.settings import Settings
from aura_tui.ui.state.quit import Leave
from aura_tui.ui.state.run import RECORDED

if TYPE_CHECKING:
    from aura_tui.settings import BoardSettings


class BoardOptions(msgspec.Struct, frozen=True, kw_only=True):
    """How the board is to behave.

    ``owns``: the job it is opened for is ours, so that ctrl+c cancels it. ``read_only``: no key
    changes anything, and quitting doesn't ask. ``remote``: the engine's files are on another
    machine. ``mode`` is shown in the header ("recorded"). ``background``: whether work may be left
    to a background engine.
    """

    settings: Settings
    owns: bool = True
    read_only: bool = False
    remote: bool = False
    mode: str = ""
    background: bool = False

    @property
    def board(self) -> BoardSettings:
        """The settings of the board."""
        return self.settings.board

    @property
    def mark(self) -> str:
        """What the header says of the mode; "" for the usual one."""
        return self.mode or ("read only" if self.read_only else "")

    @property
    def recorded(self) -> bool:
        """Whether it plays a recording."""
        return self.mode == RECORDED


class Outcome(msgspec.Struct, frozen=True):
    """What the board leaves behind.

    ``job`` is the one it was opened for, as last seen. ``interrupted``: the person broke it off,
    by ctrl+c or by quitting before there was a job. ``leave``: what becomes of unfinished work.
    ``notices``: how the engine was found, and what broke.
    """

    job: Job | None
    interrupted: bool
    leave: Leave = Leave.STAY
    notices: tuple[str, ...] = ()
