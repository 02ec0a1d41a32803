"""Plays a sound file with a program of this machine, if it has one."""

from __future__ import annotations

import asyncio
import shutil
from typing import TYPE_CHECKING

from aura_tui.system.processes import ProcessGroup

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

# In the order of preference; each ends with the sound.
_PLAYERS = (
    ("pw-play",),
    ("paplay",),
    ("aplay", "-q"),
    ("afplay",),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "quiet"),
    ("mpv", "--no-video", "--really-quiet"),
)
_FAILS_WITHIN_S = 0.7  # a player without a sound device


class SoundPlayer:
    """Plays one sound at a time."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._playing: ProcessGroup | None = None

    async def play(self, path: Path) -> str:
        """Start playing ``path``; returns "", or why that isn't possible."""
        await self.stop()
        if self._environ.get("SSH_CONNECTION"):
            return "it would play at the other end of SSH"
        commands = [
            command
            for command in _PLAYERS
            if shutil.which(command[0], path=self._environ.get("PATH"))
        ]
        for name, *options in commands:
            if await self._starts([name, *options, str(path)]):
                return ""
        names = ", ".join(command[0] for command in commands)
        return f"{names} couldn't play it" if names else "no player was found, such as aplay"

    async def _starts(self, command: list[str]) -> bool:
        """Whether ``command`` plays: it runs on, or has ended well."""
        self._playing = group = ProcessGroup()
        null = asyncio.subprocess.DEVNULL
        try:
            process = await group.spawn(command, stdout=null, stderr=null, env=self._environ)
        except OSError:
            return False
        try:
            async with asyncio.timeout(_FAILS_WITHIN_S):
                return await process.wait() == 0
        except TimeoutError:
            return True

    async def stop(self) -> None:
        """Stop the sound that is playing."""
        if self._playing is not None:
            playing, self._playing = self._playing, None
            await playing.kill()
