"""FFmpeg as a separate program: where it is (``locate``), one run of it (``job``), what it says
(``progress``, ``failure``). Nothing here loads its libraries into our process."""

from __future__ import annotations

from aura_tui.providers.ffmpeg.locate import FFmpeg, find_ffmpeg, locate

__all__ = ["FFmpeg", "find_ffmpeg", "locate"]
