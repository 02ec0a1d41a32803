"""What the board shows of a replay, and the steps of its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.format import words

if TYPE_CHECKING:
    from aura_tui.service import Playback

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 64.0)
_LEAST_S = 0.1  # between two paints of the position, however fast it changes


def speed_after(speed: float, by: int) -> float:
    """The next faster (1) or slower (-1) of ``SPEEDS``; at their end the last one."""
    if by > 0:
        return next((each for each in SPEEDS if each > speed), SPEEDS[-1])
    return next((each for each in reversed(SPEEDS) if each < speed), SPEEDS[0])


def describe(playback: Playback) -> str:
    """``replay 2x, 0:35 of 2:10, paused``."""
    position, whole = map(words.duration, (playback.position_s, playback.duration_s))
    state = ", ended" if playback.over else ", paused" if playback.paused else ""
    return f"replay {playback.speed:g}x, {position} of {whole}{state}"


def position_due_s(playback: Playback) -> float | None:
    """Real seconds until :func:`describe` changes; None: it never does on its own."""
    if playback.paused or playback.over:
        return None
    return max(_LEAST_S, (1.0 - playback.position_s % 1.0) / playback.speed)
