"""The person's choices on the board that are kept for its next start."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import msgspec

from aura_tui.ui.state.job_order import Sort

if TYPE_CHECKING:
    from pathlib import Path

    from aura_tui.settings import BoardSettings

MAX_FILTER = 200  # characters of a filter
_MAX_NAME = 100


class Choices(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """None: the person has chosen nothing, so that the settings or the screen's size decide.

    ``settings`` are the values in the configuration that ``theme`` and ``preview`` replace: once
    those change, they count again.
    """

    sort: Sort = Sort.STATUS
    filter: Annotated[str, msgspec.Meta(max_length=MAX_FILTER)] = ""
    theme: Annotated[str, msgspec.Meta(max_length=_MAX_NAME)] | None = None
    timeline: bool | None = None
    preview: bool | None = None
    settings: tuple[str, str] = ("", "")


def configured(board: BoardSettings) -> tuple[str, str]:
    """The settings that choices replace."""
    return (board.theme[:_MAX_NAME], board.preview)


def in_force(choices: Choices, board: BoardSettings) -> Choices:
    """``choices`` without those that newer settings replace."""
    if choices.settings == configured(board):
        return choices
    return msgspec.structs.replace(choices, theme=None, preview=None, settings=configured(board))


def choices_file(home: Path) -> Path:
    """The file of the choices."""
    return home / "board.json"
