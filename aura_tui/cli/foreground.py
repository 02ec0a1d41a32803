"""What a command puts on the terminal: which engine it reaches, and the board over it. No option is
read here."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from aura_tui.bootstrap import Doors, load_settings
from aura_tui.errors import Code, InputError
from aura_tui.session import Foreground, show_board

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aura_tui.service import JobService


def doors(server: str, token: str) -> Doors:
    """The ways to an engine that these options and the settings leave."""
    return Doors(load_settings(), server=server, token=token)


def foreground(
    ways: Doors,
    open_: Callable[[], object],
    begin: Callable[[JobService], Awaitable[str]] | None,
    *,
    owns: bool,
    read_only: bool = False,
    record: Path | None = None,
    mode: str = "",
) -> Foreground:
    """What to follow over one of the ``ways``; see :class:`Foreground`."""
    return Foreground(
        open_,  # type: ignore[arg-type]  # each is a context manager of some JobService
        begin,
        settings=ways.settings,
        owns=owns,
        read_only=read_only,
        remote=ways.remote,
        record=record,
        mode=mode,
        hand_over=ways.start_background if owns and ways.embeds else None,
        go_on=ways.go_on,
        where=where(ways),
    )


def where(ways: Doors) -> str:
    """What commands need besides a job's id to reach the same engine, as it is typed."""
    if not ways.server or ways.server == os.environ.get("AURA_SERVER"):
        return ""
    return f" --server {shlex.quote(ways.server)}"


def is_dumb() -> bool:
    """Whether the terminal says that it can place nothing on its screen."""
    return os.environ.get("TERM", "dumb") == "dumb"


def refuse_dumb() -> None:
    """Raise InputError where the board would be a heap of control sequences."""
    if is_dumb():
        raise InputError(
            Code.OPTION_INVALID,
            "This terminal (TERM=dumb) can't show the board",
            "List jobs with: aura-tui jobs; follow one with: aura-tui watch --progress plain",
            field="progress",
        )


def board(ways: Doors, *, read_only: bool) -> int:
    """The board on all jobs."""
    refuse_dumb()
    open_ = ways.look if read_only else ways.engine
    return show_board(foreground(ways, open_, None, owns=ways.embeds, read_only=read_only))
