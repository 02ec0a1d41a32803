"""The board's options, and its outcome."""

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
    """Options of the board.

    ``owns``: this command started the job, so ctrl+c cancels it. ``read_only``: keys that change
    jobs are disabled, and quitting doesn't ask. ``remote``: the engine's files are on another
    machine. ``place`` names that, or else the home. ``mode`` is shown in the header ("recorded").
    ``background``: whether a background engine may take over the work.
    """

    settings: Settings
    owns: bool = True
    read_only: bool = False
    remote: bool = False
    place: str = ""
    mode: str = ""
    background: bool = False

    @property
    def board(self) -> BoardSettings:
        """The settings of the board."""
        return self.settings.board

    @property
    def mark(self) -> str:
        """The mode as the header shows it; "" for the usual one."""
        return self.mode or ("read only" if self.read_only else "")

    @property
    def recorded(self) -> bool:
        """Whether the board plays a recording."""
        return self.mode == RECORDED


class Outcome(msgspec.Struct, frozen=True):
    """The board's result.

    ``job`` is the one it was opened for, as last seen. ``interrupted``: the person pressed ctrl+c,
    or quit before there was a job. ``leave``: what happens to unfinished work. ``notices``:
    remarks on the engine, and internal errors.
    """

    job: Job | None
    interrupted: bool
    leave: Leave = Leave.STAY
    notices: tuple[str, ...] = ()
