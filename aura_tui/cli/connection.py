"""Connects a command to its engine, and opens the board over it. No options are parsed here."""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from aura_tui.cli.access_token import prompt_if_needed
from aura_tui.cli.session.board import show_board
from aura_tui.cli.session.foreground import ForegroundJob
from aura_tui.connect.locator import EngineLocator, load_settings
from aura_tui.errors import Code, InputError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from aura_tui.service import JobService


# As the shell has it: an option before the command replaces the variable for this process.
_SHELLS_SERVER = os.environ.get("AURA_SERVER")


def engine_locator(server: str, token: str) -> EngineLocator:
    """The locator for these options and the settings. Prompts for a token if the engine requires
    one and none was given: here, before any board opens."""
    locator = EngineLocator(load_settings(), server=server, token=token)
    prompt_if_needed(locator)
    return locator


def foreground(
    locator: EngineLocator,
    open_: Callable[[], object],
    begin: Callable[[JobService], Awaitable[str]] | None,
    *,
    owns: bool,
    read_only: bool = False,
    record: Path | None = None,
    mode: str = "",
) -> ForegroundJob:
    """The :class:`ForegroundJob` for a command, over a service that ``open_`` opens."""
    return ForegroundJob(
        open_,  # type: ignore[arg-type]  # each is a context manager of some JobService
        begin,
        settings=locator.settings,
        owns=owns,
        read_only=read_only,
        remote=locator.remote,
        record=record,
        mode=mode,
        hand_over=locator.start_background if owns and not read_only and locator.embeds else None,
        continue_jobs=locator.continue_jobs,
        interrupt=lambda everything: locator.interrupt_jobs(everything=everything),
        has_active=locator.has_active,
        log_failure=locator.log_hang_up,
        where=where(locator),
        place=locator.place if not mode else "",
    )


def where(locator: EngineLocator) -> str:
    """The option that commands need to reach the same engine, as text to append; "" for none."""
    if not locator.server or locator.server == _SHELLS_SERVER:
        return ""
    return f" --server {shlex.quote(locator.server)}"


def is_dumb() -> bool:
    """Whether the terminal can't position text (TERM=dumb)."""
    return os.environ.get("TERM", "dumb") == "dumb"


def refuse_dumb() -> None:
    """Raise InputError if the terminal can't show the board."""
    if is_dumb():
        raise InputError(
            Code.OPTION_INVALID,
            "This terminal (TERM=dumb) can't show the board",
            "List jobs with: aura-tui jobs; follow one with: aura-tui watch --progress plain",
            field="progress",
        )


def board(locator: EngineLocator, *, read_only: bool) -> int:
    """Show the board with all jobs."""
    refuse_dumb()
    open_ = locator.read_only if read_only else locator.shared
    return show_board(foreground(locator, open_, None, owns=locator.embeds, read_only=read_only))
