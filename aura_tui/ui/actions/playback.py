"""The keys of a replay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aura_tui.ui.state.playback import speed_after

if TYPE_CHECKING:
    from aura_tui.service import Seekable
    from aura_tui.ui.sync.subscriptions import BoardSync


def toggle(service: Seekable, sync: BoardSync) -> None:
    """Pause, or continue; at the end, play again from the start."""
    playback = service.playback
    if playback.over:
        service.set_playing(True)
        step(service, sync, -playback.duration_s)
    else:
        service.set_playing(playback.paused)


def step(service: Seekable, sync: BoardSync, seconds: float) -> None:
    """Go on or back by recorded ``seconds``."""
    if service.seek(service.playback.position_s + seconds):
        sync.rewind()


def change_speed(service: Seekable, by: int) -> None:
    """Play faster (1) or slower (-1)."""
    service.set_speed(speed_after(service.playback.speed, by))
